/* regions.c - the photo's crop, its classes and the painted crop -> corrections inside soft masks
 */
#include "face/regions.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "face/lab.h"
#include "face/lift.h"
#include "face/mask.h"
#include "face/smooth.h"
#include "face/tone.h"

/* A region below this part of the crop is noise of the parser. */
#define REGION_LEAST 0.0002
#define SKIN_LEAST 0.005

/* Lengths are px of a 512 px crop, differences are Lab units. */
static const p2a_tone_limits tone_limits = {32.0, 24.0, 4.0 / 3.0};
/* The body keeps the tone that the style gave it; a face with all of the photo's would look grey
 * beside it. So this much of the style's own shift of the mean is left to the face too. */
#define TONE_FREE_L 4.0
#define TONE_FREE_AB 6.0
#define SKIN_FEATHER_PX 6.0f
#define NEVER_GROW_PX 1.0f
#define NEAR_GROW_PX 12.0f
#define NEAR_FEATHER_PX 16.0f
#define LIKE_SKIN_LEAST 4.0 /* added to the skin's own spread */
#define LIKE_SKIN_NEAR 3.0f /* squared distance, in spreads */
#define LIKE_SKIN_FAR 8.0f
#define EVEN_RADIUS_PX 14.0f
#define EVEN_EDGE 4.0f
#define EVEN_NONE 0.4f /* blotches (rms) that need nothing, and those that need everything */
#define EVEN_FULL 2.0f
#define EYES_GROW_PX 1.5f
#define EYES_FEATHER_PX 4.0f
#define EYES_ABOVE 8.0f /* the whites may become this much brighter than the photo's */
#define EYES_BRIGHTEST 92.0f
#define EYES_RAISE 14.0f
#define EYES_OPEN_LEAST 8.0f /* range of L in closed eyes, and in open ones */
#define EYES_OPEN_FULL 30.0f
#define EYES_SHARPEN 0.6f
#define EYES_SHARPEN_MOST 12.0f
#define EYES_RADIUS_PX 2.5f
#define BROWS_FEATHER_PX 4.0f
#define BROWS_MOST 16.0f
#define LIPS_FEATHER_PX 3.0f
#define LIPS_MORE 1.1f
#define LIPS_MOST_L 16.0f
#define LIPS_MOST_AB 16.0f
#define FEATURES_GROW_PX 10.0f
#define FEATURES_FEATHER_PX 20.0f
#define FEATURES_RADIUS_PX 10.0f
#define FEATURES_NOISE 1.5f /* detail below this is skin and grain */
#define FEATURES_MOST 30.0f
#define GLASSES_GROW_PX 3.0f
#define GLASSES_FEATHER_PX 4.0f
#define GLASSES_RADIUS_PX 6.0f
#define GLASSES_NOISE 4.0f /* detail below this is skin behind the glass, not a frame */
#define GLASSES_MOST 40.0f

/* Everything that the corrections share. */
typedef struct region_job {
    p2a_context *ctx;
    const uint8_t *classes;
    size_t side, count;
    float crop_scale;
    p2a_lab photo, painted;
    float *mask, *skin; /* [side, side]: of the region at work, and of the skin */
    float *spare[3];    /* [side, side] each; the third with p2a_smooth_scratch() */
    bool has_skin;
} region_job;

void p2a_regions_options_default(p2a_regions_options *options)
{
    *options = (p2a_regions_options){0.85f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.7f};
}

static float clampf(float v, float low, float high)
{
    return fminf(fmaxf(v, low), high);
}

static float ramp(float v, float from, float to)
{
    return clampf((v - from) / (to - from), 0.0f, 1.0f);
}

static size_t pixels(const region_job *job, float px)
{
    size_t n = (size_t)(px * job->crop_scale + 0.5f);
    return n < 1 ? 1 : n;
}

/* job->mask of a set; *found where it is large enough to work on. */
static p2a_status make_mask(region_job *job, uint32_t set, float grow_px, float feather_px,
                            bool *found)
{
    p2a_status status =
        p2a_mask_soft(job->ctx, job->classes, job->side, set, grow_px * job->crop_scale,
                      feather_px * job->crop_scale, job->mask);
    *found = status == P2A_OK &&
             p2a_lab_weight(job->mask, job->count) >= REGION_LEAST * (double)job->count;
    return status;
}

