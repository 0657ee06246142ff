/* scene.c - a photo -> the photo painted by a generator, in bands of rows */
#include "pipeline/scene.h"

#include <math.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "image/resize.h"
#include "nn/idle.h"
#include "nn/infer.h"
#include "tensor/pixels.h"

/*
 * A network with statistics of the whole picture would see others with the margin, and one that was
 * imported shall paint what it was published to paint: those say 0 for their receptive field, and
 * run without a margin.
 */
static size_t margin_of(const p2a_graph *graph, size_t margin_px)
{
    return graph->receptive_field_px == 0 ? 0 : margin_px;
}

/*
 * Frozen statistics come from a thumbnail, corrected by what the picture shows (p2a_gathering).
 * They differ from the picture's the more the smaller it is. So it is the largest of these steps
 * that fits into the memory limit; without a limit, its longer side is THUMBNAIL_PX, or the
 * picture's own where that is shorter. One that is smaller than LEAST_SCALE of the picture shows
 * so little of it that corrections go astray (measured: at an eighth they do, at a quarter not).
 */
#define THUMBNAIL_PX 1536
#define THUMBNAIL_STEP 0.875
#define THUMBNAIL_LEAST_PX 128
#define LEAST_SCALE 0.2

/* How often the network is run, one behind the other: over the thumbnail, but COMPARE and FROZEN
 * over the photo. */
typedef struct passes {
    p2a_gathering pass[4];
    uint32_t count;
} passes;

static const passes with_copy = {{P2A_GATHER, P2A_FROZEN}, 2};
static const passes with_correction = {{P2A_DRAFT, P2A_COMPARE, P2A_CORRECT, P2A_FROZEN}, 4};

struct p2a_scene {
    p2a_context *ctx;
    const p2a_model *generator;
    const p2a_image *photo;
    p2a_network *network;
    p2a_frame frame; /* of the network's input */
    size_t margin_px, band_rows_px;
    p2a_statistics statistics; /* that are used */
    size_t thumbnail_px[2];    /* where they are frozen: width and height */
    const passes *passes;      /* where they are frozen, else NULL */
    uint32_t pass;             /* that is run now */
    p2a_image *thumbnail;      /* while a pass sees it, else NULL */
    double gathered;           /* multiply-adds of the passes that are done */
    double gathered_px;        /* and their pixels */
    double released_work;      /* once the network is released: what it had done, ... */
    size_t released_band_rows; /* ... and its bands */
    bool bytes_in, bytes_out;
    int8_t byte_of[256];   /* where the network takes bytes: of each pixel value */
    uint8_t pixel_of[256]; /* where it gives bytes: of each byte + 128 */
    p2a_image *painted;
    bool finished;
};

static p2a_status check_generator(p2a_context *ctx, const p2a_model *model)
{
    const p2a_graph *graph = &model->graph;
    const uint32_t in = graph->tensors[graph->input].channels;
    const uint32_t out = graph->tensors[graph->outputs[0]].channels;
    if (graph->output_count != 1 || in != 3 || out != 3)
        return p2a_fail(ctx, P2A_ERR_MODEL,
                        "expected a generator (3 channels to 3, one output), got %u channels to %u "
                        "and %u outputs",
                        in, out, graph->output_count);
    return P2A_OK;
}

/* The network's input for `px` pixels of the picture: margins at both ends, up to a multiple. */
static size_t framed(size_t px, const p2a_graph *graph, size_t margin_px)
{
    const size_t multiple = graph->multiple_of;
    return (px + 2 * margin_of(graph, margin_px) + multiple - 1) / multiple * multiple;
}

/* Rows that are copied between pixels and floats, shared by the threads. */
typedef struct copied_rows {
    const p2a_scene *scene;
    size_t first;
    char *to;         /* NULL: the other way */
    const char *from; /* NULL: the other way */
} copied_rows;

#define ROWS_A_PIECE 8

