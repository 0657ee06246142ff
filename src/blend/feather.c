/* feather.c - patch, mask and scene -> the scene with the patch faded in */
#include "blend/feather.h"

#include "base/pool.h"

#define ROWS_A_PIECE 32

typedef struct paste_job {
    p2a_image *scene;
    const p2a_image *patch;
    size_t left_px, top_px;
} paste_job;

static void paste_rows(void *user, size_t first, size_t count)
{
    const paste_job *job = user;
    const size_t channels = job->scene->channels;
    for (size_t y = first; y < first + count; y++) {
        const uint8_t *p = job->patch->pixels + y * job->patch->stride_bytes;
        uint8_t *s = job->scene->pixels + (job->top_px + y) * job->scene->stride_bytes +
                     job->left_px * channels;
        for (size_t x = 0; x < job->patch->width_px; x++, p += 4, s += channels) {
            const unsigned alpha = p[3];
            for (int c = 0; alpha != 0 && c < 3; c++)
                s[c] = (uint8_t)((s[c] * (255u - alpha) + p[c] * alpha + 127u) / 255u);
        }
    }
}

p2a_status p2a_blend_check(p2a_context *ctx, const p2a_image *scene, const p2a_image *patch,
                           size_t left_px, size_t top_px)
{
    if (scene == NULL || patch == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a scene and a patch, got NULL");
    if (patch->channels != 4)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a patch of 4 channels, got %u",
                        (unsigned)patch->channels);
    if (left_px > scene->width_px || patch->width_px > scene->width_px - left_px ||
        top_px > scene->height_px || patch->height_px > scene->height_px - top_px)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected a patch within the scene's %ux%u px, got %ux%u at (%zu, %zu)",
                        (unsigned)scene->width_px, (unsigned)scene->height_px,
                        (unsigned)patch->width_px, (unsigned)patch->height_px, left_px, top_px);
    return P2A_OK;
}

p2a_status p2a_feather_blend(p2a_context *ctx, p2a_image *scene, const p2a_image *patch,
                             size_t left_px, size_t top_px)
{
    p2a_status status = p2a_blend_check(ctx, scene, patch, left_px, top_px);
    if (status != P2A_OK)
        return status;
    paste_job job = {scene, patch, left_px, top_px};
    p2a_pool_run(ctx, paste_rows, &job, patch->height_px, ROWS_A_PIECE);
    return P2A_OK;
}
