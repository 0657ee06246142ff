/* recolour.c - class areas -> another colour at their middle, shading as it was */
#include "face/recolour.h"

#include <math.h>

#include "base/alloc.h"
#include "face/lab.h"
#include "face/mask.h"
#include "image/colour.h"
#include "image/warp.h"

#define COLOUR_MAX 0xffffffu
#define OWN_VARIATION (1.0f / 3.0f)
#define L_LEAST 3.0f
#define L_MOST 97.0f
/* Lengths are px of a 512 px crop. */
#define HAIR_GROW_PX (-2.0f) /* a bright forehead's edge would become a white line */
#define HAIR_FEATHER_PX 6.0f
#define LIPS_FEATHER_PX 3.0f
#define EYES_FEATHER_PX 2.0f
#define CLOTH_FEATHER_PX 4.0f
#define BORDER_PX 40.0f /* hair and cloth are cut off at the crop's border: fade over this */
/* How much of the chosen colour's lightness a region takes on: pupils and lips stay dark. */
#define LIPS_LIGHTNESS 0.7f
#define EYES_LIGHTNESS 0.25f
/* A white is this much of the way from the eyes' darkest to their brightest, an iris that much. */
#define WHITE_FROM 0.75f
#define IRIS_TO 0.55f

void p2a_recolour_options_default(p2a_recolour_options *options)
{
    *options =
        (p2a_recolour_options){P2A_COLOR_KEPT, P2A_COLOR_KEPT, P2A_COLOR_KEPT, P2A_COLOR_KEPT};
}

static void lab_of(uint32_t colour, float lab[3])
{
    float rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = p2a_linear_from_srgb((float)(colour >> (16 - 8 * c) & 255u) / 255.0f);
    p2a_lab_from_linear(rgb, lab);
}

/* Chroma that a lightness can carry, as a part of that at the colour's own lightness. */
static float chroma_share(float l, float own_l)
{
    float room = l < own_l ? l / fmaxf(own_l, 1.0f) : (100.0f - l) / fmaxf(100.0f - own_l, 1.0f);
    return fminf(fmaxf(sqrtf(fmaxf(room, 0.0f)), 0.0f), 1.0f);
}

/* One region and what was chosen for it. */
typedef struct choice {
    uint32_t colour, set;
    float grow_px, feather_px, lightness;
    const char *name;
} choice;

static void recolour_area(p2a_lab *lab, const float *mask, const choice *chosen)
{
    const size_t count = lab->width_px * lab->height_px;
    float target[3], mean[3];
    lab_of(chosen->colour, target);
    for (int c = 0; c < 3; c++)
        mean[c] = p2a_lab_mean(lab->planes[c], mask, count, 0.0f);
    float median = p2a_lab_percentile(lab->planes[0], mask, count, 0.5f, 50.0f);
    float low = p2a_lab_percentile(lab->planes[0], mask, count, 0.02f, 0.0f);
    float high = p2a_lab_percentile(lab->planes[0], mask, count, 0.98f, 100.0f);
    const float own_l = target[0];
    target[0] = median + chosen->lightness * (own_l - median);
    /* How much of the shading fits below and above the new middle. */
    float below = median > low ? fminf((target[0] - L_LEAST) / (median - low), 1.0f) : 1.0f;
    float above = high > median ? fminf((L_MOST - target[0]) / (high - median), 1.0f) : 1.0f;
    below = fmaxf(below, 0.0f);
    above = fmaxf(above, 0.0f);
    for (size_t i = 0; i < count; i++) {
        if (!(mask[i] > 0.0f))
            continue;
        float d = lab->planes[0][i] - median;
        float l = fminf(fmaxf(target[0] + d * (d < 0.0f ? below : above), 0.0f), 100.0f);
        float share = chroma_share(l, own_l);
        lab->planes[0][i] += mask[i] * (l - lab->planes[0][i]);
        for (int c = 1; c < 3; c++) {
            float own = lab->planes[c][i];
            float v = share * (target[c] + OWN_VARIATION * (own - mean[c]));
            lab->planes[c][i] += mask[i] * (v - own);
        }
        lab->changed[i] = 1;
    }
}

/* Take the whites out of a mask of the eyes. */
static void keep_irises(const p2a_lab *lab, float *mask)
{
    const size_t count = lab->width_px * lab->height_px;
    float dark = p2a_lab_percentile(lab->planes[0], mask, count, 0.05f, 0.0f);
    float bright = p2a_lab_percentile(lab->planes[0], mask, count, 0.95f, 100.0f);
    float range = fmaxf(bright - dark, 1.0f);
    for (size_t i = 0; i < count; i++) {
        float at = (lab->planes[0][i] - dark) / range;
        mask[i] *= fminf(fmaxf((WHITE_FROM - at) / (WHITE_FROM - IRIS_TO), 0.0f), 1.0f);
    }
}

