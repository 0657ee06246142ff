/* face_detect.c - encoded faces come back from the decoder, and merging agrees with a plain loop */
#include "face/detect.h"

#include "check.h"
#include "failing_context.h"

#define INPUT_PX 256

/* A network's outputs, all "no face", that a test writes faces into. */
typedef struct outputs {
    p2a_detect_level levels[P2A_DETECT_LEVELS];
    float *scores[P2A_DETECT_LEVELS], *boxes[P2A_DETECT_LEVELS], *landmarks[P2A_DETECT_LEVELS];
} outputs;

static void outputs_create(outputs *o, size_t width_px, size_t height_px)
{
    for (int l = 0; l < P2A_DETECT_LEVELS; l++) {
        size_t stride = (size_t)8 << l;
        size_t columns = (width_px + stride - 1) / stride, rows = (height_px + stride - 1) / stride;
        size_t anchors = rows * columns * 2;
        o->scores[l] = malloc(anchors * sizeof(float));
        o->boxes[l] = calloc(anchors * 4, sizeof(float));
        o->landmarks[l] = calloc(anchors * 10, sizeof(float));
        for (size_t i = 0; i < anchors; i++)
            o->scores[l][i] = -8.0f;
        o->levels[l] =
            (p2a_detect_level){o->scores[l], o->boxes[l], o->landmarks[l], rows, columns};
    }
}

static void outputs_destroy(outputs *o)
{
    for (int l = 0; l < P2A_DETECT_LEVELS; l++) {
        free(o->scores[l]);
        free(o->boxes[l]);
        free(o->landmarks[l]);
    }
}

/* The inverse of the decoder, written from the paper's formulas for the prior list of one cell. */
static void encode(outputs *o, int level, size_t row, size_t column, int anchor,
                   const p2a_face *face)
{
    static const float sizes_px[3][2] = {{16, 32}, {64, 128}, {256, 512}};
    static const float steps_px[3] = {8, 16, 32};
    size_t i = (row * o->levels[level].columns + column) * 2 + (size_t)anchor;
    float prior = sizes_px[level][anchor];
    float px = ((float)column + 0.5f) * steps_px[level], py = ((float)row + 0.5f) * steps_px[level];
    const float *b = face->box_px;
    o->scores[level][i] = logf(face->score / (1.0f - face->score));
    o->boxes[level][4 * i] = ((b[0] + b[2]) / 2 - px) / (0.1f * prior);
    o->boxes[level][4 * i + 1] = ((b[1] + b[3]) / 2 - py) / (0.1f * prior);
    o->boxes[level][4 * i + 2] = logf((b[2] - b[0]) / prior) / 0.2f;
    o->boxes[level][4 * i + 3] = logf((b[3] - b[1]) / prior) / 0.2f;
    for (int k = 0; k < P2A_LANDMARK_COUNT; k++) {
        o->landmarks[level][10 * i + 2 * (size_t)k] =
            (face->landmarks_px[k][0] - px) / (0.1f * prior);
        o->landmarks[level][10 * i + 2 * (size_t)k + 1] =
            (face->landmarks_px[k][1] - py) / (0.1f * prior);
    }
}

static p2a_face face_at(float x, float y, float side_px, float score)
{
    p2a_face f = {{x - side_px / 2, y - side_px * 0.6f, x + side_px / 2, y + side_px * 0.6f},
                  score,
                  {{x - side_px / 4, y - side_px / 5},
                   {x + side_px / 4, y - side_px / 5},
                   {x, y},
                   {x - side_px / 5, y + side_px / 4},
                   {x + side_px / 5, y + side_px / 4}}};
    return f;
}

static const double identity[6] = {1, 0, 0, 0, 1, 0};

static void check_same_face(const p2a_face *a, const p2a_face *b, float tolerance_px)
{
    CHECK_NEAR(a->score, b->score, 1e-5);
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(a->box_px[i], b->box_px[i], tolerance_px);
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        for (int k = 0; k < 2; k++)
            CHECK_NEAR(a->landmarks_px[i][k], b->landmarks_px[i][k], tolerance_px);
}

