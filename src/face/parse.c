/* parse.c - class logits -> the class of each pixel; one person's face among several */
#include "face/parse.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"

#define ROWS_A_PIECE 16
/* The middle of the crop, in parts of its side: a circle about the face (align.c: 255, 310, 150).
 */
#define MIDDLE_X 0.5
#define MIDDLE_Y 0.605
#define MIDDLE_RADIUS 0.29

const char *const p2a_class_names[P2A_CLASS_COUNT] = {
    "background", "skin",     "nose",      "glasses", "left_eye",  "right_eye", "left_brow",
    "right_brow", "left_ear", "right_ear", "mouth",   "upper_lip", "lower_lip", "hair",
    "hat",        "earring",  "necklace",  "neck",    "cloth"};

const uint8_t p2a_class_palette[P2A_CLASS_COUNT][3] = {
    {0, 0, 0},     {204, 0, 0},   {76, 153, 0},    {204, 204, 0}, {51, 51, 255},
    {204, 0, 204}, {0, 255, 255}, {255, 204, 204}, {102, 51, 0},  {255, 0, 0},
    {102, 204, 0}, {255, 255, 0}, {0, 0, 153},     {0, 0, 204},   {255, 51, 153},
    {0, 204, 204}, {0, 51, 0},    {255, 153, 51},  {0, 204, 0}};

typedef struct classes_job {
    const float *logits;
    size_t rows, columns, side_px;
    uint8_t *classes;
} classes_job;

/* Two neighbours along one axis and the weight of the second. */
typedef struct tap {
    size_t a, b;
    float weight;
} tap;

static tap tap_at(size_t i, size_t out_count, size_t in_count)
{
    double at = ((double)i + 0.5) * (double)in_count / (double)out_count - 0.5;
    at = fmin(fmax(at, 0), (double)(in_count - 1));
    size_t a = (size_t)at;
    return (tap){a, a + 1 < in_count ? a + 1 : a, (float)(at - (double)a)};
}

static void classes_rows(void *user, size_t first, size_t count)
{
    const classes_job *job = user;
    for (size_t y = first; y < first + count; y++) {
        const tap v = tap_at(y, job->side_px, job->rows);
        for (size_t x = 0; x < job->side_px; x++) {
            const tap h = tap_at(x, job->side_px, job->columns);
            const float *aa = job->logits + (v.a * job->columns + h.a) * P2A_CLASS_COUNT;
            const float *ab = job->logits + (v.a * job->columns + h.b) * P2A_CLASS_COUNT;
            const float *ba = job->logits + (v.b * job->columns + h.a) * P2A_CLASS_COUNT;
            const float *bb = job->logits + (v.b * job->columns + h.b) * P2A_CLASS_COUNT;
            float best = -INFINITY;
            uint8_t best_class = P2A_CLASS_BACKGROUND;
            for (size_t c = 0; c < P2A_CLASS_COUNT; c++) {
                float top = aa[c] + h.weight * (ab[c] - aa[c]);
                float bottom = ba[c] + h.weight * (bb[c] - ba[c]);
                float value = top + v.weight * (bottom - top);
                if (value > best && value < INFINITY) {
                    best = value;
                    best_class = (uint8_t)c;
                }
            }
            job->classes[y * job->side_px + x] = best_class;
        }
    }
}

static p2a_status check_side(p2a_context *ctx, size_t side_px)
{
    if (side_px < 1 || side_px > P2A_PARSE_SIDE_MAX_PX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %d for side_px, got %zu",
                        P2A_PARSE_SIDE_MAX_PX, side_px);
    return P2A_OK;
}

p2a_status p2a_parse_classes(p2a_context *ctx, const float *logits, size_t rows, size_t columns,
                             size_t side_px, uint8_t *classes)
{
    if (logits == NULL || rows < 1 || columns < 1)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected logits of at least 1x1, got %zux%zu",
                        columns, rows);
    p2a_status status = check_side(ctx, side_px);
    if (status != P2A_OK)
        return status;
    classes_job job = {logits, rows, columns, side_px, classes};
    p2a_pool_run(ctx, classes_rows, &job, side_px, ROWS_A_PIECE);
    return P2A_OK;
}

void p2a_parse_areas(const uint8_t *classes, size_t count, size_t areas_px[P2A_CLASS_COUNT])
{
    memset(areas_px, 0, P2A_CLASS_COUNT * sizeof *areas_px);
    for (size_t i = 0; i < count; i++)
        areas_px[classes[i] < P2A_CLASS_COUNT ? classes[i] : P2A_CLASS_BACKGROUND]++;
}

