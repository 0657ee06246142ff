/* faces.c - face2paint: find each face, paint it at its own scale, set it back */
#include "pipeline/faces.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "blend/poisson.h"
#include "face/align.h"
#include "face/lift.h"
#include "face/mask.h"
#include "face/parse.h"
#include "face/regions.h"
#include "image/resize.h"
#include "image/warp.h"
#include "pipeline/answer.h"
#include "pipeline/scene.h"

/* Faces are painted in crops of this side: the frame of the parser's training pictures. */
#define CROP_PX P2A_FRAME_PX
#define PARSER_PX 256
#define CROP_PIXELS ((size_t)CROP_PX * CROP_PX)

/* A higher bar than the detector's own: the present one answers on patterns and round things too.
 * At 0.9 one false face in thirty scenes is left, and one true face in five is left to the scene
 * (models/cards/detector.md). */
#define FACE_SCORE 0.9f

/* A crop without at least this part of skin holds no face that the parser knows: left alone. */
#define SKIN_PART_MIN 0.03

typedef enum stage { STAGE_DETECT, STAGE_PARSE, STAGE_PAINT, STAGE_DONE } stage;

struct p2a_faces {
    p2a_context *ctx;
    p2a_faces_models models;
    const p2a_image *photo;
    float min_px;
    stage stage;
    p2a_image *seen; /* the photo as the detector sees it; NULL: the photo itself */
    double photo_from_seen[6];
    p2a_answer *detector, *parser;
    p2a_face_list found;
    double (*photo_from_frame)[6]; /* one a face that is painted */
    size_t count, index, painted;
    /* the face at hand */
    p2a_image *crop, *small;
    uint8_t *classes; /* [CROP_PX, CROP_PX] */
    p2a_scene *scene; /* the generator on the crop */
    double paint_ms, blend_ms, multiply_adds;
};

static p2a_status check_kind(p2a_context *ctx, const p2a_model *model, const char *kind,
                             uint32_t outputs)
{
    const char *got = p2a_model_metadata(model, "kind");
    if (strcmp(got, kind) != 0 || model->graph.output_count != outputs)
        return p2a_fail(ctx, P2A_ERR_MODEL,
                        "expected a %s with %u outputs, got a %.20s with %u outputs", kind, outputs,
                        got, model->graph.output_count);
    return P2A_OK;
}

/* The detector's outputs have the channels that face/detect reads, the parser's the 19 classes. */
static p2a_status check_models(p2a_context *ctx, const p2a_faces_models *models)
{
    static const uint32_t channels[3] = {P2A_DETECT_ANCHORS, 4 * P2A_DETECT_ANCHORS,
                                         2 * P2A_LANDMARK_COUNT * P2A_DETECT_ANCHORS};
    p2a_status status = check_kind(ctx, models->detector, "detector", 3 * P2A_DETECT_LEVELS);
    if (status == P2A_OK)
        status = check_kind(ctx, models->parser, "parser", 1);
    if (status != P2A_OK)
        return status;
    const p2a_graph *detector = &models->detector->graph, *parser = &models->parser->graph;
    for (uint32_t i = 0; i < 3 * P2A_DETECT_LEVELS; i++)
        if (detector->tensors[detector->outputs[i]].channels != channels[i % 3])
            return p2a_fail(ctx, P2A_ERR_MODEL,
                            "expected %u channels for detector output %u, got %u", channels[i % 3],
                            i, detector->tensors[detector->outputs[i]].channels);
    if (parser->tensors[parser->outputs[0]].channels != P2A_CLASS_COUNT)
        return p2a_fail(ctx, P2A_ERR_MODEL, "expected %d classes of the parser, got %u",
                        P2A_CLASS_COUNT, parser->tensors[parser->outputs[0]].channels);
    if (detector->tensors[detector->input].channels != 3 ||
        parser->tensors[parser->input].channels != 3)
        return p2a_fail(ctx, P2A_ERR_MODEL, "expected networks that take 3 channels");
    return P2A_OK;
}

