/* blend_membrane.c - multigrid against a dense solve, on round, ragged, thin and open regions */
#include "blend/membrane.h"

#include "check.h"
#include "failing_context.h"

static uint32_t random_state = 5;
static float random_unit(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (float)(random_state >> 8) / 16777216.0f;
}

/* Gauss elimination with pivots on the full matrix of the unknown pixels. */
static void dense_solve(const uint8_t *kinds, size_t w, size_t h, double *values)
{
    size_t n = 0;
    size_t *index = malloc(w * h * sizeof *index), *place = malloc(w * h * sizeof *place);
    for (size_t i = 0; i < w * h; i++)
        if (kinds[i] == P2A_MEMBRANE_UNKNOWN) {
            index[i] = n;
            place[n++] = i;
        }
    double *m = calloc(n * (n + 1) + 1, sizeof *m);
    for (size_t r = 0; r < n; r++) {
        size_t i = place[r], x = i % w, y = i / w;
        const size_t next[4] = {i - 1, i + 1, i - w, i + w};
        const bool inside[4] = {x > 0, x + 1 < w, y > 0, y + 1 < h};
        for (int k = 0; k < 4; k++) {
            if (!inside[k])
                continue;
            m[r * (n + 1) + r] += 1;
            if (kinds[next[k]] == P2A_MEMBRANE_UNKNOWN)
                m[r * (n + 1) + index[next[k]]] -= 1;
            else
                m[r * (n + 1) + n] += values[next[k]];
        }
    }
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t r = c + 1; r < n; r++)
            if (fabs(m[r * (n + 1) + c]) > fabs(m[best * (n + 1) + c]))
                best = r;
        for (size_t k = 0; k <= n; k++) {
            double t = m[c * (n + 1) + k];
            m[c * (n + 1) + k] = m[best * (n + 1) + k];
            m[best * (n + 1) + k] = t;
        }
        for (size_t r = c + 1; r < n; r++) {
            double f = m[r * (n + 1) + c] / m[c * (n + 1) + c];
            for (size_t k = c; f != 0 && k <= n; k++)
                m[r * (n + 1) + k] -= f * m[c * (n + 1) + k];
        }
    }
    for (size_t r = n; r-- > 0;) {
        double v = m[r * (n + 1) + n];
        for (size_t k = r + 1; k < n; k++)
            v -= m[r * (n + 1) + k] * values[place[k]];
        values[place[r]] = v / m[r * (n + 1) + r];
    }
    free(m);
    free(index);
    free(place);
}

typedef enum shape {
    SHAPE_DISC,
    SHAPE_RAGGED,
    SHAPE_THIN,
    SHAPE_BORDER,
    SHAPE_HOLES,
    SHAPES
} shape;

static bool shape_holds(shape s, size_t x, size_t y, size_t w, size_t h)
{
    double u = ((double)x + 0.5) / (double)w * 2 - 1, v = ((double)y + 0.5) / (double)h * 2 - 1;
    switch (s) {
    case SHAPE_DISC:
        return u * u + v * v < 0.8;
    case SHAPE_RAGGED:
        return u * u + v * v < 0.4 + 0.5 * (double)random_unit();
    case SHAPE_THIN:
        return fabs(u - v) < 0.25 || fabs(u + v) < 0.1;
    case SHAPE_BORDER: /* reaches the left, the right and the top border */
        return v < 0.5 - 0.3 * u;
    case SHAPE_HOLES:
        return u * u + v * v < 0.9 && random_unit() > 0.05f;
    case SHAPES:
        break;
    }
    return false;
}

static void make_region(shape s, size_t w, size_t h, uint8_t *kinds, float *values)
{
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            kinds[y * w + x] =
                shape_holds(s, x, y, w, h) ? P2A_MEMBRANE_UNKNOWN : P2A_MEMBRANE_KNOWN;
            values[y * w + x] = 60.0f * random_unit() - 20.0f + (float)x;
        }
}

static void agrees_with_a_dense_solve(p2a_context *ctx)
{
    const size_t sizes[6][2] = {{5, 5}, {9, 4}, {16, 16}, {31, 17}, {24, 37}, {1, 12}};
    const p2a_membrane_options options = {1e-5f, 60};
    for (int s = 0; s < SHAPES; s++)
        for (int i = 0; i < 6; i++) {
            size_t w = sizes[i][0], h = sizes[i][1];
            uint8_t kinds[37 * 31];
            float values[2 * 37 * 31];
            double want[37 * 31];
            make_region((shape)s, w, h, kinds, values);
            kinds[w * h - 1] = P2A_MEMBRANE_KNOWN;
            memcpy(values + w * h, values, w * h * sizeof *values);
            for (size_t k = 0; k < w * h; k++)
                want[k] = (double)values[k];
            dense_solve(kinds, w, h, want);
            float residual = 1;
            CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, w, h, values, 2, &options, &residual),
                        P2A_OK);
            CHECK(residual < 1e-3f);
            double worst = 0;
            for (size_t k = 0; k < w * h; k++)
                worst = fmax(worst, fabs((double)values[k] - want[k]));
            CHECK_NEAR(worst, 0, 1e-3);
            CHECK(memcmp(values, values + w * h, w * h * sizeof *values) == 0);
        }
}

