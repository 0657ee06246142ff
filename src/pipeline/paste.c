/* paste.c - a painted crop -> RGB and mask in the scene's pixels -> blended into the scene */
#include "pipeline/paste.h"

#include <string.h>

#include "base/alloc.h"
#include "blend/poisson.h"
#include "face/mask.h"
#include "image/warp.h"

/* From a rectangle of the scene to the paste's own crop. */
static p2a_status transform_to_crop(p2a_context *ctx, const p2a_paste *paste,
                                    const size_t bounds[4], double crop_from_patch[6])
{
    const double crop_from_frame = (double)paste->side_px / (double)P2A_FRAME_PX;
    if (!p2a_transform_invert(paste->photo_from_frames[paste->index], crop_from_patch))
        return p2a_fail(ctx, P2A_ERR_INTERNAL, "a face's transform has no inverse");
    for (int row = 0; row < 6; row += 3) {
        double *m = crop_from_patch + row;
        m[2] += m[0] * (double)bounds[0] + m[1] * (double)bounds[1];
        for (int k = 0; k < 3; k++)
            m[k] *= crop_from_frame;
    }
    return P2A_OK;
}

/* The pixels of the scene that the crop touches, as RGB of the painted crop with the mask in A. */
static p2a_status make_patch(p2a_context *ctx, const p2a_paste *paste, const p2a_image *painted,
                             const float *mask, const size_t bounds[4], p2a_image **out)
{
    const size_t width = bounds[2] - bounds[0], height = bounds[3] - bounds[1];
    double crop_from_patch[6];
    p2a_image *rgb = NULL, *patch = NULL;
    p2a_status status = transform_to_crop(ctx, paste, bounds, crop_from_patch);
    if (status != P2A_OK)
        return status;
    float *alpha = p2a_alloc(ctx, width * height * sizeof *alpha);
    if (alpha == NULL)
        return p2a_fail_memory(ctx, width * height * sizeof *alpha, "a face's mask");
    status = p2a_plane_warp(ctx, mask, paste->side_px, paste->side_px, crop_from_patch, width,
                            height, alpha);
    if (status == P2A_OK)
        status = p2a_image_warp(ctx, painted, crop_from_patch, width, height, &rgb);
    if (status == P2A_OK)
        status = p2a_image_alloc(ctx, width, height, 4, &patch);
    for (size_t i = 0; status == P2A_OK && i < width * height; i++) {
        memcpy(patch->pixels + 4 * i, rgb->pixels + rgb->channels * i, 3);
        patch->pixels[4 * i + 3] = (uint8_t)(alpha[i] * 255.0f + 0.5f);
    }
    p2a_image_destroy(rgb);
    p2a_free(ctx, alpha);
    if (status != P2A_OK) {
        p2a_image_destroy(patch);
        return status;
    }
    *out = patch;
    return P2A_OK;
}

/* Where this face meets others and the scene: [side_px, side_px] of 0..1. Given, p2a_free(). */
static p2a_status make_mask(p2a_context *ctx, const p2a_paste *paste, float **out)
{
    const size_t side = paste->side_px, pixels = side * side;
    float *planes = p2a_alloc(ctx, 2 * pixels * sizeof *planes);
    if (planes == NULL)
        return p2a_fail_memory(ctx, 2 * pixels * sizeof *planes, "a face's mask");
    p2a_align_share(paste->photo_from_frames, paste->count, paste->index, side, planes + pixels);
    const p2a_status status = p2a_mask_blend(ctx, paste->classes, side, planes + pixels, planes);
    if (status != P2A_OK) {
        p2a_free(ctx, planes);
        return status;
    }
    *out = planes;
    return P2A_OK;
}

p2a_status p2a_paste_crop(p2a_context *ctx, const p2a_paste *paste, const p2a_image *painted,
                          p2a_image *scene)
{
    size_t bounds[4];
    float *mask = NULL;
    p2a_image *patch = NULL;
    if (!p2a_align_bounds(paste->photo_from_frames[paste->index], P2A_FRAME_PX, scene->width_px,
                          scene->height_px, bounds))
        return P2A_OK;
    p2a_status status = make_mask(ctx, paste, &mask);
    if (status == P2A_OK)
        status = make_patch(ctx, paste, painted, mask, bounds, &patch);
    if (status == P2A_OK)
        status = p2a_poisson_blend(ctx, scene, patch, bounds[0], bounds[1], NULL, NULL);
    p2a_image_destroy(patch);
    p2a_free(ctx, mask);
    return status;
}

/* A rectangle of the scene as an image of its own, and back. */
static void copy_rectangle(p2a_image *scene, const size_t bounds[4], p2a_image *part, bool back)
{
    for (size_t y = 0; y < part->height_px; y++) {
        uint8_t *in_scene =
            scene->pixels + (bounds[1] + y) * scene->stride_bytes + bounds[0] * scene->channels;
        uint8_t *in_part = part->pixels + y * part->stride_bytes;
        memcpy(back ? in_scene : in_part, back ? in_part : in_scene, part->stride_bytes);
    }
}

p2a_status p2a_paste_colours(p2a_context *ctx, const p2a_paste *paste,
                             const p2a_recolour_options *colours, p2a_image *scene)
{
    const size_t side = paste->side_px;
    size_t bounds[4];
    double crop_from_patch[6];
    p2a_image *part = NULL;
    if (!p2a_align_bounds(paste->photo_from_frames[paste->index], P2A_FRAME_PX, scene->width_px,
                          scene->height_px, bounds))
        return P2A_OK;
    p2a_status status = transform_to_crop(ctx, paste, bounds, crop_from_patch);
    if (status != P2A_OK)
        return status;
    float *share = p2a_alloc(ctx, side * side * sizeof *share);
    if (share == NULL)
        return p2a_fail_memory(ctx, side * side * sizeof *share, "a face's share");
    p2a_align_share(paste->photo_from_frames, paste->count, paste->index, side, share);
    status =
        p2a_image_alloc(ctx, bounds[2] - bounds[0], bounds[3] - bounds[1], scene->channels, &part);
    if (status == P2A_OK) {
        const p2a_recolour_place place = {paste->classes, side, share, crop_from_patch};
        copy_rectangle(scene, bounds, part, false);
        status = p2a_recolour(ctx, part, &place, colours);
    }
    if (status == P2A_OK)
        copy_rectangle(scene, bounds, part, true);
    p2a_image_destroy(part);
    p2a_free(ctx, share);
    return status;
}
