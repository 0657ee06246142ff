/* blend_poisson.c - blends against a dense relaxation, seams, bleeding, borders, time */
#include "blend/poisson.h"

#include <time.h>

#include "blend/feather.h"
#include "check.h"
#include "failing_context.h"

static p2a_image *image_of(p2a_context *ctx, size_t width, size_t height, uint32_t channels)
{
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_alloc(ctx, width, height, channels, &image), P2A_OK);
    if (image == NULL)
        exit(1);
    memset(image->pixels, 255, image->stride_bytes * height);
    return image;
}

static uint8_t *at(p2a_image *image, size_t x, size_t y)
{
    return image->pixels + y * image->stride_bytes + x * image->channels;
}

/* What both pictures show: a texture of waves; the patch has other colours than the scene. */
static double texture(size_t x, size_t y)
{
    return 20 * sin((double)x * 0.9) * cos((double)y * 0.7) + 12 * sin((double)(x + 2 * y) * 0.31);
}

static void paint(p2a_image *image, size_t left, size_t top, double base, double slope)
{
    for (size_t y = 0; y < image->height_px; y++)
        for (size_t x = 0; x < image->width_px; x++)
            for (int c = 0; c < 3; c++)
                at(image, x, y)[c] = (uint8_t)(base + 8 * c + texture(x + left, y + top) +
                                               slope * (double)(x + left));
}

static void mask_disc(p2a_image *patch, double x0, double y0, double radius)
{
    for (size_t y = 0; y < patch->height_px; y++)
        for (size_t x = 0; x < patch->width_px; x++)
            at(patch, x, y)[3] =
                hypot((double)x + 0.5 - x0, (double)y + 0.5 - y0) < radius ? 255 : 0;
}

static bool masked(p2a_image *patch, long x, long y)
{
    return x >= 0 && y >= 0 && x < (long)patch->width_px && y < (long)patch->height_px &&
           at(patch, (size_t)x, (size_t)y)[3] != 0;
}

/*
 * The Poisson equation itself, by relaxation in doubles until nothing moves: at inner pixels the
 * sum of f's differences to its neighbours in the scene is that of the patch; the outermost masked
 * pixels are the scene's.
 */
static void reference_blend(p2a_image *scene, p2a_image *patch, size_t left, size_t top, double *f)
{
    const long w = (long)patch->width_px, h = (long)patch->height_px;
    static const int step[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    for (int c = 0; c < 3; c++) {
        double *plane = f + c * w * h;
        bool *fixed = malloc((size_t)(w * h) * sizeof *fixed);
        for (long i = 0; i < w * h; i++) {
            long x = i % w, y = i / w;
            plane[i] = at(scene, left + (size_t)x, top + (size_t)y)[c];
            fixed[i] = !masked(patch, x, y);
            for (int k = 0; k < 4; k++) {
                long sx = x + step[k][0] + (long)left, sy = y + step[k][1] + (long)top;
                bool in_scene =
                    sx >= 0 && sy >= 0 && sx < (long)scene->width_px && sy < (long)scene->height_px;
                fixed[i] = fixed[i] || (in_scene && !masked(patch, x + step[k][0], y + step[k][1]));
            }
        }
        double moved = 1;
        for (int round = 0; round < 200000 && moved > 1e-7; round++) {
            moved = 0;
            for (long i = 0; i < w * h; i++) {
                long x = i % w, y = i / w;
                double sum = 0;
                int count = 0;
                for (int k = 0; k < 4 && !fixed[i]; k++) {
                    long nx = x + step[k][0], ny = y + step[k][1];
                    if (nx < 0 || ny < 0 || nx >= w || ny >= h)
                        continue;
                    sum += plane[ny * w + nx] + at(patch, (size_t)x, (size_t)y)[c] -
                           at(patch, (size_t)nx, (size_t)ny)[c];
                    count++;
                }
                if (count > 0) {
                    double v = sum / count;
                    v = plane[i] + 1.8 * (v - plane[i]);
                    moved = fmax(moved, fabs(v - plane[i]));
                    plane[i] = v;
                }
            }
        }
        free(fixed);
    }
}

static const p2a_poisson_options pure = {0, 384, 1e-4f, 40};

static void check_against_reference(p2a_context *ctx, size_t left, size_t top, double x0, double y0,
                                    double radius, uint32_t channels)
{
    p2a_image *scene = image_of(ctx, 60, 50, channels), *patch = image_of(ctx, 33, 29, 4);
    paint(scene, 0, 0, 120, 0.8);
    paint(patch, left, top, 90, -0.3);
    mask_disc(patch, x0, y0, radius);
    p2a_image *before = image_of(ctx, 60, 50, channels);
    memcpy(before->pixels, scene->pixels, scene->stride_bytes * 50);
    double *want = malloc(3 * 33 * 29 * sizeof *want);
    reference_blend(scene, patch, left, top, want);
    p2a_poisson_report report;
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, left, top, &pure, &report), P2A_OK);
    CHECK(report.residual < 1e-3f);
    CHECK_EQUAL(report.reduced, 1);
    double worst = 0;
    bool kept = true;
    for (size_t y = 0; y < 50; y++)
        for (size_t x = 0; x < 60; x++) {
            bool in = masked(patch, (long)x - (long)left, (long)y - (long)top);
            if (!in)
                kept = kept && memcmp(at(scene, x, y), at(before, x, y), channels) == 0;
            for (size_t c = 0; in && c < 3; c++) {
                double v = want[c * 33 * 29 + (y - top) * 33 + (x - left)];
                worst = fmax(worst, fabs(fmin(fmax(v, 0), 255) - at(scene, x, y)[c]));
            }
            if (channels == 4)
                kept = kept && at(scene, x, y)[3] == 255;
        }
    CHECK(kept);
    CHECK(worst <= 0.502); /* rounding, and what the residual leaves */
    free(want);
    p2a_image_destroy(scene);
    p2a_image_destroy(patch);
    p2a_image_destroy(before);
}

