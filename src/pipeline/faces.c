/* faces.c - face2paint: find each face, paint it at its own scale, set it back */
#include "pipeline/faces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "face/align.h"
#include "face/detail.h"
#include "face/lift.h"
#include "face/parse.h"
#include "face/recolour.h"
#include "face/regions.h"
#include "face/shade.h"
#include "face/sharpen.h"
#include "image/resize.h"
#include "image/warp.h"
#include "pipeline/answer.h"
#include "pipeline/find.h"
#include "pipeline/paste.h"
#include "pipeline/scene.h"

/* Faces are painted in crops of this side: the frame of the parser's training pictures. */
#define CROP_PX P2A_FRAME_PX
#define PARSER_PX 256
#define CROP_PIXELS ((size_t)CROP_PX * CROP_PX)

/* A crop without at least this part of skin holds no face that the parser knows: left alone. */
#define SKIN_PART_MIN 0.03

/* How the strengths of the options, 0.5 by default, become those of the corrections. */
#define TONE_PER_SKIN 1.7f
#define GLASSES 0.7f
#define FEATURES 0.5f

typedef enum stage { STAGE_FIND, STAGE_PARSE, STAGE_PAINT, STAGE_DONE } stage;

/* What is known of a face that is large enough. */
typedef struct chosen_face {
    size_t found; /* its place in the list of found faces */
    bool used;    /* the parser saw a face in it */
    size_t class_px[P2A_CLASS_COUNT];
    uint8_t *classes; /* [CROP_PX, CROP_PX]; owned; NULL where nobody will ask for them */
} chosen_face;

struct p2a_faces {
    p2a_context *ctx;
    p2a_faces_models models;
    p2a_options options;
    const p2a_image *photo;
    p2a_model *blend; /* between generator and portrait; NULL: the generator itself */
    stage stage;
    p2a_find *find;
    p2a_answer *parser;
    p2a_face_list found;
    chosen_face *chosen;
    double (*photo_from_frame)[6]; /* one a chosen face */
    size_t count, index, painted, left;
    p2a_scene *scene; /* the generator on crops, kept from face to face */
    /* the face at hand */
    p2a_image *crop, *small;
    uint8_t *classes; /* [CROP_PX, CROP_PX] */
    double all_ms, find_ms, cut_ms, parse_ms, correct_ms, blend_ms, multiply_adds;
};

static bool recolours(const p2a_options *o)
{
    return o->hair_color != P2A_COLOR_KEPT || o->lip_color != P2A_COLOR_KEPT ||
           o->eye_color != P2A_COLOR_KEPT || o->cloth_color != P2A_COLOR_KEPT;
}

static p2a_status check_parser(p2a_context *ctx, const p2a_model *parser)
{
    const p2a_status status = p2a_check_kind(ctx, parser, "parser", 1);
    const uint32_t channels = parser->graph.tensors[parser->graph.outputs[0]].channels;
    if (status == P2A_OK && channels != P2A_CLASS_COUNT)
        return p2a_fail(ctx, P2A_ERR_MODEL, "expected %d classes of the parser, got %u",
                        P2A_CLASS_COUNT, channels);
    return status;
}

/* The generator of the faces, between the style's and the portrait network. */
static p2a_status blend_generators(p2a_faces *faces)
{
    const float character = faces->options.character;
    if (!(character > 0.0f) || faces->models.generator == NULL)
        return P2A_OK;
    if (faces->models.portrait == NULL)
        return p2a_fail(faces->ctx, P2A_ERR_ARGUMENT,
                        "expected a portrait model for a character of %g, got NULL",
                        (double)character);
    const p2a_model *const models[2] = {faces->models.generator, faces->models.portrait};
    const float shares[2] = {1.0f - character, character};
    return p2a_model_blend(faces->ctx, models, shares, 2, &faces->blend);
}

p2a_status p2a_faces_create(p2a_context *ctx, const p2a_faces_models *models,
                            const p2a_image *photo, const p2a_options *options, p2a_faces **out)
{
    *out = NULL;
    p2a_status status = check_parser(ctx, models->parser);
    if (status != P2A_OK)
        return status;
    p2a_faces *faces = p2a_alloc_zeroed(ctx, 1, sizeof *faces);
    if (faces == NULL)
        return p2a_fail_memory(ctx, sizeof *faces, "face painting");
    faces->ctx = ctx;
    faces->models = *models;
    faces->options = *options;
    faces->photo = photo;
    status = p2a_find_check(ctx, models->detector);
    if (status == P2A_OK)
        status = blend_generators(faces);
    faces->models.portrait = NULL;
    if (status != P2A_OK) {
        p2a_faces_destroy(faces);
        return status;
    }
    *out = faces;
    return P2A_OK;
}

