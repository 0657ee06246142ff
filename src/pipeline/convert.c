/* convert.c - one photo from pixels to pixels, in short steps */
#include "pipeline/convert.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "image/resize.h"
#include "pipeline/adjust.h"
#include "pipeline/faces.h"
#include "pipeline/scene.h"

/* A step's work. At 10 to 20 GMAC/s (one thread of wasm) a step takes 10 to 20 ms, so that a stop
 * is answered, and progress shown, well within a tenth of a second. */
#define STEP_MULTIPLY_ADDS 2e8

struct p2a_job {
    p2a_context *ctx;
    p2a_image *resized;         /* NULL where the photo's own size is painted */
    const p2a_model *generator; /* NULL: faces are found, nothing is painted */
    const p2a_image *photo;     /* at the result's size */
    p2a_scene *scene;
    p2a_faces *faces;   /* NULL: faces are left to the scene */
    p2a_image *painted; /* once the scene is done */
    p2a_adjust *adjust; /* once everything is painted, where it was asked for */
    p2a_options options;
    double scene_ms;
    bool begun, faces_done, finished, failed, taken;
};

/* The part of the progress that is the scene's where faces are painted too; how many there are is
 * not known while the scene is painted. */
#define SCENE_PART 0.75

/* The part that is left for moving edges and colours, where that was asked for. */
#define ADJUST_PART 0.1

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

p2a_status p2a_pipeline_estimate(p2a_context *ctx, const p2a_model *model,
                                 const p2a_model *detector, const p2a_model *parser,
                                 uint32_t width_px, uint32_t height_px, const p2a_options *options,
                                 p2a_estimate *out)
{
    uint32_t size_px[2];
    size_t bytes = 0;
    double multiply_adds = 0;
    p2a_faces_needs faces = {0};
    p2a_statistics statistics = (p2a_statistics)options->statistics;
    p2a_status status = p2a_convert_size(ctx, width_px, height_px, options, size_px);
    if (status == P2A_OK)
        status = p2a_scene_estimate(ctx, model, size_px[0], size_px[1], options->band_rows_px,
                                    &statistics, &bytes, &multiply_adds);
    if (status == P2A_OK && detector) {
        const p2a_faces_models models = {model, NULL, detector, parser};
        status = p2a_faces_estimate(ctx, &models, size_px[0], size_px[1], options, &faces);
    }
    if (status != P2A_OK)
        return status;
    /* one after another: the scene's network is released before the detector looks */
    const double most = (double)(bytes > faces.bytes ? bytes : faces.bytes);
    const double pixels = (double)size_px[0] * size_px[1];
    const bool resizes = size_px[0] != width_px || size_px[1] != height_px;
    out->peak_bytes = most + pixels * 3 * (resizes ? 2 : 1);
    out->multiply_adds = multiply_adds + faces.multiply_adds;
    out->face_multiply_adds = faces.each;
    out->width_px = size_px[0];
    out->height_px = size_px[1];
    out->statistics = statistics;
    return P2A_OK;
}

/*
 * A conversion that cannot fit into the memory limit is refused before memory is taken for it. The
 * estimate is within some percent; what is about as large as the limit is left to the allocations.
 */
#define ESTIMATE_SURE 0.8

static p2a_status check_memory(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                               const p2a_options *options)
{
    if (ctx->limits.memory_mbytes == 0 || model == NULL)
        return P2A_OK;
    p2a_estimate estimate;
    const p2a_status status = p2a_pipeline_estimate(ctx, model, NULL, NULL, image->width_px,
                                                    image->height_px, options, &estimate);
    if (status != P2A_OK)
        return status;
    const double limit = ctx->limits.memory_mbytes * 1048576.0;
    if ((double)p2a_context_bytes(ctx) + ESTIMATE_SURE * estimate.peak_bytes <= limit)
        return P2A_OK;
    const bool counts = estimate.peak_bytes < (double)(SIZE_MAX / 2);
    return p2a_fail_memory(ctx, counts ? (size_t)estimate.peak_bytes : SIZE_MAX, "a conversion");
}

p2a_status p2a_pipeline_create(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                               const p2a_options *options, p2a_job **out)
{
    uint32_t size_px[2];
    p2a_status status = p2a_convert_size(ctx, image->width_px, image->height_px, options, size_px);
    if (status == P2A_OK)
        status = check_memory(ctx, model, image, options);
    if (status != P2A_OK)
        return status;
    p2a_job *job = p2a_alloc_zeroed(ctx, 1, sizeof *job);
    if (job == NULL)
        return p2a_fail_memory(ctx, sizeof *job, "a job");
    job->ctx = ctx;
    atomic_store(&ctx->stop, false);
    p2a_context_reset_peak(ctx);

    const double begin = p2a_now_ms();
    const p2a_image *photo = image;
    if (size_px[0] != image->width_px || size_px[1] != image->height_px) {
        status = p2a_image_resize(ctx, image, size_px[0], size_px[1], &job->resized);
        photo = job->resized;
    }
    job->options = *options;
    job->generator = model;
    job->photo = photo;
    if (status == P2A_OK && model)
        status = p2a_scene_create(ctx, model, photo, P2A_SCENE_MARGIN_PX, options->band_rows_px,
                                  (p2a_statistics)options->statistics, &job->scene);
    job->scene_ms = p2a_now_ms() - begin;
    if (status != P2A_OK) {
        p2a_pipeline_destroy(job);
        return status;
    }
    *out = job;
    return P2A_OK;
}

