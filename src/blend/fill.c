/* fill.c - scattered weighted values -> a full plane, by pulling them up a pyramid and pushing down
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "blend/membrane.h"

#define LEVELS_MAX 16
#define SIDE_MAX_PX ((size_t)8192)

typedef struct fill_level {
    size_t width, height;
    float *values, *weights;
} fill_level;

/* Pixel i of a coarse level stands at pixel 2 i of the fine one and gathers with weights 1 2 1. */
static void pull(const fill_level *fine, fill_level *coarse)
{
    static const float tent[3] = {0.5f, 1.0f, 0.5f};
    for (size_t y = 0; y < coarse->height; y++) {
        for (size_t x = 0; x < coarse->width; x++) {
            float sum = 0.0f, weight = 0.0f;
            for (size_t j = 0; j < 3; j++) {
                size_t fy = 2 * y + j - 1;
                if (fy >= fine->height) /* -1 wraps round to a huge number */
                    continue;
                for (size_t i = 0; i < 3; i++) {
                    size_t fx = 2 * x + i - 1;
                    if (fx >= fine->width)
                        continue;
                    float w = tent[j] * tent[i] * fine->weights[fy * fine->width + fx];
                    sum += w * fine->values[fy * fine->width + fx];
                    weight += w;
                }
            }
            coarse->values[y * coarse->width + x] = weight > 0.0f ? sum / weight : 0.0f;
            coarse->weights[y * coarse->width + x] = fminf(weight, 1.0f);
        }
    }
}

/* The coarse value at a fine pixel, bilinear; beyond the last coarse pixel its value goes on. */
static float coarse_at(const fill_level *coarse, size_t x, size_t y)
{
    size_t x0 = x / 2, y0 = y / 2;
    size_t x1 = x0 + (x & 1) < coarse->width ? x0 + (x & 1) : x0;
    size_t y1 = y0 + (y & 1) < coarse->height ? y0 + (y & 1) : y0;
    const float *v = coarse->values;
    return 0.25f * (v[y0 * coarse->width + x0] + v[y0 * coarse->width + x1] +
                    v[y1 * coarse->width + x0] + v[y1 * coarse->width + x1]);
}

static void push(const fill_level *coarse, fill_level *fine)
{
    for (size_t y = 0; y < fine->height; y++) {
        for (size_t x = 0; x < fine->width; x++) {
            size_t i = y * fine->width + x;
            float w = fine->weights[i];
            if (w < 1.0f)
                fine->values[i] = w * fine->values[i] + (1.0f - w) * coarse_at(coarse, x, y);
        }
    }
}

p2a_status p2a_membrane_fill(p2a_context *ctx, float *values, const float *weights, size_t width_px,
                             size_t height_px)
{
    if (width_px < 1 || height_px < 1 || width_px > SIDE_MAX_PX || height_px > SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %zu px a side to fill, got %zux%zu",
                        SIDE_MAX_PX, width_px, height_px);
    fill_level levels[LEVELS_MAX];
    size_t count = 1, floats = width_px * height_px;
    levels[0] = (fill_level){width_px, height_px, values, NULL};
    while (levels[count - 1].width > 1 || levels[count - 1].height > 1) {
        fill_level *l = &levels[count], *finer = &levels[count - 1];
        *l = (fill_level){(finer->width + 1) / 2, (finer->height + 1) / 2, NULL, NULL};
        floats += 2 * l->width * l->height;
        count++;
    }
    float *block = p2a_alloc(ctx, floats * sizeof *block);
    if (block == NULL)
        return p2a_fail_memory(ctx, floats * sizeof *block, "fill");
    float *next = block;
    levels[0].weights = next;
    memcpy(next, weights, width_px * height_px * sizeof *next);
    next += width_px * height_px;
    for (size_t i = 1; i < count; i++) {
        size_t pixels = levels[i].width * levels[i].height;
        levels[i].values = next;
        levels[i].weights = next + pixels;
        next += 2 * pixels;
        pull(&levels[i - 1], &levels[i]);
    }
    fill_level *top = &levels[count - 1];
    if (!(top->weights[0] > 0.0f))
        top->values[0] = 0.0f;
    for (size_t i = count - 1; i-- > 0;)
        push(&levels[i + 1], &levels[i]);
    p2a_free(ctx, block);
    return P2A_OK;
}
