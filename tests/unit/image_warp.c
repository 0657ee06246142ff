/* image_warp.c - crops lie where the transform says, do not alias, and come back where they were */
#include "check.h"
#include "image/resize.h"
#include "image/warp.h"

#define W 60
#define H 44

static p2a_image *make(p2a_context *ctx, uint32_t w, uint32_t h, uint32_t channels,
                       double (*value)(double x, double y, uint32_t c))
{
    uint8_t *pixels = malloc((size_t)w * h * channels);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (uint32_t c = 0; c < channels; c++)
                pixels[(y * w + x) * channels + c] =
                    (uint8_t)floor(value(x + 0.5, y + 0.5, c) + 0.5);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, channels, &image), P2A_OK);
    free(pixels);
    return image;
}

static double hashed(double x, double y, uint32_t c)
{
    return (uint32_t)(x * 131 + y * 7919 + c * 31) * 2654435761u >> 24;
}

static double ramp(double x, double y, uint32_t c)
{
    return c == 3 ? 255 : 20 + x * 2 + y * 1.5 + c * 10;
}

static double waves(double x, double y, uint32_t c)
{
    return 128 + 60 * sin(x * 0.07 + c) + 50 * cos(y * 0.09);
}

static double checker(double x, double y, uint32_t c)
{
    (void)c;
    return ((int)x + (int)y) % 2 ? 255 : 0;
}

static void whole_shifts_and_turns_are_exact(p2a_context *ctx)
{
    static const double transforms[][6] = {
        {1, 0, 0, 0, 1, 0},      /* itself */
        {1, 0, 7, 0, 1, 3},      /* a crop's corner at (7, 3) */
        {0, 1, 0, -1, 0, H},     /* a quarter turn */
        {-1, 0, W, 0, -1, H},    /* half a turn */
        {1, 0, -9, 0, 1, -5},    /* outside at the top left */
        {1, 0, W - 5, 0, 1, 30}, /* outside at the bottom right */
    };
    for (uint32_t channels = 3; channels <= 4; channels++) {
        p2a_image *photo = make(ctx, W, H, channels, hashed);
        uint8_t *pixels = (uint8_t *)p2a_image_pixels(photo);
        for (uint32_t i = 3; channels == 4 && i < W * H * 4; i += 4)
            pixels[i] |= 64; /* colours of almost clear pixels do not survive a division */
        for (size_t t = 0; t < sizeof(transforms) / sizeof(transforms[0]); t++) {
            const double *m = transforms[t];
            p2a_image *crop = NULL;
            CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 31, 23, &crop), P2A_OK);
            size_t wrong = 0;
            for (int y = 0; y < 23; y++)
                for (int x = 0; x < 31; x++) {
                    const double u = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
                    const double v = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
                    const size_t i = (size_t)fmin(fmax(floor(u), 0), W - 1);
                    const size_t j = (size_t)fmin(fmax(floor(v), 0), H - 1);
                    wrong +=
                        memcmp(p2a_image_pixels(crop) + (y * 31 + x) * (int)channels,
                               p2a_image_pixels(photo) + (j * W + i) * channels, channels) != 0;
                }
            CHECK_EQUAL(wrong, 0);
            p2a_image_destroy(crop);
        }
        p2a_image_destroy(photo);
    }
}

