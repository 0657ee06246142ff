/* scene.c - a photo -> the photo painted by a generator, in bands of rows */
#include "pipeline/scene.h"

#include <math.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/idle.h"
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

struct p2a_scene {
    p2a_context *ctx;
    const p2a_model *generator;
    const p2a_image *photo;
    p2a_network *network;
    p2a_frame frame; /* of the network's input */
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
    const size_t offset = begin * scene->frame.width_px * 3, first = rows->first + begin;
    if (rows->to && scene->bytes_in)
        p2a_bytes_from_pixels(scene->photo, &scene->frame, first, count, scene->byte_of,
                              (int8_t *)rows->to + offset);
    else if (rows->to)
        p2a_floats_from_pixels(scene->photo, &scene->frame, first, count, range,
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

p2a_status p2a_scene_create(p2a_context *ctx, const p2a_model *generator, const p2a_image *photo,
                            size_t margin_px, size_t band_rows_px, p2a_scene **out)
{
    *out = NULL;
    p2a_status status = check_generator(ctx, generator);
    if (status != P2A_OK)
        return status;
    p2a_scene *scene = p2a_alloc_zeroed(ctx, 1, sizeof *scene);
    if (scene == NULL)
        return p2a_fail_memory(ctx, sizeof *scene, "a scene");
    scene->ctx = ctx;
    scene->generator = generator;
    const size_t width = framed(photo->width_px, &generator->graph, margin_px);
    const size_t height = framed(photo->height_px, &generator->graph, margin_px);
    scene->frame = (p2a_frame){margin_of(&generator->graph, margin_px), width};
    fill_tables(scene);
    status = p2a_network_borrow(ctx, generator, &scene->network);
    if (status == P2A_OK)
        status = p2a_network_plan(scene->network, height, width, band_rows_px);
    if (status == P2A_OK) {
        const p2a_shape made = p2a_network_output_shape(scene->network, 0);
        if (made.height != height || made.width != width)
            status = p2a_fail(ctx, P2A_ERR_MODEL,
                              "expected a generator that keeps the size, got %zux%zu from %zux%zu",
                              made.width, made.height, width, height);
    }
    if (status == P2A_OK)
        status = p2a_scene_restart(scene, photo);
    if (status != P2A_OK) {
        p2a_scene_destroy(scene);
        return status;
    }
    *out = scene;
    return P2A_OK;
}

p2a_status p2a_scene_restart(p2a_scene *scene, const p2a_image *photo)
{
    p2a_image_destroy(scene->painted);
    scene->painted = NULL;
    scene->finished = false;
    scene->photo = photo;
    const p2a_status status = p2a_image_alloc(scene->ctx, photo->width_px, photo->height_px,
                                              photo->channels, &scene->painted);
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

p2a_status p2a_scene_step(p2a_scene *scene, double budget, double *out_done)
{
    const p2a_status status = p2a_network_step(scene->network, budget, out_done);
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
    return p2a_network_band_rows(scene->network);
}

double p2a_scene_multiply_adds(const p2a_scene *scene)
{
    return p2a_network_multiply_adds(scene->network);
}

void p2a_scene_destroy(p2a_scene *scene)
{
    if (scene == NULL)
        return;
    p2a_network_give_back(scene->generator, scene->network);
    p2a_image_destroy(scene->painted);
    p2a_free(scene->ctx, scene);
}

p2a_status p2a_scene_estimate(p2a_context *ctx, const p2a_model *generator, size_t width_px,
                              size_t height_px, size_t band_rows_px, size_t *bytes,
                              double *multiply_adds)
{
    *bytes = 0;
    *multiply_adds = 0;
    p2a_status status = check_generator(ctx, generator);
    if (status == P2A_OK)
        status = p2a_network_estimate(ctx, &generator->graph,
                                      framed(height_px, &generator->graph, P2A_SCENE_MARGIN_PX),
                                      framed(width_px, &generator->graph, P2A_SCENE_MARGIN_PX),
                                      band_rows_px, bytes, multiply_adds);
    return status;
}
