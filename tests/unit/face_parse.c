/* face_parse.c - classes, pieces and soft masks against naive loops */
#include "face/parse.h"

#include "check.h"
#include "face/mask.h"
#include "failing_context.h"

static uint32_t random_state = 3;
static float random_unit(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (float)(random_state >> 8) / 16777216.0f;
}

/* Bilinear by the definition: every source pixel is a tent about its centre, clamped at the border.
 */
static double sampled(const float *logits, size_t n, size_t c, double x, double y)
{
    double sum = 0;
    x = fmin(fmax(x, 0.5), (double)n - 0.5);
    y = fmin(fmax(y, 0.5), (double)n - 0.5);
    for (size_t r = 0; r < n; r++)
        for (size_t q = 0; q < n; q++) {
            double wx = 1 - fabs(x - ((double)q + 0.5)), wy = 1 - fabs(y - ((double)r + 0.5));
            if (wx > 0 && wy > 0)
                sum += wx * wy * (double)logits[(r * n + q) * P2A_CLASS_COUNT + c];
        }
    return sum;
}

static void the_likeliest_class_wins(p2a_context *ctx, p2a_context *threaded)
{
    enum { N = 7, SIDE = 50 };
    static float logits[N * N * P2A_CLASS_COUNT];
    static uint8_t classes[SIDE * SIDE], again[SIDE * SIDE];
    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++)
        logits[i] = random_unit() * 4.0f;
    CHECK_EQUAL(p2a_parse_classes(ctx, logits, N, N, SIDE, classes), P2A_OK);
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            double scale = (double)N / SIDE, best = -1, own = 0;
            for (size_t c = 0; c < P2A_CLASS_COUNT; c++) {
                double v =
                    sampled(logits, N, c, ((double)x + 0.5) * scale, ((double)y + 0.5) * scale);
                best = fmax(best, v);
                if (c == classes[y * SIDE + x])
                    own = v;
            }
            CHECK_NEAR(own, best, 1e-5);
        }
    CHECK_EQUAL(p2a_parse_classes(threaded, logits, N, N, SIDE, again), P2A_OK);
    CHECK(memcmp(classes, again, sizeof classes) == 0);

    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++)
        logits[i] = i % 19 == 5 ? 1.0f : (i % 2 ? NAN : INFINITY);
    CHECK_EQUAL(p2a_parse_classes(ctx, logits, N, N, N, classes), P2A_OK);
    for (size_t i = 0; i < N * N; i++)
        CHECK_EQUAL(classes[i], 5);
    CHECK_EQUAL(p2a_parse_classes(ctx, logits, 0, N, N, classes), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_parse_classes(ctx, logits, N, N, 4097, classes), P2A_ERR_ARGUMENT);
}

static void areas_count_pixels(void)
{
    const uint8_t classes[8] = {0, 1, 1, 18, 13, 255, 13, 13};
    size_t areas[P2A_CLASS_COUNT];
    p2a_parse_areas(classes, 8, areas);
    CHECK_EQUAL(areas[0], 2);
    CHECK_EQUAL(areas[1], 2);
    CHECK_EQUAL(areas[13], 3);
    CHECK_EQUAL(areas[18], 1);
    CHECK_EQUAL(areas[5], 0);
}

/* A disc of a class about (x, y), in parts of the side. */
static void disc(uint8_t *classes, size_t side, double x, double y, double r, uint8_t c)
{
    for (size_t j = 0; j < side; j++)
        for (size_t i = 0; i < side; i++) {
            double dx = ((double)i + 0.5) / (double)side - x;
            double dy = ((double)j + 0.5) / (double)side - y;
            if (dx * dx + dy * dy < r * r)
                classes[j * side + i] = c;
        }
}

static void only_the_middle_face_stays(p2a_context *ctx)
{
    enum { SIDE = 96 };
    static uint8_t classes[SIDE * SIDE], before[SIDE * SIDE];
    memset(classes, 0, sizeof classes);
    disc(classes, SIDE, 0.5, 0.3, 0.35, P2A_CLASS_HAIR);
    disc(classes, SIDE, 0.5, 0.6, 0.25, P2A_CLASS_SKIN);
    disc(classes, SIDE, 0.42, 0.5, 0.03, P2A_CLASS_EYE_RIGHT);
    memcpy(before, classes, sizeof classes);
    disc(classes, SIDE, 0.95, 0.6, 0.15, P2A_CLASS_SKIN);
    disc(classes, SIDE, 0.95, 0.6, 0.03, P2A_CLASS_NOSE);
    disc(classes, SIDE, 0.06, 0.9, 0.05, P2A_CLASS_HAIR);
    CHECK(memcmp(classes, before, sizeof classes) != 0);
    CHECK_EQUAL(p2a_parse_keep_main(ctx, classes, SIDE), P2A_OK);
    CHECK(memcmp(classes, before, sizeof classes) == 0);
    memset(classes, 0, sizeof classes);
    classes[0] = P2A_CLASS_SKIN;
    CHECK_EQUAL(p2a_parse_keep_main(ctx, classes, SIDE), P2A_OK);
    CHECK_EQUAL(classes[0], P2A_CLASS_SKIN);
}

static float reference_mask(const uint8_t *classes, size_t side, size_t x, size_t y, uint32_t set,
                            float grow, float feather)
{
    double in = 1e9, out = 1e9;
    for (size_t j = 0; j < side; j++)
        for (size_t i = 0; i < side; i++) {
            double d = hypot((double)i - (double)x, (double)j - (double)y);
            if (set >> classes[j * side + i] & 1u)
                out = fmin(out, d);
            else
                in = fmin(in, d);
        }
    double depth = (double)grow + (out > 0 ? 0.5 - out : in - 0.5);
    if (feather == 0.0f)
        return depth >= 0 ? 1.0f : 0.0f;
    double t = fmin(fmax(0.5 + depth / (double)feather, 0), 1);
    return (float)(t * t * (3 - 2 * t));
}

