/* find.c - the photo at two sizes -> the detector's candidates -> a second look at each -> faces */
#include "pipeline/find.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "image/resize.h"
#include "pipeline/answer.h"
#include "pipeline/confirm.h"

/* A candidate of the first look gets a second one from here; that one decides. Upright and at one
 * scale most faces score above 0.98, so the bar can be high, and the first one low. */
#define CANDIDATE_SCORE 0.1f
#define FACE_SCORE 0.97f

/* Faces that fill a large photo are beyond the largest anchor: a copy of this long side shows them.
 * Photos less than twice as large are seen only once. */
#define SMALL_PX 320

/* Candidates of one photo at most; more are only counted by what is cut off. */
#define FOUND_MAX P2A_DETECT_CANDIDATES

typedef enum look { LOOK_PHOTO, LOOK_SMALL, LOOK_AGAIN, LOOK_DONE } look;

struct p2a_find {
    p2a_context *ctx;
    const p2a_image *photo;
    look look;
    p2a_image *seen; /* the photo as the detector sees it; NULL: the photo itself */
    double photo_from_seen[6];
    p2a_answer *answer;
    p2a_detect_pool pool;
    p2a_confirm *confirm;
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
p2a_status p2a_find_check(p2a_context *ctx, const p2a_model *detector)
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

static size_t long_side(const p2a_image *image)
{
    return image->width_px > image->height_px ? image->width_px : image->height_px;
}

/* A side of the photo as the detector sees it. */
static size_t seen_px(size_t px, double scale)
{
    return scale < 1.0 ? (size_t)fmax(1, floor((double)px * scale + 0.5)) : px;
}

/* Show the detector the photo, no larger than this. */
static p2a_status begin_look(p2a_find *find, look next, double long_px)
{
    find->look = next;
    p2a_image_destroy(find->seen);
    find->seen = NULL;
    const p2a_image *photo = find->photo;
    const double scale = fmin(1.0, long_px / (double)long_side(photo));
    p2a_status status = P2A_OK;
    if (scale < 1.0)
        status = p2a_image_resize(find->ctx, photo, seen_px(photo->width_px, scale),
                                  seen_px(photo->height_px, scale), &find->seen);
    if (status != P2A_OK)
        return status;
    const p2a_image *seen = find->seen ? find->seen : photo;
    find->photo_from_seen[0] = (double)photo->width_px / (double)seen->width_px;
    find->photo_from_seen[4] = (double)photo->height_px / (double)seen->height_px;
    return p2a_answer_start(find->answer, seen);
}

p2a_status p2a_find_create(p2a_context *ctx, const p2a_model *detector, const p2a_image *photo,
                           p2a_find **out)
{
    *out = NULL;
    p2a_status status = p2a_find_check(ctx, detector);
    if (status != P2A_OK)
        return status;
    p2a_find *find = p2a_alloc_zeroed(ctx, 1, sizeof *find);
    if (find == NULL)
        return p2a_fail_memory(ctx, sizeof *find, "face finding");
    find->ctx = ctx;
    find->photo = photo;
    status = p2a_answer_create(ctx, detector, &find->answer);
    if (status == P2A_OK)
        status = begin_look(find, LOOK_PHOTO, P2A_FIND_PX);
    if (status != P2A_OK) {
        p2a_find_destroy(find);
        return status;
    }
    *out = find;
    return P2A_OK;
}

/* One look at the photo, no larger than long_px: the looks come one after another. */
static p2a_status estimate_look(p2a_context *ctx, const p2a_model *detector, size_t width_px,
                                size_t height_px, double long_px, size_t *most,
                                double *multiply_adds)
{
    const double scale = fmin(1.0, long_px / (double)(width_px > height_px ? width_px : height_px));
    const size_t width = seen_px(width_px, scale), height = seen_px(height_px, scale);
    size_t bytes = 0;
    double work = 0;
    const p2a_status status = p2a_answer_estimate(ctx, detector, height, width, &bytes, &work);
    bytes += scale < 1.0 ? width * height * 3 : 0;
    if (*most < bytes)
        *most = bytes;
    *multiply_adds += work;
    return status;
}

p2a_status p2a_find_estimate(p2a_context *ctx, const p2a_model *detector, size_t width_px,
                             size_t height_px, size_t *bytes, double *multiply_adds, double *each)
{
    *bytes = 0;
    *multiply_adds = *each = 0;
    const size_t longest = width_px > height_px ? width_px : height_px;
    p2a_status status = p2a_find_check(ctx, detector);
    if (status == P2A_OK)
        status =
            estimate_look(ctx, detector, width_px, height_px, P2A_FIND_PX, bytes, multiply_adds);
    if (status == P2A_OK && longest >= (size_t)2 * SMALL_PX)
        status = estimate_look(ctx, detector, width_px, height_px, SMALL_PX, bytes, multiply_adds);
    if (status == P2A_OK)
        status = estimate_look(ctx, detector, P2A_CONFIRM_PX, P2A_CONFIRM_PX, P2A_CONFIRM_PX, bytes,
                               each);
    *each *= P2A_CONFIRM_FRAMES;
    return status;
}

void p2a_find_destroy(p2a_find *find)
{
    if (find == NULL)
        return;
    p2a_answer_destroy(find->answer);
    p2a_image_destroy(find->seen);
    p2a_detect_pool_destroy(&find->pool);
    p2a_confirm_destroy(find->confirm);
    p2a_face_list_destroy(&find->found);
    p2a_free(find->ctx, find);
}

/* All candidates are known: look at each again. */
static p2a_status begin_again(p2a_find *find)
{
    p2a_image_destroy(find->seen);
    find->seen = NULL;
    p2a_face_list candidates;
    const p2a_status status =
        p2a_detect_merge(find->ctx, &find->pool, P2A_DETECT_IOU, FOUND_MAX, &candidates);
    p2a_detect_pool_destroy(&find->pool);
    if (status != P2A_OK)
        return status;
    find->look = LOOK_AGAIN;
    p2a_answer *answer = find->answer;
    find->answer = NULL;
    return p2a_confirm_create(find->ctx, answer, find->photo, &candidates, FACE_SCORE,
                              &find->confirm);
}

/* The detector has answered about the photo or its small copy. */
static p2a_status read_answer(p2a_find *find)
{
    p2a_detect_level levels[P2A_DETECT_LEVELS];
    p2a_detect_levels(find->answer, levels);
    const p2a_status status =
        p2a_detect_add(find->ctx, levels, find->photo_from_seen, CANDIDATE_SCORE, &find->pool);
    if (status != P2A_OK)
        return status;
    if (find->look == LOOK_PHOTO && long_side(find->photo) >= (size_t)2 * SMALL_PX)
        return begin_look(find, LOOK_SMALL, SMALL_PX);
    return begin_again(find);
}

static p2a_status finish(p2a_find *find)
{
    const p2a_status status = p2a_confirm_take(find->confirm, &find->found);
    p2a_confirm_destroy(find->confirm);
    find->confirm = NULL;
    find->look = LOOK_DONE;
    return status;
}

/* Shares of the whole are guesses: how many candidates there will be is not known before. */
p2a_status p2a_find_step(p2a_find *find, double budget, double *out_done)
{
    static const double before[] = {0, 0.7, 0.75, 1}, share[] = {0.7, 0.05, 0.25, 0};
    const look now = find->look;
    double part = 1;
    p2a_status status = P2A_OK;
    if (now == LOOK_AGAIN)
        status = p2a_confirm_step(find->confirm, budget, &part);
    else if (now != LOOK_DONE)
        status = p2a_answer_step(find->answer, budget, &part);
    if (status == P2A_OK && part >= 1.0 && now != LOOK_DONE)
        status = now == LOOK_AGAIN ? finish(find) : read_answer(find);
    *out_done = find->look == LOOK_DONE ? 1.0 : before[now] + share[now] * fmin(part, 0.999);
    return status;
}

void p2a_find_take(p2a_find *find, p2a_face_list *out)
{
    *out = find->found;
    memset(&find->found, 0, sizeof find->found);
}
