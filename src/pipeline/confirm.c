/* confirm.c - candidates for faces -> upright frames -> the detector's answers about them -> faces
 */
#include "pipeline/confirm.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "face/align.h"
#include "image/warp.h"

/* Where the frame's own face lies: middle and mean side of the boxes of the 90 held-out portraits,
 * in frames. An answer farther from there, or of a very different size, means somebody else. */
#define FRAME_FACE_X 0.498
#define FRAME_FACE_Y 0.551
#define FRAME_FACE_SIDE 0.637
#define OFF_CENTRE_MAX 0.25 /* in frames */
#define SIZE_SPREAD 1.8
/* About thirty anchors see the frame's face; those whose boxes overlap this much are asked where
 * its landmarks lie, and the mean is up to a tenth nearer than the best anchor's answer. */
#define ASKED_IOU 0.6f

/* The frames of one candidate, one after another. */
typedef enum frame_kind {
    FRAME_COARSE, /* cut out by the candidate's own landmarks */
    FRAME_FINE,   /* by those that were found in it */
    FRAME_MIRRORED
} frame_kind;

struct p2a_confirm {
    p2a_context *ctx;
    p2a_answer *answer;
    const p2a_image *photo;
    p2a_face_list candidates;
    float score;
    size_t index;
    frame_kind kind;
    p2a_image *frame; /* of the candidate at hand; NULL: the next one has not begun */
    double photo_from_frame[6];
    p2a_detect_candidate seen;                  /* the candidate at hand in its coarse frame */
    double scores;                              /* sum over its frames */
    double landmarks_px[P2A_LANDMARK_COUNT][2]; /* sums over its fine frames */
    p2a_detect_pool pool;
};

void p2a_detect_levels(const p2a_answer *answer, p2a_detect_level levels[P2A_DETECT_LEVELS])
{
    for (uint32_t l = 0; l < P2A_DETECT_LEVELS; l++) {
        const p2a_shape shape = p2a_answer_shape(answer, 3 * l);
        levels[l] = (p2a_detect_level){
            p2a_answer_values(answer, 3 * l), p2a_answer_values(answer, 3 * l + 1),
            p2a_answer_values(answer, 3 * l + 2), shape.height, shape.width};
    }
}

p2a_status p2a_confirm_create(p2a_context *ctx, p2a_answer *detector, const p2a_image *photo,
                              p2a_face_list *candidates, float score, p2a_confirm **out)
{
    *out = NULL;
    p2a_confirm *confirm = p2a_alloc_zeroed(ctx, 1, sizeof *confirm);
    if (confirm == NULL) {
        p2a_answer_destroy(detector);
        p2a_face_list_destroy(candidates);
        return p2a_fail_memory(ctx, sizeof *confirm, "a second look at faces");
    }
    confirm->ctx = ctx;
    confirm->answer = detector;
    confirm->photo = photo;
    confirm->candidates = *candidates;
    confirm->score = score;
    memset(candidates, 0, sizeof *candidates);
    if (confirm->candidates.count > P2A_CONFIRM_MAX)
        confirm->candidates.count = P2A_CONFIRM_MAX;
    *out = confirm;
    return P2A_OK;
}

void p2a_confirm_destroy(p2a_confirm *confirm)
{
    if (confirm == NULL)
        return;
    p2a_image_destroy(confirm->frame);
    p2a_detect_pool_destroy(&confirm->pool);
    p2a_face_list_destroy(&confirm->candidates);
    p2a_answer_destroy(confirm->answer);
    p2a_free(confirm->ctx, confirm);
}

static void next_candidate(p2a_confirm *confirm)
{
    confirm->index++;
    confirm->kind = FRAME_COARSE;
}

