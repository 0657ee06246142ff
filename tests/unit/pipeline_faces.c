/*
 * pipeline_faces.c - a job with faces: found, painted, blended, reported; and what is refused
 *
 * The networks are the smallest that can do it: a detector that answers where the photo has a white
 * pixel, a parser that says skin everywhere, and a generator that darkens. So what must come out
 * is known. The trained networks are measured elsewhere (models/train/evaluate_faces.py).
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "check.h"
#include "face/align.h"
#include "face/detect.h"
#include "face/parse.h"
#include "graph_builder.h"
#include "nn/model.h"

/* The white pixel is a cell's corner at every stride, and another one is in the mirrored frame. */
enum { SIDE = 416, WHITE = 192, IN_MIRROR = WHITE + 63 };
#define FRAME_SCALE (192.0 / 512.0) /* photo pixels to a pixel of the face's crop */

static char kind_key[] = "kind", name_key[] = "name", use_key[] = "commercial_use", yes[] = "yes";
static char detector_kind[] = "detector", parser_kind[] = "parser", generator_kind[] = "generator";

typedef struct tiny_model {
    graph_builder builder;
    p2a_metadata metadata[3];
    p2a_model model;
} tiny_model;

static void finish_model(tiny_model *m, p2a_context *ctx, char *kind)
{
    m->metadata[0] = (p2a_metadata){kind_key, kind};
    m->metadata[1] = (p2a_metadata){name_key, kind};
    m->metadata[2] = (p2a_metadata){use_key, yes};
    static char names[64][16]; /* weights are blended by name */
    for (uint32_t i = 0; i < m->builder.graph.weight_count; i++) {
        snprintf(names[i], sizeof names[i], "w%u", (unsigned)i);
        m->builder.graph.weights[i].name = names[i];
    }
    m->model = (p2a_model){
        .ctx = ctx, .graph = m->builder.graph, .metadata = m->metadata, .metadata_count = 3};
}

/* A 1x1 convolution with a stride: weight on red, and a bias for each output channel. */
static uint32_t answer(graph_builder *b, uint32_t channels, uint32_t stride, const float *red,
                       const float *bias)
{
    p2a_node *node = builder_node(b, P2A_OP_CONV2D, 0, channels);
    node->weight = builder_weight(b, 0, 4, channels, 1, 1, 3);
    node->bias = builder_weight(b, 0, 1, channels, 0, 0, 0);
    node->stride[0] = node->stride[1] = stride;
    for (uint32_t c = 0; c < channels; c++) {
        b->weights[node->weight].values[3 * c] = red ? red[c] : 0;
        b->weights[node->bias].values[c] = bias ? bias[c] : 0;
    }
    return node->output;
}

/*
 * White gives a score at stride 32 for the smaller anchor (256 px): a box of half its side and the
 * frame's landmarks, where a frame has 192 px and its middle lies 32 px from the white pixel, so
 * that the second look, in a frame of 192 px, sees the white pixel at a cell's corner again, and
 * in the mirrored frame the other one.
 */
static void make_detector(tiny_model *m, p2a_context *ctx)
{
    builder_start(&m->builder, 3, 32);
    const float never[2] = {-20, -20}, red[2] = {20, 0}, bias[2] = {-12, -20};
    const float half = -3.4657359f, middle = 16 / 25.6f; /* log(1/2) / 0.2; in 0.1 anchors */
    const float box[8] = {middle, middle, half, half};
    float points[20] = {0};
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        for (int k = 0; k < 2; k++)
            points[2 * i + k] =
                (float)((p2a_frame_landmarks_px[i][k] - 256) * FRAME_SCALE / 25.6) + middle;
    uint32_t made[9], count = 0;
    for (uint32_t stride = 8; stride <= 32; stride *= 2) {
        const bool last = stride == 32;
        made[count++] = answer(&m->builder, 2, stride, last ? red : NULL, last ? bias : never);
        made[count++] = answer(&m->builder, 8, stride, NULL, last ? box : NULL);
        made[count++] = answer(&m->builder, 20, stride, NULL, last ? points : NULL);
    }
    memcpy(m->builder.graph.outputs, made, sizeof made);
    m->builder.graph.output_count = count;
    finish_model(m, ctx, detector_kind);
}

static void make_parser(tiny_model *m, p2a_context *ctx)
{
    float bias[P2A_CLASS_COUNT] = {0};
    bias[P2A_CLASS_SKIN] = 1;
    builder_start(&m->builder, 3, 16);
    answer(&m->builder, P2A_CLASS_COUNT, 2, NULL, bias);
    finish_model(m, ctx, parser_kind);
}

