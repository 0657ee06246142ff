/* lift.c - how much light falls on a face, and a power curve where it is too little */
#include "face/lift.h"

#include <math.h>

#include "base/alloc.h"
#include "face/lab.h"
#include "face/mask.h"
#include "image/colour.h"

/* L of a lit face's brightest tenth: 50 and more; of a silhouette's: 25 and less. */
#define LIT_L 50.0f
#define SILHOUETTE_L 25.0f
/* The scene behind must be this much brighter than the skin, for no lift and for a full one. */
#define BEHIND_LEAST_L 10.0f
#define BEHIND_FULL_L 30.0f
#define RAISE_MOST_L 25.0f
#define TARGET_MOST_L 60.0f
#define GAMMA_LEAST 0.4f
#define CHROMA_POWER 0.6f /* of the gain in L, by which chroma grows */
#define CHROMA_MOST 1.7f
#define SAMPLES_ACROSS ((size_t)160) /* of the crop, to judge by */
#define SKIN_LEAST 0.005             /* part of the crop: less is no face to judge by */
/* Of a 512 px crop. */
#define GROW_PX 3.0f
#define FEATHER_PX 16.0f

p2a_status p2a_check_crop(p2a_context *ctx, const p2a_image *crop, const uint8_t *classes)
{
    if (crop == NULL || classes == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a crop and its classes, got NULL");
    if (crop->width_px != crop->height_px || crop->width_px > P2A_PARSE_SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a square crop of at most %d px, got %ux%u",
                        P2A_PARSE_SIDE_MAX_PX, (unsigned)crop->width_px, (unsigned)crop->height_px);
    return P2A_OK;
}

p2a_status p2a_check_painted(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                             const p2a_image *painted)
{
    p2a_status status = p2a_check_crop(ctx, photo, classes);
    if (status == P2A_OK)
        status = p2a_check_crop(ctx, painted, classes);
    if (status == P2A_OK && photo->width_px != painted->width_px)
        status = p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a painted crop of %u px, got %u",
                          (unsigned)photo->width_px, (unsigned)painted->width_px);
    return status;
}

p2a_status p2a_check_enlargement(p2a_context *ctx, double enlargement)
{
    if (!(enlargement > 0 && isfinite(enlargement)))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected a finite number above 0 for enlargement, got %g", enlargement);
    return P2A_OK;
}

