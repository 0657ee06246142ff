/* api_convert.c - the public converting calls: sizes, alpha, progress, stopping, wrong arguments */
#include <math.h>
#include <stdbool.h>

#include "check.h"
#include "model_file.h"
#include "photo2anime.h"

typedef struct fixture {
    p2a_context *ctx;
    p2a_model *model;
} fixture;

static fixture start(uint32_t threads)
{
    fixture f = {NULL, NULL};
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.threads = threads;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &f.ctx), P2A_OK);
    size_t bytes = 0;
    uint8_t *file = read_whole_file(P2A_ROOT "/models/weights/miyazaki.safetensors", &bytes);
    CHECK(file != NULL);
    if (p2a_model_load(f.ctx, file, bytes, &f.model) != P2A_OK)
        printf("%s\n", p2a_context_message(f.ctx));
    CHECK(f.model != NULL);
    free(file);
    return f;
}

static void end(fixture f)
{
    p2a_model_destroy(f.model);
    CHECK_EQUAL(p2a_context_bytes(f.ctx), 0);
    p2a_context_destroy(f.ctx);
}

/* A picture with slopes, edges and a little noise. */
static p2a_image *make_photo(p2a_context *ctx, uint32_t width, uint32_t height, uint32_t channels)
{
    uint8_t *pixels = malloc((size_t)width * height * channels);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < channels; c++)
                pixels[((size_t)y * width + x) * channels + c] =
                    (uint8_t)((x * (c + 1) + y * (3 - c) + ((x / 13 + y / 17) % 2) * 90 +
                               (x * 31 + y * 57) % 7) &
                              255);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, width, height, channels, &image), P2A_OK);
    free(pixels);
    return image;
}

static bool same_pixels(const p2a_image *a, const p2a_image *b)
{
    const size_t bytes = (size_t)p2a_image_width(a) * p2a_image_height(a) * p2a_image_channels(a);
    return p2a_image_width(a) == p2a_image_width(b) && p2a_image_height(a) == p2a_image_height(b) &&
           p2a_image_channels(a) == p2a_image_channels(b) &&
           memcmp(p2a_image_pixels(a), p2a_image_pixels(b), bytes) == 0;
}

static void test_sizes_and_alpha(fixture f)
{
    static const uint32_t sizes[][2] = {{1, 1}, {1, 500}, {500, 1}, {17, 31}, {100, 64}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t channels = 3; channels <= 4; channels++) {
            p2a_image *photo = make_photo(f.ctx, sizes[i][0], sizes[i][1], channels);
            p2a_image *anime = NULL;
            CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, NULL, NULL, &anime), P2A_OK);
            CHECK_EQUAL(p2a_image_width(anime), sizes[i][0]);
            CHECK_EQUAL(p2a_image_height(anime), sizes[i][1]);
            CHECK_EQUAL(p2a_image_channels(anime), channels);
            size_t kept = 0;
            for (size_t k = 3; channels == 4 && k < (size_t)sizes[i][0] * sizes[i][1] * 4; k += 4)
                kept += p2a_image_pixels(anime)[k] == p2a_image_pixels(photo)[k];
            CHECK_EQUAL(kept, channels == 4 ? (size_t)sizes[i][0] * sizes[i][1] : 0);
            p2a_image_destroy(anime);
            p2a_image_destroy(photo);
        }
}

static void test_bands_are_exact(fixture f)
{
    p2a_image *photo = make_photo(f.ctx, 210, 333, 3);
    p2a_options options;
    p2a_options_default(&options);
    options.band_rows_px = 1024;
    p2a_image *whole = NULL, *banded = NULL;
    p2a_result whole_result, result;
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, &whole_result, &whole), P2A_OK);
    static const uint32_t bands[] = {16, 48, 128, 0};
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++) {
        options.band_rows_px = bands[i];
        CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, &result, &banded), P2A_OK);
        CHECK(same_pixels(whole, banded));
        CHECK_NEAR(result.multiply_adds, whole_result.multiply_adds, 0);
        p2a_image_destroy(banded);
    }
    options.band_rows_px = 24; /* not a multiple of 16 */
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, NULL, &banded), P2A_ERR_ARGUMENT);
    CHECK(banded == NULL);
    p2a_image_destroy(whole);
    p2a_image_destroy(photo);
}

