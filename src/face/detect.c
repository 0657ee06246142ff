/* detect.c - class logits, box and landmark deltas of three levels -> faces in the photo */
#include "face/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Variances of the box code (RetinaFace, after SSD): centres in tenths, log sizes in fifths. */
#define CENTRE_VARIANCE 0.1f
#define SIZE_VARIANCE 0.2f
/* exp() of more than this makes a box 60 times its prior: no trained network means that. */
#define LOG_SIZE_MAX 4.1f
/* Two passes saw one face if this part of the smaller box is in the larger one ... */
#define SAME_FACE_INSIDE 0.7f
/* ... and the centres are nearer than this part of the smaller box's longer side. */
#define SAME_FACE_CENTRE 0.35f

static float sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

static void point_transform(const double m[6], float x, float y, float out[2])
{
    out[0] = (float)(m[0] * (double)x + m[1] * (double)y + m[2]);
    out[1] = (float)(m[3] * (double)x + m[4] * (double)y + m[5]);
}

/* Turn a box by the matrix; see p2a_detect_add() on what a turned box is. */
static void box_transform(const double m[6], const float centre[2], const float size[2],
                          float box_px[4])
{
    double scale = sqrt(fabs(m[0] * m[4] - m[1] * m[3]));
    bool quarter = fabs(m[1]) > fabs(m[0]);
    double half_w = 0.5 * scale * (double)(quarter ? size[1] : size[0]);
    double half_h = 0.5 * scale * (double)(quarter ? size[0] : size[1]);
    float at[2];
    point_transform(m, centre[0], centre[1], at);
    box_px[0] = (float)(at[0] - half_w);
    box_px[1] = (float)(at[1] - half_h);
    box_px[2] = (float)(at[0] + half_w);
    box_px[3] = (float)(at[1] + half_h);
}

/* One anchor -> one face; false where a number is not finite or the box has no area. */
static bool decode_anchor(const float *box, const float *points, float prior_x, float prior_y,
                          float prior_px, const double m[6], p2a_face *out)
{
    float step = CENTRE_VARIANCE * prior_px;
    float centre[2] = {prior_x + box[0] * step, prior_y + box[1] * step};
    float size[2];
    for (int i = 0; i < 2; i++) {
        float log_size = box[2 + i] * SIZE_VARIANCE;
        if (!(fabsf(log_size) <= LOG_SIZE_MAX))
            return false;
        size[i] = prior_px * expf(log_size);
    }
    box_transform(m, centre, size, out->box_px);
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++) {
        float *at = out->landmarks_px[i];
        point_transform(m, prior_x + points[2 * i] * step, prior_y + points[2 * i + 1] * step, at);
        if (!isfinite(at[0]) || !isfinite(at[1]))
            return false;
    }
    for (int i = 0; i < 4; i++)
        if (!isfinite(out->box_px[i]))
            return false;
    return out->box_px[2] > out->box_px[0] && out->box_px[3] > out->box_px[1];
}

static size_t level_anchors(const p2a_detect_level *level)
{
    return level->rows * level->columns * P2A_DETECT_ANCHORS;
}

static size_t count_over(const p2a_detect_level levels[], float logit)
{
    size_t count = 0;
    for (int l = 0; l < P2A_DETECT_LEVELS; l++)
        for (size_t i = 0; i < level_anchors(&levels[l]); i++)
            count += levels[l].scores[i] >= logit;
    return count;
}

/* Write every face of at least the threshold; returns how many. `out` holds count_over() places. */
static size_t decode_levels(const p2a_detect_level levels[], const double m[6], float logit,
                            uint32_t pass, p2a_detect_candidate *out)
{
    size_t count = 0;
    uint32_t order = 0;
    for (int l = 0; l < P2A_DETECT_LEVELS; l++) {
        const p2a_detect_level *level = &levels[l];
        float stride_px = (float)(8 << l);
        for (size_t i = 0; i < level_anchors(level); i++, order++) {
            if (!(level->scores[i] >= logit))
                continue;
            size_t cell = i / P2A_DETECT_ANCHORS;
            float prior_px = (float)(16 << (2 * l + (int)(i % P2A_DETECT_ANCHORS)));
            float x = ((float)(cell % level->columns) + 0.5f) * stride_px;
            float y = ((float)(cell / level->columns) + 0.5f) * stride_px;
            p2a_detect_candidate *c = &out[count];
            if (!decode_anchor(level->boxes + 4 * i, level->landmarks + 10 * i, x, y, prior_px, m,
                               &c->face))
                continue;
            c->face.score = sigmoid(level->scores[i]);
            c->pass = pass;
            c->order = order;
            count++;
        }
    }
    return count;
}

static int compare_candidates(const void *a, const void *b)
{
    const p2a_detect_candidate *p = a, *q = b;
    if (p->face.score != q->face.score)
        return p->face.score > q->face.score ? -1 : 1;
    if (p->pass != q->pass)
        return p->pass < q->pass ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}

static p2a_status check_level(p2a_context *ctx, const p2a_detect_level *level, int index)
{
    size_t cells;
    if (level->scores == NULL || level->boxes == NULL || level->landmarks == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected three outputs for level %d, got NULL",
                        index);
    if (!p2a_mul_size(level->rows, level->columns, &cells) || cells > UINT32_MAX / 32)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected at most 2^27 cells for level %d, got %zux%zu", index,
                        level->columns, level->rows);
    return P2A_OK;
}