p2a_status p2a_faces_create(p2a_context *ctx, const p2a_faces_models *models,
                            const p2a_image *photo, float min_px, p2a_faces **out)
{
    *out = NULL;
    p2a_status status = check_models(ctx, models);
    if (status != P2A_OK)
        return status;
    p2a_faces *faces = p2a_alloc_zeroed(ctx, 1, sizeof *faces);
    if (faces == NULL)
        return p2a_fail_memory(ctx, sizeof *faces, "face painting");
    faces->ctx = ctx;
    faces->models = *models;
    faces->photo = photo;
    faces->min_px = min_px;

    const double long_px = photo->width_px > photo->height_px ? photo->width_px : photo->height_px;
    const double scale = long_px > P2A_FACES_DETECT_PX ? P2A_FACES_DETECT_PX / long_px : 1.0;
    if (scale < 1.0) {
        const size_t width = (size_t)fmax(1, floor(photo->width_px * scale + 0.5));
        const size_t height = (size_t)fmax(1, floor(photo->height_px * scale + 0.5));
        status = p2a_image_resize(ctx, photo, width, height, &faces->seen);
    }
    const p2a_image *seen = faces->seen ? faces->seen : photo;
    faces->photo_from_seen[0] = (double)photo->width_px / seen->width_px;
    faces->photo_from_seen[4] = (double)photo->height_px / seen->height_px;
    if (status == P2A_OK)
        status = p2a_answer_create(ctx, models->detector, &faces->detector);
    if (status == P2A_OK)
        status = p2a_answer_start(faces->detector, seen);
    if (status != P2A_OK) {
        p2a_faces_destroy(faces);
        return status;
    }
    *out = faces;
    return P2A_OK;
}

static void forget_face(p2a_faces *faces)
{
    p2a_scene_destroy(faces->scene);
    p2a_image_destroy(faces->crop);
    p2a_image_destroy(faces->small);
    faces->scene = NULL;
    faces->crop = faces->small = NULL;
}

void p2a_faces_destroy(p2a_faces *faces)
{
    if (faces == NULL)
        return;
    forget_face(faces);
    p2a_free(faces->ctx, faces->classes);
    p2a_free(faces->ctx, faces->photo_from_frame);
    p2a_face_list_destroy(&faces->found);
    p2a_answer_destroy(faces->parser);
    p2a_answer_destroy(faces->detector);
    p2a_image_destroy(faces->seen);
    p2a_free(faces->ctx, faces);
}

/* Outputs of the detector -> faces in photo coordinates. */
static p2a_status read_detector(p2a_faces *faces)
{
    p2a_detect_level levels[P2A_DETECT_LEVELS];
    for (uint32_t l = 0; l < P2A_DETECT_LEVELS; l++) {
        const p2a_shape shape = p2a_answer_shape(faces->detector, 3 * l);
        levels[l] = (p2a_detect_level){p2a_answer_values(faces->detector, 3 * l),
                                       p2a_answer_values(faces->detector, 3 * l + 1),
                                       p2a_answer_values(faces->detector, 3 * l + 2), shape.height,
                                       shape.width};
    }
    p2a_detect_pool pool;
    memset(&pool, 0, sizeof pool);
    p2a_status status =
        p2a_detect_add(faces->ctx, levels, faces->photo_from_seen, FACE_SCORE, &pool);
    if (status == P2A_OK)
        status = p2a_detect_merge(faces->ctx, &pool, P2A_DETECT_IOU, P2A_FACES_MAX, &faces->found);
    p2a_detect_pool_destroy(&pool);
    p2a_answer_destroy(faces->detector); /* its activations are the largest thing here */
    faces->detector = NULL;
    p2a_image_destroy(faces->seen);
    faces->seen = NULL;
    return status;
}

/* Which of the found faces are painted: large enough, with landmarks of a face, centre inside. */
static p2a_status choose_faces(p2a_faces *faces)
{
    faces->photo_from_frame =
        p2a_alloc_zeroed(faces->ctx, faces->found.count, sizeof *faces->photo_from_frame);
    faces->classes = p2a_alloc(faces->ctx, CROP_PIXELS);
    if (faces->photo_from_frame == NULL || faces->classes == NULL)
        return p2a_fail_memory(faces->ctx, CROP_PIXELS, "face painting");
    for (size_t i = 0; i < faces->found.count; i++) {
        const p2a_face *face = &faces->found.faces[i];
        const float width = face->box_px[2] - face->box_px[0];
        const float height = face->box_px[3] - face->box_px[1];
        const float x = (face->box_px[0] + face->box_px[2]) / 2;
        const float y = (face->box_px[1] + face->box_px[3]) / 2;
        if (fminf(width, height) < faces->min_px || x < 0 || y < 0 ||
            x >= (float)faces->photo->width_px || y >= (float)faces->photo->height_px)
            continue;
        if (p2a_align_face(faces->ctx, face, CROP_PX, faces->photo_from_frame[faces->count]) ==
            P2A_OK)
            faces->count++;
    }
    return faces->count ? p2a_answer_create(faces->ctx, faces->models.parser, &faces->parser)
                        : P2A_OK;
}