/* A part of the contrast, a little darker. */
static void make_generator(tiny_model *m, p2a_context *ctx, float contrast)
{
    builder_start(&m->builder, 3, 16);
    const uint32_t out = answer(&m->builder, 3, 1, NULL, NULL);
    p2a_node *node = &m->builder.nodes[0];
    for (int c = 0; c < 3; c++) {
        m->builder.weights[node->weight].values[4 * c] = contrast;
        m->builder.weights[node->bias].values[c] = -0.2f;
    }
    CHECK_EQUAL(out, node->output);
    finish_model(m, ctx, generator_kind);
}

typedef struct fixture {
    p2a_context *ctx;
    tiny_model detector, parser, generator, portrait;
} fixture;

static fixture *start(const p2a_allocator *allocator)
{
    fixture *f = calloc(1, sizeof *f);
    CHECK_EQUAL(p2a_context_create(NULL, allocator, &f->ctx), P2A_OK);
    make_detector(&f->detector, f->ctx);
    make_parser(&f->parser, f->ctx);
    make_generator(&f->generator, f->ctx, 0.5f);
    make_generator(&f->portrait, f->ctx, 0.1f);
    return f;
}

static void end(fixture *f)
{
    CHECK_EQUAL(p2a_context_bytes(f->ctx), 0);
    builder_free(&f->detector.builder);
    builder_free(&f->parser.builder);
    builder_free(&f->generator.builder);
    builder_free(&f->portrait.builder);
    p2a_context_destroy(f->ctx);
    free(f);
}

/* Grey slopes without red above the middle, so that only white pixels are a face: 0, 1 or both. */
static p2a_status make_photo(fixture *f, size_t whites, p2a_image **out)
{
    uint8_t *pixels = malloc((size_t)SIDE * SIDE * 3);
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            uint8_t *p = pixels + (y * SIDE + x) * 3;
            p[0] = (uint8_t)(60 + x / 8);
            p[1] = (uint8_t)(60 + y / 4);
            p[2] = (uint8_t)(90 + (x + y) / 16);
        }
    for (size_t i = 0; i < whites; i++)
        memset(pixels + ((size_t)WHITE * SIDE + (i ? IN_MIRROR : WHITE)) * 3, 255, 3);
    const p2a_status status = p2a_image_create(f->ctx, pixels, SIDE, SIDE, 3, out);
    free(pixels);
    return status;
}

static p2a_status paint_with(fixture *f, const p2a_image *photo, const p2a_options *options,
                             bool faces, p2a_result *result, p2a_face_info *info, uint32_t *count,
                             p2a_image **out)
{
    p2a_job *job = NULL;
    *out = NULL;
    p2a_status status = p2a_job_create(f->ctx, &f->generator.model, photo, options, &job);
    if (status == P2A_OK && faces)
        status = p2a_job_use_faces(job, &f->detector.model, &f->parser.model, &f->portrait.model);
    double last = -1;
    for (double part = 0; status == P2A_OK && part < 1;) {
        status = p2a_job_step(job, &part);
        CHECK(status != P2A_OK || part >= last);
        last = part;
    }
    if (status == P2A_OK) {
        *count = p2a_job_face_count(job);
        if (*count)
            CHECK_EQUAL(p2a_job_face(job, 0, info), P2A_OK);
        CHECK_EQUAL(p2a_job_face(job, *count, info + 1), P2A_ERR_ARGUMENT);
        status = p2a_job_take(job, result, out);
    }
    p2a_job_destroy(job);
    return status;
}

static p2a_status paint(fixture *f, const p2a_image *photo, bool faces, p2a_result *result,
                        p2a_face_info *info, uint32_t *count, p2a_image **out)
{
    return paint_with(f, photo, NULL, faces, result, info, count, out);
}

