/* pixels.c - rows of 8-bit RGB pixels <-> rows of floats in a network's range */
#include "tensor/pixels.h"

#include <string.h>

void p2a_floats_from_pixels(const p2a_image *image, size_t first_row, size_t rows, size_t width_px,
                            const float range[2], float *out)
{
    float table[256];
    for (int i = 0; i < 256; i++)
        table[i] = range[0] + (range[1] - range[0]) * (float)i / 255.0f;

    const size_t channels = image->channels;
    const size_t inside_px = width_px < image->width_px ? width_px : image->width_px;
    for (size_t r = 0; r < rows; r++) {
        size_t y = first_row + r;
        if (y >= image->height_px)
            y = image->height_px - 1;
        const uint8_t *in = image->pixels + y * image->stride_bytes;
        float *to = out + r * width_px * 3;
        for (size_t x = 0; x < inside_px; x++, in += channels, to += 3) {
            to[0] = table[in[0]];
            to[1] = table[in[1]];
            to[2] = table[in[2]];
        }
        for (size_t x = inside_px; x < width_px; x++, to += 3)
            memcpy(to, to - 3, 3 * sizeof(float));
    }
}

void p2a_pixels_from_floats(const float *values, size_t first_row, size_t rows, size_t width_px,
                            const float range[2], p2a_image *image)
{
    const float scale = 255.0f / (range[1] - range[0]);
    const size_t channels = image->channels;
    const size_t inside_px = width_px < image->width_px ? width_px : image->width_px;
    for (size_t r = 0; r < rows && first_row + r < image->height_px; r++) {
        const float *in = values + r * width_px * 3;
        uint8_t *to = image->pixels + (first_row + r) * image->stride_bytes;
        for (size_t x = 0; x < inside_px; x++, in += 3, to += channels) {
            for (int c = 0; c < 3; c++) {
                /* written so that NaN becomes 0: what a network gives is never trusted */
                const float v = (in[c] - range[0]) * scale;
                to[c] = (uint8_t)(v > 0.0f ? (v < 255.0f ? v + 0.5f : 255.0f) : 0.0f);
            }
        }
    }
}