static void copy_rows(void *user, size_t begin, size_t count)
{
    const copied_rows *rows = user;
    const p2a_scene *scene = rows->scene;
    const float *range = scene->generator->graph.range;
    const p2a_image *seen = scene->thumbnail ? scene->thumbnail : scene->photo;
    const size_t offset = begin * scene->frame.width_px * 3, first = rows->first + begin;
    if (rows->to && scene->bytes_in)
        p2a_bytes_from_pixels(seen, &scene->frame, first, count, scene->byte_of,
                              (int8_t *)rows->to + offset);
    else if (rows->to)
        p2a_floats_from_pixels(seen, &scene->frame, first, count, range,
                               (float *)rows->to + offset);
    else if (scene->bytes_out)
        p2a_pixels_from_bytes((const int8_t *)rows->from + offset, &scene->frame, first, count,
                              scene->pixel_of, scene->painted);
    else
        p2a_pixels_from_floats((const float *)rows->from + offset, &scene->frame, first, count,
                               range, scene->painted);
}

/* What each pixel value is to a network on bytes, and each of its bytes to a picture. */
static void fill_tables(p2a_scene *scene)
{
    const p2a_graph *graph = &scene->generator->graph;
    const p2a_quantization in = graph->tensors[graph->input].quantization;
    const p2a_quantization out = graph->tensors[graph->outputs[0]].quantization;
    const float low = graph->range[0], span = graph->range[1] - graph->range[0];
    scene->bytes_in = in.step > 0.0f;
    scene->bytes_out = out.step > 0.0f;
    for (int i = 0; i < 256; i++) {
        if (scene->bytes_in) {
            const float byte = rintf((low + span * (float)i / 255.0f) / in.step) + (float)in.zero;
            scene->byte_of[i] = (int8_t)fminf(fmaxf(byte, -128.0f), 127.0f);
        }
        if (scene->bytes_out) {
            const float pixel = ((float)(i - 128 - out.zero) * out.step - low) * 255.0f / span;
            scene->pixel_of[i] = (uint8_t)rintf(fminf(fmaxf(pixel, 0.0f), 255.0f));
        }
    }
}

static void read_rows(void *user, size_t first, size_t rows, void *out)
{
    const p2a_scene *scene = user;
    copied_rows copied = {scene, first, out, NULL};
    p2a_pool_run(scene->ctx, copy_rows, &copied, rows, ROWS_A_PIECE);
}

static void write_rows(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    const p2a_scene *scene = user;
    copied_rows copied = {scene, first, NULL, values};
    (void)output;
    if (scene->passes && scene->pass + 1 < scene->passes->count)
        return;
    p2a_pool_run(scene->ctx, copy_rows, &copied, rows, ROWS_A_PIECE);
}

static void copy_alpha(const p2a_image *from, p2a_image *to)
{
    if (from->channels != 4)
        return;
    const size_t count = (size_t)from->width_px * from->height_px;
    for (size_t i = 0; i < count; i++)
        to->pixels[4 * i + 3] = from->pixels[4 * i + 3];
}

/* Whether activations of `bytes`, and a picture, fit into the memory that AUTO may fill. */
static bool fits(const p2a_context *ctx, size_t bytes, size_t width_px, size_t height_px)
{
    const double limit = ctx->limits.memory_mbytes * 1048576.0;
    const double needed =
        (double)p2a_context_bytes(ctx) + (double)bytes + 3.0 * (double)width_px * (double)height_px;
    return needed <= (limit > 0 ? limit : (double)(SIZE_MAX / 2));
}

