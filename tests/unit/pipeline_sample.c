/* pipeline_sample.c - the samples that frozen statistics are estimated from */
#include <string.h>

#include "check.h"
#include "pipeline/sample.h"

#define WIDE 600
#define HIGH 400

/* Pixels that say where they are: x / 4, y / 4, and their last bits. */
static p2a_image *make_photo(p2a_context *ctx)
{
    p2a_image *photo = NULL;
    CHECK_EQUAL(p2a_image_alloc(ctx, WIDE, HIGH, 3, &photo), P2A_OK);
    for (size_t i = 0; i < WIDE * HIGH; i++) {
        photo->pixels[3 * i] = (uint8_t)(i % WIDE / 4);
        photo->pixels[3 * i + 1] = (uint8_t)(i / WIDE / 4);
        photo->pixels[3 * i + 2] = (uint8_t)(i % WIDE % 4 * 4 + i / WIDE % 4);
    }
    return photo;
}

static void test_list(void)
{
    const size_t photo[2] = {WIDE, HIGH}, tiny[2] = {150, 100}, half[2] = {300, 200};
    p2a_sample_picture samples[P2A_SAMPLES_MAX];
    CHECK_EQUAL(p2a_sample_list(photo, photo, samples), 1);
    CHECK(samples[0].weight == 1.0 && samples[0].width_px == WIDE);
    CHECK_EQUAL(p2a_sample_list(photo, tiny, samples), 1);
    CHECK_EQUAL(p2a_sample_list(photo, half, samples), 3);
    CHECK_NEAR(samples[0].weight + samples[1].weight + samples[2].weight, 1, 1e-12);
    CHECK_EQUAL(samples[0].width_px, 300);
    CHECK_EQUAL(samples[1].width_px, 9 * 32);
    CHECK_EQUAL(samples[1].height_px, 6 * 32);
    CHECK_EQUAL(samples[2].width_px, 9 * 16);
    CHECK(samples[1].is_mosaic && !samples[1].is_small && samples[2].is_small);
}

static void test_mosaic(p2a_context *ctx)
{
    const size_t photo_px[2] = {WIDE, HIGH}, half[2] = {300, 200};
    p2a_sample_picture samples[P2A_SAMPLES_MAX];
    p2a_image *photo = make_photo(ctx), *mosaic = NULL, *small = NULL;
    CHECK_EQUAL(p2a_sample_list(photo_px, half, samples), 3);
    CHECK_EQUAL(p2a_sample_make(ctx, photo, half, &samples[1], &mosaic), P2A_OK);
    CHECK_EQUAL(p2a_sample_make(ctx, photo, half, &samples[2], &small), P2A_OK);
    CHECK_EQUAL(mosaic->width_px, 288);
    CHECK_EQUAL(small->width_px, 144);
    CHECK_EQUAL(small->height_px, 96);
    for (size_t y = 0; y < mosaic->height_px; y++)
        for (size_t x = 0; x < mosaic->width_px; x++) {
            /* 9 x 6 tiles of 32, from one end of the photo to the other */
            const size_t from_x = x / 32 * (WIDE - 32) / 8 + x % 32;
            const size_t from_y = y / 32 * (HIGH - 32) / 5 + y % 32;
            CHECK(memcmp(mosaic->pixels + 3 * (y * mosaic->width_px + x),
                         photo->pixels + 3 * (from_y * WIDE + from_x), 3) == 0);
        }
    p2a_image_destroy(small);
    p2a_image_destroy(mosaic);
    p2a_image_destroy(photo);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_list();
    test_mosaic(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