static void blends_solve_poisson_s_equation(p2a_context *ctx)
{
    check_against_reference(ctx, 13, 11, 16, 14, 12, 3);
    check_against_reference(ctx, 13, 11, 16, 14, 12, 4);
    check_against_reference(ctx, 13, 11, 16, 14, 60, 3); /* masked up to the patch's own border */
    check_against_reference(ctx, 0, 0, 4, 5, 15, 3);     /* the scene's corner */
    check_against_reference(ctx, 27, 21, 30, 20, 16, 3); /* the opposite corner */
    check_against_reference(ctx, 27, 5, 33, 15, 10, 3);  /* one side */
}

/* Mean step between neighbours, across the mask's edge and well inside it. */
static void seam_gradients(p2a_image *image, p2a_image *patch, double *across, double *inside)
{
    double a = 0, b = 0;
    size_t na = 0, nb = 0;
    for (long y = 1; y + 1 < (long)patch->height_px; y++)
        for (long x = 1; x + 2 < (long)patch->width_px; x++) {
            double step = fabs((double)at(image, (size_t)x, (size_t)y)[0] -
                               (double)at(image, (size_t)x + 1, (size_t)y)[0]);
            if (masked(patch, x, y) != masked(patch, x + 1, y)) {
                a += step;
                na++;
            } else if (masked(patch, x, y)) {
                b += step;
                nb++;
            }
        }
    *across = a / (double)na;
    *inside = b / (double)nb;
}

static void no_seam_shows(p2a_context *ctx)
{
    enum { N = 200 };
    p2a_image *scene = image_of(ctx, N, N, 3), *patch = image_of(ctx, N, N, 4);
    p2a_image *pasted = image_of(ctx, N, N, 3);
    paint(scene, 0, 0, 100, 0.2);
    paint(pasted, 0, 0, 100, 0.2);
    paint(patch, 0, 0, 150, -0.2);
    mask_disc(patch, 100, 95, 80);
    double across, inside;
    CHECK_EQUAL(p2a_feather_blend(ctx, pasted, patch, 0, 0), P2A_OK);
    seam_gradients(pasted, patch, &across, &inside);
    printf("step across the edge / inside: pasted %.2f / %.2f", across, inside);
    CHECK(across > 2 * inside);
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, NULL, NULL), P2A_OK);
    seam_gradients(scene, patch, &across, &inside);
    printf(", blended %.2f / %.2f\n", across, inside);
    CHECK_NEAR(across / inside, 1, 0.1);
    p2a_image_destroy(scene);
    p2a_image_destroy(patch);
    p2a_image_destroy(pasted);
}

