/* adjust_picture.c - edges and colours move evenly and in one direction; 1 and 1 change no byte */
#include "pipeline/adjust.h"

#include <time.h>

#include "check.h"
#include "failing_context.h"
#include "image/colour.h"

static p2a_image *image_of(p2a_context *ctx, size_t width, size_t height, uint32_t channels)
{
    p2a_image *image = NULL;
    if (p2a_image_alloc(ctx, width, height, channels, &image) != P2A_OK)
        exit(1);
    return image;
}

static double noise(size_t x, size_t y)
{
    uint32_t h = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u;
    h = (h ^ h >> 13) * 1274126177u;
    return (double)(h >> 8 & 0xffff) / 65536 - 0.5;
}

/* Sky, sun, hills with grass, a house with windows: colours 0..255 at (u, v) in 0..1. */
static void photo_colour(double u, double v, double rgb[3])
{
    const double hill = 0.55 + 0.1 * sin(u * 7) + 0.03 * sin(u * 23);
    double c[3] = {110 + 70 * v, 150 + 50 * v, 215};
    if (hypot((u - 0.8) * 1.4, v - 0.2) < 0.08) {
        c[0] = 250, c[1] = 225, c[2] = 150;
    } else if (v > hill) {
        double grass = 18 * sin(u * 160 + 9 * sin(v * 90)) * sin(v * 210);
        c[0] = 88 + grass, c[1] = 122 + grass - 50 * (v - hill), c[2] = 60 + grass / 2;
    }
    if (u > 0.2 && u < 0.45 && v > 0.4 && v < 0.75) {
        c[0] = 176, c[1] = 98, c[2] = 80;
        if (fmod(u * 24, 1) > 0.3 && fmod(u * 24, 1) < 0.8 && fmod(v * 17, 1) > 0.4)
            c[0] = 60, c[1] = 66, c[2] = 88;
    }
    memcpy(rgb, c, sizeof c);
}

/* The photo with grain; and a painting of it: smooth, posterised, brighter, greener, outlined. */
static void draw(p2a_image *photo, p2a_image *painted)
{
    const size_t w = photo->width_px, h = photo->height_px;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            double rgb[3], beside[3], u = ((double)x + 0.5) / (double)w;
            double v = ((double)y + 0.5) / (double)h;
            photo_colour(u, v, rgb);
            photo_colour(u + 2.0 / (double)w, v + 2.0 / (double)h, beside);
            double line = fabs(rgb[0] - beside[0]) > 45 ? 0.5 : 1;
            const double style[3] = {0.85, 1.12, 0.95};
            for (int c = 0; c < 3; c++) {
                double p = rgb[c] + 9 * noise(x, y);
                double s = (floor(rgb[c] / 24) * 24 + 26) * style[c] * line;
                photo->pixels[y * photo->stride_bytes + x * photo->channels + (size_t)c] =
                    (uint8_t)fmin(fmax(p, 0), 255);
                painted->pixels[y * painted->stride_bytes + x * painted->channels + (size_t)c] =
                    (uint8_t)fmin(fmax(s, 0), 255);
            }
            if (painted->channels == 4)
                painted->pixels[y * painted->stride_bytes + 4 * x + 3] = (uint8_t)(x + y);
        }
}

static p2a_image *copy_of(p2a_context *ctx, const p2a_image *image)
{
    p2a_image *copy = image_of(ctx, image->width_px, image->height_px, image->channels);
    memcpy(copy->pixels, image->pixels, image->stride_bytes * image->height_px);
    return copy;
}

static p2a_status adjust(p2a_context *ctx, const p2a_image *photo, p2a_image *painted, float edges,
                         float colours)
{
    p2a_adjust *a = NULL;
    p2a_status status = p2a_adjust_create(ctx, photo, painted, edges, colours, &a);
    CHECK((status == P2A_OK) == (a != NULL));
    double done = 0, before = -1;
    while (status == P2A_OK && done < 1) {
        p2a_adjust_step(a, &done);
        CHECK(done > before);
        before = done;
    }
    p2a_adjust_destroy(a);
    return status;
}

/* Root of the mean squared step of brightness between neighbours. */
static double edge_energy(const p2a_image *image)
{
    double sum = 0;
    const size_t w = image->width_px, h = image->height_px, n = image->channels;
    for (size_t y = 0; y + 1 < h; y++)
        for (size_t x = 0; x + 1 < w; x++) {
            double l[3];
            const size_t at[3] = {0, n, image->stride_bytes};
            for (int k = 0; k < 3; k++) {
                const uint8_t *p = image->pixels + y * image->stride_bytes + x * n + at[k];
                l[k] = 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
            }
            sum += (l[1] - l[0]) * (l[1] - l[0]) + (l[2] - l[0]) * (l[2] - l[0]);
        }
    return sqrt(sum / (double)((w - 1) * (h - 1)));
}