/* Cut the next face out and hand it to the parser. */
static p2a_status begin_face(p2a_faces *faces)
{
    if (faces->index == faces->count) {
        faces->stage = STAGE_DONE;
        return P2A_OK;
    }
    faces->stage = STAGE_PARSE;
    p2a_status status =
        p2a_image_warp(faces->ctx, faces->photo, faces->photo_from_frame[faces->index], CROP_PX,
                       CROP_PX, &faces->crop);
    if (status == P2A_OK)
        status = p2a_image_resize(faces->ctx, faces->crop, PARSER_PX, PARSER_PX, &faces->small);
    return status == P2A_OK ? p2a_answer_start(faces->parser, faces->small) : status;
}

static p2a_status next_face(p2a_faces *faces)
{
    forget_face(faces);
    faces->index++;
    return begin_face(faces);
}

/* The parser has answered: is there a face, and what of it is where? Then paint the crop. */
static p2a_status begin_painting(p2a_faces *faces)
{
    const p2a_shape shape = p2a_answer_shape(faces->parser, 0);
    size_t areas[P2A_CLASS_COUNT];
    p2a_status status = p2a_parse_classes(faces->ctx, p2a_answer_values(faces->parser, 0),
                                          shape.height, shape.width, CROP_PX, faces->classes);
    if (status == P2A_OK)
        status = p2a_parse_keep_main(faces->ctx, faces->classes, CROP_PX);
    if (status != P2A_OK)
        return status;
    p2a_parse_areas(faces->classes, CROP_PIXELS, areas);
    if ((double)(areas[P2A_CLASS_SKIN] + areas[P2A_CLASS_NOSE]) < SKIN_PART_MIN * CROP_PIXELS)
        return next_face(faces);
    status = p2a_lift_face(faces->ctx, faces->crop, faces->classes, 1.0f, NULL);
    if (status == P2A_OK)
        status =
            p2a_scene_create(faces->ctx, faces->models.generator, faces->crop, 0, &faces->scene);
    faces->stage = STAGE_PAINT;
    return status;
}

