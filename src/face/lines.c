/* lines.c - luma, less its mean over a tent; and levels of it added to pixels */
#include "face/lines.h"

/* Rec. 601 */
static float luma_of(const uint8_t *p)
{
    return 0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];
}

void p2a_lines_find(const p2a_image *image, size_t radius_px, float *scratch, float *mean,
                    float *out)
{
    const p2a_plane_size size = {image->width_px, image->height_px};
    const size_t count = size.width_px * size.height_px;
    for (size_t y = 0; y < size.height_px; y++) {
        const uint8_t *row = image->pixels + y * image->stride_bytes;
        for (size_t x = 0; x < size.width_px; x++)
            out[y * size.width_px + x] = luma_of(row + x * image->channels);
    }
    p2a_smooth_box(out, size, radius_px, scratch, mean); /* two boxes are a tent */
    p2a_smooth_box(mean, size, radius_px, scratch, mean);
    for (size_t i = 0; i < count; i++)
        out[i] -= mean[i];
}

void p2a_lines_add(uint8_t *pixel, float levels)
{
    for (int c = 0; c < 3; c++) {
        const float v = (float)pixel[c] + levels;
        pixel[c] = (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5f);
    }
}
