/* photo2anime.c - the public calls for converting: argument checks, and one call down */
#include "photo2anime.h"

#include <string.h>

#include "pipeline/adjust.h"
#include "pipeline/convert.h"
#include "pipeline/video.h"

#define BAND_ROWS_MAX 65536
#define FACES_MAX 1024

/* The message for a pointer that may not be NULL but is. */
static p2a_status missing(p2a_context *ctx, const char *name)
{
    return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected %s, got NULL", name);
}

static p2a_status check_number(p2a_context *ctx, const char *name, float value, float least,
                               float most)
{
    if (!(value >= least && value <= most))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a number from %g to %g for %s, got %g",
                        (double)least, (double)most, name, (double)value);
    return P2A_OK;
}

static p2a_status check_color(p2a_context *ctx, const char *name, uint32_t value)
{
    if (value != P2A_COLOR_KEPT && value > 0xffffffu)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected 0xRRGGBB or P2A_COLOR_KEPT for %s, got %#x", name,
                        (unsigned)value);
    return P2A_OK;
}

static p2a_status check_options(p2a_context *ctx, const p2a_options *given, p2a_options *out)
{
    p2a_options_default(out);
    if (given)
        *out = *given;
    const p2a_options *o = out;
    if (o->width_px > ctx->limits.max_side_px)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected at most %u for width_px, got %u",
                        ctx->limits.max_side_px, o->width_px);
    if (o->band_rows_px > BAND_ROWS_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at most %d for band_rows_px, got %u",
                        BAND_ROWS_MAX, o->band_rows_px);
    if (o->statistics > P2A_STATISTICS_FROZEN)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected %d (auto) to %d (frozen) for statistics, got %u",
                        P2A_STATISTICS_AUTO, P2A_STATISTICS_FROZEN, o->statistics);
    if (o->max_faces < 1 || o->max_faces > FACES_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %d for max_faces, got %u", FACES_MAX,
                        o->max_faces);
    const struct {
        const char *name;
        uint32_t value;
    } colors[] = {{"hair_color", o->hair_color},
                  {"lip_color", o->lip_color},
                  {"eye_color", o->eye_color},
                  {"cloth_color", o->cloth_color}};
    const struct {
        const char *name;
        float value, least, most;
    } numbers[] = {
        {"edge_preserve", o->edge_preserve, P2A_EDGE_PRESERVE_MIN, P2A_EDGE_PRESERVE_MAX},
        {"color_shift", o->color_shift, 0, 1},
        {"face_min_px", o->face_min_px, 8, 65535},
        {"character", o->character, 0, 1},
        {"face_skin", o->face_skin, 0, 1},
        {"face_eyes", o->face_eyes, 0, 1},
        {"face_lips", o->face_lips, 0, 1},
        {"face_strength", o->face_strength, 0, 1}};
    p2a_status status = P2A_OK;
    for (size_t i = 0; status == P2A_OK && i < sizeof colors / sizeof *colors; i++)
        status = check_color(ctx, colors[i].name, colors[i].value);
    for (size_t i = 0; status == P2A_OK && i < sizeof numbers / sizeof *numbers; i++)
        status =
            check_number(ctx, numbers[i].name, numbers[i].value, numbers[i].least, numbers[i].most);
    return status;
}

void p2a_options_default(p2a_options *options)
{
    if (options == NULL)
        return;
    memset(options, 0, sizeof *options);
    options->edge_preserve = 1.0f;
    options->color_shift = 1.0f;
    options->max_faces = 64;
    options->hair_color = options->lip_color = P2A_COLOR_KEPT;
    options->eye_color = options->cloth_color = P2A_COLOR_KEPT;
    options->face_min_px = 16.0f;
    options->face_skin = options->face_eyes = options->face_lips = 0.5f;
    options->face_strength = 1.0f;
}

p2a_status p2a_convert_estimate(p2a_context *ctx, const p2a_model *model, const p2a_model *detector,
                                const p2a_model *parser, uint32_t width_px, uint32_t height_px,
                                const p2a_options *options, p2a_estimate *out)
{
    if (out)
        memset(out, 0, sizeof *out);
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (model == NULL || out == NULL)
        return missing(ctx, model ? "out" : "model");
    if ((detector == NULL) != (parser == NULL))
        return missing(ctx, detector ? "parser" : "detector");
    p2a_options checked;
    const p2a_status status = check_options(ctx, options, &checked);
    return status == P2A_OK ? p2a_pipeline_estimate(ctx, model, detector, parser, width_px,
                                                    height_px, &checked, out)
                            : status;
}