/* The pixels of the scene that the crop touches, as RGB of the painted crop with the mask in A. */
static p2a_status make_patch(p2a_faces *faces, const p2a_image *painted, const float *mask,
                             const size_t bounds[4], p2a_image **out)
{
    p2a_context *ctx = faces->ctx;
    const size_t width = bounds[2] - bounds[0], height = bounds[3] - bounds[1];
    double crop_from_patch[6];
    p2a_image *rgb = NULL, *patch = NULL;
    float *alpha = NULL;
    p2a_status status = P2A_OK;
    if (!p2a_transform_invert(faces->photo_from_frame[faces->index], crop_from_patch))
        return p2a_fail(ctx, P2A_ERR_INTERNAL, "a face's transform has no inverse");
    for (int row = 0; row < 6; row += 3)
        crop_from_patch[row + 2] +=
            crop_from_patch[row] * (double)bounds[0] + crop_from_patch[row + 1] * (double)bounds[1];
    alpha = p2a_alloc(ctx, width * height * sizeof *alpha);
    if (alpha == NULL)
        status = p2a_fail_memory(ctx, width * height * sizeof *alpha, "a face's mask");
    if (status == P2A_OK)
        status = p2a_plane_warp(ctx, mask, CROP_PX, CROP_PX, crop_from_patch, width, height, alpha);
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

/* Where this face meets others and the scene: [CROP_PX, CROP_PX] of 0..1. Given, p2a_free(). */
static p2a_status make_mask(p2a_faces *faces, float **out)
{
    p2a_context *ctx = faces->ctx;
    float *planes = p2a_alloc(ctx, 2 * CROP_PIXELS * sizeof *planes);
    if (planes == NULL)
        return p2a_fail_memory(ctx, 2 * CROP_PIXELS * sizeof *planes, "a face's mask");
    p2a_align_share((const double(*)[6])faces->photo_from_frame, faces->count, faces->index,
                    CROP_PX, planes + CROP_PIXELS);
    const p2a_status status =
        p2a_mask_blend(ctx, faces->classes, CROP_PX, planes + CROP_PIXELS, planes);
    if (status != P2A_OK) {
        p2a_free(ctx, planes);
        return status;
    }
    *out = planes;
    return P2A_OK;
}

static p2a_status set_back(p2a_faces *faces, const p2a_image *painted, p2a_image *scene)
{
    size_t bounds[4];
    float *mask = NULL;
    p2a_image *patch = NULL;
    if (!p2a_align_bounds(faces->photo_from_frame[faces->index], CROP_PX, scene->width_px,
                          scene->height_px, bounds))
        return P2A_OK;
    p2a_status status = make_mask(faces, &mask);
    if (status == P2A_OK)
        status = make_patch(faces, painted, mask, bounds, &patch);
    if (status == P2A_OK)
        status = p2a_poisson_blend(faces->ctx, scene, patch, bounds[0], bounds[1], NULL, NULL);
    if (status == P2A_OK)
        faces->painted++;
    p2a_image_destroy(patch);
    p2a_free(faces->ctx, mask);
    return status;
}

/* The generator has painted the crop: correct its regions and set it into the scene. */
static p2a_status finish_face(p2a_faces *faces, p2a_image *scene)
{
    p2a_image *painted = p2a_scene_take(faces->scene);
    faces->multiply_adds += p2a_scene_multiply_adds(faces->scene);
    p2a_status status = p2a_regions_correct(faces->ctx, faces->crop, faces->classes, NULL, painted);
    const double begin = p2a_now_ms();
    if (status == P2A_OK)
        status = set_back(faces, painted, scene);
    faces->blend_ms += p2a_now_ms() - begin;
    p2a_image_destroy(painted);
    return status == P2A_OK ? next_face(faces) : status;
}

static p2a_status step_detector(p2a_faces *faces, double budget, double *part)
{
    p2a_status status = p2a_answer_step(faces->detector, budget, part);
    if (status != P2A_OK || *part < 1.0)
        return status;
    *part = 0;
    status = read_detector(faces);
    if (status == P2A_OK)
        status = choose_faces(faces);
    return status == P2A_OK ? begin_face(faces) : status;
}

p2a_status p2a_faces_step(p2a_faces *faces, p2a_image *scene, double budget, double *out_done)
{
    const double begin = p2a_now_ms(), blended = faces->blend_ms;
    const size_t index = faces->index;
    double part = 0;
    p2a_status status = P2A_OK;
    switch (faces->stage) {
    case STAGE_DETECT:
        status = step_detector(faces, budget, &part);
        break;
    case STAGE_PARSE:
        status = p2a_answer_step(faces->parser, budget, &part);
        if (status == P2A_OK && part >= 1.0)
            status = begin_painting(faces);
        part = 0;
        break;
    case STAGE_PAINT:
        status = p2a_scene_step(faces->scene, budget, &part);
        if (status == P2A_OK && part >= 1.0)
            status = finish_face(faces, scene);
        break;
    case STAGE_DONE:
        break;
    }
    faces->paint_ms += p2a_now_ms() - begin - (faces->blend_ms - blended);
    /* the detector's share of the whole is set to that of one face */
    const double looked = faces->detector ? 0.0 : 1.0;
    const double of_face = faces->index == index ? part : 0;
    *out_done = (looked + (double)faces->index + of_face) / (1.0 + (double)faces->count);
    if (faces->detector)
        *out_done = 0.5 * part / (1.0 + P2A_FACES_MAX);
    if (status == P2A_OK && faces->stage == STAGE_DONE)
        *out_done = 1.0;
    else if (*out_done > 0.999)
        *out_done = 0.999;
    return status;
}

const p2a_face_list *p2a_faces_found(const p2a_faces *faces)
{
    return &faces->found;
}

double p2a_faces_paint_ms(const p2a_faces *faces)
{
    return faces->paint_ms;
}

double p2a_faces_blend_ms(const p2a_faces *faces)
{
    return faces->blend_ms;
}

double p2a_faces_multiply_adds(const p2a_faces *faces)
{
    return faces->multiply_adds;
}

size_t p2a_faces_painted(const p2a_faces *faces)
{
    return faces->painted;
}
