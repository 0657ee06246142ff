/* face_tone.c - statistics and maps of colours, box means and guided smoothing, against plain loops
 */
#include "face/tone.h"

#include "check.h"
#include "face/smooth.h"
#include "failing_context.h"

static uint32_t random_state = 17;
static double random_unit(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (double)(random_state >> 8) / 16777216.0;
}

static void eigenvectors_rebuild_the_matrix(void)
{
    for (int round = 0; round < 20; round++) {
        double m[3][3], values[3], v[3][3];
        for (int r = 0; r < 3; r++)
            for (int c = r; c < 3; c++)
                m[r][c] = m[c][r] = 20 * random_unit() - 10;
        if (round == 0)
            memset(m, 0, sizeof m);
        p2a_tone_eigen((const double(*)[3])m, values, v);
        for (int r = 0; r < 3; r++)
            for (int c = 0; c < 3; c++) {
                double rebuilt = 0, unit = 0;
                for (int k = 0; k < 3; k++) {
                    rebuilt += v[r][k] * values[k] * v[c][k];
                    unit += v[k][r] * v[k][c];
                }
                CHECK_NEAR(rebuilt, m[r][c], 1e-9);
                CHECK_NEAR(unit, r == c, 1e-12);
            }
    }
}

enum { COUNT = 4000 };
static float planes_a[3][COUNT], planes_b[3][COUNT], mask[COUNT];

static void draw(float planes[3][COUNT], const double mean[3], double spread, double turn)
{
    for (size_t i = 0; i < COUNT; i++) {
        double n[3];
        for (int c = 0; c < 3; c++)
            n[c] = (random_unit() + random_unit() + random_unit() - 1.5) * 2 * spread * (c + 1) / 2;
        planes[0][i] = (float)(mean[0] + cos(turn) * n[0] - sin(turn) * n[1]);
        planes[1][i] = (float)(mean[1] + sin(turn) * n[0] + cos(turn) * n[1]);
        planes[2][i] = (float)(mean[2] + n[2]);
    }
}

static void measures_agree_with_the_definition(void)
{
    const double mean[3] = {50, 10, 20};
    draw(planes_a, mean, 5, 0.4);
    const float *p[3] = {planes_a[0], planes_a[1], planes_a[2]};
    double weight = 0, m[3] = {0}, cov01 = 0;
    for (size_t i = 0; i < COUNT; i++) {
        mask[i] = i % 3 == 0 ? 0.0f : (float)random_unit();
        weight += (double)mask[i];
        for (int c = 0; c < 3; c++)
            m[c] += (double)mask[i] * (double)planes_a[c][i];
    }
    for (size_t i = 0; i < COUNT; i++)
        cov01 += (double)mask[i] * ((double)planes_a[0][i] - m[0] / weight) *
                 ((double)planes_a[1][i] - m[1] / weight) / weight;
    p2a_tone tone;
    p2a_tone_measure(p, mask, COUNT, &tone);
    CHECK_NEAR(tone.weight, weight, 1e-6);
    for (int c = 0; c < 3; c++)
        CHECK_NEAR(tone.mean[c], m[c] / weight, 1e-9);
    CHECK_NEAR(tone.covariance[0][1], cov01, 1e-9);
    CHECK_NEAR(tone.covariance[1][0], cov01, 1e-9);
    memset(mask, 0, sizeof mask);
    p2a_tone_measure(p, mask, COUNT, &tone);
    CHECK_NEAR(tone.weight, 0, 0);
    CHECK_NEAR(tone.mean[1], 0, 0);
}

static void mapped(const p2a_tone_map *map, float planes[3][COUNT], p2a_tone *out)
{
    static float moved[3][COUNT];
    for (size_t i = 0; i < COUNT; i++)
        for (int r = 0; r < 3; r++) {
            double v = map->mean_to[r];
            for (int c = 0; c < 3; c++)
                v += map->matrix[r][c] * ((double)planes[c][i] - map->mean_from[c]);
            moved[r][i] = (float)v;
        }
    const float *p[3] = {moved[0], moved[1], moved[2]};
    p2a_tone_measure(p, NULL, COUNT, out);
}