/* Cut out the next frame, of the next candidate whose landmarks are those of a face. */
static p2a_status begin_frame(p2a_confirm *confirm)
{
    for (; confirm->index < confirm->candidates.count; next_candidate(confirm)) {
        const p2a_face *face = confirm->kind == FRAME_COARSE
                                   ? &confirm->candidates.faces[confirm->index]
                                   : &confirm->seen.face;
        if (p2a_align_face(confirm->ctx, face, P2A_CONFIRM_PX, confirm->photo_from_frame) == P2A_OK)
            break;
    }
    if (confirm->index == confirm->candidates.count)
        return P2A_OK;
    const p2a_status status =
        p2a_image_warp(confirm->ctx, confirm->photo, confirm->photo_from_frame, P2A_CONFIRM_PX,
                       P2A_CONFIRM_PX, &confirm->frame);
    return status == P2A_OK ? p2a_answer_start(confirm->answer, confirm->frame) : status;
}

/* The frame as in a mirror that stands on its right side. */
static p2a_status mirror_frame(p2a_confirm *confirm)
{
    const p2a_image *frame = confirm->frame;
    const uint32_t channels = frame->channels;
    for (size_t y = 0; y < P2A_CONFIRM_PX; y++) {
        uint8_t *left = frame->pixels + y * frame->stride_bytes;
        uint8_t *right = left + (size_t)(P2A_CONFIRM_PX - 1) * channels;
        for (; left < right; left += channels, right -= channels)
            for (uint32_t c = 0; c < channels; c++) {
                const uint8_t kept = left[c];
                left[c] = right[c];
                right[c] = kept;
            }
    }
    double *m = confirm->photo_from_frame;
    for (int row = 0; row < 6; row += 3) {
        m[row + 2] += m[row] * P2A_CONFIRM_PX;
        m[row] = -m[row];
    }
    confirm->kind = FRAME_MIRRORED;
    return p2a_answer_start(confirm->answer, frame);
}

/* Is this the face that the frame was cut out for? Both in photo pixels. */
static bool fits_frame(const p2a_face *face, const double m[6])
{
    const double frame_px = P2A_CONFIRM_PX * p2a_transform_scale(m);
    const double x = FRAME_FACE_X * P2A_CONFIRM_PX, y = FRAME_FACE_Y * P2A_CONFIRM_PX;
    const float *box = face->box_px;
    const double away = hypot((double)(box[0] + box[2]) / 2 - (m[0] * x + m[1] * y + m[2]),
                              (double)(box[1] + box[3]) / 2 - (m[3] * x + m[4] * y + m[5]));
    const double side = (double)(box[2] - box[0] + box[3] - box[1]) / 2;
    const double wanted = FRAME_FACE_SIDE * frame_px;
    return away < OFF_CENTRE_MAX * frame_px && side < wanted * SIZE_SPREAD &&
           side > wanted / SIZE_SPREAD;
}

/* Landmarks of the first candidate: the mean of what it and those of the same face say. */
static void average_landmarks(p2a_detect_candidate *candidates, size_t count)
{
    double sum[P2A_LANDMARK_COUNT][2] = {{0}};
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        const p2a_face *face = &candidates[i].face;
        if (p2a_box_iou(candidates[0].face.box_px, face->box_px) < ASKED_IOU)
            continue;
        for (int p = 0; p < P2A_LANDMARK_COUNT; p++)
            for (int axis = 0; axis < 2; axis++)
                sum[p][axis] += (double)face->landmarks_px[p][axis];
        asked++;
    }
    for (int p = 0; asked > 0 && p < P2A_LANDMARK_COUNT; p++)
        for (int axis = 0; axis < 2; axis++)
            candidates[0].face.landmarks_px[p][axis] = (float)(sum[p][axis] / (double)asked);
}

/* Left and right change places in a mirror. */
static p2a_landmark mirrored(p2a_landmark landmark)
{
    static const p2a_landmark other[P2A_LANDMARK_COUNT] = {
        P2A_LANDMARK_EYE_RIGHT, P2A_LANDMARK_EYE_LEFT, P2A_LANDMARK_NOSE, P2A_LANDMARK_MOUTH_RIGHT,
        P2A_LANDMARK_MOUTH_LEFT};
    return other[landmark];
}