/* A plane in colour space stays one under every transform, enlarged, turned or shrunk. */
static void ramps_stay_ramps(p2a_context *ctx)
{
    static const double degrees[] = {0, 10, 45, 123, 200};
    static const double scales[] = {0.2, 0.7, 1, 1.4, 2.5};
    for (uint32_t channels = 3; channels <= 4; channels++) {
        p2a_image *photo = make(ctx, W, H, channels, ramp);
        for (int d = 0; d < 5; d++)
            for (int s = 0; s < 5; s++) {
                const double a = degrees[d] * acos(-1.0) / 180, k = scales[s];
                const double m[6] = {k * cos(a), -k * sin(a), W / 2.0 - k * 5 * (cos(a) - sin(a)),
                                     k * sin(a), k * cos(a),  H / 2.0 - k * 5 * (sin(a) + cos(a))};
                p2a_image *crop = NULL;
                CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 10, 10, &crop), P2A_OK);
                double largest = 0;
                for (int y = 0; y < 10; y++)
                    for (int x = 0; x < 10; x++) {
                        const double u = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
                        const double v = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
                        if (u < 3 * k + 3 || u > W - 3 * k - 3 || v < 3 * k + 3 ||
                            v > H - 3 * k - 3)
                            continue; /* the border bends it */
                        for (uint32_t c = 0; c < channels; c++)
                            largest = fmax(
                                largest,
                                fabs(p2a_image_pixels(crop)[(y * 10 + x) * (int)channels + (int)c] -
                                     ramp(u, v, c)));
                    }
                CHECK(largest <= 1.3);
                p2a_image_destroy(crop);
            }
        p2a_image_destroy(photo);
    }
}

static void shrinking_does_not_alias(p2a_context *ctx)
{
    p2a_image *photo = make(ctx, 200, 200, 3, checker);
    static const double degrees[] = {0, 30, 45};
    static const double scales[] = {2.2, 3, 5.7};
    for (int d = 0; d < 3; d++)
        for (int s = 0; s < 3; s++) {
            const double a = degrees[d] * acos(-1.0) / 180, k = scales[s];
            const double m[6] = {k * cos(a), -k * sin(a), 100 - k * 8 * (cos(a) - sin(a)),
                                 k * sin(a), k * cos(a),  100 - k * 8 * (sin(a) + cos(a))};
            p2a_image *crop = NULL;
            CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 16, 16, &crop), P2A_OK);
            int largest = 0;
            for (int i = 0; i < 16 * 16 * 3; i++) {
                const int difference = abs(p2a_image_pixels(crop)[i] - 127);
                largest = difference > largest ? difference : largest;
            }
            CHECK(largest <= 6);
            p2a_image_destroy(crop);
        }
    p2a_image_destroy(photo);
}

/* What lies around a crop counts for its outermost pixels: they are no worse than the others. */
static void shrinking_sees_beyond_the_crop(p2a_context *ctx)
{
    p2a_image *photo = make(ctx, 200, 200, 3, waves);
    static const double scales[] = {1.3, 2.5, 6.1};
    for (int s = 0; s < 3; s++) {
        const double k = scales[s];
        const double m[6] = {k, 0, 100 - 4 * k, 0, k, 100 - 4 * k};
        p2a_image *crop = NULL;
        CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 8, 8, &crop), P2A_OK);
        double largest = 0;
        for (int i = 0; i < 64 * 3; i++) {
            const double x = m[2] + k * (i / 3 % 8 + 0.5), y = m[5] + k * (i / 24 + 0.5);
            const double d = p2a_image_pixels(crop)[i] - waves(x, y, (uint32_t)i % 3);
            largest = fmax(largest, fabs(d));
        }
        CHECK(largest <= 1.5);
        p2a_image_destroy(crop);
    }
    p2a_image_destroy(photo);
}

/* Photo -> crop, twice as large and turned -> back: what was smooth is there again. */
static void a_crop_comes_back(p2a_context *ctx)
{
    const double a = 0.3, k = 0.5;
    const double c = k * cos(a), s = k * sin(a);
    const double photo_from_crop[6] = {c, -s, 25, s, c, 3};
    const double det = c * c + s * s;
    const double crop_from_photo[6] = {c / det,  s / det, -(c * 25 + s * 3) / det,
                                       -s / det, c / det, -(-s * 25 + c * 3) / det};
    p2a_image *photo = make(ctx, W, H, 3, waves), *crop = NULL, *back = NULL;
    CHECK_EQUAL(p2a_image_warp(ctx, photo, photo_from_crop, 64, 64, &crop), P2A_OK);
    CHECK_EQUAL(p2a_image_warp(ctx, crop, crop_from_photo, W, H, &back), P2A_OK);
    int largest = 0, compared = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const double *m = crop_from_photo;
            const double u = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
            const double v = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
            if (u < 8 || v < 8 || u > 56 || v > 56)
                continue;
            compared++;
            for (int i = 0; i < 3; i++) {
                const int at = (y * W + x) * 3 + i;
                const int d = abs(p2a_image_pixels(back)[at] - p2a_image_pixels(photo)[at]);
                largest = d > largest ? d : largest;
            }
        }
    CHECK(compared > 300);
    CHECK(largest <= 3);
    p2a_image_destroy(back);
    p2a_image_destroy(crop);
    p2a_image_destroy(photo);
}