static void encoded_faces_come_back_sorted(p2a_context *ctx)
{
    outputs o;
    outputs_create(&o, INPUT_PX, 192);
    p2a_face faces[4] = {face_at(40, 40, 18, 0.71f), face_at(150, 60, 30, 0.99f),
                         face_at(60, 130, 90, 0.83f), face_at(190, 120, 300, 0.65f)};
    encode(&o, 0, 5, 4, 0, &faces[0]);
    encode(&o, 0, 7, 19, 1, &faces[1]);
    encode(&o, 1, 8, 3, 0, &faces[2]);
    encode(&o, 2, 3, 5, 1, &faces[3]);
    p2a_face faint = face_at(230, 20, 20, 0.59f);
    encode(&o, 0, 2, 28, 0, &faint);

    p2a_detect_pool pool = {0};
    p2a_face_list list;
    CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, P2A_DETECT_SCORE, &pool), P2A_OK);
    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, P2A_DETECT_IOU, 16, &list), P2A_OK);
    CHECK_EQUAL(list.count, 4);
    CHECK(!list.capped);
    const int order[4] = {1, 2, 0, 3};
    for (size_t i = 0; i < list.count && i < 4; i++)
        check_same_face(&list.faces[i], &faces[order[i]], 1e-3f);
    p2a_face_list_destroy(&list);

    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, P2A_DETECT_IOU, 3, &list), P2A_OK);
    CHECK_EQUAL(list.count, 3);
    CHECK(list.capped);
    p2a_face_list_destroy(&list);
    p2a_detect_pool_destroy(&pool);
    outputs_destroy(&o);
}

/* Plain suppression over all pairs, by the definition. */
static size_t reference_merge(const p2a_face *faces, size_t count, float iou, size_t *kept)
{
    size_t n = 0;
    bool gone[64] = {false};
    for (;;) {
        size_t best = count;
        for (size_t i = 0; i < count; i++)
            if (!gone[i] && (best == count || faces[i].score > faces[best].score))
                best = i;
        if (best == count)
            return n;
        kept[n++] = best;
        gone[best] = true;
        for (size_t i = 0; i < count; i++) {
            const float *a = faces[best].box_px, *b = faces[i].box_px;
            float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]);
            float h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
            float shared = w > 0 && h > 0 ? w * h : 0;
            float area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;
            gone[i] = gone[i] || shared / area > iou;
        }
    }
}

static uint32_t random_state = 1;
static float random_unit(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (float)(random_state >> 8) / 16777216.0f;
}

static void suppression_agrees_with_a_plain_loop(p2a_context *ctx)
{
    for (int round = 0; round < 50; round++) {
        outputs o;
        outputs_create(&o, INPUT_PX, INPUT_PX);
        p2a_face faces[40];
        for (size_t i = 0; i < 40; i++) {
            float side = 14.0f + 20.0f * random_unit();
            faces[i] = face_at(20 + 90 * random_unit(), 20 + 90 * random_unit(), side,
                               0.61f + 0.38f * random_unit());
            encode(&o, 0, i / 16, i % 16, 0, &faces[i]);
        }
        size_t kept[64], count = reference_merge(faces, 40, P2A_DETECT_IOU, kept);
        p2a_detect_pool pool = {0};
        p2a_face_list list;
        CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, P2A_DETECT_SCORE, &pool), P2A_OK);
        CHECK_EQUAL(p2a_detect_merge(ctx, &pool, P2A_DETECT_IOU, 64, &list), P2A_OK);
        CHECK_EQUAL(list.count, count);
        for (size_t i = 0; i < count && i < list.count; i++)
            check_same_face(&list.faces[i], &faces[kept[i]], 2e-3f);
        p2a_face_list_destroy(&list);
        p2a_detect_pool_destroy(&pool);
        outputs_destroy(&o);
    }
}

static void passes_merge_in_photo_coordinates(p2a_context *ctx)
{
    /* One face of 60 px at (300, 220) of a 640x480 photo, seen at full size, at half size, and in a
     * copy turned by 90 degrees (input x runs down the photo's y, input y runs left along its x).
     */
    const double half[6] = {2, 0, 0, 0, 2, 0}, turned[6] = {0, -1, 640, 1, 0, 0};
    p2a_face full = face_at(300, 220, 60, 0.9f), small = face_at(152, 109, 35, 0.8f);
    p2a_face other = face_at(250, 340, 40, 0.7f); /* only in the turned copy: photo (300, 250)... */
    other = face_at(100, 540, 40, 0.7f);          /* ... and photo (100, 100) */
    outputs a, b, c;
    outputs_create(&a, 640, 480);
    outputs_create(&b, 320, 240);
    outputs_create(&c, 480, 640);
    encode(&a, 1, 13, 18, 0, &full);
    encode(&b, 0, 13, 18, 1, &small);
    encode(&c, 1, 33, 6, 0, &other);
    p2a_detect_pool pool = {0};
    p2a_face_list list;
    CHECK_EQUAL(p2a_detect_add(ctx, a.levels, identity, 0.6f, &pool), P2A_OK);
    CHECK_EQUAL(p2a_detect_add(ctx, b.levels, half, 0.6f, &pool), P2A_OK);
    CHECK_EQUAL(p2a_detect_add(ctx, c.levels, turned, 0.6f, &pool), P2A_OK);
    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, P2A_DETECT_IOU, 16, &list), P2A_OK);
    CHECK_EQUAL(list.count, 2);
    if (list.count == 2) {
        check_same_face(&list.faces[0], &full, 1e-3f);
        const p2a_face *f = &list.faces[1];
        /* Width and height change places: the face is 40 wide and 48 high in its own turn. */
        CHECK_NEAR(f->box_px[0], 100 - 24, 1e-3);
        CHECK_NEAR(f->box_px[1], 100 - 20, 1e-3);
        CHECK_NEAR(f->box_px[2], 100 + 24, 1e-3);
        CHECK_NEAR(f->box_px[3], 100 + 20, 1e-3);
        CHECK_NEAR(f->landmarks_px[P2A_LANDMARK_EYE_LEFT][0], 640 - (540 - 8), 1e-3);
        CHECK_NEAR(f->landmarks_px[P2A_LANDMARK_EYE_LEFT][1], 90, 1e-3);
    }
    p2a_face_list_destroy(&list);
    p2a_detect_pool_destroy(&pool);
    outputs_destroy(&a);
    outputs_destroy(&b);
    outputs_destroy(&c);
}