static void add_landmarks(p2a_confirm *confirm, const p2a_face *face)
{
    for (int p = 0; p < P2A_LANDMARK_COUNT; p++) {
        const p2a_landmark from =
            confirm->kind == FRAME_MIRRORED ? mirrored((p2a_landmark)p) : (p2a_landmark)p;
        for (int axis = 0; axis < 2; axis++)
            confirm->landmarks_px[p][axis] += (double)face->landmarks_px[from][axis];
    }
}

/* What the frame shows of the candidate, which is in the pool from `best` on: false where nothing
 * there can be its face. */
static bool note_frame(p2a_confirm *confirm, p2a_detect_candidate *candidates, size_t best)
{
    const size_t count = confirm->pool.count;
    while (best < count && !fits_frame(&candidates[best].face, confirm->photo_from_frame))
        best++; /* p2a_detect_add() sorts by score */
    if (best == count)
        return false;
    average_landmarks(candidates + best, count - best);
    if (confirm->kind == FRAME_COARSE) {
        confirm->seen = candidates[best];
        confirm->scores = 0;
        memset(confirm->landmarks_px, 0, sizeof confirm->landmarks_px);
    } else {
        add_landmarks(confirm, &candidates[best].face);
    }
    confirm->scores += (double)candidates[best].face.score;
    return true;
}

/* All frames of the candidate were seen: its box is that of the first, its landmarks are the mean
 * of the others'. */
static p2a_detect_candidate whole_candidate(const p2a_confirm *confirm)
{
    p2a_detect_candidate made = confirm->seen;
    made.face.score = (float)(confirm->scores / P2A_CONFIRM_FRAMES);
    for (int p = 0; p < P2A_LANDMARK_COUNT; p++)
        for (int axis = 0; axis < 2; axis++)
            made.face.landmarks_px[p][axis] =
                (float)(confirm->landmarks_px[p][axis] / (P2A_CONFIRM_FRAMES - 1));
    return made;
}

/* Keep the candidate once its last frame was read, if it is a face. */
static p2a_status read_frame(p2a_confirm *confirm)
{
    p2a_detect_level levels[P2A_DETECT_LEVELS];
    p2a_detect_levels(confirm->answer, levels);
    p2a_detect_pool *pool = &confirm->pool;
    const size_t before = pool->count;
    /* with a lower score in one frame the mean cannot be enough */
    const float least = P2A_CONFIRM_FRAMES * confirm->score - (P2A_CONFIRM_FRAMES - 1);
    const p2a_status status =
        p2a_detect_add(confirm->ctx, levels, confirm->photo_from_frame, least, pool);
    if (status != P2A_OK)
        return status;
    bool goes_on = note_frame(confirm, pool->candidates, before);
    pool->count = before;
    if (goes_on && confirm->kind == FRAME_FINE)
        return mirror_frame(confirm);
    p2a_image_destroy(confirm->frame);
    confirm->frame = NULL;
    if (goes_on && confirm->kind == FRAME_MIRRORED) {
        const p2a_detect_candidate made = whole_candidate(confirm);
        if (made.face.score >= confirm->score)
            pool->candidates[pool->count++] = made; /* there was room for what is in this frame */
        goes_on = false;
    }
    if (goes_on)
        confirm->kind = FRAME_FINE;
    else
        next_candidate(confirm);
    return P2A_OK;
}

p2a_status p2a_confirm_step(p2a_confirm *confirm, double budget, double *out_done)
{
    double part = 0;
    p2a_status status = confirm->frame ? P2A_OK : begin_frame(confirm);
    if (status == P2A_OK && confirm->frame != NULL) {
        status = p2a_answer_step(confirm->answer, budget, &part);
        if (status == P2A_OK && part >= 1.0) {
            status = read_frame(confirm);
            part = 0;
        }
    }
    const double count = (double)confirm->candidates.count;
    part = ((double)confirm->kind + part) / P2A_CONFIRM_FRAMES;
    *out_done = count > 0 ? ((double)confirm->index + part) / count : 1.0;
    return status;
}

p2a_status p2a_confirm_take(p2a_confirm *confirm, p2a_face_list *out)
{
    return p2a_detect_merge(confirm->ctx, &confirm->pool, P2A_DETECT_IOU, P2A_CONFIRM_MAX, out);
}
