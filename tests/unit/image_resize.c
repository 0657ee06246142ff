/* image_resize.c - resampling agrees with a plain sum over both axes, aliases nothing, bleeds
 * nothing */
#include "check.h"
#include "image/resize.h"

static double lanczos3(double x)
{
    const double a = acos(-1.0) * x;
    if (x == 0)
        return 1;
    return fabs(x) < 3 ? sin(a) / a * sin(a / 3) / (a / 3) : 0;
}

static double catmull_rom(double x)
{
    x = fabs(x);
    if (x < 1)
        return 1.5 * x * x * x - 2.5 * x * x + 1;
    return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

static double weight_of(size_t from_px, size_t to_px, size_t from, size_t to)
{
    const double ratio = (double)from_px / (double)to_px;
    const double distance = from + 0.5 - (to + 0.5) * ratio;
    return ratio > 1 ? lanczos3(distance / ratio) : catmull_rom(distance);
}

/* One target pixel as a sum over every pixel of the source. */
static void reference(const uint8_t *pixels, size_t w, size_t h, size_t channels, size_t to_w,
                      size_t to_h, size_t x, size_t y, double out[4])
{
    double sum[4] = {0}, weights = 0;
    for (size_t j = 0; j < h; j++)
        for (size_t i = 0; i < w; i++) {
            const double weight = weight_of(w, to_w, i, x) * weight_of(h, to_h, j, y);
            const uint8_t *p = pixels + (j * w + i) * channels;
            const double alpha = channels == 4 ? p[3] : 255;
            for (size_t c = 0; c < 3; c++)
                sum[c] += weight * alpha * p[c];
            sum[3] += weight * alpha;
            weights += weight;
        }
    for (size_t c = 0; c < 3; c++)
        out[c] = sum[3] > 0 ? fmin(fmax(sum[c] / sum[3], 0), 255) : 0;
    out[3] = fmin(fmax(sum[3] / weights, 0), 255);
}

static void resizing_is_a_weighted_sum(p2a_context *ctx)
{
    static const size_t sizes[][4] = {{1, 1, 5, 3},    {5, 3, 1, 1},     {7, 9, 14, 18},
                                      {14, 18, 7, 9},  {31, 17, 20, 40}, {20, 2, 3, 2},
                                      {20, 16, 19, 17}};
    for (uint32_t channels = 3; channels <= 4; channels++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            const size_t w = sizes[s][0], h = sizes[s][1], to_w = sizes[s][2], to_h = sizes[s][3];
            uint8_t *pixels = malloc(w * h * channels);
            for (size_t i = 0; i < w * h * channels; i++)
                pixels[i] = (uint8_t)((uint32_t)(i + 1) * 2654435761u >> 24);
            p2a_image *image = NULL, *resized = NULL;
            CHECK_EQUAL(p2a_image_create(ctx, pixels, (uint32_t)w, (uint32_t)h, channels, &image),
                        P2A_OK);
            CHECK_EQUAL(p2a_image_resize(ctx, image, to_w, to_h, &resized), P2A_OK);
            CHECK_EQUAL(p2a_image_width(resized), to_w);
            CHECK_EQUAL(p2a_image_height(resized), to_h);
            double largest = 0;
            for (size_t y = 0; y < to_h; y++)
                for (size_t x = 0; x < to_w; x++) {
                    double expected[4];
                    reference(pixels, w, h, channels, to_w, to_h, x, y, expected);
                    const uint8_t *at = p2a_image_pixels(resized) + (y * to_w + x) * channels;
                    for (size_t c = 0; c < channels; c++) /* colours where there is alpha */
                        if (c == 3 || channels == 3 || expected[3] > 8)
                            largest = fmax(largest, fabs(at[c] - expected[c]));
                }
            CHECK(largest <= 0.51); /* rounding to a byte, and floats instead of doubles */
            p2a_image_destroy(resized);
            p2a_image_destroy(image);
            free(pixels);
        }
}

/* A pattern of single pixels is plain grey from afar; a flat colour stays what it is. */
static void nothing_aliases(p2a_context *ctx)
{
    const uint32_t w = 320, h = 200;
    uint8_t *pixels = malloc((size_t)w * h * 3);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (uint32_t c = 0; c < 3; c++)
                pixels[(y * w + x) * 3 + c] = c == 2 ? 77 : (x + y) % 2 ? 255 : 0;
    p2a_image *image = NULL, *resized = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, 3, &image), P2A_OK);
    static const size_t sizes[][2] = {{100, 60}, {37, 41}, {8, 5}, {1, 1}};
    for (int s = 0; s < 4; s++) {
        CHECK_EQUAL(p2a_image_resize(ctx, image, sizes[s][0], sizes[s][1], &resized), P2A_OK);
        int largest = 0;
        for (size_t i = 0; i < sizes[s][0] * sizes[s][1]; i++) {
            const uint8_t *at = p2a_image_pixels(resized) + 3 * i;
            const int d = abs(at[0] - 127) > abs(at[1] - 128) ? abs(at[0] - 127) : abs(at[1] - 128);
            largest = d > largest ? d : largest;
            CHECK_EQUAL(at[2], 77);
        }
        CHECK(largest <= 4);
        p2a_image_destroy(resized);
    }
    p2a_image_destroy(image);
    free(pixels);
}