/* Halo tiles, the simple reference: each tile is painted with a border of what its pixels see. */
static void test_halo_tiles_are_the_same_picture(fixture f)
{
    enum { TILE = 64, HALO = 352, SIDE = 480 };
    p2a_image *photo = make_photo(f.ctx, SIDE, SIDE, 3), *whole = NULL;
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, NULL, NULL, &whole), P2A_OK);
    static const uint32_t corners[][2] = {{0, 0}, {416, 416}, {208, 96}};
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) {
        const uint32_t x = corners[i][0], y = corners[i][1];
        const uint32_t x0 = x > HALO ? x - HALO : 0, y0 = y > HALO ? y - HALO : 0;
        const uint32_t x1 = x + TILE + HALO < SIDE ? x + TILE + HALO : SIDE;
        const uint32_t y1 = y + TILE + HALO < SIDE ? y + TILE + HALO : SIDE;
        uint8_t *crop = malloc((size_t)(x1 - x0) * (y1 - y0) * 3);
        for (uint32_t r = y0; r < y1; r++)
            memcpy(crop + (size_t)(r - y0) * (x1 - x0) * 3,
                   p2a_image_pixels(photo) + ((size_t)r * SIDE + x0) * 3, (size_t)(x1 - x0) * 3);
        p2a_image *part = NULL, *painted = NULL;
        CHECK_EQUAL(p2a_image_create(f.ctx, crop, x1 - x0, y1 - y0, 3, &part), P2A_OK);
        CHECK_EQUAL(p2a_convert(f.ctx, f.model, part, NULL, NULL, &painted), P2A_OK);
        size_t differing = 0;
        for (uint32_t r = 0; r < TILE; r++)
            differing +=
                memcmp(p2a_image_pixels(painted) + ((size_t)(y - y0 + r) * (x1 - x0) + x - x0) * 3,
                       p2a_image_pixels(whole) + ((size_t)(y + r) * SIDE + x) * 3, TILE * 3) != 0;
        CHECK_EQUAL(differing, 0);
        p2a_image_destroy(painted);
        p2a_image_destroy(part);
        free(crop);
    }
    p2a_image_destroy(whole);
    p2a_image_destroy(photo);
}

static void test_width_and_estimate(fixture f)
{
    p2a_image *photo = make_photo(f.ctx, 300, 200, 3), *anime = NULL;
    p2a_options options;
    p2a_options_default(&options);
    options.width_px = 90;
    p2a_estimate estimate;
    p2a_result result;
    CHECK_EQUAL(p2a_convert_estimate(f.ctx, f.model, NULL, NULL, 300, 200, &options, &estimate),
                P2A_OK);
    const size_t before = p2a_context_bytes(f.ctx);
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, &result, &anime), P2A_OK);
    CHECK_EQUAL(p2a_image_width(anime), 90);
    CHECK_EQUAL(p2a_image_height(anime), 60);
    CHECK_NEAR(estimate.width_px, 90, 0);
    CHECK_NEAR(estimate.height_px, 60, 0);
    CHECK_NEAR(estimate.multiply_adds, result.multiply_adds, 0);
    CHECK_NEAR(estimate.peak_bytes / (result.peak_bytes - (double)before), 1, 0.2);
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
}

static void test_steps_and_stopping(fixture f)
{
    p2a_image *photo = make_photo(f.ctx, 256, 512, 3), *anime = NULL;
    p2a_job *job = NULL;
    CHECK_EQUAL(p2a_job_create(f.ctx, f.model, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_take(job, NULL, &anime), P2A_ERR_ARGUMENT); /* not finished */
    double progress = 0, last = -1;
    int steps = 0;
    for (; progress < 1; steps++) {
        CHECK_EQUAL(p2a_job_step(job, &progress), P2A_OK);
        CHECK(progress >= last);
        last = progress;
    }
    CHECK(steps > 3);
    CHECK_EQUAL(p2a_job_take(job, NULL, &anime), P2A_OK);
    p2a_image_destroy(anime);
    CHECK_EQUAL(p2a_job_take(job, NULL, &anime), P2A_ERR_ARGUMENT); /* taken already */
    CHECK(anime == NULL);
    p2a_job_destroy(job);

    CHECK_EQUAL(p2a_job_create(f.ctx, f.model, photo, NULL, &job), P2A_OK);
    CHECK_EQUAL(p2a_job_step(job, &progress), P2A_OK);
    p2a_context_stop(f.ctx);
    CHECK_EQUAL(p2a_job_step(job, &progress), P2A_ERR_STOPPED);
    CHECK_EQUAL(p2a_job_step(job, &progress), P2A_ERR_ARGUMENT);
    p2a_job_destroy(job);
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, NULL, NULL, &anime), P2A_OK); /* goes on */
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
}

static p2a_image *paint_with(fixture f, const p2a_image *photo, float edge, float colour)
{
    p2a_options options;
    p2a_options_default(&options);
    options.edge_preserve = edge;
    options.color_shift = colour;
    p2a_image *out = NULL;
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, NULL, &out), P2A_OK);
    return out;
}