/*
 * Where to move the tone: the skin, and what the painter made skin beside it (a smaller mouth, a
 * thinner brow than the photo's): places near the face with the painted skin's own colours.
 */
static p2a_status find_painted_skin(region_job *job, const p2a_tone *painted, float *out)
{
    const uint32_t never = P2A_SET_EYES | P2A_SET(P2A_CLASS_MOUTH) | P2A_SET(P2A_CLASS_GLASSES) |
                           P2A_SET(P2A_CLASS_BACKGROUND) | P2A_SET(P2A_CLASS_CLOTH);
    p2a_status status =
        p2a_mask_soft(job->ctx, job->classes, job->side, never, NEVER_GROW_PX * job->crop_scale,
                      SKIN_FEATHER_PX * job->crop_scale, job->mask);
    if (status == P2A_OK)
        status =
            p2a_mask_soft(job->ctx, job->classes, job->side,
                          P2A_SET_FACE | P2A_SET_EARS | P2A_SET(P2A_CLASS_NECK),
                          NEAR_GROW_PX * job->crop_scale, NEAR_FEATHER_PX * job->crop_scale, out);
    if (status != P2A_OK)
        return status;
    float scale[3];
    for (int c = 0; c < 3; c++)
        scale[c] = 1.0f / (float)(painted->covariance[c][c] + LIKE_SKIN_LEAST * LIKE_SKIN_LEAST);
    for (size_t i = 0; i < job->count; i++) {
        float far = 0.0f;
        for (int c = 0; c < 3; c++) {
            float d = job->painted.planes[c][i] - (float)painted->mean[c];
            far += d * d * scale[c];
        }
        float like = 1.0f - ramp(far, LIKE_SKIN_NEAR, LIKE_SKIN_FAR);
        out[i] = fmaxf(job->skin[i], out[i] * (1.0f - job->mask[i]) * like);
    }
    return P2A_OK;
}

/* Move the wanted mean towards the painted one, as far as the style may go. */
static void leave_style_its_tone(const p2a_tone *painted, p2a_tone *wanted)
{
    double shift[3];
    for (int c = 0; c < 3; c++)
        shift[c] = painted->mean[c] - wanted->mean[c];
    const double chroma = hypot(shift[1], shift[2]);
    const double part = chroma > TONE_FREE_AB ? TONE_FREE_AB / chroma : 1;
    wanted->mean[0] += fmin(fmax(shift[0], -TONE_FREE_L), TONE_FREE_L);
    wanted->mean[1] += part * shift[1];
    wanted->mean[2] += part * shift[2];
}

static p2a_status match_skin_tone(region_job *job, float strength)
{
    p2a_tone from, to;
    p2a_tone_map map;
    float *where = job->spare[0];
    p2a_tone_measure((const float *const *)job->painted.planes, job->skin, job->count, &from);
    p2a_tone_measure((const float *const *)job->photo.planes, job->skin, job->count, &to);
    leave_style_its_tone(&from, &to);
    p2a_tone_match(&from, &to, &tone_limits, &map);
    p2a_status status = find_painted_skin(job, &from, where);
    for (size_t i = 0; status == P2A_OK && i < job->count; i++) {
        const double w = (double)(strength * where[i]);
        if (!(w > 0))
            continue;
        double d[3];
        for (int c = 0; c < 3; c++)
            d[c] = (double)job->painted.planes[c][i] - map.mean_from[c];
        for (int c = 0; c < 3; c++) {
            double mapped = map.mean_to[c] + map.matrix[c][0] * d[0] + map.matrix[c][1] * d[1] +
                            map.matrix[c][2] * d[2];
            float *v = &job->painted.planes[c][i];
            *v += (float)(w * (mapped - (double)*v));
        }
        job->painted.changed[i] = 1;
    }
    return status;
}