static void masks_are_carried_over(p2a_context *ctx)
{
    float plane[32 * 32];
    for (int i = 0; i < 32 * 32; i++)
        plane[i] = (float)(i % 32) / 31;
    float out[40 * 40];
    const double itself[6] = {1, 0, 0, 0, 1, 0};
    CHECK_EQUAL(p2a_plane_warp(ctx, plane, 32, 32, itself, 32, 32, out), P2A_OK);
    for (int i = 0; i < 32 * 32; i++)
        CHECK_NEAR(out[i], plane[i], 1e-6);
    const double shifted[6] = {1, 0, -4, 0, 1, -4};
    CHECK_EQUAL(p2a_plane_warp(ctx, plane, 32, 32, shifted, 40, 40, out), P2A_OK);
    CHECK_NEAR(out[3 * 40 + 20], 0, 0);
    CHECK_NEAR(out[20 * 40 + 3], 0, 0);
    CHECK_NEAR(out[20 * 40 + 36], 0, 0);
    CHECK_NEAR(out[20 * 40 + 35], 1, 1e-6);
    for (int i = 0; i < 32 * 32; i++)
        plane[i] = (float)((i + i / 32) % 2);
    const double smaller[6] = {4, 0, 0, 0, 4, 0};
    CHECK_EQUAL(p2a_plane_warp(ctx, plane, 32, 32, smaller, 8, 8, out), P2A_OK);
    for (int i = 0; i < 64; i++)
        CHECK_NEAR(out[i], 0.5, 1e-6);
}

static void hostile_transforms(p2a_context *ctx)
{
    static const double values[] = {0, 1e-300, 1e9, 1e300, -1e300, 1.5};
    p2a_image *photo = make(ctx, 9, 7, 4, hashed);
    float plane[63], out[16];
    for (int i = 0; i < 63; i++)
        plane[i] = 1;
    for (int a = 0; a < 6 * 6 * 6; a++) {
        const double m[6] = {values[a % 6],  values[a / 6 % 6], values[a / 36],
                             values[a / 36], values[a % 6],     values[a / 6 % 6]};
        p2a_image *crop = NULL;
        CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 4, 4, &crop), P2A_OK);
        p2a_image_destroy(crop);
        CHECK_EQUAL(p2a_plane_warp(ctx, plane, 9, 7, m, 4, 4, out), P2A_OK);
        for (int i = 0; i < 16; i++)
            CHECK(out[i] >= 0 && out[i] <= 1.00001f);
    }
    const double bad[2] = {NAN, INFINITY};
    for (int i = 0; i < 12; i++) {
        double m[6] = {1, 0, 0, 0, 1, 0};
        m[i % 6] = bad[i / 6];
        p2a_image *crop = photo;
        CHECK_EQUAL(p2a_image_warp(ctx, photo, m, 4, 4, &crop), P2A_ERR_ARGUMENT);
        CHECK(crop == NULL);
        CHECK_EQUAL(p2a_plane_warp(ctx, plane, 9, 7, m, 4, 4, out), P2A_ERR_ARGUMENT);
    }
    p2a_image_destroy(photo);
}

int main(void)
{
    p2a_context *ctx = NULL;
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.threads = 2;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
    whole_shifts_and_turns_are_exact(ctx);
    ramps_stay_ramps(ctx);
    shrinking_does_not_alias(ctx);
    shrinking_sees_beyond_the_crop(ctx);
    a_crop_comes_back(ctx);
    masks_are_carried_over(ctx);
    hostile_transforms(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