p2a_status p2a_job_create(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                          const p2a_options *options, p2a_job **out)
{
    if (out)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (image == NULL || out == NULL)
        return missing(ctx, image ? "out" : "image");
    p2a_options checked;
    const p2a_status status = check_options(ctx, options, &checked);
    return status == P2A_OK ? p2a_pipeline_create(ctx, model, image, &checked, out) : status;
}

p2a_status p2a_job_use_faces(p2a_job *job, const p2a_model *detector, const p2a_model *parser,
                             const p2a_model *portrait)
{
    if (job == NULL)
        return P2A_ERR_ARGUMENT;
    if (detector == NULL || parser == NULL)
        return missing(p2a_pipeline_context(job), detector ? "parser" : "detector");
    return p2a_pipeline_use_faces(job, detector, parser, portrait);
}

uint32_t p2a_job_face_count(const p2a_job *job)
{
    return job ? p2a_pipeline_face_count(job) : 0;
}

p2a_status p2a_job_face(p2a_job *job, uint32_t index, p2a_face_info *out)
{
    if (out)
        memset(out, 0, sizeof *out);
    if (job == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return missing(p2a_pipeline_context(job), "out");
    return p2a_pipeline_face(job, index, out);
}

const uint8_t *p2a_job_face_classes(const p2a_job *job, uint32_t index)
{
    return job ? p2a_pipeline_face_classes(job, index) : NULL;
}

p2a_status p2a_job_step(p2a_job *job, double *out_progress)
{
    if (out_progress)
        *out_progress = 0;
    if (job == NULL)
        return P2A_ERR_ARGUMENT;
    if (out_progress == NULL)
        return missing(p2a_pipeline_context(job), "out_progress");
    return p2a_pipeline_step(job, out_progress);
}

p2a_status p2a_job_take(p2a_job *job, p2a_result *result, p2a_image **out)
{
    if (out)
        *out = NULL;
    if (job == NULL)
        return P2A_ERR_ARGUMENT;
    if (out == NULL)
        return missing(p2a_pipeline_context(job), "out");
    return p2a_pipeline_take(job, result, out);
}

void p2a_job_destroy(p2a_job *job)
{
    p2a_pipeline_destroy(job);
}

p2a_status p2a_convert(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                       const p2a_options *options, p2a_result *result, p2a_image **out)
{
    if (out)
        *out = NULL;
    else if (ctx)
        return missing(ctx, "out");
    if (ctx && model == NULL)
        return missing(ctx, "model");
    p2a_job *job = NULL;
    p2a_status status = p2a_job_create(ctx, model, image, options, &job);
    for (double progress = 0; status == P2A_OK && progress < 1.0;)
        status = p2a_job_step(job, &progress);
    if (status == P2A_OK)
        status = p2a_job_take(job, result, out);
    p2a_job_destroy(job);
    return status;
}

p2a_status p2a_video_create(p2a_context *ctx, const p2a_model *model, uint32_t width_px,
                            uint32_t height_px, float steadiness, p2a_video **out)
{
    if (out)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (model == NULL || out == NULL)
        return missing(ctx, !model ? "model" : "out");
    if (!(steadiness >= 0.0f && steadiness <= 1.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 0 to 1 for steadiness, got %g",
                        (double)steadiness);
    return p2a_pipeline_video_create(ctx, model, width_px, height_px, steadiness, out);
}

p2a_status p2a_video_process(p2a_video *video, const uint8_t *rgba, const uint8_t **out)
{
    if (out)
        *out = NULL;
    if (video == NULL)
        return P2A_ERR_ARGUMENT;
    if (rgba == NULL || out == NULL)
        return missing(p2a_pipeline_video_context(video), !rgba ? "rgba" : "out");
    return p2a_pipeline_video_process(video, rgba, out);
}

void p2a_video_destroy(p2a_video *video)
{
    p2a_pipeline_video_destroy(video);
}