static p2a_status even_skin(region_job *job, float strength)
{
    for (int c = 0; c < 3; c++)
        memcpy(job->spare[c], job->painted.planes[c], job->count * sizeof(float));
    const p2a_plane_size size = {job->side, job->side};
    p2a_status status = p2a_smooth_guided(job->ctx, job->spare[0], job->spare, 3, size,
                                          pixels(job, EVEN_RADIUS_PX), EVEN_EDGE);
    if (status != P2A_OK)
        return status;
    double squares = 0, weight = p2a_lab_weight(job->skin, job->count);
    for (size_t i = 0; i < job->count; i++)
        for (int c = 0; c < 3; c++) {
            double d = (double)job->spare[c][i] - (double)job->painted.planes[c][i];
            squares += (double)job->skin[i] * d * d;
        }
    float need = ramp((float)sqrt(squares / weight), EVEN_NONE, EVEN_FULL);
    for (size_t i = 0; i < job->count; i++) {
        float w = strength * need * job->skin[i];
        if (!(w > 0.0f))
            continue;
        for (int c = 0; c < 3; c++)
            job->painted.planes[c][i] += w * (job->spare[c][i] - job->painted.planes[c][i]);
        job->painted.changed[i] = 1;
    }
    return P2A_OK;
}

static p2a_status correct_skin(region_job *job, const p2a_regions_options *options)
{
    p2a_status status = p2a_mask_soft(job->ctx, job->classes, job->side, P2A_SET_SKIN, 0.0f,
                                      SKIN_FEATHER_PX * job->crop_scale, job->skin);
    job->has_skin = status == P2A_OK &&
                    p2a_lab_weight(job->skin, job->count) >= SKIN_LEAST * (double)job->count;
    if (!job->has_skin)
        return status;
    if (options->skin_tone > 0.0f)
        status = match_skin_tone(job, options->skin_tone);
    if (status == P2A_OK && options->skin_even > 0.0f)
        status = even_skin(job, options->skin_even);
    return status;
}

static p2a_status correct_eyes(region_job *job, float strength)
{
    bool found;
    p2a_status status = make_mask(job, P2A_SET_EYES, EYES_GROW_PX, EYES_FEATHER_PX, &found);
    if (!found)
        return status;
    float *l = job->painted.planes[0];
    const float *mask = job->mask;
    float white = p2a_lab_percentile(l, mask, job->count, 0.9f, 0.0f);
    float middle = p2a_lab_percentile(l, mask, job->count, 0.5f, 0.0f);
    float dark = p2a_lab_percentile(l, mask, job->count, 0.1f, 0.0f);
    float photo_white = p2a_lab_percentile(job->photo.planes[0], mask, job->count, 0.9f, 0.0f);
    float open = ramp(white - dark, EYES_OPEN_LEAST, EYES_OPEN_FULL);
    float target = fminf(fmaxf(photo_white, white) + EYES_ABOVE, EYES_BRIGHTEST);
    float raise = clampf(target - white, 0.0f, EYES_RAISE) * open * strength;
    p2a_smooth_box(l, (p2a_plane_size){job->side, job->side}, pixels(job, EYES_RADIUS_PX),
                   job->spare[2], job->spare[0]);
    for (size_t i = 0; i < job->count; i++) {
        if (!(mask[i] > 0.0f))
            continue;
        float detail =
            clampf(EYES_SHARPEN * (l[i] - job->spare[0][i]), -EYES_SHARPEN_MOST, EYES_SHARPEN_MOST);
        float bright = white > middle ? ramp(l[i], middle, white) : 0.0f;
        float moved = l[i] + mask[i] * (raise * bright + strength * open * detail);
        l[i] = clampf(moved, 0.0f, 100.0f);
        job->painted.changed[i] = 1;
    }
    return P2A_OK;
}

/* Mean colour of the region at work and of the skin; returns whether there is skin to compare. */
static bool stands_out(const region_job *job, const p2a_lab *lab, float out[3])
{
    for (int c = 0; c < 3 && job->has_skin; c++)
        out[c] = p2a_lab_mean(lab->planes[c], job->mask, job->count, 0.0f) -
                 p2a_lab_mean(lab->planes[c], job->skin, job->count, 0.0f);
    return job->has_skin;
}

static void shift_region(region_job *job, const float shift[3])
{
    for (size_t i = 0; i < job->count; i++) {
        if (!(job->mask[i] > 0.0f))
            continue;
        for (int c = 0; c < 3; c++)
            job->painted.planes[c][i] += job->mask[i] * shift[c];
        job->painted.planes[0][i] = clampf(job->painted.planes[0][i], 0.0f, 100.0f);
        job->painted.changed[i] = 1;
    }
}

