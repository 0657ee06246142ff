/* detail.c - the photo's luma, finer than about three of its pixels -> into the painted face */
#include "face/detail.h"

#include <math.h>

#include "base/alloc.h"
#include "face/lift.h"
#include "face/lines.h"
#include "face/mask.h"
#include "face/smooth.h"

/* Where a crop of 128 px is enlarged to 512: there a line is a pixel of the photo wide. */
#define FULL_FROM 4.0
#define RADIUS_PHOTO_PX 3.0

/* Levels. Lines fainter than this are none: where the painting is flat nothing is brought back. */
#define LINE_LEAST 6.0f
/* Differences that are half taken: on skin as faint as pores and grain are, at the features just
 * above what rounding and the network's own noise make. */
#define HALF_ON_SKIN 6.0f
#define HALF_AT_FEATURES 1.5f

/* Lengths are px of a 512 px crop. */
#define FACE_GROW_PX 10.0f
#define FACE_FEATHER_PX 20.0f
#define FEATURES_GROW_PX 8.0f
#define FEATURES_FEATHER_PX 16.0f

#define SET_FEATURES                                                                               \
    (P2A_SET_EYES | P2A_SET_BROWS | P2A_SET_LIPS | P2A_SET(P2A_CLASS_NOSE) |                       \
     P2A_SET(P2A_CLASS_MOUTH))

/* [side, side] each, in one block. */
typedef struct detail_planes {
    float *photo, *painted; /* lines: luma less its mean, levels */
    float *drawn;           /* how much the painting's lines are the photo's, 0..1 */
    float *face, *features; /* masks */
    float *scratch;         /* of p2a_smooth_box() */
} detail_planes;

/* Correlation of the two pictures' lines about each pixel; the masks' planes are overwritten. */
static void find_drawn(const detail_planes *planes, p2a_plane_size size, size_t radius_px)
{
    const size_t count = size.width_px * size.height_px;
    float *both = planes->drawn, *photo = planes->face, *painted = planes->features;
    for (size_t i = 0; i < count; i++) {
        both[i] = planes->photo[i] * planes->painted[i];
        photo[i] = planes->photo[i] * planes->photo[i];
        painted[i] = planes->painted[i] * planes->painted[i];
    }
    p2a_smooth_box(both, size, radius_px, planes->scratch, both);
    p2a_smooth_box(photo, size, radius_px, planes->scratch, photo);
    p2a_smooth_box(painted, size, radius_px, planes->scratch, painted);
    for (size_t i = 0; i < count; i++) {
        /* running sums may end a little below 0 */
        const float a = fmaxf(photo[i], 0.0f) + LINE_LEAST * LINE_LEAST;
        const float b = fmaxf(painted[i], 0.0f) + LINE_LEAST * LINE_LEAST;
        planes->drawn[i] = fminf(fmaxf(both[i] / sqrtf(a * b), 0.0f), 1.0f);
    }
}

static p2a_status make_masks(p2a_context *ctx, const uint8_t *classes, size_t side,
                             const detail_planes *planes)
{
    const float crop_scale = (float)side / 512.0f;
    const p2a_status status =
        p2a_mask_soft(ctx, classes, side, P2A_SET_FACE | P2A_SET_EARS, FACE_GROW_PX * crop_scale,
                      FACE_FEATHER_PX * crop_scale, planes->face);
    return status != P2A_OK
               ? status
               : p2a_mask_soft(ctx, classes, side, SET_FEATURES, FEATURES_GROW_PX * crop_scale,
                               FEATURES_FEATHER_PX * crop_scale, planes->features);
}

static void move_row(const detail_planes *planes, size_t first, size_t count, float amount,
                     size_t channels, uint8_t *row)
{
    for (size_t i = first; i < first + count; i++, row += channels) {
        const float feature = planes->features[i];
        const float weight = amount * planes->face[i] * fmaxf(feature, planes->drawn[i]);
        if (!(weight > 0.0f))
            continue;
        /* Wiener's shrinkage: what is large against `half` is taken nearly whole */
        const float half = HALF_ON_SKIN + feature * (HALF_AT_FEATURES - HALF_ON_SKIN);
        const float apart = planes->photo[i] - planes->painted[i], square = apart * apart;
        p2a_lines_add(row, weight * apart * square / (square + half * half));
    }
}

static p2a_status check_arguments(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                                  double enlargement, float strength, const p2a_image *painted)
{
    p2a_status status = p2a_check_painted(ctx, photo, classes, painted);
    if (status == P2A_OK)
        status = p2a_check_strength(ctx, strength, "detail");
    return status == P2A_OK ? p2a_check_enlargement(ctx, enlargement) : status;
}

float p2a_detail_lost(double enlargement)
{
    return (float)fmin(fmax((enlargement - 1) / (FULL_FROM - 1), 0), 1);
}

p2a_status p2a_detail_match(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                            double enlargement, float strength, p2a_image *painted)
{
    p2a_status status = check_arguments(ctx, photo, classes, enlargement, strength, painted);
    if (status != P2A_OK)
        return status;
    const float amount = strength * p2a_detail_lost(enlargement);
    if (!(amount > 0))
        return P2A_OK;
    const size_t side = photo->width_px, count = side * side;
    const p2a_plane_size size = {side, side};
    const size_t floats = 5 * count + p2a_smooth_scratch(size);
    float *block = p2a_alloc(ctx, floats * sizeof *block);
    if (block == NULL)
        return p2a_fail_memory(ctx, floats * sizeof *block, "a face's detail");
    const detail_planes planes = {block,
                                  block + count,
                                  block + 2 * count,
                                  block + 3 * count,
                                  block + 4 * count,
                                  block + 5 * count};
    const size_t radius_px = (size_t)fmin(RADIUS_PHOTO_PX * enlargement + 0.5, (double)side);
    p2a_lines_find(photo, radius_px, planes.scratch, planes.drawn, planes.photo);
    p2a_lines_find(painted, radius_px, planes.scratch, planes.drawn, planes.painted);
    find_drawn(&planes, size, radius_px);
    status = make_masks(ctx, classes, side, &planes);
    for (size_t y = 0; status == P2A_OK && y < side; y++)
        move_row(&planes, y * side, side, amount, painted->channels,
                 painted->pixels + y * painted->stride_bytes);
    p2a_free(ctx, block);
    return status;
}