/* Bytes that a blend of generators holds, whose weights are all f32. */
static size_t blend_bytes(const p2a_graph *graph)
{
    size_t bytes = 0;
    for (uint32_t w = 0; w < graph->weight_count; w++)
        bytes += graph->weights[w].count * sizeof(float);
    return bytes;
}

p2a_status p2a_faces_estimate(p2a_context *ctx, const p2a_faces_models *models, size_t width_px,
                              size_t height_px, const p2a_options *options, p2a_faces_needs *out)
{
    size_t find = 0, parse = 0, paint = 0;
    double parse_work = 0, paint_work = 0, again = 0;
    p2a_statistics statistics = P2A_STATISTICS_AUTO;
    memset(out, 0, sizeof *out);
    p2a_status status = check_parser(ctx, models->parser);
    if (status == P2A_OK)
        status = p2a_find_estimate(ctx, models->detector, width_px, height_px, &find,
                                   &out->multiply_adds, &again);
    if (status == P2A_OK)
        status =
            p2a_answer_estimate(ctx, models->parser, PARSER_PX, PARSER_PX, &parse, &parse_work);
    if (status == P2A_OK)
        status = p2a_scene_estimate(ctx, models->generator, CROP_PX, CROP_PX, 0, &statistics,
                                    &paint, &paint_work);
    /* beside the networks: the crop, its small copy and its classes; then the painted crop */
    const size_t images = 3 * (2 * CROP_PIXELS + (size_t)PARSER_PX * PARSER_PX) + CROP_PIXELS;
    const size_t face = parse + paint + images + p2a_regions_bytes(CROP_PX);
    out->bytes = (face > find ? face : find) +
                 (options->character > 0.0f ? blend_bytes(&models->generator->graph) : 0);
    out->each = again + parse_work + paint_work;
    return status;
}

static void forget_crop(p2a_faces *faces)
{
    p2a_image_destroy(faces->crop);
    p2a_image_destroy(faces->small);
    faces->crop = faces->small = NULL;
}

void p2a_faces_destroy(p2a_faces *faces)
{
    if (faces == NULL)
        return;
    forget_crop(faces);
    for (size_t i = 0; i < faces->count; i++)
        p2a_free(faces->ctx, faces->chosen[i].classes);
    p2a_free(faces->ctx, faces->chosen);
    p2a_free(faces->ctx, faces->photo_from_frame);
    p2a_free(faces->ctx, faces->classes);
    p2a_face_list_destroy(&faces->found);
    p2a_scene_destroy(faces->scene);
    p2a_answer_destroy(faces->parser);
    p2a_find_destroy(faces->find);
    p2a_model_destroy(faces->blend);
    p2a_free(faces->ctx, faces);
}

/* A face that could be painted, and how large it is. */
typedef struct candidate {
    size_t found;
    float side_px;
} candidate;

static int larger_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->side_px != y->side_px)
        return x->side_px > y->side_px ? -1 : 1;
    return (x->found > y->found) - (x->found < y->found);
}

/* Shorter side of a face's box; 0 where its middle lies outside of the photo. */
static float side_of(const p2a_faces *faces, const p2a_face *face)
{
    const float *b = face->box_px, x = (b[0] + b[2]) / 2, y = (b[1] + b[3]) / 2;
    const bool inside =
        x >= 0 && y >= 0 && x < (float)faces->photo->width_px && y < (float)faces->photo->height_px;
    return inside ? fminf(b[2] - b[0], b[3] - b[1]) : 0.0f;
}