/* Brows only ever become darker, and take on the photo's tint. */
static p2a_status correct_brows(region_job *job, float strength)
{
    bool found;
    float in_photo[3], in_painted[3];
    p2a_status status = make_mask(job, P2A_SET_BROWS, 0.0f, BROWS_FEATHER_PX, &found);
    if (!found || !stands_out(job, &job->photo, in_photo) ||
        !stands_out(job, &job->painted, in_painted))
        return status;
    float shift[3];
    shift[0] = strength * clampf(in_photo[0] - in_painted[0], -BROWS_MOST, 0.0f);
    for (int c = 1; c < 3; c++)
        shift[c] = strength * clampf(in_photo[c] - in_painted[c], -BROWS_MOST / 2, BROWS_MOST / 2);
    shift_region(job, shift);
    return P2A_OK;
}

static p2a_status correct_lips(region_job *job, float strength)
{
    bool found;
    float in_photo[3], in_painted[3];
    p2a_status status = make_mask(job, P2A_SET_LIPS, 0.0f, LIPS_FEATHER_PX, &found);
    if (!found || !stands_out(job, &job->photo, in_photo) ||
        !stands_out(job, &job->painted, in_painted))
        return status;
    float shift[3];
    for (int c = 0; c < 3; c++)
        shift[c] = LIPS_MORE * in_photo[c] - in_painted[c];
    shift[0] = strength * clampf(shift[0], -LIPS_MOST_L, LIPS_MOST_L);
    float length = hypotf(shift[1], shift[2]);
    float part = strength * (length > LIPS_MOST_AB ? LIPS_MOST_AB / length : 1.0f);
    shift[1] *= part;
    shift[2] *= part;
    shift_region(job, shift);
    return P2A_OK;
}

/* What is left of a detail beyond the noise. */
static float beyond(float detail, float noise)
{
    return detail - clampf(detail, -noise, noise);
}

static p2a_status correct_features(region_job *job, float strength)
{
    bool found;
    const uint32_t set = P2A_SET_EYES | P2A_SET_BROWS | P2A_SET_LIPS | P2A_SET(P2A_CLASS_NOSE) |
                         P2A_SET(P2A_CLASS_MOUTH);
    p2a_status status = make_mask(job, set, FEATURES_GROW_PX, FEATURES_FEATHER_PX, &found);
    if (!found)
        return status;
    const p2a_plane_size size = {job->side, job->side};
    const size_t radius = pixels(job, FEATURES_RADIUS_PX);
    float *l = job->painted.planes[0];
    const float *photo = job->photo.planes[0];
    p2a_smooth_box(photo, size, radius, job->spare[2], job->spare[0]);
    p2a_smooth_box(l, size, radius, job->spare[2], job->spare[1]);
    for (size_t i = 0; i < job->count; i++) {
        if (!(job->mask[i] > 0.0f))
            continue;
        const float wanted = beyond(photo[i] - job->spare[0][i], FEATURES_NOISE);
        const float apart =
            clampf(wanted - (l[i] - job->spare[1][i]), -FEATURES_MOST, FEATURES_MOST);
        l[i] = clampf(l[i] + strength * job->mask[i] * apart, 0.0f, 100.0f);
        job->painted.changed[i] = 1;
    }
    return P2A_OK;
}

static p2a_status correct_glasses(region_job *job, float strength)
{
    bool found;
    p2a_status status =
        make_mask(job, P2A_SET(P2A_CLASS_GLASSES), GLASSES_GROW_PX, GLASSES_FEATHER_PX, &found);
    if (!found)
        return status;
    const p2a_plane_size size = {job->side, job->side};
    const size_t radius = pixels(job, GLASSES_RADIUS_PX);
    float *l = job->painted.planes[0];
    const float *photo = job->photo.planes[0];
    p2a_smooth_box(photo, size, radius, job->spare[2], job->spare[0]);
    p2a_smooth_box(l, size, radius, job->spare[2], job->spare[1]);
    for (size_t i = 0; i < job->count; i++) {
        if (!(job->mask[i] > 0.0f))
            continue;
        float wanted = beyond(photo[i] - job->spare[0][i], GLASSES_NOISE);
        float there = l[i] - job->spare[1][i];
        /* Only lines that the painting lost: of the same sign, what is missing of them. */
        float missing = wanted < 0.0f ? fminf(wanted - fminf(there, 0.0f), 0.0f)
                                      : fmaxf(wanted - fmaxf(there, 0.0f), 0.0f);
        float add = clampf(missing, -GLASSES_MOST, GLASSES_MOST);
        l[i] = clampf(l[i] + strength * job->mask[i] * add, 0.0f, 100.0f);
        job->painted.changed[i] = 1;
    }
    return P2A_OK;
}

