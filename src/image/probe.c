/* probe.c - the first bytes of a file -> format, size and orientation, or the reason against it */
#include "image/probe.h"

#include <string.h>

#include "image/orient.h"

/* Other kinds of file that people try, so that the message can name them. */
typedef struct known_signature {
    const char *name;
    size_t at;
    const char *bytes;
    size_t count;
} known_signature;

static const known_signature known_signatures[] = {
    {"GIF", 0, "GIF8", 4},         {"WebP", 8, "WEBPVP8", 7},     {"BMP", 0, "BM", 2},
    {"AVIF", 4, "ftypavif", 8},    {"HEIC", 4, "ftyphei", 7},     {"HEIF", 4, "ftypmif1", 8},
    {"HEIF", 4, "ftypmsf1", 8},    {"TIFF", 0, "II\x2a\0", 4},    {"TIFF", 0, "MM\0\x2a", 4},
    {"JPEG XL", 0, "\xff\x0a", 2}, {"JPEG XL", 4, "JXL \r\n", 6}, {"JPEG 2000", 4, "jP  \r\n", 6},
    {"Photoshop", 0, "8BPS", 4},   {"PDF", 0, "%PDF", 4},         {"SVG", 0, "<svg", 4},
    {"XML", 0, "<?xml", 5},        {"HTML", 0, "<!", 2},          {"MP4", 4, "ftyp", 4},
};

static p2a_status fail_unknown(p2a_context *ctx, const uint8_t *file, size_t file_bytes)
{
    if (file_bytes == 0)
        return p2a_fail(ctx, P2A_ERR_IMAGE, "expected a JPEG or PNG file, got 0 bytes");
    for (size_t i = 0; i < sizeof(known_signatures) / sizeof(known_signatures[0]); i++) {
        const known_signature *s = &known_signatures[i];
        if (file_bytes >= s->at + s->count && memcmp(file + s->at, s->bytes, s->count) == 0)
            return p2a_fail(ctx, P2A_ERR_IMAGE, "expected a JPEG or PNG file, got %s", s->name);
    }
    char first[3 * 8 + 1] = "";
    for (size_t i = 0; i < 8 && i < file_bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        first[3 * i] = ' ';
        first[3 * i + 1] = digits[file[i] >> 4];
        first[3 * i + 2] = digits[file[i] & 15];
        first[3 * i + 3] = '\0';
    }
    return p2a_fail(ctx, P2A_ERR_IMAGE,
                    "expected a JPEG or PNG file, got %zu bytes that begin with%s", file_bytes,
                    first);
}

p2a_status p2a_probe_file(p2a_context *ctx, const uint8_t *file, size_t file_bytes, bool whole,
                          p2a_probe *out)
{
    memset(out, 0, sizeof(*out));
    p2a_probe probe = {0};
    p2a_status status;
    uint32_t width_px, height_px;
    if (p2a_png_has_signature(file, file_bytes)) {
        probe.format = P2A_FORMAT_PNG;
        status = whole ? p2a_png_check(ctx, file, file_bytes, &probe.png)
                       : p2a_png_read_header(ctx, file, file_bytes, &probe.png);
        width_px = probe.png.width_px;
        height_px = probe.png.height_px;
        probe.orientation = probe.png.orientation;
    } else if (p2a_jpeg_has_signature(file, file_bytes)) {
        probe.format = P2A_FORMAT_JPEG;
        status = whole ? p2a_jpeg_check(ctx, file, file_bytes, &probe.jpeg)
                       : p2a_jpeg_read_header(ctx, file, file_bytes, &probe.jpeg);
        width_px = probe.jpeg.width_px;
        height_px = probe.jpeg.height_px;
        probe.orientation = probe.jpeg.orientation;
    } else {
        return fail_unknown(ctx, file, file_bytes);
    }
    if (status != P2A_OK)
        return status;
    const bool swapped = p2a_orientation_swaps_sides(probe.orientation);
    probe.width_px = swapped ? height_px : width_px;
    probe.height_px = swapped ? width_px : height_px;
    *out = probe;
    return P2A_OK;
}

p2a_status p2a_image_probe(p2a_context *ctx, const void *file, size_t file_bytes,
                           uint32_t out_px[2])
{
    if (out_px != NULL)
        out_px[0] = out_px[1] = 0;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (out_px == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for out_px, got NULL");
    if (file == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for file, got NULL");
    p2a_probe probe;
    const p2a_status status = p2a_probe_file(ctx, file, file_bytes, false, &probe);
    out_px[0] = probe.width_px;
    out_px[1] = probe.height_px;
    return status;
}
