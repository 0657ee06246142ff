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
    "                   [--raw] [--decode-only] [--detector FILE --parser FILE [--portrait FILE]]\n"
    "                   [--set OPTION=NUMBER]... INPUT OUTPUT\n"
    "OUTPUT is a PNG; with --raw it is width, height and channels as three 32-bit little-endian\n"
    "numbers and then the pixels. --decode-only writes the photo as it was read. With a detector\n"
    "and a parser faces are painted too, and told of in lines of box, score and use. OPTION is a\n"
    "field of p2a_options.\n";

typedef struct settings {
    const char *model, *detector, *parser, *portrait, *input, *output;
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

/* "character=0.5" -> the field of that name. */
static bool read_option(const char *text, p2a_options *options)
{
    const struct {
        const char *name;
        float *real;
        uint32_t *whole;
    } fields[] = {{"max_faces", NULL, &options->max_faces},
                  {"statistics", NULL, &options->statistics},
                  {"hair_color", NULL, &options->hair_color},
                  {"lip_color", NULL, &options->lip_color},
                  {"eye_color", NULL, &options->eye_color},
                  {"cloth_color", NULL, &options->cloth_color},
                  {"edge_preserve", &options->edge_preserve, NULL},
                  {"color_shift", &options->color_shift, NULL},
                  {"face_min_px", &options->face_min_px, NULL},
                  {"character", &options->character, NULL},
                  {"face_skin", &options->face_skin, NULL},
                  {"face_eyes", &options->face_eyes, NULL},
                  {"face_lips", &options->face_lips, NULL},
                  {"face_strength", &options->face_strength, NULL}};
    const char *equals = text ? strchr(text, '=') : NULL;
    for (size_t i = 0; equals && i < sizeof fields / sizeof *fields; i++) {
        const size_t length = strlen(fields[i].name);
        if ((size_t)(equals - text) != length || strncmp(text, fields[i].name, length) != 0) {
            continue;
        }
        char *end = NULL;
        const double value = strtod(equals + 1, &end);
        if (end == equals + 1 || *end) {
            break;
        }
        if (fields[i].real) {
            *fields[i].real = (float)value;
        } else {
            *fields[i].whole = (uint32_t)value;
        }
        return true;
    }
    fprintf(stderr, "expected OPTION=NUMBER for --set, got \"%s\"\n", text ? text : "");
    return false;
}

static bool read_arguments(int count, char **words, settings *out)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *next = i + 1 < count ? words[i + 1] : NULL;
        uint32_t *number = NULL;
        const char **name = !strcmp(word, "--model")      ? &out->model
                            : !strcmp(word, "--detector") ? &out->detector
                            : !strcmp(word, "--parser")   ? &out->parser
                            : !strcmp(word, "--portrait") ? &out->portrait
                                                          : NULL;
        if (name) {
            *name = next;
            i++;
        } else if (!strcmp(word, "--set")) {
            if (!read_option(next, &out->options)) {
                return false;
            }
            i++;
        } else if (!strcmp(word, "--width")) {
            number = &out->options.width_px;
        } else if (!strcmp(word, "--band-rows")) {
            number = &out->options.band_rows_px;
        } else if (!strcmp(word, "--threads")) {
            number = &out->limits.threads;
        } else if (!strcmp(word, "--memory-mbytes")) {
            number = &out->limits.memory_mbytes;
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

/* NULL, and a message, where the file is not a model; *status is P2A_OK without a name. */
static p2a_model *load_model(p2a_context *ctx, const char *name, p2a_status *status)
{
    size_t bytes = 0;
    p2a_model *model = NULL;
    if (!name || *status != P2A_OK) {
        return NULL;
    }
    uint8_t *file = read_file(name, &bytes);
    *status = p2a_model_load(ctx, file, bytes, &model);
    free(file);
    return model;
}

static void tell_faces(p2a_job *job)
{
    for (uint32_t i = 0; i < p2a_job_face_count(job); i++) {
        p2a_face_info face;
        if (p2a_job_face(job, i, &face) == P2A_OK) {
            printf("face %.1f %.1f %.1f %.1f %.3f %.0f\n", (double)face.box_px[0],
                   (double)face.box_px[1], (double)face.box_px[2], (double)face.box_px[3],
                   (double)face.score, (double)face.used);
        }
    }
}

static p2a_status paint(p2a_context *ctx, const settings *set, const p2a_model *model,
                        const p2a_image *photo, p2a_result *result, p2a_image **out)
{
    p2a_job *job = NULL;
    p2a_status status = P2A_OK;
    p2a_model *detector = load_model(ctx, set->detector, &status);
    p2a_model *parser = load_model(ctx, set->parser, &status);
    p2a_model *portrait = load_model(ctx, set->portrait, &status);
    if (status == P2A_OK) {
        status = p2a_job_create(ctx, model, photo, &set->options, &job);
    }
    if (status == P2A_OK && detector) {
        status = p2a_job_use_faces(job, detector, parser, portrait);
    }
    for (double part = 0; status == P2A_OK && part < 1;) {
        status = p2a_job_step(job, &part);
    }
    if (status == P2A_OK) {
        tell_faces(job);
        status = p2a_job_take(job, result, out);
    }
    p2a_job_destroy(job);
    p2a_model_destroy(portrait);
    p2a_model_destroy(parser);
    p2a_model_destroy(detector);
    return status;
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
            status = paint(ctx, set, model, photo, &result, &picture);
        }
    }
    if (status != P2A_OK) {
        fprintf(stderr, "%s: %s\n", p2a_status_name(status), p2a_context_message(ctx));
        goto done;
    }
    good = write_picture(ctx, set, set->decode_only ? photo : picture);
    if (good && !set->decode_only) {
        printf("%ux%u, %.0f ms, %.3f GMAC, %.1f MB at most, bands of %.0f rows, %u threads, "
               "%.0f faces in %.0f + %.0f ms (found in %.0f, parsed in %.0f, corrected in %.0f), "
               "%.0f left\n",
               p2a_image_width(picture), p2a_image_height(picture), result.scene_ms,
               result.multiply_adds * 1e-9, (double)p2a_context_peak_bytes(ctx) / 1048576,
               result.band_rows_px, p2a_context_threads(ctx), result.face_count, result.faces_ms,
               result.blend_ms, result.find_ms, result.parse_ms, result.correct_ms,
               result.faces_left);
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
