/* exif.c - any bytes as an EXIF block: an orientation from 1 to 8, the same inside JPEG and PNG */
#include "image/exif.h"

#include <string.h>

#include "fuzz.h"
#include "png_bytes.h"

#define WIDTH_PX 3
#define HEIGHT_PX 2

/* Sides are swapped from orientation 5 on. */
static void check_probe(p2a_context *ctx, const uint8_t *file, size_t bytes, uint32_t orientation)
{
    uint32_t size_px[2];
    MUST(p2a_image_probe(ctx, file, bytes, size_px) == P2A_OK);
    MUST(size_px[0] == (orientation >= 5 ? HEIGHT_PX : WIDTH_PX));
    MUST(size_px[1] == (orientation >= 5 ? WIDTH_PX : HEIGHT_PX));
}

static void probe_in_jpeg(p2a_context *ctx, const uint8_t *block, size_t bytes,
                          uint32_t orientation)
{
    static const uint8_t frame[] = {0xff,     0xc0, 0, 11, 8, 0,    HEIGHT_PX, 0,
                                    WIDTH_PX, 1,    1, 17, 0, 0xff, 0xda};
    const size_t segment = 2 + 6 + bytes;
    if (segment > 0xffff)
        return;
    uint8_t *file = malloc(4 + segment + sizeof frame);
    MUST(file != NULL);
    const uint8_t head[] = {
        0xff, 0xd8, 0xff, 0xe1, (uint8_t)(segment >> 8), (uint8_t)segment, 'E', 'x',
        'i',  'f',  0,    0};
    memcpy(file, head, sizeof head);
    memcpy(file + sizeof head, block, bytes);
    memcpy(file + sizeof head + bytes, frame, sizeof frame);
    /* JPEG's reader takes an empty block for none. */
    check_probe(ctx, file, 4 + segment + sizeof frame, orientation);
    free(file);
}

static void probe_in_png(p2a_context *ctx, const uint8_t *block, size_t bytes, uint32_t orientation)
{
    const png_kind kind = {WIDTH_PX, HEIGHT_PX, 8, 2, false};
    png_bytes png;
    png_begin(&png);
    png_header(&png, &kind);
    png_chunk(&png, "eXIf", block, bytes);
    check_probe(ctx, png.bytes, png.count, orientation);
    png_free(&png);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const uint32_t orientation = p2a_exif_orientation(data, bytes);
    MUST(orientation >= 1 && orientation <= 8);
    p2a_context *ctx = fuzz_context(1000, 1, NULL);
    probe_in_jpeg(ctx, data, bytes, orientation);
    probe_in_png(ctx, data, bytes, orientation);
    p2a_context_destroy(ctx);
    return 0;
}
