/* find.c - the photo at the detector's size -> the detector's outputs -> faces */
#include "pipeline/find.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "image/resize.h"
#include "pipeline/answer.h"

/* A higher bar than the detector's own: the present one answers on patterns and round things too.
 * At 0.9 one false face in thirty scenes is left, and one true face in five is left to the scene
 * (models/cards/detector.md). */
#define FACE_SCORE 0.9f

/* Found in one photo at most; more are only counted by what is cut off. */
#define FOUND_MAX P2A_DETECT_CANDIDATES

struct p2a_find {
    p2a_context *ctx;
    p2a_image *seen; /* the photo as the detector sees it; NULL: the photo itself */
    double photo_from_seen[6];
    p2a_answer *answer;
    p2a_face_list found;
};

p2a_status p2a_check_kind(p2a_context *ctx, const p2a_model *model, const char *kind,
                          uint32_t outputs)
{
    const char *got = p2a_model_metadata(model, "kind");
    const p2a_graph *graph = &model->graph;
    if (strcmp(got, kind) != 0 || graph->output_count != outputs)
        return p2a_fail(ctx, P2A_ERR_MODEL,
                        "expected a %s with %u outputs, got a %.20s with %u outputs", kind, outputs,
                        got, graph->output_count);
    if (graph->tensors[graph->input].channels != 3)
        return p2a_fail(ctx, P2A_ERR_MODEL, "expected a %s that takes 3 channels, got %u", kind,
                        graph->tensors[graph->input].channels);
    return P2A_OK;
}

/* The detector's outputs have the channels that face/detect reads. */
static p2a_status check_detector(p2a_context *ctx, const p2a_model *detector)
{
    static const uint32_t channels[3] = {P2A_DETECT_ANCHORS, 4 * P2A_DETECT_ANCHORS,
                                         2 * P2A_LANDMARK_COUNT * P2A_DETECT_ANCHORS};
    const p2a_status status = p2a_check_kind(ctx, detector, "detector", 3 * P2A_DETECT_LEVELS);
    const p2a_graph *graph = &detector->graph;
    for (uint32_t i = 0; status == P2A_OK && i < 3 * P2A_DETECT_LEVELS; i++)
        if (graph->tensors[graph->outputs[i]].channels != channels[i % 3])
            return p2a_fail(ctx, P2A_ERR_MODEL,
                            "expected %u channels for detector output %u, got %u", channels[i % 3],
                            i, graph->tensors[graph->outputs[i]].channels);
    return status;
}

p2a_status p2a_find_create(p2a_context *ctx, const p2a_model *detector, const p2a_image *photo,
                           p2a_find **out)
{
    *out = NULL;
    p2a_status status = check_detector(ctx, detector);
    if (status != P2A_OK)
        return status;
    p2a_find *find = p2a_alloc_zeroed(ctx, 1, sizeof *find);
    if (find == NULL)
        return p2a_fail_memory(ctx, sizeof *find, "face finding");
    find->ctx = ctx;
    const double long_px = photo->width_px > photo->height_px ? photo->width_px : photo->height_px;
    const double scale = long_px > P2A_FIND_PX ? P2A_FIND_PX / long_px : 1.0;
    if (scale < 1.0) {
        const size_t width = (size_t)fmax(1, floor(photo->width_px * scale + 0.5));
        const size_t height = (size_t)fmax(1, floor(photo->height_px * scale + 0.5));
        status = p2a_image_resize(ctx, photo, width, height, &find->seen);
    }
    const p2a_image *seen = find->seen ? find->seen : photo;
    find->photo_from_seen[0] = (double)photo->width_px / seen->width_px;
    find->photo_from_seen[4] = (double)photo->height_px / seen->height_px;
    if (status == P2A_OK)
        status = p2a_answer_create(ctx, detector, &find->answer);
    if (status == P2A_OK)
        status = p2a_answer_start(find->answer, seen);
    if (status != P2A_OK) {
        p2a_find_destroy(find);
        return status;
    }
    *out = find;
    return P2A_OK;
}

static void forget_answer(p2a_find *find)
{
    p2a_answer_destroy(find->answer);
    p2a_image_destroy(find->seen);
    find->answer = NULL;
    find->seen = NULL;
}

void p2a_find_destroy(p2a_find *find)
{
    if (find == NULL)
        return;
    forget_answer(find);
    p2a_face_list_destroy(&find->found);
    p2a_free(find->ctx, find);
}

/* Outputs of the detector -> faces in photo coordinates. */
static p2a_status read_answer(p2a_find *find)
{
    p2a_detect_level levels[P2A_DETECT_LEVELS];
    for (uint32_t l = 0; l < P2A_DETECT_LEVELS; l++) {
        const p2a_shape shape = p2a_answer_shape(find->answer, 3 * l);
        levels[l] = (p2a_detect_level){
            p2a_answer_values(find->answer, 3 * l), p2a_answer_values(find->answer, 3 * l + 1),
            p2a_answer_values(find->answer, 3 * l + 2), shape.height, shape.width};
    }
    p2a_detect_pool pool;
    memset(&pool, 0, sizeof pool);
    p2a_status status = p2a_detect_add(find->ctx, levels, find->photo_from_seen, FACE_SCORE, &pool);
    if (status == P2A_OK)
        status = p2a_detect_merge(find->ctx, &pool, P2A_DETECT_IOU, FOUND_MAX, &find->found);
    p2a_detect_pool_destroy(&pool);
    forget_answer(find); /* its activations are the largest thing here */
    return status;
}

p2a_status p2a_find_step(p2a_find *find, double budget, double *out_done)
{
    *out_done = 1.0;
    if (find->answer == NULL)
        return P2A_OK;
    const p2a_status status = p2a_answer_step(find->answer, budget, out_done);
    return status == P2A_OK && *out_done >= 1.0 ? read_answer(find) : status;
}

void p2a_find_take(p2a_find *find, p2a_face_list *out)
{
    *out = find->found;
    memset(&find->found, 0, sizeof find->found);
}