static void test_a_face_is_painted(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *scene = NULL, *anime = NULL;
    p2a_result result;
    p2a_face_info info[2];
    uint32_t count = 99;
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    CHECK_EQUAL(paint(f, photo, false, &result, info, &count, &scene), P2A_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(paint(f, photo, true, &result, info, &count, &anime), P2A_OK);
    CHECK_EQUAL(count, 1);
    CHECK_NEAR(result.face_count, 1, 0);
    CHECK(result.faces_ms > 0 && result.blend_ms > 0);
    const float centre = WHITE + 32;
    CHECK_NEAR(info[0].box_px[0], centre - 64, 0.5);
    CHECK_NEAR(info[0].box_px[3], centre + 64, 0.5);
    CHECK(info[0].score > 0.6f && info[0].score <= 1.0f);
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        for (int k = 0; k < 2; k++)
            CHECK_NEAR(info[0].landmarks_px[2 * i + k],
                       centre + (p2a_frame_landmarks_px[i][k] - 256) * FRAME_SCALE, 0.5);

    /* outside of the crop of it the scene is untouched, inside it was
     * painted by the same generator, so that it differs only by what the corrections do */
    const uint8_t *a = p2a_image_pixels(scene), *b = p2a_image_pixels(anime);
    size_t outside = 0, inside = 0, changed = 0;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            const double reach = fmax(fabs((double)x + 0.5 - (double)centre),
                                      fabs((double)y + 0.5 - (double)centre));
            const size_t at = (y * SIDE + x) * 3;
            const bool differs = memcmp(a + at, b + at, 3) != 0;
            outside += reach > 98 && differs;
            inside += reach < 60;
            changed += reach < 60 && differs;
        }
    CHECK_EQUAL(outside, 0);
    CHECK(changed > inside / 10);
    p2a_image_destroy(anime);
    p2a_image_destroy(scene);
    p2a_image_destroy(photo);
    end(f);
}

static void test_no_face_leaves_the_scene(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *scene = NULL, *anime = NULL;
    p2a_result result;
    p2a_face_info info[2];
    uint32_t count = 99;
    CHECK_EQUAL(make_photo(f, 0, &photo), P2A_OK);
    CHECK_EQUAL(paint(f, photo, false, &result, info, &count, &scene), P2A_OK);
    CHECK_EQUAL(paint(f, photo, true, &result, info, &count, &anime), P2A_OK);
    CHECK_EQUAL(count, 0);
    CHECK(memcmp(p2a_image_pixels(scene), p2a_image_pixels(anime), (size_t)SIDE * SIDE * 3) == 0);
    p2a_image_destroy(anime);
    p2a_image_destroy(scene);
    p2a_image_destroy(photo);
    end(f);
}

/* By how much the white pixel stands out from what is around it. */
static double stands_out(const p2a_image *image)
{
    const uint8_t *p = p2a_image_pixels(image);
    const size_t at = ((size_t)WHITE * SIDE + WHITE) * 3 + 1, apart = 8;
    return p[at] - (p[at - 3 * apart] + p[at + 3 * apart]) / 2.0;
}

static void test_character_lies_between_the_two_networks(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *anime = NULL;
    p2a_face_info info[2];
    uint32_t count = 0;
    double seen[3];
    p2a_options options;
    p2a_options_default(&options);
    options.face_strength = 0; /* else the skin takes its tone from the photo */
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    for (int k = 0; k < 3; k++) {
        options.character = 0.5f * (float)k;
        CHECK_EQUAL(paint_with(f, photo, &options, true, NULL, info, &count, &anime), P2A_OK);
        CHECK_EQUAL(count, 1);
        seen[k] = stands_out(anime);
        p2a_image_destroy(anime);
    }
    CHECK(seen[0] > 30 && seen[2] < 0.4 * seen[0]);
    CHECK_NEAR(seen[1], (seen[0] + seen[2]) / 2, 2);
    p2a_job *job = NULL;
    CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, &options, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_use_faces(job, &f->detector.model, &f->parser.model, NULL),
                P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_use_faces(job, &f->detector.model, &f->parser.model, &f->detector.model),
                P2A_ERR_MODEL);
    p2a_job_destroy(job);
    p2a_image_destroy(photo);
    end(f);
}

