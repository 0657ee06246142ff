/* mask.c - classes -> signed distance to their outline -> soft masks */
#include "face/mask.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* Farther than any pixel of the largest map; its square is exact in a float. */
#define FAR_PX 4096.0f

/* Widths of p2a_mask_blend(), px of a 512 px crop. */
#define FACE_GROW_PX 5.0f
#define FACE_FEATHER_PX 10.0f
#define HAIR_GROW_PX 3.0f
#define HAIR_FEATHER_PX 28.0f
#define BORDER_PX 28.0f

static float smooth_step(float t)
{
    t = fminf(fmaxf(t, 0.0f), 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

/* A rectangle of the map: all work is done there. */
typedef struct area {
    size_t left, top, right, bottom; /* right and bottom excluded */
} area;

/* The rectangle about the set's pixels, widened by reach_px; false where there is none. */
static bool find_area(const uint8_t *inside, size_t side_px, size_t reach_px, area *out)
{
    area a = {side_px, side_px, 0, 0};
    for (size_t y = 0; y < side_px; y++) {
        const uint8_t *row = inside + y * side_px;
        const uint8_t *found = memchr(row, 1, side_px);
        if (found == NULL)
            continue;
        size_t left = (size_t)(found - row), right = side_px;
        while (row[right - 1] == 0)
            right--;
        a.left = left < a.left ? left : a.left;
        a.right = right > a.right ? right : a.right;
        a.top = y < a.top ? y : a.top;
        a.bottom = y + 1;
    }
    if (a.bottom == 0)
        return false;
    a.left = a.left > reach_px ? a.left - reach_px : 0;
    a.top = a.top > reach_px ? a.top - reach_px : 0;
    a.right = side_px - a.right > reach_px ? a.right + reach_px : side_px;
    a.bottom = side_px - a.bottom > reach_px ? a.bottom + reach_px : side_px;
    *out = a;
    return true;
}

/* Distance along the column to the nearest pixel with inside[] == target, at most FAR_PX. */
static void distance_columns(const uint8_t *inside, size_t side_px, const area *a, uint8_t target,
                             float *distance)
{
    size_t width = a->right - a->left;
    for (size_t y = a->top; y < a->bottom; y++) {
        const uint8_t *row = inside + y * side_px + a->left;
        float *d = distance + (y - a->top) * width;
        const float *before = y > a->top ? d - width : NULL;
        for (size_t x = 0; x < width; x++) {
            float above = before ? before[x] + 1.0f : FAR_PX;
            d[x] = row[x] == target ? 0.0f : fminf(above, FAR_PX);
        }
    }
    for (size_t y = a->bottom - a->top - 1; y-- > 0;) {
        float *d = distance + y * width;
        for (size_t x = 0; x < width; x++)
            d[x] = fminf(d[x], d[x + width] + 1.0f);
    }
}

/*
 * One row: the least of (x - i)^2 + g[i]^2 over i, as the lower envelope of the parabolas.
 * place and from are scratch: the parabolas of the envelope and where each begins.
 */
static void distance_row(float *g, size_t width, uint32_t *place, float *from, float *square)
{
    size_t last = 0;
    for (size_t x = 0; x < width; x++)
        square[x] = g[x] * g[x];
    place[0] = 0;
    from[0] = -INFINITY;
    for (size_t q = 1; q < width; q++) {
        float meet;
        for (;;) {
            size_t p = place[last];
            meet = 0.5f * ((square[q] - square[p]) / (float)(q - p) + (float)(q + p));
            if (meet > from[last])
                break;
            last--; /* from[0] is -inf, so the first parabola stays */
        }
        last++;
        place[last] = (uint32_t)q;
        from[last] = meet;
    }
    size_t k = 0;
    for (size_t x = 0; x < width; x++) {
        while (k < last && from[k + 1] < (float)x)
            k++;
        float dx = (float)x - (float)place[k];
        g[x] = sqrtf(dx * dx + square[place[k]]);
    }
}

/* Distance of each pixel of the area to the nearest pixel with inside[] == target. */
static void distance_area(const uint8_t *inside, size_t side_px, const area *a, uint8_t target,
                          float *distance, float *scratch)
{
    size_t width = a->right - a->left;
    distance_columns(inside, side_px, a, target, distance);
    for (size_t y = 0; y < a->bottom - a->top; y++)
        distance_row(distance + y * width, width, (uint32_t *)(void *)scratch, scratch + width,
                     scratch + 2 * width);
}

static void mark_set(const uint8_t *classes, size_t count, uint32_t set, uint8_t *inside)
{
    uint8_t table[256] = {0};
    for (size_t c = 0; c < P2A_CLASS_COUNT; c++)
        table[c] = (uint8_t)(set >> c & 1u);
    for (size_t i = 0; i < count; i++)
        inside[i] = table[classes[i]];
}

p2a_status p2a_mask_soft(p2a_context *ctx, const uint8_t *classes, size_t side_px, uint32_t set,
                         float grow_px, float feather_px, float *mask)
{
    if (side_px < 1 || side_px > P2A_PARSE_SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %d for side_px, got %zu",
                        P2A_PARSE_SIDE_MAX_PX, side_px);
    if (!(fabsf(grow_px) <= FAR_PX) || !(feather_px >= 0.0f && feather_px <= FAR_PX))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected grow_px and feather_px within %g, got %g and %g", (double)FAR_PX,
                        (double)grow_px, (double)feather_px);
    size_t count = side_px * side_px;
    memset(mask, 0, count * sizeof *mask);
    uint8_t *inside = p2a_alloc(ctx, count);
    if (inside == NULL)
        return p2a_fail_memory(ctx, count, "mask");
    mark_set(classes, count, set, inside);
    area a;
    size_t reach_px = (size_t)ceilf(fmaxf(grow_px, 0.0f) + 0.5f * feather_px) + 1;
    if (!find_area(inside, side_px, reach_px, &a)) {
        p2a_free(ctx, inside);
        return P2A_OK;
    }
    size_t width = a.right - a.left, height = a.bottom - a.top;
    size_t bytes = (2 * width * height + 3 * width) * sizeof(float);
    float *outer = p2a_alloc(ctx, bytes);
    if (outer == NULL) {
        p2a_free(ctx, inside);
        return p2a_fail_memory(ctx, bytes, "mask");
    }
    float *inner = outer + width * height, *scratch = inner + width * height;
    distance_area(inside, side_px, &a, 1, outer, scratch);
    distance_area(inside, side_px, &a, 0, inner, scratch);
    for (size_t y = 0; y < height; y++) {
        float *row = mask + (a.top + y) * side_px + a.left;
        for (size_t x = 0; x < width; x++) {
            size_t i = y * width + x;
            /* The outline runs half a pixel from the centres on both of its sides. */
            float depth_px = grow_px + (outer[i] > 0.0f ? 0.5f - outer[i] : inner[i] - 0.5f);
            row[x] = feather_px > 0.0f ? smooth_step(0.5f + depth_px / feather_px)
                                       : (depth_px >= 0.0f ? 1.0f : 0.0f);
        }
    }
    p2a_free(ctx, outer);
    p2a_free(ctx, inside);
    return P2A_OK;
}

p2a_status p2a_mask_blend(p2a_context *ctx, const uint8_t *classes, size_t side_px,
                          const float *share, float *mask)
{
    const uint32_t face =
        P2A_SET_FACE | P2A_SET_EARS | P2A_SET(P2A_CLASS_NECK) | P2A_SET(P2A_CLASS_EARRING);
    const uint32_t hair = face | P2A_SET(P2A_CLASS_HAIR) | P2A_SET(P2A_CLASS_HAT);
    const float crop_scale = (float)side_px / 512.0f;
    p2a_status status = p2a_mask_soft(ctx, classes, side_px, face, FACE_GROW_PX * crop_scale,
                                      FACE_FEATHER_PX * crop_scale, mask);
    if (status != P2A_OK)
        return status;
    size_t bytes = side_px * side_px * sizeof(float);
    float *soft = p2a_alloc(ctx, bytes);
    if (soft == NULL)
        return p2a_fail_memory(ctx, bytes, "mask");
    status = p2a_mask_soft(ctx, classes, side_px, hair, HAIR_GROW_PX * crop_scale,
                           HAIR_FEATHER_PX * crop_scale, soft);
    for (size_t y = 0; status == P2A_OK && y < side_px; y++) {
        for (size_t x = 0; x < side_px; x++) {
            size_t i = y * side_px + x;
            size_t right = side_px - 1 - x, below = side_px - 1 - y;
            size_t edge = x < right ? x : right;
            edge = y < edge ? y : edge;
            edge = below < edge ? below : edge;
            float fade = smooth_step((float)edge / (BORDER_PX * crop_scale));
            mask[i] = fmaxf(mask[i], soft[i]) * fade * (share != NULL ? share[i] : 1.0f);
        }
    }
    p2a_free(ctx, soft);
    return status;
}
