/* convert.c - one photo from pixels to pixels, in short steps */
#include "pipeline/convert.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "image/resize.h"
#include "pipeline/scene.h"

/* A step's work. At 10 to 20 GMAC/s (one thread of wasm) a step takes 10 to 20 ms, so that a stop
 * is answered, and progress shown, well within a tenth of a second. */
#define STEP_MULTIPLY_ADDS 2e8

struct p2a_job {
    p2a_context *ctx;
    p2a_image *resized; /* NULL where the photo's own size is painted */
    p2a_scene *scene;
    double scene_ms;
    bool finished, failed, taken;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

p2a_status p2a_convert_size(p2a_context *ctx, uint32_t width_px, uint32_t height_px,
                            const p2a_options *options, uint32_t out_px[2])
{
    p2a_status status = p2a_check_size(ctx, width_px, height_px);
    out_px[0] = width_px;
    out_px[1] = height_px;
    if (status != P2A_OK || options->width_px == 0)
        return status;
    const double height = (double)height_px * options->width_px / width_px + 0.5;
    if (height > 4e9)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected a height below 4e9 px, got %.0f", height);
    out_px[0] = options->width_px;
    out_px[1] = height < 1 ? 1 : (uint32_t)height;
    return p2a_check_size(ctx, out_px[0], out_px[1]);
}

p2a_status p2a_pipeline_estimate(p2a_context *ctx, const p2a_model *model, uint32_t width_px,
                                 uint32_t height_px, const p2a_options *options,
                                 p2a_estimate *out)
{
    uint32_t size_px[2];
    size_t bytes = 0;
    double multiply_adds = 0;
    p2a_status status = p2a_convert_size(ctx, width_px, height_px, options, size_px);
    if (status == P2A_OK)
        status = p2a_scene_estimate(ctx, model, size_px[0], size_px[1], options->band_rows_px,
                                    &bytes, &multiply_adds);
    if (status != P2A_OK)
        return status;
    const double pixels = (double)size_px[0] * size_px[1];
    const bool resizes = size_px[0] != width_px || size_px[1] != height_px;
    out->peak_bytes = (double)bytes + pixels * 3 * (resizes ? 2 : 1);
    out->multiply_adds = multiply_adds;
    out->width_px = size_px[0];
    out->height_px = size_px[1];
    return P2A_OK;
}

p2a_status p2a_pipeline_create(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                               const p2a_options *options, p2a_job **out)
{
    uint32_t size_px[2];
    p2a_status status = p2a_convert_size(ctx, image->width_px, image->height_px, options, size_px);
    if (status != P2A_OK)
        return status;
    p2a_job *job = p2a_alloc_zeroed(ctx, 1, sizeof *job);
    if (job == NULL)
        return p2a_fail_memory(ctx, sizeof *job, "a job");
    job->ctx = ctx;
    atomic_store(&ctx->stop, false);
    p2a_context_reset_peak(ctx);

    const double begin = now_ms();
    const p2a_image *photo = image;
    if (size_px[0] != image->width_px || size_px[1] != image->height_px) {
        status = p2a_image_resize(ctx, image, size_px[0], size_px[1], &job->resized);
        photo = job->resized;
    }
    if (status == P2A_OK)
        status = p2a_scene_create(ctx, model, photo, options->band_rows_px, &job->scene);
    job->scene_ms = now_ms() - begin;
    if (status != P2A_OK) {
        p2a_pipeline_destroy(job);
        return status;
    }
    *out = job;
    return P2A_OK;
}

p2a_status p2a_pipeline_step(p2a_job *job, double *out_progress)
{
    if (job->failed)
        return p2a_fail(job->ctx, P2A_ERR_ARGUMENT,
                        "expected a job that can go on, got one that has failed or was stopped");
    if (job->finished) {
        *out_progress = 1;
        return P2A_OK;
    }
    const double begin = now_ms();
    const p2a_status status = p2a_scene_step(job->scene, STEP_MULTIPLY_ADDS, out_progress);
    job->scene_ms += now_ms() - begin;
    job->failed = status != P2A_OK;
    job->finished = status == P2A_OK && *out_progress >= 1.0;
    return status;
}

p2a_status p2a_pipeline_take(p2a_job *job, p2a_result *result, p2a_image **out)
{
    if (!job->finished || job->taken)
        return p2a_fail(job->ctx, P2A_ERR_ARGUMENT, "expected a finished job, got one that %s",
                        job->taken ? "was taken already" : "has steps left");
    if (result) {
        memset(result, 0, sizeof *result);
        result->scene_ms = job->scene_ms;
        result->multiply_adds = p2a_scene_multiply_adds(job->scene);
        result->peak_bytes = (double)p2a_context_peak_bytes(job->ctx);
        result->band_rows_px = (double)p2a_scene_band_rows(job->scene);
    }
    *out = p2a_scene_take(job->scene);
    job->taken = true;
    return P2A_OK;
}

void p2a_pipeline_destroy(p2a_job *job)
{
    if (job == NULL)
        return;
    p2a_scene_destroy(job->scene);
    p2a_image_destroy(job->resized);
    p2a_free(job->ctx, job);
}

p2a_context *p2a_pipeline_context(const p2a_job *job)
{
    return job->ctx;
}