static void hidden_colours_do_not_bleed(p2a_context *ctx)
{
    uint8_t pixels[20 * 20 * 4];
    for (int i = 0; i < 400; i++) { /* green that is seen, red that is not */
        const uint8_t seen[4] = {0, 200, 0, 255}, hidden[4] = {255, 0, 0, 0};
        memcpy(pixels + 4 * i, i % 20 < 10 ? seen : hidden, 4);
    }
    p2a_image *image = NULL, *resized = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 20, 20, 4, &image), P2A_OK);
    static const size_t sizes[] = {7, 33, 1};
    for (int s = 0; s < 3; s++) {
        CHECK_EQUAL(p2a_image_resize(ctx, image, sizes[s], sizes[s], &resized), P2A_OK);
        for (size_t i = 0; i < sizes[s] * sizes[s]; i++) {
            const uint8_t *at = p2a_image_pixels(resized) + 4 * i;
            CHECK(at[0] == 0 && at[2] == 0);
            CHECK(at[3] < 2 || abs(at[1] - 200) <= 1);
        }
        p2a_image_destroy(resized);
    }
    p2a_image_destroy(image);
}

static void the_same_size_is_a_copy_and_regions_are_cut(p2a_context *ctx)
{
    uint8_t pixels[12 * 9 * 4];
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i * 37);
    p2a_image *image = NULL, *copy = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 12, 9, 4, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_resize(ctx, image, 12, 9, &copy), P2A_OK);
    CHECK(memcmp(p2a_image_pixels(copy), pixels, sizeof(pixels)) == 0);
    p2a_image_destroy(copy);

    const p2a_region region = {3, 2, 10, 8};
    p2a_image *cut = NULL, *direct = NULL, *twice = NULL;
    CHECK_EQUAL(p2a_image_resize_region(ctx, image, &region, 7, 6, &cut), P2A_OK);
    for (int y = 0; y < 6; y++)
        CHECK(memcmp(p2a_image_pixels(cut) + y * 28, pixels + ((y + 2) * 12 + 3) * 4, 28) == 0);
    CHECK_EQUAL(p2a_image_resize_region(ctx, image, &region, 5, 11, &direct), P2A_OK);
    CHECK_EQUAL(p2a_image_resize(ctx, cut, 5, 11, &twice), P2A_OK);
    CHECK(memcmp(p2a_image_pixels(direct), p2a_image_pixels(twice), 5 * 11 * 4) == 0);
    p2a_image_destroy(twice);
    p2a_image_destroy(direct);
    p2a_image_destroy(cut);
    p2a_image_destroy(image);
}

static void threads_do_not_change_a_bit(void)
{
    const uint32_t w = 301, h = 203;
    uint8_t *pixels = malloc((size_t)w * h * 3);
    for (uint32_t i = 0; i < w * h * 3; i++)
        pixels[i] = (uint8_t)(i * 2654435761u >> 24);
    static const size_t sizes[][2] = {{100, 77}, {500, 303}, {3, 1}};
    for (int s = 0; s < 3; s++) {
        const size_t bytes = sizes[s][0] * sizes[s][1] * 3;
        uint8_t *first = malloc(bytes);
        for (uint32_t threads = 1; threads <= 3; threads++) {
            p2a_limits limits;
            p2a_limits_default(&limits);
            limits.threads = threads;
            p2a_context *ctx = NULL;
            CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
            p2a_image *image = NULL, *resized = NULL;
            CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, 3, &image), P2A_OK);
            CHECK_EQUAL(p2a_image_resize(ctx, image, sizes[s][0], sizes[s][1], &resized), P2A_OK);
            if (threads == 1)
                memcpy(first, p2a_image_pixels(resized), bytes);
            CHECK(memcmp(first, p2a_image_pixels(resized), bytes) == 0);
            p2a_image_destroy(resized);
            p2a_image_destroy(image);
            CHECK_EQUAL(p2a_context_bytes(ctx), 0);
            p2a_context_destroy(ctx);
        }
        free(first);
    }
    free(pixels);
}

static void limits_and_long_sides(p2a_context *ctx)
{
    uint8_t *pixels = malloc(65535 * 3);
    memset(pixels, 99, 65535 * 3);
    p2a_image *image = NULL, *resized = (p2a_image *)ctx;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 65535, 1, 3, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_resize(ctx, image, 65536, 1, &resized), P2A_ERR_LIMIT);
    CHECK(resized == NULL);
    CHECK_EQUAL(p2a_image_resize(ctx, image, 0, 1, &resized), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_image_resize(ctx, image, 1, 1, &resized), P2A_OK);
    CHECK_EQUAL(p2a_image_pixels(resized)[0], 99);
    p2a_image_destroy(resized);
    CHECK_EQUAL(p2a_image_resize(ctx, image, 1, 50, &resized), P2A_OK);
    CHECK_EQUAL(p2a_image_pixels(resized)[49 * 3], 99);
    p2a_image_destroy(resized);
    p2a_image_destroy(image);
    free(pixels);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    resizing_is_a_weighted_sum(ctx);
    nothing_aliases(ctx);
    hidden_colours_do_not_bleed(ctx);
    the_same_size_is_a_copy_and_regions_are_cut(ctx);
    threads_do_not_change_a_bit();
    limits_and_long_sides(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