/* Of a picture's sides: the thumbnail's, and what gathering from it takes. */
static p2a_status choose_thumbnail(p2a_context *ctx, const p2a_graph *graph, size_t width_px,
                                   size_t height_px, size_t band_rows_px, size_t out_px[2],
                                   size_t *bytes, double *multiply_adds)
{
    const double longest = width_px > height_px ? (double)width_px : (double)height_px;
    double px = ctx->limits.memory_mbytes ? longest * THUMBNAIL_STEP : fmin(THUMBNAIL_PX, longest);
    p2a_status status;
    do {
        out_px[0] = (size_t)fmax(1.0, rint((double)width_px * px / longest));
        out_px[1] = (size_t)fmax(1.0, rint((double)height_px * px / longest));
        status = p2a_network_estimate(ctx, graph, framed(out_px[1], graph, 0),
                                      framed(out_px[0], graph, 0), band_rows_px, false, bytes,
                                      multiply_adds);
        *bytes += 4 * out_px[0] * out_px[1]; /* its pixels */
        px *= THUMBNAIL_STEP;
    } while (px >= THUMBNAIL_LEAST_PX &&
             (status == P2A_ERR_MEMORY ||
              (status == P2A_OK && !fits(ctx, *bytes, width_px, height_px))));
    return status;
}

static p2a_status plan(p2a_scene *scene, const p2a_image *picture)
{
    const p2a_graph *graph = &scene->generator->graph;
    const size_t width = framed(picture->width_px, graph, scene->margin_px);
    const size_t height = framed(picture->height_px, graph, scene->margin_px);
    scene->frame = (p2a_frame){margin_of(graph, scene->margin_px), width};
    const p2a_status status = p2a_network_plan(scene->network, height, width, scene->band_rows_px);
    if (status != P2A_OK)
        return status;
    const p2a_shape made = p2a_network_output_shape(scene->network, 0);
    return made.height == height && made.width == width
               ? P2A_OK
               : p2a_fail(scene->ctx, P2A_ERR_MODEL,
                          "expected a generator that keeps the size, got %zux%zu from %zux%zu",
                          made.width, made.height, width, height);
}

p2a_status p2a_scene_create(p2a_context *ctx, const p2a_model *generator, const p2a_image *photo,
                            size_t margin_px, size_t band_rows_px, p2a_statistics statistics,
                            p2a_scene **out)
{
    *out = NULL;
    const bool is_free = statistics == P2A_STATISTICS_AUTO;
    p2a_status status = check_generator(ctx, generator);
    if (!p2a_graph_has_statistics(&generator->graph)) {
        statistics = P2A_STATISTICS_NONE;
    } else if (status == P2A_OK && is_free) {
        size_t bytes = 0;
        double multiply_adds = 0;
        status = p2a_scene_estimate(ctx, generator, photo->width_px, photo->height_px, band_rows_px,
                                    &statistics, &bytes, &multiply_adds);
    }
    if (status != P2A_OK)
        return status;
    p2a_scene *scene = p2a_alloc_zeroed(ctx, 1, sizeof *scene);
    if (scene == NULL)
        return p2a_fail_memory(ctx, sizeof *scene, "a scene");
    scene->ctx = ctx;
    scene->generator = generator;
    scene->margin_px = margin_px;
    scene->band_rows_px = band_rows_px;
    scene->statistics = statistics;
    fill_tables(scene);
    status = p2a_network_borrow(ctx, generator, &scene->network);
    if (status == P2A_OK)
        status = p2a_scene_restart(scene, photo);
    if (status == P2A_ERR_MEMORY && is_free && statistics == P2A_STATISTICS_EXACT) {
        scene->statistics = P2A_STATISTICS_FROZEN; /* the allocator gives less than the limit */
        status = p2a_scene_restart(scene, photo);
    }
    if (status != P2A_OK) {
        p2a_scene_destroy(scene);
        return status;
    }
    *out = scene;
    return P2A_OK;
}

static const passes *passes_of(const size_t photo_px[2], const size_t thumbnail_px[2])
{
    const double scale = (double)thumbnail_px[0] / (double)photo_px[0];
    const bool is_whole = thumbnail_px[0] >= photo_px[0] && thumbnail_px[1] >= photo_px[1];
    return is_whole || scale < LEAST_SCALE ? &with_copy : &with_correction;
}

static bool sees_photo(p2a_gathering pass)
{
    return pass == P2A_COMPARE || pass == P2A_FROZEN;
}

