/* p2a-convert.c - one photo to one picture by the native build, through the public API alone */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "photo2anime.h"

static const char usage[] =
    "usage: p2a-convert --model FILE [--width N] [--band-rows N] [--threads N] [--memory-mbytes "
    "N]\n"
    "                   [--raw] [--decode-only] INPUT OUTPUT\n"
    "OUTPUT is a PNG; with --raw it is width, height and channels as three 32-bit little-endian\n"
    "numbers and then the pixels. --decode-only writes the photo as it was read.\n";

typedef struct settings {
    const char *model, *input, *output;
    p2a_options options;
    p2a_limits limits;
    bool raw, decode_only;
} settings;

static bool read_number(const char *name, const char *text, uint32_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || text[0] == '-' || value > UINT32_MAX) {
        fprintf(stderr, "expected a whole number for %s, got \"%s\"\n", name, text ? text : "");
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool read_arguments(int count, char **words, settings *out)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *next = i + 1 < count ? words[i + 1] : NULL;
        uint32_t *number = NULL;
        if (!strcmp(word, "--width")) {
            number = &out->options.width_px;
        } else if (!strcmp(word, "--band-rows")) {
            number = &out->options.band_rows_px;
        } else if (!strcmp(word, "--threads")) {
            number = &out->limits.threads;
        } else if (!strcmp(word, "--memory-mbytes")) {
            number = &out->limits.memory_mbytes;
        } else if (!strcmp(word, "--model")) {
            out->model = next;
            i++;
        } else if (!strcmp(word, "--raw")) {
            out->raw = true;
        } else if (!strcmp(word, "--decode-only")) {
            out->decode_only = true;
        } else if (word[0] == '-') {
            fprintf(stderr, "expected an option of the list below, got \"%s\"\n%s", word, usage);
            return false;
        } else if (!out->input) {
            out->input = word;
        } else if (!out->output) {
            out->output = word;
        } else {
            fprintf(stderr, "expected one INPUT and one OUTPUT, got \"%s\" too\n", word);
            return false;
        }
        if (number) {
            if (!read_number(word, next, number)) {
                return false;
            }
            i++;
        }
    }
    if (!out->input || !out->output || (!out->model && !out->decode_only)) {
        fputs(usage, stderr);
        return false;
    }
    return true;
}

/* The whole file, given: release with free(). NULL, and a message on stderr, if it cannot be read.
 */
static uint8_t *read_file(const char *name, size_t *out_bytes)
{
    FILE *file = fopen(name, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        return NULL;
    }
    size_t used = 0, capacity = 1 << 16;
    uint8_t *bytes = malloc(capacity);
    while (bytes) {
        used += fread(bytes + used, 1, capacity - used, file);
        if (used < capacity) {
            break;
        }
        capacity *= 2;
        uint8_t *more = realloc(bytes, capacity);
        if (!more) {
            free(bytes);
        }
        bytes = more;
    }
    if (!bytes || ferror(file)) {
        fprintf(stderr, "%s: %s\n", name, bytes ? strerror(errno) : "no memory");
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *out_bytes = used;
    return bytes;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static bool write_picture(p2a_context *ctx, const settings *set, const p2a_image *image)
{
    uint8_t header[12], *png = NULL;
    size_t png_bytes = 0;
    if (!set->raw &&
        p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 100, &png_bytes, &png) != P2A_OK) {
        fprintf(stderr, "%s\n", p2a_context_message(ctx));
        return false;
    }
    put_u32(header, p2a_image_width(image));
    put_u32(header + 4, p2a_image_height(image));
    put_u32(header + 8, p2a_image_channels(image));
    size_t pixel_bytes =
        (size_t)p2a_image_width(image) * p2a_image_height(image) * p2a_image_channels(image);

    FILE *file = fopen(set->output, "wb");
    bool written = file != NULL;
    if (written && set->raw) {
        written = fwrite(header, 1, sizeof header, file) == sizeof header &&
                  fwrite(p2a_image_pixels(image), 1, pixel_bytes, file) == pixel_bytes;
    } else if (written) {
        written = fwrite(png, 1, png_bytes, file) == png_bytes;
    }
    if (file && fclose(file) != 0) {
        written = false;
    }
    if (!written) {
        fprintf(stderr, "%s: %s\n", set->output, strerror(errno));
    }
    p2a_bytes_destroy(ctx, png);
    return written;
}

static bool convert(const settings *set)
{
    p2a_context *ctx = NULL;
    p2a_image *photo = NULL, *picture = NULL;
    p2a_model *model = NULL;
    p2a_result result = {0};
    size_t photo_bytes = 0, model_bytes = 0;
    bool good = false;
    uint8_t *photo_file = read_file(set->input, &photo_bytes);
    uint8_t *model_file = photo_file && set->model ? read_file(set->model, &model_bytes) : NULL;
    if (!photo_file || (set->model && !model_file)) {
        goto done;
    }
    p2a_status status = p2a_context_create(&set->limits, NULL, &ctx);
    if (status != P2A_OK) {
        fprintf(stderr, "p2a_context_create: %s\n", p2a_status_name(status));
        goto done;
    }
    status = p2a_image_decode(ctx, photo_file, photo_bytes, &photo);
    if (status == P2A_OK && !set->decode_only) {
        status = p2a_model_load(ctx, model_file, model_bytes, &model);
        if (status == P2A_OK) {
            status = p2a_convert(ctx, model, photo, &set->options, &result, &picture);
        }
    }
    if (status != P2A_OK) {
        fprintf(stderr, "%s: %s\n", p2a_status_name(status), p2a_context_message(ctx));
        goto done;
    }
    good = write_picture(ctx, set, set->decode_only ? photo : picture);
    if (good && !set->decode_only) {
        printf("%ux%u, %.0f ms, %.3f GMAC, %.1f MB at most, bands of %.0f rows, %u threads\n",
               p2a_image_width(picture), p2a_image_height(picture), result.scene_ms,
               result.multiply_adds * 1e-9, (double)p2a_context_peak_bytes(ctx) / 1048576,
               result.band_rows_px, p2a_context_threads(ctx));
    }
done:
    p2a_image_destroy(picture);
    p2a_image_destroy(photo);
    p2a_model_destroy(model);
    p2a_context_destroy(ctx);
    free(model_file);
    free(photo_file);
    return good;
}

int main(int argc, char **argv)
{
    settings set = {0};
    p2a_options_default(&set.options);
    p2a_limits_default(&set.limits);
    if (!read_arguments(argc, argv, &set)) {
        return 2;
    }
    return convert(&set) ? 0 : 1;
}