/* Each cycle must take the residual down by a factor, whatever the outline. */
static void cycles_converge_on_large_regions(p2a_context *ctx)
{
    enum { W = 301, H = 256 };
    static uint8_t kinds[W * H];
    static float values[W * H];
    for (int s = 0; s < SHAPES; s++) {
        float residuals[5] = {0};
        for (uint32_t cycles = 0; cycles < 5; cycles++) {
            random_state = 11;
            make_region((shape)s, W, H, kinds, values);
            p2a_membrane_options options = {0, cycles};
            CHECK_EQUAL(
                p2a_membrane_solve(ctx, kinds, W, H, values, 1, &options, &residuals[cycles]),
                P2A_OK);
        }
        float rate = powf(residuals[4] / residuals[1], 1.0f / 3);
        printf("shape %d: residual %g after the start, %g after 2 cycles, %g a cycle\n", s,
               (double)residuals[0], (double)residuals[2], (double)rate);
        CHECK(residuals[2] < 5e-3f * residuals[0]);
        CHECK(rate < 0.35f);
    }
}

static void values_stay_between_those_of_the_edge(p2a_context *ctx)
{
    enum { N = 64 };
    static uint8_t kinds[N * N];
    static float values[N * N];
    make_region(SHAPE_DISC, N, N, kinds, values);
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < N * N; i++)
        if (kinds[i] == P2A_MEMBRANE_KNOWN) {
            low = fminf(low, values[i]);
            high = fmaxf(high, values[i]);
        }
    p2a_membrane_options options = {1e-3f, 30};
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, N, N, values, 1, &options, NULL), P2A_OK);
    for (size_t i = 0; i < N * N; i++)
        CHECK(values[i] >= low - 1e-3f && values[i] <= high + 1e-3f);
}

static void odd_regions_are_solved(p2a_context *ctx)
{
    uint8_t kinds[9];
    float values[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, residual;
    p2a_membrane_options options = {1e-4f, 20};
    memset(kinds, P2A_MEMBRANE_UNKNOWN, sizeof kinds);
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, 3, 3, values, 1, &options, &residual), P2A_OK);
    for (int i = 0; i < 9; i++)
        CHECK_NEAR(values[i], 0, 1e-6); /* nothing is known: constant */
    memset(kinds, P2A_MEMBRANE_KNOWN, sizeof kinds);
    values[4] = 5;
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, 3, 3, values, 1, &options, &residual), P2A_OK);
    CHECK_NEAR(values[4], 5, 0);
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, 0, 3, values, 1, &options, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, 3, 3, values, 5, &options, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_membrane_fill(ctx, values, values, 9000, 1), P2A_ERR_ARGUMENT);
}

static void threads_change_no_bit(p2a_context *ctx, p2a_context *threaded)
{
    enum { N = 100 };
    static uint8_t kinds[N * N];
    static float a[3 * N * N], b[3 * N * N];
    for (size_t i = 0; i < 3; i++)
        make_region(SHAPE_DISC, N, N, kinds, a + i * N * N);
    memcpy(b, a, sizeof a);
    p2a_membrane_options options = {1e-2f, 10};
    CHECK_EQUAL(p2a_membrane_solve(ctx, kinds, N, N, a, 3, &options, NULL), P2A_OK);
    CHECK_EQUAL(p2a_membrane_solve(threaded, kinds, N, N, b, 3, &options, NULL), P2A_OK);
    CHECK(memcmp(a, b, sizeof a) == 0);
}

static void filling_keeps_what_is_certain(p2a_context *ctx)
{
    enum { W = 13, H = 10 };
    float values[W * H] = {0}, weights[W * H] = {0};
    values[3 * W + 4] = 7;
    weights[3 * W + 4] = 1;
    CHECK_EQUAL(p2a_membrane_fill(ctx, values, weights, W, H), P2A_OK);
    for (int i = 0; i < W * H; i++)
        CHECK_NEAR(values[i], 7, 1e-5); /* one value: everywhere */
    for (int i = 0; i < W * H; i++) {
        values[i] = random_unit();
        weights[i] = i % 3 == 0 ? 1.0f : 0.0f;
    }
    float before[W * H];
    memcpy(before, values, sizeof before);
    CHECK_EQUAL(p2a_membrane_fill(ctx, values, weights, W, H), P2A_OK);
    for (int i = 0; i < W * H; i++)
        CHECK(weights[i] > 0 ? values[i] == before[i] : values[i] >= 0 && values[i] <= 1);
    memset(weights, 0, sizeof weights);
    CHECK_EQUAL(p2a_membrane_fill(ctx, values, weights, W, H), P2A_OK);
    CHECK_NEAR(values[5], 0, 0);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    enum { N = 33 };
    static uint8_t kinds[N * N];
    static float values[N * N];
    p2a_membrane_options options = {1e-2f, 4};
    make_region(SHAPE_DISC, N, N, kinds, values);
    const long long before = f->blocks;
    for (int n = 0;; n++) {
        f->fails_at = n;
        p2a_status status = p2a_membrane_solve(ctx, kinds, N, N, values, 1, &options, NULL);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK_EQUAL(f->blocks, before);
        if (done) {
            CHECK(n > 5);
            break;
        }
    }
}

int main(void)
{
    failing_allocator f, g;
    p2a_context *ctx = failing_context(&f, 1), *threaded = failing_context(&g, 3);
    agrees_with_a_dense_solve(ctx);
    cycles_converge_on_large_regions(ctx);
    values_stay_between_those_of_the_edge(ctx);
    odd_regions_are_solved(ctx);
    threads_change_no_bit(ctx, threaded);
    filling_keeps_what_is_certain(ctx);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    p2a_context_destroy(threaded);
    return CHECK_REPORT();
}