/* Begin the pass that is next. */
static p2a_status start_pass(p2a_scene *scene)
{
    const p2a_gathering pass = scene->passes->pass[scene->pass];
    p2a_status status = p2a_network_set_gathering(scene->network, pass);
    if (status == P2A_OK && !sees_photo(pass))
        status = p2a_image_resize(scene->ctx, scene->photo, scene->thumbnail_px[0],
                                  scene->thumbnail_px[1], &scene->thumbnail);
    if (status == P2A_OK)
        status = plan(scene, scene->thumbnail ? scene->thumbnail : scene->photo);
    if (status == P2A_OK)
        p2a_network_start(scene->network, read_rows, write_rows, scene);
    return status;
}

static p2a_status start_passes(p2a_scene *scene)
{
    const size_t photo_px[2] = {scene->photo->width_px, scene->photo->height_px};
    size_t bytes = 0;
    double multiply_adds = 0;
    p2a_status status = P2A_OK;
    if (scene->thumbnail_px[0] == 0)
        status = choose_thumbnail(scene->ctx, &scene->generator->graph, photo_px[0], photo_px[1],
                                  scene->band_rows_px, scene->thumbnail_px, &bytes, &multiply_adds);
    scene->passes = passes_of(photo_px, scene->thumbnail_px);
    scene->pass = 0;
    return status == P2A_OK ? start_pass(scene) : status;
}

static double pixels_of_pass(const p2a_scene *scene, uint32_t pass)
{
    return sees_photo(scene->passes->pass[pass])
               ? (double)scene->photo->width_px * (double)scene->photo->height_px
               : (double)scene->thumbnail_px[0] * (double)scene->thumbnail_px[1];
}

/* A pass is done, and is not the last: the next one. */
static p2a_status end_pass(p2a_scene *scene)
{
    p2a_image_destroy(scene->thumbnail);
    scene->thumbnail = NULL;
    scene->gathered += p2a_network_multiply_adds(scene->network);
    scene->gathered_px += pixels_of_pass(scene, scene->pass);
    p2a_network_trim(scene->network, 0); /* room for the next one's picture */
    scene->pass++;
    return start_pass(scene);
}

p2a_status p2a_scene_restart(p2a_scene *scene, const p2a_image *photo)
{
    p2a_image_destroy(scene->painted);
    p2a_image_destroy(scene->thumbnail);
    scene->painted = scene->thumbnail = NULL;
    scene->finished = false;
    scene->gathered = scene->gathered_px = 0;
    scene->photo = photo;
    p2a_status status =
        scene->statistics == P2A_STATISTICS_FROZEN ? start_passes(scene) : plan(scene, photo);
    if (status == P2A_OK)
        status = p2a_image_alloc(scene->ctx, photo->width_px, photo->height_px, photo->channels,
                                 &scene->painted);
    if (status != P2A_OK)
        return status;
    copy_alpha(photo, scene->painted);
    p2a_network_start(scene->network, read_rows, write_rows, scene);
    return P2A_OK;
}

const p2a_image *p2a_scene_painted(const p2a_scene *scene)
{
    return scene->finished ? scene->painted : NULL;
}

/* Each pass is a part of all pixels: `done` is that of the present one. */
static double done_of_passes(const p2a_scene *scene, double done)
{
    double all = 0;
    for (uint32_t i = 0; i < scene->passes->count; i++)
        all += pixels_of_pass(scene, i);
    return (scene->gathered_px + done * pixels_of_pass(scene, scene->pass)) / all;
}

p2a_status p2a_scene_step(p2a_scene *scene, double budget, double *out_done)
{
    double done = 0;
    p2a_status status = p2a_network_step(scene->network, budget, &done);
    *out_done = done;
    if (status == P2A_OK && scene->statistics == P2A_STATISTICS_FROZEN) {
        const bool is_last = scene->pass + 1 == scene->passes->count;
        *out_done = is_last && done >= 1.0 ? 1.0 : done_of_passes(scene, done);
        if (!is_last && done >= 1.0)
            status = end_pass(scene);
    }
    scene->finished = status == P2A_OK && *out_done >= 1.0;
    return status;
}