p2a_status p2a_check_strength(p2a_context *ctx, float value, const char *name)
{
    if (!(value >= 0.0f && value <= 1.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a number from 0 to 1 for %s, got %g", name,
                        (double)value);
    return P2A_OK;
}

static float ramp(float v, float from, float to)
{
    return fminf(fmaxf((v - from) / (to - from), 0.0f), 1.0f);
}

/* L of a coarse grid of the crop's pixels, and which of them belong to a set of classes. */
typedef struct light_samples {
    const p2a_image *crop;
    const uint8_t *classes;
    size_t step, across, count;
    float *l, *mask; /* [count] each */
} light_samples;

static void take_samples(light_samples *s)
{
    float linear[256];
    p2a_linear_from_bytes(linear);
    for (size_t i = 0; i < s->count; i++) {
        const size_t x = i % s->across * s->step, y = i / s->across * s->step;
        const uint8_t *p = s->crop->pixels + y * s->crop->stride_bytes + x * s->crop->channels;
        const float rgb[3] = {linear[p[0]], linear[p[1]], linear[p[2]]};
        float lab[3];
        p2a_lab_from_linear(rgb, lab);
        s->l[i] = lab[0];
    }
}

/* L below which `part` of the set lies; `empty` where the set has no sample. */
static float set_percentile(light_samples *s, uint32_t set, float part, float empty)
{
    for (size_t i = 0; i < s->count; i++) {
        const size_t x = i % s->across * s->step, y = i / s->across * s->step;
        const uint8_t c = s->classes[y * s->crop->width_px + x];
        s->mask[i] = c < P2A_CLASS_COUNT && (set >> c & 1u) != 0 ? 1.0f : 0.0f;
    }
    return p2a_lab_percentile(s->l, s->mask, s->count, part, empty);
}

/* By how much L of the skin's median should rise, 0..RAISE_MOST_L. */
static p2a_status judge_light(p2a_context *ctx, const p2a_image *crop, const uint8_t *classes,
                              float *median, float *raise)
{
    *raise = 0.0f;
    *median = 100.0f;
    const size_t side = crop->width_px, step = (side + SAMPLES_ACROSS - 1) / SAMPLES_ACROSS;
    light_samples s = {.crop = crop, .classes = classes, .step = step};
    s.across = (side + step - 1) / step;
    s.count = s.across * s.across;
    s.l = p2a_alloc(ctx, 2 * s.count * sizeof *s.l);
    if (s.l == NULL)
        return p2a_fail_memory(ctx, 2 * s.count * sizeof *s.l, "light");
    s.mask = s.l + s.count;
    take_samples(&s);
    /* No scene in view: as bright as a page. */
    float behind = set_percentile(&s, P2A_SET(P2A_CLASS_BACKGROUND), 0.5f, 75.0f);
    float light = set_percentile(&s, P2A_SET_EYES, 0.9f, 0.0f);
    light = fmaxf(light, set_percentile(&s, P2A_SET_FACE_SKIN, 0.9f, 100.0f));
    *median = fmaxf(set_percentile(&s, P2A_SET_FACE_SKIN, 0.5f, 100.0f), 1.0f);
    if (p2a_lab_weight(s.mask, s.count) >= SKIN_LEAST * (double)s.count) {
        float shadow = 1.0f - ramp(light, SILHOUETTE_L, LIT_L);
        float contrast = ramp(behind - *median, BEHIND_LEAST_L, BEHIND_FULL_L);
        *raise = fminf(RAISE_MOST_L * shadow * contrast, fmaxf(TARGET_MOST_L - *median, 0.0f));
    }
    p2a_free(ctx, s.l);
    return P2A_OK;
}

static void raise_pixels(p2a_lab *lab, const float *mask, float gamma)
{
    for (size_t i = 0; i < lab->width_px * lab->height_px; i++) {
        float l = lab->planes[0][i];
        if (!(mask[i] > 0.0f) || !(l > 0.0f))
            continue;
        float raised = 100.0f * powf(l / 100.0f, gamma);
        float chroma = fminf(powf(raised / l, CHROMA_POWER), CHROMA_MOST);
        lab->planes[0][i] = l + mask[i] * (raised - l);
        lab->planes[1][i] *= 1.0f + mask[i] * (chroma - 1.0f);
        lab->planes[2][i] *= 1.0f + mask[i] * (chroma - 1.0f);
        lab->changed[i] = 1;
    }
}

p2a_status p2a_lift_face(p2a_context *ctx, p2a_image *crop, const uint8_t *classes, float strength,
                         float *lifted)
{
    if (lifted != NULL)
        *lifted = 0.0f;
    p2a_status status = p2a_check_crop(ctx, crop, classes);
    if (status == P2A_OK)
        status = p2a_check_strength(ctx, strength, "lift");
    if (status != P2A_OK || !(strength > 0.0f))
        return status;
    float median, raise;
    status = judge_light(ctx, crop, classes, &median, &raise);
    raise *= strength;
    if (status != P2A_OK || !(raise > 0.0f))
        return status;
    const size_t side = crop->width_px;
    const float crop_scale = (float)side / 512.0f;
    p2a_lab lab;
    status = p2a_lab_create(ctx, crop, &lab);
    if (status != P2A_OK)
        return status;
    float *mask = p2a_alloc(ctx, side * side * sizeof *mask);
    if (mask == NULL) {
        status = p2a_fail_memory(ctx, side * side * sizeof *mask, "lift");
        goto done;
    }
    status =
        p2a_mask_soft(ctx, classes, side, P2A_SET_FACE | P2A_SET_EARS | P2A_SET(P2A_CLASS_NECK),
                      GROW_PX * crop_scale, FEATHER_PX * crop_scale, mask);
    if (status != P2A_OK)
        goto done;
    float gamma = logf((median + raise) / 100.0f) / logf(median / 100.0f);
    gamma = fmaxf(gamma, GAMMA_LEAST);
    raise_pixels(&lab, mask, gamma);
    p2a_lab_store(&lab, crop);
    if (lifted != NULL)
        *lifted = 100.0f * powf(median / 100.0f, gamma) - median;
done:
    p2a_free(ctx, mask);
    p2a_lab_destroy(&lab);
    return status;
}