/* A third of the edge meets something quite different: the middle must not take its colour. */
static void strange_edges_do_not_bleed(p2a_context *ctx)
{
    enum { N = 120 };
    double shift[2] = {0, 0};
    for (int guarded = 0; guarded < 2; guarded++) {
        p2a_image *scene = image_of(ctx, N, N, 3), *patch = image_of(ctx, N, N, 4);
        paint(scene, 0, 0, 100, 0);
        paint(patch, 0, 0, 90, 0);
        for (size_t y = 0; y < 40; y++)
            for (size_t x = 0; x < N; x++)
                memset(at(scene, x, y), 250, 3);
        mask_disc(patch, 60, 60, 45);
        p2a_poisson_options options;
        p2a_poisson_report report;
        p2a_poisson_options_default(&options);
        if (!guarded)
            options.bleed_limit = 0;
        CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, &options, &report), P2A_OK);
        CHECK(guarded ? report.untrusted > 0.1f && report.untrusted < 0.5f
                      : report.untrusted == 0.0f);
        for (size_t y = 55; y < 65; y++)
            for (size_t x = 55; x < 65; x++)
                shift[guarded] += (at(scene, x, y)[1] - at(patch, x, y)[1] - 10) / 100.0;
        p2a_image_destroy(scene);
        p2a_image_destroy(patch);
    }
    printf("colour in the middle moved by %.1f levels, with the guard by %.1f\n", shift[0],
           shift[1]);
    CHECK(shift[0] > 25);
    CHECK(fabs(shift[1]) < 3);
}

static void large_patches_are_reduced(p2a_context *ctx)
{
    enum { N = 300 };
    p2a_image *full = image_of(ctx, N, N, 3), *reduced = image_of(ctx, N, N, 3);
    p2a_image *patch = image_of(ctx, N, N, 4);
    paint(full, 0, 0, 120, 0.2);
    paint(reduced, 0, 0, 120, 0.2);
    paint(patch, 0, 0, 100, -0.1);
    mask_disc(patch, 160, 150, 130);
    p2a_poisson_options options;
    p2a_poisson_report report;
    p2a_poisson_options_default(&options);
    CHECK_EQUAL(p2a_poisson_blend(ctx, full, patch, 0, 0, &options, &report), P2A_OK);
    CHECK_EQUAL(report.reduced, 1);
    options.solve_px = 80;
    CHECK_EQUAL(p2a_poisson_blend(ctx, reduced, patch, 0, 0, &options, &report), P2A_OK);
    CHECK_EQUAL(report.reduced, 4);
    double mean = 0, worst = 0;
    for (size_t i = 0; i < N * N * 3; i++) {
        double d = fabs((double)full->pixels[i] - (double)reduced->pixels[i]);
        mean += d / (N * N * 3);
        worst = fmax(worst, d);
    }
    printf("reduced by 4: mean difference %.3f, largest %.0f levels\n", mean, worst);
    CHECK(mean < 0.5 && worst <= 4);
    p2a_image_destroy(full);
    p2a_image_destroy(reduced);
    p2a_image_destroy(patch);
}

static void feathers_mix_by_alpha(p2a_context *ctx)
{
    p2a_image *scene = image_of(ctx, 5, 1, 4), *patch = image_of(ctx, 3, 1, 4);
    for (size_t x = 0; x < 5; x++)
        memcpy(at(scene, x, 0), (const uint8_t[4]){10, 100, 200, 77}, 4);
    for (size_t x = 0; x < 3; x++)
        memcpy(at(patch, x, 0), (const uint8_t[4]){210, 0, 200, (uint8_t)(x * 127)}, 4);
    CHECK_EQUAL(p2a_feather_blend(ctx, scene, patch, 1, 0), P2A_OK);
    for (size_t x = 0; x < 5; x++) {
        int alpha = x >= 1 && x <= 3 ? (int)(x - 1) * 127 : 0;
        CHECK_EQUAL(at(scene, x, 0)[0], lrint(10 + 200.0 * alpha / 255));
        CHECK_EQUAL(at(scene, x, 0)[1], lrint(100 - 100.0 * alpha / 255));
        CHECK_EQUAL(at(scene, x, 0)[2], 200);
        CHECK_EQUAL(at(scene, x, 0)[3], 77);
    }
    CHECK_EQUAL(p2a_feather_blend(ctx, scene, patch, 3, 0), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_feather_blend(ctx, scene, patch, SIZE_MAX, 0), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_feather_blend(ctx, scene, NULL, 0, 0), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, scene, 1, 0, NULL, NULL), P2A_ERR_ARGUMENT);
    p2a_image *opaque = image_of(ctx, 2, 1, 3);
    CHECK_EQUAL(p2a_feather_blend(ctx, scene, opaque, 0, 0), P2A_ERR_ARGUMENT);
    p2a_poisson_options wrong = pure;
    wrong.bleed_limit = NAN;
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, &wrong, NULL), P2A_ERR_ARGUMENT);
    wrong = pure;
    wrong.solve_px = 0;
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, &wrong, NULL), P2A_ERR_ARGUMENT);
    p2a_image_destroy(opaque);
    p2a_image_destroy(scene);
    p2a_image_destroy(patch);
}