p2a_status p2a_pipeline_use_faces(p2a_job *job, const p2a_model *detector, const p2a_model *parser,
                                  const p2a_model *portrait)
{
    if (job->begun || job->faces)
        return p2a_fail(job->ctx, P2A_ERR_ARGUMENT,
                        "expected p2a_job_use_faces once and before the first step");
    const p2a_faces_models models = {job->generator, portrait, detector, parser};
    return p2a_faces_create(job->ctx, &models, job->photo, &job->options, &job->faces);
}

uint32_t p2a_pipeline_face_count(const p2a_job *job)
{
    return job->faces && job->finished ? (uint32_t)p2a_faces_count(job->faces) : 0;
}

p2a_status p2a_pipeline_face(p2a_job *job, uint32_t index, p2a_face_info *out)
{
    if (index >= p2a_pipeline_face_count(job))
        return p2a_fail(job->ctx, P2A_ERR_ARGUMENT, "expected an index below %u, got %u",
                        p2a_pipeline_face_count(job), index);
    p2a_faces_info(job->faces, index, out);
    return P2A_OK;
}

const uint8_t *p2a_pipeline_face_classes(const p2a_job *job, uint32_t index)
{
    return index < p2a_pipeline_face_count(job) ? p2a_faces_classes(job->faces, index) : NULL;
}

static p2a_status step_scene(p2a_job *job, double *out_progress)
{
    const double begin = p2a_now_ms();
    double done = 0;
    const p2a_status status = p2a_scene_step(job->scene, STEP_MULTIPLY_ADDS, &done);
    if (status == P2A_OK && done >= 1.0) {
        job->painted = p2a_scene_take(job->scene);
        p2a_scene_release(job->scene); /* faces need as much */
        job->faces_done = job->faces == NULL;
    }
    job->scene_ms += p2a_now_ms() - begin;
    *out_progress = job->faces ? SCENE_PART * done : done;
    return status;
}

static p2a_status step_faces(p2a_job *job, double *out_progress)
{
    const double before = job->generator ? SCENE_PART : 0;
    double done = 0;
    const p2a_status status = p2a_faces_step(job->faces, job->painted, STEP_MULTIPLY_ADDS, &done);
    job->faces_done = status == P2A_OK && done >= 1.0;
    *out_progress = before + (1.0 - before) * done;
    return status;
}

static bool adjusts(const p2a_job *job)
{
    return job->generator &&
           (job->options.edge_preserve != 1.0f || job->options.color_shift != 1.0f);
}

static p2a_status step_adjust(p2a_job *job, double *out_progress)
{
    const double begin = p2a_now_ms();
    p2a_status status = P2A_OK;
    if (job->adjust == NULL)
        status = p2a_adjust_create(job->ctx, job->photo, job->painted, job->options.edge_preserve,
                                   job->options.color_shift, &job->adjust);
    if (status == P2A_OK)
        p2a_adjust_step(job->adjust, out_progress);
    job->scene_ms += p2a_now_ms() - begin;
    return status;
}

/* Chosen colours come last, so that no correction moves them. */
static p2a_status finish(p2a_job *job)
{
    const p2a_status status =
        job->faces && job->generator ? p2a_faces_recolour(job->faces, job->painted) : P2A_OK;
    job->finished = status == P2A_OK;
    return status;
}

/* The next piece of work; progress runs evenly over the parts that this job has. */
static p2a_status step_next(p2a_job *job, double *out_progress)
{
    const double painting = adjusts(job) ? 1.0 - ADJUST_PART : 1.0;
    p2a_status status;
    bool done;
    if (job->faces_done) {
        status = step_adjust(job, out_progress);
        done = *out_progress >= 1.0;
        *out_progress = painting + ADJUST_PART * *out_progress;
    } else {
        const bool scene_done = job->painted || !job->generator;
        status = scene_done ? step_faces(job, out_progress) : step_scene(job, out_progress);
        *out_progress *= painting;
        done = job->faces_done && !adjusts(job);
    }
    if (status == P2A_OK && done) {
        status = finish(job);
        *out_progress = 1.0;
    }
    return status;
}

p2a_status p2a_pipeline_step(p2a_job *job, double *out_progress)
{
    if (job->failed)
        return p2a_fail(job->ctx, P2A_ERR_ARGUMENT,
                        "expected a job that can go on, got one that has failed or was stopped");
    if (!job->generator && !job->faces)
        return p2a_fail(
            job->ctx, P2A_ERR_ARGUMENT,
            "expected p2a_job_use_faces before the first step of a job without a model");
    job->begun = true;
    if (job->finished) {
        *out_progress = 1;
        return P2A_OK;
    }
    p2a_status status = p2a_check_stop(job->ctx);
    if (status == P2A_OK)
        status = step_next(job, out_progress);
    job->failed = status != P2A_OK;
    if (job->failed)
        *out_progress = 0;
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
        result->peak_bytes = (double)p2a_context_peak_bytes(job->ctx);
        if (job->scene) {
            result->multiply_adds = p2a_scene_multiply_adds(job->scene);
            result->band_rows_px = (double)p2a_scene_band_rows(job->scene);
            result->statistics = p2a_scene_statistics(job->scene);
        }
        if (job->faces)
            p2a_faces_report(job->faces, result);
    }
    *out = job->painted;
    job->painted = NULL;
    job->taken = true;
    return P2A_OK;
}

void p2a_pipeline_destroy(p2a_job *job)
{
    if (job == NULL)
        return;
    p2a_adjust_destroy(job->adjust);
    p2a_faces_destroy(job->faces);
    p2a_scene_destroy(job->scene);
    p2a_image_destroy(job->painted);
    p2a_image_destroy(job->resized);
    p2a_free(job->ctx, job);
}

p2a_context *p2a_pipeline_context(const p2a_job *job)
{
    return job->ctx;
}