/* Which of the found faces are painted: large enough, with landmarks of a face, the largest. */
static p2a_status choose_faces(p2a_faces *faces)
{
    p2a_context *ctx = faces->ctx;
    const size_t found = faces->found.count, most = faces->options.max_faces;
    candidate *candidates = p2a_alloc_zeroed(ctx, found, sizeof *candidates);
    const size_t room = found < most ? found : most;
    faces->photo_from_frame = p2a_alloc_zeroed(ctx, room, sizeof *faces->photo_from_frame);
    faces->chosen = p2a_alloc_zeroed(ctx, room, sizeof *faces->chosen);
    faces->classes = p2a_alloc(ctx, CROP_PIXELS);
    if (!candidates || !faces->photo_from_frame || !faces->chosen || !faces->classes) {
        p2a_free(ctx, candidates);
        return p2a_fail_memory(ctx, found * sizeof *candidates + CROP_PIXELS, "face painting");
    }
    size_t count = 0;
    for (size_t i = 0; i < found; i++) {
        const float side_px = side_of(faces, &faces->found.faces[i]);
        if (side_px >= faces->options.face_min_px)
            candidates[count++] = (candidate){i, side_px};
    }
    qsort(candidates, count, sizeof *candidates, larger_first);
    for (size_t i = 0; i < count; i++) {
        double transform[6];
        if (p2a_align_face(ctx, &faces->found.faces[candidates[i].found], CROP_PX, transform) !=
            P2A_OK)
            continue;
        if (faces->count == most) {
            faces->left++;
            continue;
        }
        memcpy(faces->photo_from_frame[faces->count], transform, sizeof transform);
        faces->chosen[faces->count++].found = candidates[i].found;
    }
    p2a_free(ctx, candidates);
    return faces->count ? p2a_answer_create(ctx, faces->models.parser, &faces->parser) : P2A_OK;
}

/* Cut the next face out and hand it to the parser. */
static p2a_status begin_face(p2a_faces *faces)
{
    if (faces->index == faces->count) {
        faces->stage = STAGE_DONE;
        p2a_scene_destroy(faces->scene);
        p2a_answer_destroy(faces->parser);
        faces->scene = NULL;
        faces->parser = NULL;
        return P2A_OK;
    }
    faces->stage = STAGE_PARSE;
    const double begin = p2a_now_ms();
    p2a_status status =
        p2a_image_warp(faces->ctx, faces->photo, faces->photo_from_frame[faces->index], CROP_PX,
                       CROP_PX, &faces->crop);
    if (status == P2A_OK)
        status = p2a_image_resize(faces->ctx, faces->crop, PARSER_PX, PARSER_PX, &faces->small);
    faces->cut_ms += p2a_now_ms() - begin;
    return status == P2A_OK ? p2a_answer_start(faces->parser, faces->small) : status;
}

static p2a_status next_face(p2a_faces *faces)
{
    forget_crop(faces);
    faces->index++;
    return begin_face(faces);
}

static p2a_status step_find(p2a_faces *faces, double budget, double *part)
{
    p2a_status status = P2A_OK;
    if (faces->find == NULL) /* not before the scene is painted, and its memory free */
        status = p2a_find_create(faces->ctx, faces->models.detector, faces->photo, &faces->find);
    if (status == P2A_OK)
        status = p2a_find_step(faces->find, budget, part);
    if (status != P2A_OK || *part < 1.0)
        return status;
    *part = 0;
    p2a_find_take(faces->find, &faces->found);
    p2a_find_destroy(faces->find);
    faces->find = NULL;
    status = choose_faces(faces);
    return status == P2A_OK ? begin_face(faces) : status;
}

/* Keep the classes of the face at hand where they will be asked for. */
static p2a_status keep_classes(p2a_faces *faces)
{
    if (faces->models.generator != NULL && !recolours(&faces->options))
        return P2A_OK;
    uint8_t *copy = p2a_alloc(faces->ctx, CROP_PIXELS);
    if (copy == NULL)
        return p2a_fail_memory(faces->ctx, CROP_PIXELS, "a face's classes");
    memcpy(copy, faces->classes, CROP_PIXELS);
    faces->chosen[faces->index].classes = copy;
    return P2A_OK;
}

/* Pixels of the face's crop to one of the photo. */
static double enlargement_of(const p2a_faces *faces)
{
    return 1 / p2a_transform_scale(faces->photo_from_frame[faces->index]);
}

/* Paint the crop; the network and its plan stay for the next one. */
static p2a_status begin_painting(p2a_faces *faces)
{
    const double begin = p2a_now_ms();
    const float strength = faces->options.face_strength;
    p2a_status status = p2a_sharpen_face(faces->ctx, faces->crop, enlargement_of(faces), strength);
    if (status == P2A_OK)
        status = p2a_lift_face(faces->ctx, faces->crop, faces->classes, strength, NULL);
    faces->correct_ms += p2a_now_ms() - begin;
    if (status != P2A_OK)
        return status;
    faces->stage = STAGE_PAINT;
    if (faces->scene != NULL)
        return p2a_scene_restart(faces->scene, faces->crop);
    const p2a_model *generator = faces->blend ? faces->blend : faces->models.generator;
    return p2a_scene_create(faces->ctx, generator, faces->crop, 0, 0, P2A_STATISTICS_AUTO,
                            &faces->scene);
}