static p2a_status check_arguments(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                                  const p2a_regions_options *o, const p2a_image *painted)
{
    static const char *const names[] = {"skin_tone", "skin_even", "eyes",   "brows",
                                        "lips",      "features",  "glasses"};
    const float values[] = {o->skin_tone, o->skin_even, o->eyes,   o->brows,
                            o->lips,      o->features,  o->glasses};
    p2a_status status = p2a_check_painted(ctx, photo, classes, painted);
    for (size_t i = 0; i < sizeof values / sizeof *values && status == P2A_OK; i++)
        status = p2a_check_strength(ctx, values[i], names[i]);
    return status;
}

static p2a_status correct_all(region_job *job, const p2a_regions_options *options)
{
    p2a_status status = correct_skin(job, options);
    if (status == P2A_OK && options->features > 0.0f)
        status = correct_features(job, options->features);
    if (status == P2A_OK && options->eyes > 0.0f)
        status = correct_eyes(job, options->eyes);
    if (status == P2A_OK && options->brows > 0.0f)
        status = correct_brows(job, options->brows);
    if (status == P2A_OK && options->lips > 0.0f)
        status = correct_lips(job, options->lips);
    if (status == P2A_OK && options->glasses > 0.0f)
        status = correct_glasses(job, options->glasses);
    return status;
}

p2a_status p2a_regions_correct(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                               const p2a_regions_options *options, p2a_image *painted)
{
    p2a_regions_options defaults;
    p2a_regions_options_default(&defaults);
    options = options != NULL ? options : &defaults;
    p2a_status status = check_arguments(ctx, photo, classes, options, painted);
    if (status != P2A_OK)
        return status;
    if (!(options->skin_tone > 0.0f || options->skin_even > 0.0f || options->eyes > 0.0f ||
          options->brows > 0.0f || options->lips > 0.0f || options->features > 0.0f ||
          options->glasses > 0.0f))
        return P2A_OK;

    region_job job = {.ctx = ctx, .classes = classes, .side = photo->width_px};
    job.count = job.side * job.side;
    job.crop_scale = (float)job.side / 512.0f;
    const size_t floats = 4 * job.count + p2a_smooth_scratch((p2a_plane_size){job.side, job.side});
    float *block = NULL;
    status = p2a_lab_create(ctx, photo, &job.photo);
    if (status == P2A_OK)
        status = p2a_lab_create(ctx, painted, &job.painted);
    if (status != P2A_OK)
        goto done;
    block = p2a_alloc(ctx, floats * sizeof *block);
    if (block == NULL) {
        status = p2a_fail_memory(ctx, floats * sizeof *block, "region corrections");
        goto done;
    }
    job.mask = block;
    job.skin = block + job.count;
    for (size_t i = 0; i < 3; i++)
        job.spare[i] = block + (2 + i) * job.count;
    status = correct_all(&job, options);
    if (status == P2A_OK)
        p2a_lab_store(&job.painted, painted);
done:
    p2a_free(ctx, block);
    p2a_lab_destroy(&job.painted);
    p2a_lab_destroy(&job.photo);
    return status;
}

size_t p2a_regions_bytes(size_t side_px)
{
    const p2a_plane_size size = {side_px, side_px};
    const size_t count = side_px * side_px;
    const size_t labs = 2 * count * (3 * sizeof(float) + 1);
    const size_t own = (4 * count + p2a_smooth_scratch(size)) * sizeof(float);
    const size_t smoothing = (5 * count + p2a_smooth_scratch(size)) * sizeof(float);
    return labs + own + smoothing;
}