static bool in_set(uint8_t class_number, uint32_t set)
{
    return class_number < P2A_CLASS_COUNT && (set >> class_number & 1u) != 0;
}

static bool in_middle(size_t i, size_t side_px)
{
    double side = (double)side_px;
    double dx = ((double)(i % side_px) + 0.5) / side - MIDDLE_X;
    double dy = ((double)(i / side_px) + 0.5) / side - MIDDLE_Y;
    return dx * dx + dy * dy < MIDDLE_RADIUS * MIDDLE_RADIUS;
}

/* What hair, seen whole, hangs on. */
#define SET_HEAD                                                                                   \
    (P2A_SET_FACE | P2A_SET_EARS | P2A_SET(P2A_CLASS_HAIR) | P2A_SET(P2A_CLASS_HAT) |              \
     P2A_SET(P2A_CLASS_EARRING) | P2A_SET(P2A_CLASS_NECKLACE) | P2A_SET(P2A_CLASS_NECK) |          \
     P2A_SET(P2A_CLASS_CLOTH))

/*
 * Give the piece of `set` that holds pixel `seed` the number `label`, where there is none yet;
 * returns its pixels in the middle. Each pixel is stacked at most once, so the stack needs one
 * place a pixel.
 */
static size_t label_piece(const uint8_t *classes, size_t side_px, uint32_t set, size_t seed,
                          uint32_t label, uint32_t *labels, uint32_t *stack)
{
    size_t depth = 0, middle_px = 0;
    labels[seed] = label;
    stack[depth++] = (uint32_t)seed;
    while (depth > 0) {
        size_t i = stack[--depth], x = i % side_px, y = i / side_px;
        middle_px += in_middle(i, side_px);
        const size_t next[4] = {i - 1, i + 1, i - side_px, i + side_px};
        const bool inside[4] = {x > 0, x + 1 < side_px, y > 0, y + 1 < side_px};
        for (int k = 0; k < 4; k++) {
            if (!inside[k] || labels[next[k]] != 0 || !in_set(classes[next[k]], set))
                continue;
            labels[next[k]] = label;
            stack[depth++] = (uint32_t)next[k];
        }
    }
    return middle_px;
}

/* Hair that hangs on nothing of the head that holds pixel `seed` is somebody else's, or none. */
static void drop_loose_hair(uint8_t *classes, size_t side_px, size_t seed, uint32_t *labels,
                            uint32_t *stack)
{
    const size_t count = side_px * side_px;
    memset(labels, 0, count * sizeof *labels);
    label_piece(classes, side_px, SET_HEAD, seed, 1, labels, stack);
    for (size_t i = 0; i < count; i++)
        if (classes[i] == P2A_CLASS_HAIR && labels[i] == 0)
            classes[i] = P2A_CLASS_BACKGROUND;
}

p2a_status p2a_parse_keep_main(p2a_context *ctx, uint8_t *classes, size_t side_px)
{
    p2a_status status = check_side(ctx, side_px);
    if (status != P2A_OK)
        return status;
    size_t count = side_px * side_px;
    uint32_t *labels = p2a_alloc_zeroed(ctx, count, sizeof *labels);
    uint32_t *stack = p2a_alloc(ctx, count * sizeof *stack);
    if (labels == NULL || stack == NULL) {
        p2a_free(ctx, labels);
        p2a_free(ctx, stack);
        return p2a_fail_memory(ctx, 2 * count * sizeof *labels, "face pieces");
    }
    uint32_t label = 0, best_label = 0;
    size_t best_px = 0, best_seed = 0;
    for (size_t i = 0; i < count; i++) {
        if (labels[i] != 0 || !in_set(classes[i], P2A_SET_FACE))
            continue;
        size_t middle_px = label_piece(classes, side_px, P2A_SET_FACE, i, ++label, labels, stack);
        if (middle_px > best_px) {
            best_px = middle_px;
            best_label = label;
            best_seed = i;
        }
    }
    /* No face in the middle: nothing to choose between. */
    for (size_t i = 0; best_label != 0 && i < count; i++)
        if (labels[i] != 0 && labels[i] != best_label)
            classes[i] = P2A_CLASS_BACKGROUND;
    if (best_label != 0)
        drop_loose_hair(classes, side_px, best_seed, labels, stack);
    p2a_free(ctx, labels);
    p2a_free(ctx, stack);
    return P2A_OK;
}