p2a_status p2a_detect_add(p2a_context *ctx, const p2a_detect_level levels[P2A_DETECT_LEVELS],
                          const double photo_from_input[6], float score, p2a_detect_pool *pool)
{
    if (!(score > 0.0f && score < 1.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected a number between 0 and 1 for score, got %g", (double)score);
    for (int l = 0; l < P2A_DETECT_LEVELS; l++) {
        p2a_status status = check_level(ctx, &levels[l], l);
        if (status != P2A_OK)
            return status;
    }
    /* Compared as a logit: the sigmoid is only computed for faces. */
    float logit = logf(score / (1.0f - score));
    size_t over = count_over(levels, logit), bytes;
    if (!p2a_mul_size(over, sizeof(p2a_detect_candidate), &bytes))
        return p2a_fail_memory(ctx, SIZE_MAX, "face candidates");
    p2a_detect_candidate *found = p2a_alloc(ctx, bytes);
    if (found == NULL)
        return p2a_fail_memory(ctx, bytes, "face candidates");
    size_t count = decode_levels(levels, photo_from_input, logit, pool->passes, found);
    qsort(found, count, sizeof *found, compare_candidates);
    if (count > P2A_DETECT_CANDIDATES)
        count = P2A_DETECT_CANDIDATES;

    p2a_status status = P2A_OK;
    if (count > 0) {
        bytes = (pool->count + count) * sizeof *found;
        p2a_detect_candidate *grown = p2a_realloc(ctx, pool->candidates, bytes);
        if (grown == NULL) {
            status = p2a_fail_memory(ctx, bytes, "face candidates");
        } else {
            memcpy(grown + pool->count, found, count * sizeof *found);
            pool->candidates = grown;
            pool->count += count;
        }
    }
    p2a_free(ctx, found);
    if (status == P2A_OK) {
        pool->ctx = ctx;
        pool->passes++;
    }
    return status;
}

static float box_area(const float box[4])
{
    return (box[2] - box[0]) * (box[3] - box[1]);
}

static float box_shared(const float a[4], const float b[4])
{
    float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]);
    float h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    return w > 0.0f && h > 0.0f ? w * h : 0.0f;
}

float p2a_box_iou(const float a[4], const float b[4])
{
    float shared = box_shared(a, b);
    float both = box_area(a) + box_area(b) - shared;
    return both > 0.0f ? shared / both : 0.0f;
}

static bool same_face(const p2a_detect_candidate *a, const p2a_detect_candidate *b, float iou)
{
    const float *p = a->face.box_px, *q = b->face.box_px;
    if (p2a_box_iou(p, q) > iou)
        return true;
    if (a->pass == b->pass)
        return false;
    const float *smaller = box_area(p) < box_area(q) ? p : q;
    if (box_shared(p, q) < SAME_FACE_INSIDE * box_area(smaller))
        return false;
    float dx = 0.5f * (p[0] + p[2] - q[0] - q[2]), dy = 0.5f * (p[1] + p[3] - q[1] - q[3]);
    float side = fmaxf(smaller[2] - smaller[0], smaller[3] - smaller[1]);
    return dx * dx + dy * dy < SAME_FACE_CENTRE * SAME_FACE_CENTRE * side * side;
}

p2a_status p2a_detect_merge(p2a_context *ctx, p2a_detect_pool *pool, float iou, size_t max_faces,
                            p2a_face_list *out)
{
    memset(out, 0, sizeof *out);
    if (max_faces < 1)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at least 1 for max_faces, got 0");
    if (pool->count == 0)
        return P2A_OK;
    qsort(pool->candidates, pool->count, sizeof *pool->candidates, compare_candidates);

    size_t places = max_faces < pool->count ? max_faces : pool->count;
    size_t bytes = places * sizeof(p2a_face);
    p2a_face *faces = p2a_alloc(ctx, bytes);
    const p2a_detect_candidate **kept = p2a_alloc(ctx, places * sizeof *kept);
    if (faces == NULL || kept == NULL) {
        p2a_free(ctx, faces);
        p2a_free(ctx, kept);
        return p2a_fail_memory(ctx, bytes, "faces");
    }
    size_t count = 0;
    bool capped = false;
    for (size_t i = 0; i < pool->count && !capped; i++) {
        const p2a_detect_candidate *c = &pool->candidates[i];
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = same_face(kept[k], c, iou);
        if (known)
            continue;
        if (count == places) {
            capped = true;
        } else {
            kept[count] = c;
            faces[count++] = c->face;
        }
    }
    p2a_free(ctx, kept);
    out->ctx = ctx;
    out->faces = faces;
    out->count = count;
    out->capped = capped;
    return P2A_OK;
}

void p2a_detect_pool_destroy(p2a_detect_pool *pool)
{
    if (pool == NULL)
        return;
    if (pool->candidates != NULL)
        p2a_free(pool->ctx, pool->candidates);
    memset(pool, 0, sizeof *pool);
}

void p2a_face_list_destroy(p2a_face_list *list)
{
    if (list == NULL)
        return;
    if (list->faces != NULL)
        p2a_free(list->ctx, list->faces);
    memset(list, 0, sizeof *list);
}