p2a_image *p2a_scene_take(p2a_scene *scene)
{
    if (!scene->finished)
        return NULL;
    p2a_image *painted = scene->painted;
    scene->painted = NULL;
    return painted;
}

size_t p2a_scene_band_rows(const p2a_scene *scene)
{
    return scene->network ? p2a_network_band_rows(scene->network) : scene->released_band_rows;
}

double p2a_scene_multiply_adds(const p2a_scene *scene)
{
    return scene->gathered +
           (scene->network ? p2a_network_multiply_adds(scene->network) : scene->released_work);
}

p2a_statistics p2a_scene_statistics(const p2a_scene *scene)
{
    return scene->statistics;
}

p2a_status p2a_scene_smooth(p2a_scene *scene, double share)
{
    return p2a_network_smooth(scene->network, share);
}

void p2a_scene_release(p2a_scene *scene)
{
    if (scene->network == NULL)
        return;
    scene->released_work = p2a_network_multiply_adds(scene->network);
    scene->released_band_rows = p2a_network_band_rows(scene->network);
    p2a_network_give_back(scene->generator, scene->network);
    scene->network = NULL;
}

void p2a_scene_destroy(p2a_scene *scene)
{
    if (scene == NULL)
        return;
    p2a_network_give_back(scene->generator, scene->network);
    p2a_image_destroy(scene->thumbnail);
    p2a_image_destroy(scene->painted);
    p2a_free(scene->ctx, scene);
}

/* Passes after each other: the largest one's memory, the work of all. */
static p2a_status estimate_frozen(p2a_context *ctx, const p2a_graph *graph, size_t width_px,
                                  size_t height_px, size_t band_rows_px, size_t *bytes,
                                  double *multiply_adds)
{
    size_t size_px[2], small_bytes = 0;
    double small_work = 0;
    p2a_status status = choose_thumbnail(ctx, graph, width_px, height_px, band_rows_px, size_px,
                                         &small_bytes, &small_work);
    if (status == P2A_OK)
        status = p2a_network_estimate(ctx, graph, framed(height_px, graph, 0),
                                      framed(width_px, graph, 0), band_rows_px, true, bytes,
                                      multiply_adds);
    const size_t photo_px[2] = {width_px, height_px};
    const bool corrects = passes_of(photo_px, size_px) == &with_correction;
    *multiply_adds = (corrects ? 2 : 1) * (*multiply_adds + small_work);
    if (*bytes < small_bytes)
        *bytes = small_bytes;
    return status;
}

p2a_status p2a_scene_estimate(p2a_context *ctx, const p2a_model *generator, size_t width_px,
                              size_t height_px, size_t band_rows_px, p2a_statistics *statistics,
                              size_t *bytes, double *multiply_adds)
{
    const p2a_graph *graph = &generator->graph;
    *bytes = 0;
    *multiply_adds = 0;
    p2a_status status = check_generator(ctx, generator);
    if (!p2a_graph_has_statistics(graph))
        *statistics = P2A_STATISTICS_NONE;
    if (status == P2A_OK && *statistics != P2A_STATISTICS_FROZEN)
        status = p2a_network_estimate(ctx, graph, framed(height_px, graph, P2A_SCENE_MARGIN_PX),
                                      framed(width_px, graph, P2A_SCENE_MARGIN_PX), band_rows_px,
                                      false, bytes, multiply_adds);
    if (*statistics == P2A_STATISTICS_AUTO && (status == P2A_OK || status == P2A_ERR_MEMORY)) {
        const bool exact = status == P2A_OK && fits(ctx, *bytes, width_px, height_px);
        *statistics = exact ? P2A_STATISTICS_EXACT : P2A_STATISTICS_FROZEN;
        status = P2A_OK;
    }
    if (status != P2A_OK)
        return status;
    if (*statistics == P2A_STATISTICS_FROZEN)
        status =
            estimate_frozen(ctx, graph, width_px, height_px, band_rows_px, bytes, multiply_adds);
    return status;
}
