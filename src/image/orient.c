/* orient.c - an image and its EXIF orientation -> the same image, upright */
#include "image/orient.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

#define TILE_PX 32 /* a tile of source and target rows stays in the first-level cache */

static inline void swap_pixels(uint8_t *a, uint8_t *b, uint32_t channels)
{
    uint8_t kept[4];
    memcpy(kept, a, channels);
    memcpy(a, b, channels);
    memcpy(b, kept, channels);
}

static void mirror_columns(p2a_image *image)
{
    const uint32_t channels = image->channels;
    for (uint32_t y = 0; y < image->height_px; y++) {
        uint8_t *left = image->pixels + image->stride_bytes * y;
        uint8_t *right = left + image->stride_bytes - channels;
        for (; left < right; left += channels, right -= channels)
            swap_pixels(left, right, channels);
    }
}

static void mirror_rows(p2a_image *image)
{
    uint8_t *top = image->pixels;
    uint8_t *bottom = top + image->stride_bytes * (image->height_px - 1);
    for (; top < bottom; top += image->stride_bytes, bottom -= image->stride_bytes)
        for (size_t i = 0; i < image->stride_bytes; i++) {
            const uint8_t kept = top[i];
            top[i] = bottom[i];
            bottom[i] = kept;
        }
}

/* upright (x, y) = stored (y, x). */
static p2a_status transpose(p2a_image *image)
{
    const size_t width_px = image->height_px, height_px = image->width_px;
    const uint32_t channels = image->channels;
    const size_t bytes = width_px * height_px * channels;
    uint8_t *upright = p2a_alloc(image->ctx, bytes);
    if (upright == NULL)
        return p2a_fail_memory(image->ctx, bytes, "turning an image upright");

    const size_t stride_bytes = width_px * channels;
    for (size_t y0 = 0; y0 < height_px; y0 += TILE_PX)
        for (size_t x0 = 0; x0 < width_px; x0 += TILE_PX)
            for (size_t y = y0; y < y0 + TILE_PX && y < height_px; y++)
                for (size_t x = x0; x < x0 + TILE_PX && x < width_px; x++)
                    memcpy(upright + y * stride_bytes + x * channels,
                           image->pixels + x * image->stride_bytes + y * channels, channels);

    p2a_free(image->ctx, image->pixels);
    image->pixels = upright;
    image->width_px = (uint32_t)width_px;
    image->height_px = (uint32_t)height_px;
    image->stride_bytes = stride_bytes;
    return P2A_OK;
}

p2a_status p2a_image_orient(p2a_image *image, uint32_t orientation)
{
    assert(orientation >= 1 && orientation <= 8);
    if (p2a_orientation_swaps_sides(orientation)) {
        const p2a_status status = transpose(image);
        if (status != P2A_OK)
            return status;
    }
    /* What is left after the transposition: 6 is a quarter turn clockwise, 8 the other way. */
    const bool columns =
        orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    const bool rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    if (columns)
        mirror_columns(image);
    if (rows)
        mirror_rows(image);
    return P2A_OK;
}