static void masks_of_nothing_and_of_everything(p2a_context *ctx)
{
    p2a_image *scene = image_of(ctx, 20, 20, 3), *patch = image_of(ctx, 20, 20, 4);
    paint(scene, 0, 0, 100, 0);
    paint(patch, 0, 0, 60, 0);
    p2a_poisson_report report;
    uint8_t before[20 * 20 * 3];
    memcpy(before, scene->pixels, sizeof before);
    for (size_t i = 0; i < 400; i++)
        patch->pixels[4 * i + 3] = 0;
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, NULL, &report), P2A_OK);
    CHECK(memcmp(before, scene->pixels, sizeof before) == 0);
    for (size_t i = 0; i < 400; i++)
        patch->pixels[4 * i + 3] = 255;
    /* No edge prescribes a colour: the patch as it is. */
    CHECK_EQUAL(p2a_poisson_blend(ctx, scene, patch, 0, 0, NULL, &report), P2A_OK);
    for (size_t i = 0; i < 400; i++)
        CHECK(memcmp(scene->pixels + 3 * i, patch->pixels + 4 * i, 3) == 0);
    p2a_image_destroy(scene);
    p2a_image_destroy(patch);
}

static void threads_change_no_byte_and_512_px_are_quick(p2a_context *ctx, p2a_context *threaded)
{
    enum { N = 512 };
    p2a_image *one = image_of(ctx, N, N, 3), *three = image_of(ctx, N, N, 3);
    p2a_image *patch = image_of(ctx, N, N, 4);
    paint(patch, 0, 0, 100, -0.1);
    mask_disc(patch, 256, 256, 250);
    double best_ms = 1e9;
    for (int i = 0; i < 5; i++) {
        paint(one, 0, 0, 120, 0.1);
        clock_t start = clock();
        CHECK_EQUAL(p2a_poisson_blend(ctx, one, patch, 0, 0, NULL, NULL), P2A_OK);
        best_ms = fmin(best_ms, (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
    }
    printf("512x512 RGB on one thread: %.1f ms\n", best_ms);
    paint(three, 0, 0, 120, 0.1);
    CHECK_EQUAL(p2a_poisson_blend(threaded, three, patch, 0, 0, NULL, NULL), P2A_OK);
    CHECK(memcmp(one->pixels, three->pixels, N * N * 3) == 0);
    p2a_image_destroy(one);
    p2a_image_destroy(three);
    p2a_image_destroy(patch);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    enum { N = 40 };
    p2a_image *scene = image_of(ctx, N, N, 3), *patch = image_of(ctx, N, N, 4);
    paint(scene, 0, 0, 120, 1);
    paint(patch, 0, 0, 40, 0);
    for (size_t x = 0; x < N; x++)
        memset(at(scene, x, 5), 255, 3);
    mask_disc(patch, 20, 20, 17);
    uint8_t before[N * N * 3];
    memcpy(before, scene->pixels, sizeof before);
    const long long blocks = f->blocks;
    for (int n = 0;; n++) {
        f->fails_at = n;
        p2a_status status = p2a_poisson_blend(ctx, scene, patch, 0, 0, NULL, NULL);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK_EQUAL(f->blocks, blocks);
        CHECK((memcmp(before, scene->pixels, sizeof before) == 0) == !done);
        if (done) {
            CHECK(n > 10);
            break;
        }
    }
    p2a_image_destroy(scene);
    p2a_image_destroy(patch);
}

int main(void)
{
    failing_allocator f, g;
    p2a_context *ctx = failing_context(&f, 1), *threaded = failing_context(&g, 3);
    blends_solve_poisson_s_equation(ctx);
    no_seam_shows(ctx);
    strange_edges_do_not_bleed(ctx);
    large_patches_are_reduced(ctx);
    feathers_mix_by_alpha(ctx);
    masks_of_nothing_and_of_everything(ctx);
    threads_change_no_byte_and_512_px_are_quick(ctx, threaded);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    p2a_context_destroy(threaded);
    CHECK_EQUAL(f.blocks + g.blocks, 0);
    return CHECK_REPORT();
}