static void masks_agree_with_all_pairs_of_pixels(p2a_context *ctx)
{
    const size_t sides[4] = {1, 2, 17, 40};
    const float widths[6][2] = {{0, 0}, {0, 6}, {4, 3}, {-3, 4}, {2.5f, 0}, {9, 30}};
    for (int s = 0; s < 4; s++) {
        size_t side = sides[s];
        uint8_t classes[40 * 40];
        float mask[40 * 40];
        for (size_t i = 0; i < side * side; i++)
            classes[i] = random_unit() < 0.02f ? P2A_CLASS_HAIR : P2A_CLASS_BACKGROUND;
        disc(classes, side, 0.3, 0.4, 0.2, P2A_CLASS_SKIN);
        disc(classes, side, 0.9, 0.9, 0.3, P2A_CLASS_HAIR);
        for (int w = 0; w < 6; w++) {
            uint32_t set = P2A_SET(P2A_CLASS_HAIR) | P2A_SET(P2A_CLASS_SKIN);
            CHECK_EQUAL(p2a_mask_soft(ctx, classes, side, set, widths[w][0], widths[w][1], mask),
                        P2A_OK);
            size_t areas[P2A_CLASS_COUNT];
            p2a_parse_areas(classes, side * side, areas);
            bool none = areas[P2A_CLASS_HAIR] + areas[P2A_CLASS_SKIN] == 0;
            for (size_t i = 0; i < side * side; i++) {
                float want = none ? 0.0f
                                  : reference_mask(classes, side, i % side, i / side, set,
                                                   widths[w][0], widths[w][1]);
                CHECK_NEAR(mask[i], want, 2e-6);
            }
        }
    }
    uint8_t all[9];
    float mask[9];
    memset(all, P2A_CLASS_SKIN, sizeof all);
    CHECK_EQUAL(p2a_mask_soft(ctx, all, 3, P2A_SET_SKIN, 0, 8, mask), P2A_OK);
    CHECK_NEAR(mask[0], 1, 0); /* the border is no outline */
    CHECK_EQUAL(p2a_mask_soft(ctx, all, 3, P2A_SET_EYES, 0, 8, mask), P2A_OK);
    CHECK_NEAR(mask[4], 0, 0);
    CHECK_EQUAL(p2a_mask_soft(ctx, all, 3, P2A_SET_EYES, 0, -1, mask), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_mask_soft(ctx, all, 3, P2A_SET_EYES, NAN, 1, mask), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_mask_soft(ctx, all, 0, P2A_SET_EYES, 0, 1, mask), P2A_ERR_ARGUMENT);
}

static void the_blend_mask_is_full_in_the_face_and_nothing_at_the_border(p2a_context *ctx)
{
    enum { SIDE = 128 };
    static uint8_t classes[SIDE * SIDE];
    static float mask[SIDE * SIDE], shared[SIDE * SIDE], share[SIDE * SIDE];
    memset(classes, 0, sizeof classes);
    disc(classes, SIDE, 0.5, 0.45, 0.45, P2A_CLASS_HAIR);
    disc(classes, SIDE, 0.5, 0.6, 0.25, P2A_CLASS_SKIN);
    disc(classes, SIDE, 0.5, 1.0, 0.2, P2A_CLASS_NECK);
    CHECK_EQUAL(p2a_mask_blend(ctx, classes, SIDE, NULL, mask), P2A_OK);
    CHECK_NEAR(mask[76 * SIDE + 64], 1, 0);
    for (size_t i = 0; i < SIDE; i++) {
        CHECK_NEAR(mask[i], 0, 0);
        CHECK_NEAR(mask[(SIDE - 1) * SIDE + i], 0, 0);
        CHECK_NEAR(mask[i * SIDE], 0, 0);
        CHECK_NEAR(mask[i * SIDE + SIDE - 1], 0, 0);
        share[i] = 0;
    }
    for (size_t i = 0; i < SIDE * SIDE; i++)
        share[i] = i % SIDE < SIDE / 2 ? 1.0f : 0.25f;
    CHECK_EQUAL(p2a_mask_blend(ctx, classes, SIDE, share, shared), P2A_OK);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        CHECK_NEAR(shared[i], mask[i] * share[i], 1e-7);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    enum { SIDE = 32 };
    static uint8_t classes[SIDE * SIDE];
    static float mask[SIDE * SIDE];
    memset(classes, 0, sizeof classes);
    disc(classes, SIDE, 0.5, 0.6, 0.25, P2A_CLASS_SKIN);
    const long long before = f->blocks;
    for (int n = 0;; n++) {
        f->fails_at = n;
        p2a_status status = p2a_parse_keep_main(ctx, classes, SIDE);
        if (status == P2A_OK)
            status = p2a_mask_blend(ctx, classes, SIDE, NULL, mask);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK_EQUAL(f->blocks, before);
        if (done) {
            CHECK_EQUAL(n, 7);
            break;
        }
    }
}

int main(void)
{
    failing_allocator f, g;
    p2a_context *ctx = failing_context(&f, 1), *threaded = failing_context(&g, 3);
    the_likeliest_class_wins(ctx, threaded);
    areas_count_pixels();
    only_the_middle_face_stays(ctx);
    masks_agree_with_all_pairs_of_pixels(ctx);
    the_blend_mask_is_full_in_the_face_and_nothing_at_the_border(ctx);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    p2a_context_destroy(threaded);
    return CHECK_REPORT();
}
