/* shade.c - coarse colours of the scene's painting -> the skin of a painted face */
#include "face/shade.h"

#include <math.h>

#include "base/alloc.h"
#include "face/lab.h"
#include "face/mask.h"
#include "face/smooth.h"

/* Lengths are px of a 512 px crop. */
#define FEATHER_PX 10.0f
#define SHADE_RADIUS_PX 20.0f
#define SHADE_PASSES 3 /* boxes after each other: nearly a Gaussian */
#define WEIGHT_LEAST 1e-3f

/* What shows the light, and what it falls on: eyes, brows and lips are as dark as they are. Hair
 * and the place behind are in it because the blend carries what differs there into the face. */
static const struct {
    uint32_t seen, lit;
} parts[] = {
    {P2A_SET(P2A_CLASS_SKIN) | P2A_SET(P2A_CLASS_NOSE) | P2A_SET(P2A_CLASS_NECK),
     P2A_SET_FACE | P2A_SET_EARS | P2A_SET(P2A_CLASS_NECK)},
    {P2A_SET(P2A_CLASS_HAIR) | P2A_SET(P2A_CLASS_HAT),
     P2A_SET(P2A_CLASS_HAIR) | P2A_SET(P2A_CLASS_HAT)},
    {P2A_SET(P2A_CLASS_BACKGROUND) | P2A_SET(P2A_CLASS_CLOTH),
     P2A_SET(P2A_CLASS_BACKGROUND) | P2A_SET(P2A_CLASS_CLOTH)},
};

static void blur(float *plane, p2a_plane_size size, size_t radius_px, float *scratch)
{
    for (int pass = 0; pass < SHADE_PASSES; pass++)
        p2a_smooth_box(plane, size, radius_px, scratch, plane);
}

/* Add the blurred differences of the seen pixels to all lit ones. */
static void move_coarse_colours(const p2a_lab *scene, p2a_lab *painted, const float *lit,
                                float strength, float *block)
{
    const p2a_plane_size size = {painted->width_px, painted->height_px};
    const size_t count = size.width_px * size.height_px;
    size_t radius_px = (size_t)(SHADE_RADIUS_PX * (float)size.width_px / 512.0f + 0.5f);
    radius_px = radius_px < 1 ? 1 : radius_px;
    float *seen = block, *weight = block + count, *moved = block + 2 * count;
    float *scratch = block + 3 * count;
    for (size_t i = 0; i < count; i++)
        weight[i] = seen[i];
    blur(weight, size, radius_px, scratch);
    for (int c = 0; c < 3; c++) {
        for (size_t i = 0; i < count; i++)
            moved[i] = seen[i] * (scene->planes[c][i] - painted->planes[c][i]);
        blur(moved, size, radius_px, scratch);
        for (size_t i = 0; i < count; i++) {
            if (!(lit[i] > 0.0f) || weight[i] < WEIGHT_LEAST)
                continue;
            painted->planes[c][i] += strength * lit[i] * moved[i] / weight[i];
            painted->changed[i] = 1;
        }
    }
}

p2a_status p2a_shade_match(p2a_context *ctx, const p2a_image *scene, const uint8_t *classes,
                           float strength, p2a_image *painted)
{
    const size_t side = painted->width_px, count = side * painted->height_px;
    if (painted->height_px != side || scene->width_px != side || scene->height_px != side)
        return p2a_fail(
            ctx, P2A_ERR_ARGUMENT, "expected two squares of one size, got %zux%zu and %zux%zu",
            (size_t)scene->width_px, (size_t)scene->height_px, side, (size_t)painted->height_px);
    if (!(strength >= 0.0f && strength <= 1.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 0 to 1 for strength, got %g",
                        (double)strength);
    if (!(strength > 0.0f))
        return P2A_OK;
    const float feather_px = FEATHER_PX * (float)side / 512.0f;
    const p2a_plane_size size = {side, side};
    const size_t floats = 4 * count + p2a_smooth_scratch(size);
    p2a_lab from = {0}, to = {0};
    float *block = p2a_alloc(ctx, floats * sizeof *block);
    if (block == NULL)
        return p2a_fail_memory(ctx, floats * sizeof *block, "the light of a face");
    float *lit = block, *seen = block + count;
    p2a_status status = p2a_lab_create(ctx, scene, &from);
    if (status == P2A_OK)
        status = p2a_lab_create(ctx, painted, &to);
    for (size_t i = 0; status == P2A_OK && i < sizeof parts / sizeof parts[0]; i++) {
        status = p2a_mask_soft(ctx, classes, side, parts[i].lit, 0, feather_px, lit);
        if (status == P2A_OK)
            status = p2a_mask_soft(ctx, classes, side, parts[i].seen, -0.5f * feather_px, 0, seen);
        if (status == P2A_OK)
            move_coarse_colours(&from, &to, lit, strength, seen);
    }
    if (status == P2A_OK)
        p2a_lab_store(&to, painted);
    p2a_lab_destroy(&to);
    p2a_lab_destroy(&from);
    p2a_free(ctx, block);
    return status;
}