static void test_faces_are_only_found_without_a_model(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *none = NULL;
    p2a_job *job = NULL;
    p2a_face_info info;
    p2a_result result;
    double part = 0;
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    CHECK_EQUAL(p2a_job_create(f->ctx, NULL, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_step(job, &part), P2A_ERR_ARGUMENT); /* nothing to do yet */
    CHECK_EQUAL(p2a_job_use_faces(job, &f->detector.model, &f->parser.model, NULL), P2A_OK);
    CHECK(p2a_job_face_classes(job, 0) == NULL);
    while (part < 1)
        CHECK_EQUAL(p2a_job_step(job, &part), P2A_OK);
    CHECK_EQUAL(p2a_job_face_count(job), 1);
    CHECK_EQUAL(p2a_job_face(job, 0, &info), P2A_OK);
    CHECK_NEAR(info.used, 1, 0);
    CHECK_NEAR(info.class_px[P2A_CLASS_SKIN], P2A_FACE_CROP_PX * P2A_FACE_CROP_PX, 0);
    CHECK_NEAR(info.photo_from_crop[0], FRAME_SCALE, 1e-3);
    const uint8_t *classes = p2a_job_face_classes(job, 0);
    CHECK(classes != NULL && classes[100000] == P2A_CLASS_SKIN);
    CHECK(p2a_job_face_classes(job, 1) == NULL);
    CHECK_EQUAL(p2a_job_take(job, &result, &none), P2A_OK);
    CHECK(none == NULL && result.face_count == 0 && result.faces_left == 0);
    p2a_job_destroy(job);
    p2a_image_destroy(photo);
    end(f);
}

static void test_wrong_options_are_named(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL;
    p2a_job *job = NULL;
    CHECK_EQUAL(make_photo(f, 0, &photo), P2A_OK);
    const size_t floats = (sizeof(p2a_options) - offsetof(p2a_options, edge_preserve)) / 4;
    for (size_t i = 0; i < floats; i++) {
        p2a_options options;
        p2a_options_default(&options);
        (&options.edge_preserve)[i] = -1;
        CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, &options, &job),
                    P2A_ERR_ARGUMENT);
        CHECK(strstr(p2a_context_message(f->ctx), "got -1") != NULL);
    }
    for (size_t i = 0; i < 5; i++) {
        p2a_options options;
        p2a_options_default(&options);
        (&options.max_faces)[i] = 0x1000000;
        CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, &options, &job),
                    P2A_ERR_ARGUMENT);
        CHECK(job == NULL);
    }
    p2a_image_destroy(photo);
    end(f);
}

