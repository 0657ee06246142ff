/* video.c - frames of one size, painted one after another in memory allocated once */
#include "pipeline/video.h"

#include "base/alloc.h"
#include "pipeline/scene.h"
#include "pipeline/steady.h"

/* A frame's part in the statistics that it is normalised by, at full steadiness. Through a chain of
 * norms most of a change of light is followed within ten frames. */
#define STATISTICS_SHARE 0.5

struct p2a_video {
    p2a_context *ctx;
    p2a_image *frame; /* without its noise: what the scene paints */
    p2a_scene *scene;
    p2a_steady *steady;
    uint8_t *shown; /* [height, width, 4] */
};

p2a_status p2a_pipeline_video_create(p2a_context *ctx, const p2a_model *model, uint32_t width_px,
                                     uint32_t height_px, float steadiness, p2a_video **out)
{
    p2a_status status = p2a_check_size(ctx, width_px, height_px);
    if (status != P2A_OK)
        return status;
    p2a_video *video = p2a_alloc_zeroed(ctx, 1, sizeof *video);
    if (video == NULL)
        return p2a_fail_memory(ctx, sizeof *video, "a video");
    video->ctx = ctx;
    status = p2a_image_alloc(ctx, width_px, height_px, 3, &video->frame);
    if (status == P2A_OK)
        status = p2a_scene_create(ctx, model, video->frame, P2A_SCENE_MARGIN_PX, 0,
                                  P2A_STATISTICS_AUTO, &video->scene);
    if (status == P2A_OK)
        status = p2a_scene_smooth(video->scene, 1 - (1 - STATISTICS_SHARE) * (double)steadiness);
    if (status == P2A_OK)
        status = p2a_steady_create(ctx, width_px, height_px, steadiness, &video->steady);
    if (status == P2A_OK) {
        video->shown = p2a_alloc_zeroed(ctx, (size_t)width_px * height_px, 4);
        if (video->shown == NULL)
            status =
                p2a_fail_memory(ctx, (size_t)width_px * height_px * 4, "the frames of a video");
    }
    if (status != P2A_OK) {
        p2a_pipeline_video_destroy(video);
        return status;
    }
    *out = video;
    return P2A_OK;
}

p2a_status p2a_pipeline_video_process(p2a_video *video, const uint8_t *rgba, const uint8_t **out)
{
    p2a_status status = P2A_OK;
    atomic_store(&video->ctx->stop, false);
    p2a_steady_frame(video->steady, rgba, video->frame);
    status = p2a_scene_restart(video->scene, video->frame);
    for (double done = 0; status == P2A_OK && done < 1.0;)
        status = p2a_scene_step(video->scene, 1e300, &done);
    if (status != P2A_OK) {
        p2a_steady_forget(video->steady);
        return status;
    }
    p2a_steady_show(video->steady, p2a_scene_painted(video->scene), video->shown);
    *out = video->shown;
    return P2A_OK;
}

void p2a_pipeline_video_destroy(p2a_video *video)
{
    if (video == NULL)
        return;
    p2a_steady_destroy(video->steady);
    p2a_scene_destroy(video->scene);
    p2a_image_destroy(video->frame);
    p2a_free(video->ctx, video->shown);
    p2a_free(video->ctx, video);
}

p2a_context *p2a_pipeline_video_context(const p2a_video *video)
{
    return video->ctx;
}