/* The parser has answered: is there a face, and what of it is where? */
static p2a_status read_parser(p2a_faces *faces)
{
    const p2a_shape shape = p2a_answer_shape(faces->parser, 0);
    chosen_face *face = &faces->chosen[faces->index];
    p2a_status status = p2a_parse_classes(faces->ctx, p2a_answer_values(faces->parser, 0),
                                          shape.height, shape.width, CROP_PX, faces->classes);
    if (status == P2A_OK)
        status = p2a_parse_keep_main(faces->ctx, faces->classes, CROP_PX);
    if (status != P2A_OK)
        return status;
    p2a_parse_areas(faces->classes, CROP_PIXELS, face->class_px);
    const size_t skin_px = face->class_px[P2A_CLASS_SKIN] + face->class_px[P2A_CLASS_NOSE];
    if ((double)skin_px < SKIN_PART_MIN * CROP_PIXELS)
        return next_face(faces);
    status = keep_classes(faces);
    face->used = status == P2A_OK;
    if (status != P2A_OK)
        return status;
    return faces->models.generator ? begin_painting(faces) : next_face(faces);
}

static p2a_status correct_regions(p2a_faces *faces, p2a_image *painted)
{
    const p2a_options *o = &faces->options;
    /* Of an enlarged face only a few photo pixels lie within the radius of evening, and what they
     * show is no blotches but the shape of cheek and chin. */
    const float even = o->face_skin * (1.0f - p2a_detail_lost(enlargement_of(faces)));
    const p2a_regions_options regions = {
        .skin_tone = fminf(TONE_PER_SKIN * o->face_skin, 1.0f) * o->face_strength,
        .skin_even = even * o->face_strength,
        .eyes = o->face_eyes * o->face_strength,
        .brows = o->face_lips * o->face_strength,
        .lips = o->face_lips * o->face_strength,
        /* the portrait's features are its own */
        .features = FEATURES * o->face_strength * (1.0f - o->character),
        .glasses = GLASSES * o->face_strength};
    return p2a_regions_correct(faces->ctx, faces->crop, faces->classes, &regions, painted);
}

/* After the regions' own corrections, which may smooth or sharpen twice what it has put there. The
 * portrait's lines are its own. */
static p2a_status take_detail(p2a_faces *faces, p2a_image *painted)
{
    const float strength = faces->options.face_strength * (1.0f - faces->options.character);
    return p2a_detail_match(faces->ctx, faces->crop, faces->classes, enlargement_of(faces),
                            strength, painted);
}

/* The more the portrait network had its way, the more of light and tone is the scene's. */
static p2a_status take_light(p2a_faces *faces, const p2a_image *scene, p2a_image *painted)
{
    const float strength = faces->options.character * faces->options.face_strength;
    p2a_image *seen = NULL;
    if (!(strength > 0.0f))
        return P2A_OK;
    p2a_status status = p2a_image_warp(faces->ctx, scene, faces->photo_from_frame[faces->index],
                                       CROP_PX, CROP_PX, &seen);
    if (status == P2A_OK)
        status = p2a_shade_match(faces->ctx, seen, faces->classes, strength, painted);
    p2a_image_destroy(seen);
    return status;
}

static p2a_paste paste_of(const p2a_faces *faces, size_t index, const uint8_t *classes)
{
    return (p2a_paste){classes, CROP_PX, (const double(*)[6])faces->photo_from_frame, faces->count,
                       index};
}

/* The generator has painted the crop: correct its regions and set it into the scene. */
static p2a_status finish_face(p2a_faces *faces, p2a_image *scene)
{
    p2a_image *painted = p2a_scene_take(faces->scene);
    faces->multiply_adds += p2a_scene_multiply_adds(faces->scene);
    double begin = p2a_now_ms();
    p2a_status status = take_light(faces, scene, painted);
    if (status == P2A_OK)
        status = correct_regions(faces, painted);
    if (status == P2A_OK)
        status = take_detail(faces, painted);
    faces->correct_ms += p2a_now_ms() - begin;
    begin = p2a_now_ms();
    if (status == P2A_OK) {
        const p2a_paste paste = paste_of(faces, faces->index, faces->classes);
        status = p2a_paste_crop(faces->ctx, &paste, painted, scene);
        faces->painted++;
    }
    faces->blend_ms += p2a_now_ms() - begin;
    p2a_image_destroy(painted);
    return status == P2A_OK ? next_face(faces) : status;
}