static void broken_outputs_are_no_faces(p2a_context *ctx)
{
    outputs o;
    outputs_create(&o, INPUT_PX, INPUT_PX);
    for (int l = 0; l < P2A_DETECT_LEVELS; l++) {
        size_t anchors = o.levels[l].rows * o.levels[l].columns * 2;
        for (size_t i = 0; i < anchors; i++) {
            o.scores[l][i] = i % 3 == 0 ? NAN : 50.0f;
            o.boxes[l][4 * i + i % 4] = i % 2 ? INFINITY : NAN;
            o.landmarks[l][10 * i + i % 10] = -INFINITY;
        }
    }
    p2a_detect_pool pool = {0};
    p2a_face_list list;
    CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, 0.6f, &pool), P2A_OK);
    CHECK_EQUAL(pool.count, 0);
    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, 0.4f, 8, &list), P2A_OK);
    CHECK_EQUAL(list.count, 0);
    p2a_face_list_destroy(&list);
    p2a_detect_pool_destroy(&pool);

    CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, 0.0f, &pool), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, NAN, &pool), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, 0.4f, 0, &list), P2A_ERR_ARGUMENT);
    o.levels[1].boxes = NULL;
    CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, 0.6f, &pool), P2A_ERR_ARGUMENT);
    outputs_destroy(&o);
}

/* Every anchor of a 1280x1280 input says "face": bounded, and quick. */
static void a_picture_full_of_faces_is_capped(p2a_context *ctx)
{
    outputs o;
    outputs_create(&o, 1280, 1280);
    for (int l = 0; l < P2A_DETECT_LEVELS; l++)
        for (size_t i = 0; i < o.levels[l].rows * o.levels[l].columns * 2; i++) {
            o.scores[l][i] = 3.0f + random_unit();
            o.boxes[l][4 * i + 2] = o.boxes[l][4 * i + 3] = -5.0f;
        }
    p2a_detect_pool pool = {0};
    p2a_face_list list;
    for (int pass = 0; pass < 3; pass++)
        CHECK_EQUAL(p2a_detect_add(ctx, o.levels, identity, 0.6f, &pool), P2A_OK);
    CHECK_EQUAL(pool.count, 3 * P2A_DETECT_CANDIDATES);
    CHECK_EQUAL(p2a_detect_merge(ctx, &pool, 0.4f, 64, &list), P2A_OK);
    CHECK_EQUAL(list.count, 64);
    CHECK(list.capped);
    p2a_face_list_destroy(&list);
    p2a_detect_pool_destroy(&pool);
    outputs_destroy(&o);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    outputs o;
    outputs_create(&o, INPUT_PX, INPUT_PX);
    p2a_face face = face_at(100, 100, 40, 0.9f);
    encode(&o, 0, 12, 12, 1, &face);
    const long long before = f->blocks;
    for (int n = 0;; n++) {
        p2a_detect_pool pool = {0};
        p2a_face_list list = {0};
        f->fails_at = n;
        p2a_status status = p2a_detect_add(ctx, o.levels, identity, 0.6f, &pool);
        if (status == P2A_OK)
            status = p2a_detect_merge(ctx, &pool, 0.4f, 8, &list);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK(done || list.faces == NULL);
        p2a_detect_pool_destroy(&pool);
        p2a_face_list_destroy(&list);
        CHECK_EQUAL(f->blocks, before);
        if (done) {
            CHECK_EQUAL(n, 4);
            break;
        }
    }
    outputs_destroy(&o);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    encoded_faces_come_back_sorted(ctx);
    suppression_agrees_with_a_plain_loop(ctx);
    passes_merge_in_photo_coordinates(ctx);
    broken_outputs_are_no_faces(ctx);
    a_picture_full_of_faces_is_capped(ctx);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
    return CHECK_REPORT();
}
