/* pixels.c - rows of 8-bit RGB pixels <-> rows of floats, or of bytes, in a network's range */
#include "tensor/pixels.h"

#include <string.h>

/* A coordinate outside [0, extent), mirrored at the nearer border (again where that is outside). */
static size_t mirror(ptrdiff_t at, size_t extent)
{
    const ptrdiff_t last = (ptrdiff_t)extent - 1;
    if (last == 0)
        return 0;
    while (at < 0 || at > last)
        at = at < 0 ? -at : 2 * last - at;
    return (size_t)at;
}

/* The row of the image that row `row` of the frame shows. */
static const uint8_t *image_row(const p2a_image *image, const p2a_frame *frame, size_t row)
{
    const size_t y = mirror((ptrdiff_t)row - (ptrdiff_t)frame->margin_px, image->height_px);
    return image->pixels + y * image->stride_bytes;
}

/* And the column. */
static size_t image_column(const p2a_image *image, const p2a_frame *frame, size_t x)
{
    const size_t margin = frame->margin_px;
    return x >= margin && x - margin < image->width_px
               ? x - margin
               : mirror((ptrdiff_t)x - (ptrdiff_t)margin, image->width_px);
}

void p2a_floats_from_pixels(const p2a_image *image, const p2a_frame *frame, size_t first_row,
                            size_t rows, const float range[2], float *out)
{
    float table[256];
    for (int i = 0; i < 256; i++)
        table[i] = range[0] + (range[1] - range[0]) * (float)i / 255.0f;

    for (size_t r = 0; r < rows; r++) {
        const uint8_t *row = image_row(image, frame, first_row + r);
        float *to = out + r * frame->width_px * 3;
        for (size_t x = 0; x < frame->width_px; x++, to += 3) {
            const uint8_t *in = row + image_column(image, frame, x) * image->channels;
            to[0] = table[in[0]];
            to[1] = table[in[1]];
            to[2] = table[in[2]];
        }
    }
}

void p2a_bytes_from_pixels(const p2a_image *image, const p2a_frame *frame, size_t first_row,
                           size_t rows, const int8_t table[256], int8_t *out)
{
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *row = image_row(image, frame, first_row + r);
        for (size_t x = 0; x < frame->width_px; x++, out += 3) {
            const uint8_t *in = row + image_column(image, frame, x) * image->channels;
            out[0] = table[in[0]];
            out[1] = table[in[1]];
            out[2] = table[in[2]];
        }
    }
}

void p2a_pixels_from_bytes(const int8_t *values, const p2a_frame *frame, size_t first_row,
                           size_t rows, const uint8_t table[256], p2a_image *image)
{
    const size_t channels = image->channels, margin = frame->margin_px;
    for (size_t r = 0; r < rows; r++) {
        const size_t y = first_row + r;
        if (y < margin || y - margin >= image->height_px)
            continue;
        const int8_t *in = values + (r * frame->width_px + margin) * 3;
        uint8_t *to = image->pixels + (y - margin) * image->stride_bytes;
        for (size_t x = 0; x < image->width_px; x++, in += 3, to += channels)
            for (int c = 0; c < 3; c++)
                to[c] = table[in[c] + 128];
    }
}

void p2a_pixels_from_floats(const float *values, const p2a_frame *frame, size_t first_row,
                            size_t rows, const float range[2], p2a_image *image)
{
    const float scale = 255.0f / (range[1] - range[0]);
    const size_t channels = image->channels, margin = frame->margin_px;
    for (size_t r = 0; r < rows; r++) {
        const size_t y = first_row + r;
        if (y < margin || y - margin >= image->height_px)
            continue;
        const float *in = values + (r * frame->width_px + margin) * 3;
        uint8_t *to = image->pixels + (y - margin) * image->stride_bytes;
        for (size_t x = 0; x < image->width_px; x++, in += 3, to += channels) {
            for (int c = 0; c < 3; c++) {
                /* written so that NaN becomes 0: what a network gives is never trusted */
                const float v = (in[c] - range[0]) * scale;
                to[c] = (uint8_t)(v > 0.0f ? (v < 255.0f ? v + 0.5f : 255.0f) : 0.0f);
            }
        }
    }
}