p2a_status p2a_faces_step(p2a_faces *faces, p2a_image *scene, double budget, double *out_done)
{
    const double begin = p2a_now_ms(), blended = faces->blend_ms, corrected = faces->correct_ms;
    const double cut = faces->cut_ms;
    const stage now = faces->stage;
    const size_t index = faces->index;
    double part = 0;
    p2a_status status = P2A_OK;
    switch (faces->stage) {
    case STAGE_FIND:
        status = step_find(faces, budget, &part);
        break;
    case STAGE_PARSE:
        status = p2a_answer_step(faces->parser, budget, &part);
        if (status == P2A_OK && part >= 1.0)
            status = read_parser(faces);
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
    const double ms = p2a_now_ms() - begin - (faces->blend_ms - blended);
    faces->all_ms += ms;
    if (now == STAGE_FIND)
        faces->find_ms += ms - (faces->cut_ms - cut);
    else if (now == STAGE_PARSE)
        faces->parse_ms += ms - (faces->correct_ms - corrected) - (faces->cut_ms - cut);
    /* the detector's share of the whole is set to that of one face; of how many is not known yet */
    const double of_face = faces->index == index ? part : 0;
    if (faces->find)
        *out_done = 0.5 * part / (1.0 + (double)faces->options.max_faces);
    else
        *out_done = (1.0 + (double)faces->index + of_face) / (1.0 + (double)faces->count);
    if (status == P2A_OK && faces->stage == STAGE_DONE)
        *out_done = 1.0;
    else if (*out_done > 0.999)
        *out_done = 0.999;
    return status;
}

p2a_status p2a_faces_recolour(p2a_faces *faces, p2a_image *scene)
{
    const p2a_options *o = &faces->options;
    const p2a_recolour_options colours = {o->hair_color, o->lip_color, o->eye_color,
                                          o->cloth_color};
    const double begin = p2a_now_ms();
    p2a_status status = P2A_OK;
    for (size_t i = 0; status == P2A_OK && i < faces->count && recolours(o); i++) {
        if (!faces->chosen[i].used)
            continue;
        const p2a_paste paste = paste_of(faces, i, faces->chosen[i].classes);
        status = p2a_check_stop(faces->ctx);
        if (status == P2A_OK)
            status = p2a_paste_colours(faces->ctx, &paste, &colours, scene);
    }
    faces->all_ms += p2a_now_ms() - begin;
    return status;
}

size_t p2a_faces_count(const p2a_faces *faces)
{
    return faces->found.count;
}

/* The chosen face that is number `index` of the found ones; NULL where it was not chosen. */
static const chosen_face *find_chosen(const p2a_faces *faces, size_t index)
{
    for (size_t i = 0; i < faces->count; i++)
        if (faces->chosen[i].found == index && faces->chosen[i].used)
            return &faces->chosen[i];
    return NULL;
}

void p2a_faces_info(const p2a_faces *faces, size_t index, p2a_face_info *out)
{
    const p2a_face *face = &faces->found.faces[index];
    memset(out, 0, sizeof *out);
    memcpy(out->box_px, face->box_px, sizeof out->box_px);
    out->score = face->score;
    memcpy(out->landmarks_px, face->landmarks_px, sizeof out->landmarks_px);
    const chosen_face *chosen = find_chosen(faces, index);
    if (chosen == NULL)
        return;
    out->used = 1.0f;
    for (size_t i = 0; i < 6; i++)
        out->photo_from_crop[i] = (float)faces->photo_from_frame[chosen - faces->chosen][i];
    for (size_t i = 0; i < P2A_CLASS_COUNT; i++)
        out->class_px[i] = (float)chosen->class_px[i];
}

const uint8_t *p2a_faces_classes(const p2a_faces *faces, size_t index)
{
    const chosen_face *chosen = faces->models.generator ? NULL : find_chosen(faces, index);
    return chosen ? chosen->classes : NULL;
}

void p2a_faces_report(const p2a_faces *faces, p2a_result *result)
{
    result->faces_ms = faces->all_ms;
    result->find_ms = faces->find_ms;
    result->parse_ms = faces->cut_ms + faces->parse_ms;
    result->correct_ms = faces->correct_ms;
    result->blend_ms = faces->blend_ms;
    result->face_count = (double)faces->painted;
    result->faces_left = (double)faces->left;
    result->multiply_adds += faces->multiply_adds;
}