enum { BINS = 256 };

/* Earth mover's distance between the pictures' L, a and b histograms, summed: one number of how
 * far apart the palettes are, in Lab units. */
static double palette_distance(const p2a_image *one, const p2a_image *other)
{
    double histograms[2][3][BINS] = {{{0}}}, distance = 0;
    const p2a_image *images[2] = {one, other};
    float linear[256];
    p2a_linear_from_bytes(linear);
    for (int k = 0; k < 2; k++) {
        const size_t count = (size_t)images[k]->width_px * images[k]->height_px;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *p = images[k]->pixels + i * images[k]->channels;
            const float rgb[3] = {linear[p[0]], linear[p[1]], linear[p[2]]};
            float lab[3];
            p2a_lab_from_linear(rgb, lab);
            for (int c = 0; c < 3; c++) {
                double bin = (double)lab[c] + (c > 0 ? 128 : 0);
                histograms[k][c][(size_t)fmin(fmax(bin, 0), BINS - 1)] += 1 / (double)count;
            }
        }
    }
    for (int c = 0; c < 3; c++) {
        double carried = 0;
        for (int i = 0; i < BINS; i++) {
            carried += histograms[0][c][i] - histograms[1][c][i];
            distance += fabs(carried);
        }
    }
    return distance;
}

static void ones_change_no_byte(p2a_context *ctx)
{
    p2a_image *photo = image_of(ctx, 90, 70, 3), *painted = image_of(ctx, 90, 70, 4);
    draw(photo, painted);
    p2a_image *before = copy_of(ctx, painted);
    CHECK_EQUAL(adjust(ctx, photo, painted, 1, 1), P2A_OK);
    CHECK(memcmp(before->pixels, painted->pixels, painted->stride_bytes * 70) == 0);
    CHECK_EQUAL(adjust(ctx, photo, painted, 0.7f, 0.4f), P2A_OK);
    CHECK(memcmp(before->pixels, painted->pixels, painted->stride_bytes * 70) != 0);
    for (size_t i = 0; i < 90 * 70; i++)
        CHECK(before->pixels[4 * i + 3] == painted->pixels[4 * i + 3]);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
    p2a_image_destroy(before);
}

/* Eleven steps: each must go the same way, and none may be more than four times another. */
static void check_even(const double values[11], const char *name)
{
    double least = INFINITY, most = 0;
    printf("%s:", name);
    for (int i = 0; i < 11; i++) {
        printf(" %.2f", values[i]);
        if (i > 0) {
            least = fmin(least, values[i] - values[i - 1]);
            most = fmax(most, values[i] - values[i - 1]);
        }
    }
    printf("; steps %.3f to %.3f\n", least, most);
    CHECK(least > 0);
    CHECK(most < 4 * least);
}

static void eleven_steps_are_even(p2a_context *ctx, size_t width, size_t height)
{
    p2a_image *photo = image_of(ctx, width, height, 3), *painted = image_of(ctx, width, height, 3);
    draw(photo, painted);
    double energies[11], distances[11];
    for (int i = 0; i < 11; i++) {
        p2a_image *result = copy_of(ctx, painted);
        CHECK_EQUAL(adjust(ctx, photo, result, 0.5f + 0.1f * (float)i, 1), P2A_OK);
        energies[i] = edge_energy(result);
        p2a_image_destroy(result);
        result = copy_of(ctx, painted);
        CHECK_EQUAL(adjust(ctx, photo, result, 1, 0.1f * (float)i), P2A_OK);
        distances[i] = palette_distance(result, photo);
        p2a_image_destroy(result);
    }
    check_even(energies, "edge_preserve 0.5 to 1.5, gradient energy");
    check_even(distances, "color_shift 0 to 1, palette distance to the photo");
    CHECK(distances[0] < 0.35 * distances[10]);
    CHECK(energies[0] < 0.85 * energies[5] && energies[10] > 1.15 * energies[5]);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

/* The tent of the definition, over the whole picture, in doubles. */
static void softening_agrees_with_a_plain_loop(p2a_context *ctx)
{
    enum { W = 75, H = 101 }; /* radius 1; three bands and a rest of 5 rows */
    p2a_image *photo = image_of(ctx, W, H, 3), *painted = image_of(ctx, W, H, 3);
    draw(photo, painted);
    p2a_image *before = copy_of(ctx, painted);
    CHECK_EQUAL(adjust(ctx, photo, painted, 0.6f, 1), P2A_OK);
    double worst = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            double mean = 0, own = 0;
            for (int j = -1; j <= 1; j++)
                for (int i = -1; i <= 1; i++) {
                    int xx = x + i < 0 ? 0 : x + i >= W ? W - 1 : x + i;
                    int yy = y + j < 0 ? 0 : y + j >= H ? H - 1 : y + j;
                    const uint8_t *p = before->pixels + 3 * (yy * W + xx);
                    double l = 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
                    mean += l * (2 - abs(i)) * (2 - abs(j)) / 16;
                    own = i == 0 && j == 0 ? l : own;
                }
            for (int c = 0; c < 3; c++) {
                double want = before->pixels[3 * (y * W + x) + c] - 0.75 * 0.8 * (own - mean);
                want = fmin(fmax(want, 0), 255);
                worst = fmax(worst, fabs(want - painted->pixels[3 * (y * W + x) + c]));
            }
        }
    CHECK(worst <= 0.501);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
    p2a_image_destroy(before);
}