static void test_wrong_models_and_moments_are_refused(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL;
    p2a_job *job = NULL;
    double part = 0;
    const p2a_model *detector = &f->detector.model, *parser = &f->parser.model;
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_use_faces(job, parser, detector, NULL), P2A_ERR_MODEL);
    CHECK_EQUAL(p2a_job_use_faces(job, detector, &f->generator.model, NULL), P2A_ERR_MODEL);
    CHECK_EQUAL(p2a_job_use_faces(job, NULL, parser, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_use_faces(job, detector, NULL, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_use_faces(NULL, detector, parser, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_use_faces(job, detector, parser, NULL), P2A_OK);
    CHECK_EQUAL(p2a_job_use_faces(job, detector, parser, NULL), P2A_ERR_ARGUMENT); /* twice */
    CHECK_EQUAL(p2a_job_face_count(job), 0); /* not yet known */
    p2a_job_destroy(job);
    CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_step(job, &part), P2A_OK);
    CHECK_EQUAL(p2a_job_use_faces(job, detector, parser, NULL), P2A_ERR_ARGUMENT); /* too late */
    p2a_job_destroy(job);
    p2a_image_destroy(photo);
    end(f);
}

static void test_a_face_is_one_in_the_mirror_too(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *anime = NULL;
    p2a_face_info info[2];
    p2a_result result;
    uint32_t count = 99;
    CHECK_EQUAL(make_photo(f, 1, &photo), P2A_OK);
    CHECK_EQUAL(paint(f, photo, true, &result, info, &count, &anime), P2A_OK);
    CHECK_EQUAL(count, 0);
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
    end(f);
}

static void test_a_stop_is_heard_among_faces(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL;
    p2a_job *job = NULL;
    double part = 0;
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    CHECK_EQUAL(p2a_job_create(f->ctx, &f->generator.model, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_use_faces(job, &f->detector.model, &f->parser.model, NULL), P2A_OK);
    while (part < 0.76)
        CHECK_EQUAL(p2a_job_step(job, &part), P2A_OK);
    CHECK(part < 1);
    p2a_context_stop(f->ctx);
    CHECK_EQUAL(p2a_job_step(job, &part), P2A_ERR_STOPPED);
    p2a_job_destroy(job);
    p2a_image_destroy(photo);
    end(f);
}

/* What is estimated is what is then taken: the more of scene and faces, as one follows the other.
 */
static void test_the_estimate_counts_faces(void)
{
    fixture *f = start(NULL);
    p2a_image *photo = NULL, *anime = NULL;
    p2a_face_info info[2];
    p2a_result result;
    p2a_estimate scene, both;
    uint32_t count = 0;
    const p2a_model *generator = &f->generator.model, *detector = &f->detector.model;
    const p2a_model *parser = &f->parser.model;
    p2a_options options;
    p2a_options_default(&options);
    for (int k = 0; k < 2; k++) {
        options.character = (float)k;
        CHECK_EQUAL(
            p2a_convert_estimate(f->ctx, generator, NULL, NULL, SIDE, SIDE, &options, &scene),
            P2A_OK);
        CHECK_EQUAL(
            p2a_convert_estimate(f->ctx, generator, detector, parser, SIDE, SIDE, &options, &both),
            P2A_OK);
        CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
        const size_t before = p2a_context_bytes(f->ctx);
        CHECK_EQUAL(paint_with(f, photo, &options, true, &result, info, &count, &anime), P2A_OK);
        CHECK_EQUAL(count, 1);
        CHECK_NEAR(both.peak_bytes / (result.peak_bytes - (double)before), 1, 0.2);
        CHECK(both.peak_bytes > scene.peak_bytes);
        CHECK_NEAR(scene.face_multiply_adds, 0, 0);
        CHECK(both.multiply_adds > scene.multiply_adds && both.face_multiply_adds > 0);
        p2a_image_destroy(anime);
        p2a_image_destroy(photo);
    }
    CHECK_EQUAL(p2a_convert_estimate(f->ctx, generator, detector, NULL, SIDE, SIDE, NULL, &both),
                P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_convert_estimate(f->ctx, generator, NULL, parser, SIDE, SIDE, NULL, &both),
                P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_convert_estimate(f->ctx, generator, parser, detector, SIDE, SIDE, NULL, &both),
                P2A_ERR_MODEL);
    CHECK_NEAR(both.peak_bytes, 0, 0);
    end(f);
}

typedef struct failing {
    size_t calls, fail_at, live;
} failing;

static void *allocate(void *user, size_t bytes)
{
    failing *memory = user;
    if (++memory->calls == memory->fail_at)
        return NULL;
    memory->live++;
    return malloc(bytes);
}

static void release(void *user, void *block)
{
    ((failing *)user)->live--;
    free(block);
}

static void test_each_allocation_may_fail(void)
{
    failing memory = {0, 0, 0};
    const p2a_allocator allocator = {&memory, allocate, release};
    fixture *f = start(&allocator);
    p2a_image *photo = NULL, *anime = NULL;
    p2a_face_info info[2];
    uint32_t count = 0;
    CHECK_EQUAL(make_photo(f, 2, &photo), P2A_OK);
    p2a_options options;
    p2a_options_default(&options);
    options.character = 0.5f;
    options.hair_color = 0x802010;
    const size_t live = memory.live;
    p2a_status status = P2A_ERR_MEMORY;
    size_t n = 0;
    while (status != P2A_OK && n < 1000) {
        memory.calls = 0;
        memory.fail_at = ++n;
        status = paint_with(f, photo, &options, true, NULL, info, &count, &anime);
        CHECK(status == P2A_OK || status == P2A_ERR_MEMORY);
        CHECK_EQUAL(anime != NULL, status == P2A_OK);
        if (status != P2A_OK)
            CHECK_EQUAL(memory.live, live);
    }
    CHECK_EQUAL(status, P2A_OK);
    CHECK(n > 20);
    printf("%zu allocations failed in turn\n", n - 1);
    status = P2A_ERR_MEMORY;
    for (n = 0; status != P2A_OK && n < 100;) {
        p2a_estimate estimate;
        memory.calls = 0;
        memory.fail_at = ++n;
        status = p2a_convert_estimate(f->ctx, &f->generator.model, &f->detector.model,
                                      &f->parser.model, SIDE, SIDE, NULL, &estimate);
        CHECK(status == P2A_OK || (status == P2A_ERR_MEMORY && estimate.peak_bytes == 0));
    }
    CHECK(status == P2A_OK && n > 5);
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
    end(f);
    CHECK_EQUAL(memory.live, 0);
}

int main(void)
{
    test_a_face_is_painted();
    test_no_face_leaves_the_scene();
    test_character_lies_between_the_two_networks();
    test_faces_are_only_found_without_a_model();
    test_wrong_options_are_named();
    test_wrong_models_and_moments_are_refused();
    test_a_face_is_one_in_the_mirror_too();
    test_a_stop_is_heard_among_faces();
    test_the_estimate_counts_faces();
    test_each_allocation_may_fail();
    return CHECK_REPORT();
}
