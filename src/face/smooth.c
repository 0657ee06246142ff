/* smooth.c - box means by running sums, and the guided filter made of them */
#include "face/smooth.h"

#include <string.h>

#include "base/alloc.h"

#define PLANES_MAX ((size_t)4)

size_t p2a_smooth_scratch(p2a_plane_size size)
{
    return size.width_px * size.height_px + size.width_px;
}

/* Sums, not means: over the row's pixels from x - r to x + r. */
static void sum_row(const float *in, size_t width, size_t r, float *out)
{
    float sum = 0.0f;
    for (size_t x = 0; x < r && x < width; x++)
        sum += in[x];
    for (size_t x = 0; x < width; x++) {
        if (x + r < width)
            sum += in[x + r];
        if (x > r)
            sum -= in[x - r - 1];
        out[x] = sum;
    }
}

static size_t span(size_t i, size_t count, size_t r)
{
    size_t low = i > r ? i - r : 0, high = i + r < count ? i + r : count - 1;
    return high - low + 1;
}

void p2a_smooth_box(const float *plane, p2a_plane_size size, size_t radius_px, float *scratch,
                    float *out)
{
    const size_t width = size.width_px, height = size.height_px, r = radius_px;
    float *sums = scratch, *column = scratch + width * height;
    for (size_t y = 0; y < height; y++)
        sum_row(plane + y * width, width, r, sums + y * width);
    memset(column, 0, width * sizeof *column);
    for (size_t y = 0; y < r && y < height; y++)
        for (size_t x = 0; x < width; x++)
            column[x] += sums[y * width + x];
    for (size_t y = 0; y < height; y++) {
        const float *enters = y + r < height ? sums + (y + r) * width : NULL;
        const float *leaves = y > r ? sums + (y - r - 1) * width : NULL;
        for (size_t x = 0; enters != NULL && x < width; x++)
            column[x] += enters[x];
        for (size_t x = 0; leaves != NULL && x < width; x++)
            column[x] -= leaves[x];
        float per_row = 1.0f / (float)span(y, height, r);
        for (size_t x = 0; x < width; x++)
            out[y * width + x] = column[x] * (per_row / (float)span(x, width, r));
    }
}

p2a_status p2a_smooth_guided(p2a_context *ctx, const float *guide, float *const *planes,
                             size_t plane_count, p2a_plane_size size, size_t radius_px, float edge)
{
    const size_t count = size.width_px * size.height_px;
    if (plane_count > PLANES_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at most %zu planes, got %zu", PLANES_MAX,
                        plane_count);
    const size_t floats = 5 * count + p2a_smooth_scratch(size);
    float *block = p2a_alloc(ctx, floats * sizeof *block);
    if (block == NULL)
        return p2a_fail_memory(ctx, floats * sizeof *block, "smoothing");
    float *own_guide = block, *mean_g = block + count, *var_g = block + 2 * count;
    float *a = block + 3 * count, *b = block + 4 * count, *scratch = block + 5 * count;
    /* A copy: the guide may be the first plane that changes. */
    memcpy(own_guide, guide, count * sizeof *guide);
    p2a_smooth_box(own_guide, size, radius_px, scratch, mean_g);
    for (size_t i = 0; i < count; i++)
        a[i] = (own_guide[i] - mean_g[i]) * (own_guide[i] - mean_g[i]);
    /* About the local means: the usual E[g^2] - E[g]^2 loses its digits on bright, flat skin. */
    p2a_smooth_box(a, size, radius_px, scratch, var_g);
    for (size_t p = 0; p < plane_count; p++) {
        float *plane = planes[p];
        p2a_smooth_box(plane, size, radius_px, scratch, b);
        for (size_t i = 0; i < count; i++)
            a[i] = (own_guide[i] - mean_g[i]) * (plane[i] - b[i]);
        p2a_smooth_box(a, size, radius_px, scratch, a);
        for (size_t i = 0; i < count; i++) {
            a[i] /= var_g[i] + edge * edge;
            b[i] -= a[i] * mean_g[i];
        }
        p2a_smooth_box(a, size, radius_px, scratch, a);
        p2a_smooth_box(b, size, radius_px, scratch, b);
        for (size_t i = 0; i < count; i++)
            plane[i] = a[i] * own_guide[i] + b[i];
    }
    p2a_free(ctx, block);
    return P2A_OK;
}