static void any_size_runs(p2a_context *ctx)
{
    const size_t sizes[6][2] = {{1, 1}, {1, 200}, {300, 1}, {33, 32}, {1300, 20}, {20, 1300}};
    for (int i = 0; i < 6; i++) {
        p2a_image *photo = image_of(ctx, sizes[i][0], sizes[i][1], 4);
        p2a_image *painted = image_of(ctx, sizes[i][0], sizes[i][1], 3);
        draw(photo, painted);
        CHECK_EQUAL(adjust(ctx, photo, painted, 1.5f, 0), P2A_OK);
        CHECK_EQUAL(adjust(ctx, photo, painted, 0.5f, 0.3f), P2A_OK);
        p2a_image_destroy(photo);
        p2a_image_destroy(painted);
    }
}

static void wrong_arguments_are_named(p2a_context *ctx)
{
    p2a_image *photo = image_of(ctx, 8, 8, 3), *small = image_of(ctx, 8, 7, 3);
    draw(photo, photo);
    CHECK_EQUAL(adjust(ctx, photo, small, 1, 1), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(adjust(ctx, NULL, photo, 1, 1), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(adjust(ctx, photo, photo, 0.4f, 1), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "edge_preserve") != NULL);
    CHECK_EQUAL(adjust(ctx, photo, photo, NAN, 1), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(adjust(ctx, photo, photo, 1, 1.1f), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "color_shift") != NULL);
    p2a_image_destroy(photo);
    p2a_image_destroy(small);
}

static void threads_change_no_byte_and_memory_is_bounded(p2a_context *ctx, p2a_context *threaded)
{
    enum { W = 1024, H = 700 };
    p2a_image *photo = image_of(ctx, W, H, 3), *a = image_of(ctx, W, H, 3);
    draw(photo, a);
    p2a_image *b = copy_of(ctx, a);
    p2a_context_reset_peak(ctx);
    const size_t before = p2a_context_bytes(ctx);
    clock_t start = clock();
    CHECK_EQUAL(adjust(ctx, photo, a, 1.3f, 0.2f), P2A_OK);
    double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    printf("%.1f ms a megapixel, %.2f MB\n", ms / (W * H / 1e6),
           (double)(p2a_context_peak_bytes(ctx) - before) / 1e6);
    CHECK(p2a_context_peak_bytes(ctx) - before < 5000000 + 1100 * W);
    CHECK_EQUAL(p2a_context_bytes(ctx), before);
    CHECK_EQUAL(adjust(threaded, photo, b, 1.3f, 0.2f), P2A_OK);
    CHECK(memcmp(a->pixels, b->pixels, (size_t)W * H * 3) == 0);
    p2a_image_destroy(photo);
    p2a_image_destroy(a);
    p2a_image_destroy(b);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    p2a_image *photo = image_of(ctx, 40, 30, 3), *painted = image_of(ctx, 40, 30, 3);
    draw(photo, painted);
    const long long blocks = f->blocks;
    for (int n = 0;; n++) {
        f->fails_at = n;
        p2a_status status = adjust(ctx, photo, painted, 1.2f, 0.5f);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK_EQUAL(f->blocks, blocks);
        if (done) {
            CHECK(n >= 6);
            break;
        }
    }
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

int main(void)
{
    failing_allocator f, g;
    p2a_context *ctx = failing_context(&f, 1), *threaded = failing_context(&g, 3);
    ones_change_no_byte(ctx);
    eleven_steps_are_even(ctx, 400, 300);
    softening_agrees_with_a_plain_loop(ctx);
    any_size_runs(ctx);
    wrong_arguments_are_named(ctx);
    threads_change_no_byte_and_memory_is_bounded(ctx, threaded);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    p2a_context_destroy(threaded);
    CHECK_EQUAL(f.blocks + g.blocks, 0);
    return CHECK_REPORT();
}