static void maps_carry_one_distribution_to_the_other(void)
{
    const double mean_a[3] = {70, 5, 8}, mean_b[3] = {58, 14, 19};
    draw(planes_a, mean_a, 4, 0.3);
    draw(planes_b, mean_b, 5, 0.9);
    const float *pa[3] = {planes_a[0], planes_a[1], planes_a[2]};
    const float *pb[3] = {planes_b[0], planes_b[1], planes_b[2]};
    p2a_tone a, b, result;
    p2a_tone_map map;
    p2a_tone_measure(pa, NULL, COUNT, &a);
    p2a_tone_measure(pb, NULL, COUNT, &b);
    const p2a_tone_limits wide = {100, 100, 100};
    p2a_tone_match(&a, &b, &wide, &map);
    mapped(&map, planes_a, &result);
    for (int r = 0; r < 3; r++) {
        CHECK_NEAR(result.mean[r], b.mean[r], 1e-3);
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(result.covariance[r][c], b.covariance[r][c], 1e-2);
    }
    /* Bounded: the mean moves at most so far, spreads grow at most so much. */
    const p2a_tone_limits narrow = {5, 6, 1.1};
    p2a_tone_match(&a, &b, &narrow, &map);
    mapped(&map, planes_a, &result);
    CHECK_NEAR(result.mean[0], a.mean[0] - 5, 1e-3);
    CHECK_NEAR(hypot(result.mean[1] - a.mean[1], result.mean[2] - a.mean[2]), 6, 1e-3);
    for (int c = 0; c < 3; c++)
        CHECK(result.covariance[c][c] < 1.22 * (a.covariance[c][c] + 1));
    /* From one to itself, and from and to a single colour: nothing to stretch. */
    p2a_tone_match(&a, &a, &wide, &map);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(map.matrix[r][c], r == c, 1e-6);
    p2a_tone flat = {1, {50, 0, 0}, {{0}}};
    p2a_tone_match(&flat, &flat, &wide, &map);
    for (int r = 0; r < 3; r++)
        CHECK_NEAR(map.matrix[r][r], 1, 1e-6);
}

static void boxes_agree_with_a_plain_loop(void)
{
    const size_t sizes[4][2] = {{1, 1}, {7, 3}, {16, 16}, {33, 20}};
    for (int s = 0; s < 4; s++)
        for (size_t r = 0; r <= 20; r += r < 3 ? 1 : 17) {
            p2a_plane_size size = {sizes[s][0], sizes[s][1]};
            float in[33 * 20], out[33 * 20], scratch[33 * 21];
            CHECK(p2a_smooth_scratch(size) <= 33 * 21);
            for (size_t i = 0; i < size.width_px * size.height_px; i++)
                in[i] = (float)(100 * random_unit());
            p2a_smooth_box(in, size, r, scratch, out);
            for (size_t y = 0; y < size.height_px; y++)
                for (size_t x = 0; x < size.width_px; x++) {
                    double sum = 0, n = 0;
                    for (size_t j = 0; j < size.height_px; j++)
                        for (size_t i = 0; i < size.width_px; i++)
                            if (j + r >= y && j <= y + r && i + r >= x && i <= x + r) {
                                sum += (double)in[j * size.width_px + i];
                                n++;
                            }
                    CHECK_NEAR(out[y * size.width_px + x], sum / n, 2e-4);
                }
            p2a_smooth_box(in, size, r, scratch, in);
            CHECK(memcmp(in, out, size.width_px * size.height_px * sizeof *in) == 0);
        }
}

static void guided_smoothing_keeps_lines(p2a_context *ctx, failing_allocator *f)
{
    enum { W = 60, H = 40 };
    static float l[W * H], a[W * H];
    const p2a_plane_size size = {W, H};
    double noise_before = 0, noise_after = 0;
    for (size_t i = 0; i < W * H; i++) {
        double n = 2 * random_unit() - 1;
        l[i] = (float)(i % W == 30 ? 20 : 70 + n); /* a dark line on noisy skin */
        a[i] = (float)(10 + n);
        noise_before += n * n;
    }
    float *planes[2] = {l, a};
    f->fails_at = 0;
    CHECK_EQUAL(p2a_smooth_guided(ctx, l, planes, 2, size, 4, 4), P2A_ERR_MEMORY);
    f->fails_at = -1;
    CHECK_EQUAL(p2a_smooth_guided(ctx, l, planes, 5, size, 4, 4), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_smooth_guided(ctx, l, planes, 2, size, 4, 4), P2A_OK);
    for (size_t y = 0; y < H; y++) {
        CHECK(l[y * W + 30] < 30); /* of a depth of 50, four fifths are left */
        for (size_t x = 0; x < 20; x++)
            noise_after += pow((double)l[y * W + x] - 70, 2) * 3;
    }
    CHECK(noise_after < 0.1 * noise_before);
    for (size_t i = 0; i < 20; i++)
        CHECK_NEAR(a[20 * W + i], 10, 0.4);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    eigenvectors_rebuild_the_matrix();
    measures_agree_with_the_definition();
    maps_carry_one_distribution_to_the_other();
    boxes_agree_with_a_plain_loop();
    guided_smoothing_keeps_lines(ctx, &f);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
    return CHECK_REPORT();
}