static double mean_difference(const p2a_image *a, const p2a_image *b)
{
    const size_t count = (size_t)p2a_image_width(a) * p2a_image_height(a) * p2a_image_channels(a);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += abs(p2a_image_pixels(a)[i] - p2a_image_pixels(b)[i]);
    return sum / (double)count;
}

/* How even the effects are is measured in adjust_picture.c; here, that the options reach it. */
static void test_edges_and_colours_follow_the_options(fixture f)
{
    static const float wrong[][2] = {{0.4f, 1}, {1.6f, 1}, {1, -0.1f},
                                     {1, 1.1f}, {NAN, 1},  {1, NAN}};
    p2a_image *photo = make_photo(f.ctx, 120, 90, 3);
    p2a_image *plain = paint_with(f, photo, 1, 1), *own_colours = paint_with(f, photo, 1, 0);
    p2a_image *soft = paint_with(f, photo, 0.5f, 1), *sharp = paint_with(f, photo, 1.5f, 1);
    CHECK(mean_difference(photo, own_colours) < mean_difference(photo, plain));
    CHECK(!same_pixels(plain, soft));
    CHECK(!same_pixels(plain, sharp));
    CHECK(mean_difference(photo, sharp) < mean_difference(photo, soft));
    p2a_image *again = paint_with(f, photo, 1, 1);
    CHECK(same_pixels(plain, again));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        p2a_options options;
        p2a_options_default(&options);
        options.edge_preserve = wrong[i][0];
        options.color_shift = wrong[i][1];
        p2a_image *out = photo;
        CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, NULL, &out), P2A_ERR_ARGUMENT);
        CHECK(out == NULL);
    }
    p2a_image_destroy(again);
    p2a_image_destroy(sharp);
    p2a_image_destroy(soft);
    p2a_image_destroy(own_colours);
    p2a_image_destroy(plain);
    p2a_image_destroy(photo);
}

static void test_wrong_arguments(fixture f)
{
    p2a_image *photo = make_photo(f.ctx, 16, 16, 3), *out = photo;
    p2a_options options;
    p2a_options_default(&options);
    CHECK_EQUAL(p2a_convert(NULL, f.model, photo, NULL, NULL, &out), P2A_ERR_ARGUMENT);
    CHECK(out == NULL);
    CHECK_EQUAL(p2a_convert(f.ctx, NULL, photo, NULL, NULL, &out), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(f.ctx), "model") != NULL);
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, NULL, NULL, NULL, &out), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, NULL, NULL, NULL), P2A_ERR_ARGUMENT);
    options.width_px = 70000;
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, NULL, &out), P2A_ERR_LIMIT);
    options.width_px = 0;
    options.band_rows_px = 1u << 31;
    CHECK_EQUAL(p2a_convert(f.ctx, f.model, photo, &options, NULL, &out), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_step(NULL, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_job_take(NULL, NULL, &out), P2A_ERR_ARGUMENT);
    p2a_job_destroy(NULL);
    double speed = 0;
    CHECK_EQUAL(p2a_context_measure(f.ctx, P2A_PRECISION_F32, &speed), P2A_OK);
    CHECK(speed > 1e8);
    double in_bytes = 0;
    CHECK_EQUAL(p2a_context_measure(f.ctx, P2A_PRECISION_INT8, &in_bytes), P2A_OK);
    CHECK(in_bytes > 1e7);
    CHECK_EQUAL(p2a_context_measure(f.ctx, (p2a_precision)2, &in_bytes), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_context_measure(f.ctx, P2A_PRECISION_F32, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_context_measure(NULL, P2A_PRECISION_F32, &speed), P2A_ERR_ARGUMENT);
    p2a_image_destroy(photo);
}

int main(void)
{
    fixture one = start(1), two = start(2);
    test_sizes_and_alpha(one);
    test_bands_are_exact(one);
    test_bands_are_exact(two);
    test_halo_tiles_are_the_same_picture(two);
    test_width_and_estimate(one);
    test_steps_and_stopping(two);
    test_edges_and_colours_follow_the_options(two);
    test_wrong_arguments(one);
    p2a_image *photo = make_photo(one.ctx, 200, 150, 3), *a = NULL, *b = NULL;
    CHECK_EQUAL(p2a_convert(one.ctx, one.model, photo, NULL, NULL, &a), P2A_OK);
    CHECK_EQUAL(p2a_convert(two.ctx, two.model, photo, NULL, NULL, &b), P2A_OK);
    CHECK(same_pixels(a, b)); /* whatever the thread count */
    p2a_image_destroy(b);
    p2a_image_destroy(a);
    p2a_image_destroy(photo);
    end(two);
    end(one);
    return CHECK_REPORT();
}