/* Where a region lies in the crop: its soft mask, this face's share of it, faded to the border. */
static p2a_status mask_in_crop(p2a_context *ctx, const p2a_recolour_place *place,
                               const choice *chosen, float *mask)
{
    const size_t side = place->side_px;
    const float crop_scale = (float)side / 512.0f;
    const p2a_status status =
        p2a_mask_soft(ctx, place->classes, side, chosen->set, chosen->grow_px * crop_scale,
                      chosen->feather_px * crop_scale, mask);
    for (size_t y = 0; status == P2A_OK && y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            const size_t across = x < side - 1 - x ? x : side - 1 - x;
            const size_t along = y < side - 1 - y ? y : side - 1 - y;
            const size_t edge = across < along ? across : along;
            mask[y * side + x] *= fminf((float)edge / (BORDER_PX * crop_scale), 1.0f) *
                                  (place->share ? place->share[y * side + x] : 1.0f);
        }
    }
    return status;
}

static p2a_status recolour_region(p2a_context *ctx, p2a_lab *lab, const p2a_recolour_place *place,
                                  const choice *chosen, float *crop_mask, float *mask)
{
    const size_t side = place->side_px;
    p2a_status status = mask_in_crop(ctx, place, chosen, crop_mask);
    if (status == P2A_OK && mask != crop_mask)
        status = p2a_plane_warp(ctx, crop_mask, side, side, place->crop_from_image, lab->width_px,
                                lab->height_px, mask);
    if (status != P2A_OK)
        return status;
    if (chosen->set == P2A_SET_EYES)
        keep_irises(lab, mask);
    recolour_area(lab, mask, chosen);
    return P2A_OK;
}

static p2a_status check_place(p2a_context *ctx, const p2a_image *image,
                              const p2a_recolour_place *place)
{
    if (image == NULL || place->classes == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected an image and classes, got NULL");
    if (!place->crop_from_image &&
        (image->width_px != place->side_px || image->height_px != place->side_px))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a crop of %zux%zu px, got %ux%u",
                        place->side_px, place->side_px, (unsigned)image->width_px,
                        (unsigned)image->height_px);
    return P2A_OK;
}

p2a_status p2a_recolour(p2a_context *ctx, p2a_image *image, const p2a_recolour_place *place,
                        const p2a_recolour_options *options)
{
    const choice choices[4] = {
        {options->hair, P2A_SET(P2A_CLASS_HAIR), HAIR_GROW_PX, HAIR_FEATHER_PX, 1.0f, "hair_color"},
        {options->lips, P2A_SET_LIPS, 0.0f, LIPS_FEATHER_PX, LIPS_LIGHTNESS, "lip_color"},
        {options->eyes, P2A_SET_EYES, 0.0f, EYES_FEATHER_PX, EYES_LIGHTNESS, "eye_color"},
        {options->cloth, P2A_SET(P2A_CLASS_CLOTH), 0.0f, CLOTH_FEATHER_PX, 1.0f, "cloth_color"}};
    p2a_status status = check_place(ctx, image, place);
    bool any = false;
    for (int k = 0; k < 4 && status == P2A_OK; k++) {
        any = any || choices[k].colour != P2A_COLOR_KEPT;
        if (choices[k].colour != P2A_COLOR_KEPT && choices[k].colour > COLOUR_MAX)
            status =
                p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a colour up to #ffffff for %s, got %#x",
                         choices[k].name, (unsigned)choices[k].colour);
    }
    if (status != P2A_OK || !any)
        return status;
    p2a_lab lab;
    status = p2a_lab_create(ctx, image, &lab);
    if (status != P2A_OK)
        return status;
    const size_t crop_pixels = place->side_px * place->side_px;
    const size_t pixels = place->crop_from_image ? lab.width_px * lab.height_px : 0;
    float *crop_mask = p2a_alloc(ctx, (crop_pixels + pixels) * sizeof *crop_mask);
    if (crop_mask == NULL)
        status = p2a_fail_memory(ctx, (crop_pixels + pixels) * sizeof *crop_mask, "recolouring");
    float *mask = place->crop_from_image && crop_mask ? crop_mask + crop_pixels : crop_mask;
    for (int k = 0; k < 4 && status == P2A_OK; k++)
        if (choices[k].colour != P2A_COLOR_KEPT)
            status = recolour_region(ctx, &lab, place, &choices[k], crop_mask, mask);
    if (status == P2A_OK)
        p2a_lab_store(&lab, image);
    p2a_free(ctx, crop_mask);
    p2a_lab_destroy(&lab);
    return status;
}
