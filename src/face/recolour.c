/* recolour.c - class areas -> another colour at their middle, shading as it was */
#include "face/recolour.h"

#include <math.h>

#include "base/alloc.h"
#include "face/lab.h"
#include "face/lift.h"
#include "face/mask.h"
#include "image/colour.h"

#define COLOUR_MAX 0xffffffu
#define OWN_VARIATION (1.0f / 3.0f)
#define L_LEAST 3.0f
#define L_MOST 97.0f
/* Lengths are px of a 512 px crop. */
#define HAIR_FEATHER_PX 6.0f
#define LIPS_FEATHER_PX 3.0f
#define EYES_FEATHER_PX 2.0f
#define CLOTH_FEATHER_PX 4.0f
/* How much of the chosen colour's lightness a region takes on: pupils and lips stay dark. */
#define LIPS_LIGHTNESS 0.7f
#define EYES_LIGHTNESS 0.25f
/* A white is this much of the way from the eyes' darkest to their brightest, an iris that much. */
#define WHITE_FROM 0.75f
#define IRIS_TO 0.55f

void p2a_recolour_options_default(p2a_recolour_options *options)
{
    *options =
        (p2a_recolour_options){P2A_COLOUR_KEPT, P2A_COLOUR_KEPT, P2A_COLOUR_KEPT, P2A_COLOUR_KEPT};
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
    float feather_px, lightness;
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

p2a_status p2a_recolour(p2a_context *ctx, p2a_image *crop, const uint8_t *classes,
                        const p2a_recolour_options *options)
{
    const choice choices[4] = {
        {options->hair, P2A_SET(P2A_CLASS_HAIR), HAIR_FEATHER_PX, 1.0f, "hair_color"},
        {options->lips, P2A_SET_LIPS, LIPS_FEATHER_PX, LIPS_LIGHTNESS, "lip_color"},
        {options->eyes, P2A_SET_EYES, EYES_FEATHER_PX, EYES_LIGHTNESS, "eye_color"},
        {options->cloth, P2A_SET(P2A_CLASS_CLOTH), CLOTH_FEATHER_PX, 1.0f, "cloth_color"}};
    p2a_status status = p2a_check_crop(ctx, crop, classes);
    bool any = false;
    for (int k = 0; k < 4 && status == P2A_OK; k++) {
        any = any || choices[k].colour != P2A_COLOUR_KEPT;
        if (choices[k].colour != P2A_COLOUR_KEPT && choices[k].colour > COLOUR_MAX)
            status =
                p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a colour up to #ffffff for %s, got %#x",
                         choices[k].name, (unsigned)choices[k].colour);
    }
    if (status != P2A_OK || !any)
        return status;
    const size_t side = crop->width_px;
    const float crop_scale = (float)side / 512.0f;
    p2a_lab lab;
    status = p2a_lab_create(ctx, crop, &lab);
    if (status != P2A_OK)
        return status;
    float *mask = p2a_alloc(ctx, side * side * sizeof *mask);
    if (mask == NULL)
        status = p2a_fail_memory(ctx, side * side * sizeof *mask, "recolouring");
    for (int k = 0; k < 4 && status == P2A_OK; k++) {
        if (choices[k].colour == P2A_COLOUR_KEPT)
            continue;
        status = p2a_mask_soft(ctx, classes, side, choices[k].set, 0.0f,
                               choices[k].feather_px * crop_scale, mask);
        if (status != P2A_OK)
            break;
        if (choices[k].set == P2A_SET_EYES)
            keep_irises(&lab, mask);
        recolour_area(&lab, mask, &choices[k]);
    }
    if (status == P2A_OK)
        p2a_lab_store(&lab, crop);
    p2a_free(ctx, mask);
    p2a_lab_destroy(&lab);
    return status;
}
