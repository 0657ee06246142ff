/* face_sharpen.c - an enlarged face gets its fine contrasts back: as much as is said, and nothing
 * else changes */
#include "face/sharpen.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "failing_context.h"

enum { SIDE = 96, ENLARGEMENT = 6 };

/* A soft grey line down the middle, as wide as a photo pixel, on a slope of another colour. */
static p2a_image *soft_line(p2a_context *ctx)
{
    static uint8_t pixels[SIDE * SIDE * 3];
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double away = (i % SIDE - SIDE / 2) / (double)ENLARGEMENT;
        const double dark = 40 * exp(-away * away);
        const double slope = (double)(i / SIDE) / 4;
        pixels[3 * i] = (uint8_t)lround(150 + slope - dark);
        pixels[3 * i + 1] = (uint8_t)lround(120 + slope - dark);
        pixels[3 * i + 2] = (uint8_t)lround(100 + slope - dark);
    }
    p2a_image *made = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, SIDE, SIDE, 3, &made), P2A_OK);
    return made;
}

static int at(const p2a_image *image, int x, int y, int c)
{
    return image->pixels[(size_t)y * image->stride_bytes + (size_t)x * image->channels + (size_t)c];
}

/* How much darker the line is than what is four photo pixels beside it. */
static int depth(const p2a_image *image)
{
    return at(image, SIDE / 2 - 4 * ENLARGEMENT, SIDE / 2, 1) - at(image, SIDE / 2, SIDE / 2, 1);
}

static void a_line_becomes_firmer(p2a_context *ctx)
{
    int depths[3];
    for (int k = 0; k < 3; k++) { /* strengths of 0, 0.5 and 1 */
        p2a_image *crop = soft_line(ctx), *before = soft_line(ctx);
        CHECK_EQUAL(p2a_sharpen_face(ctx, crop, ENLARGEMENT, 0.5f * (float)k), P2A_OK);
        depths[k] = depth(crop);
        CHECK_EQUAL(memcmp(crop->pixels, before->pixels, (size_t)SIDE * SIDE * 3) == 0, k == 0);
        for (int y = 0; y < SIDE; y += 5)
            for (int x = 0; x < SIDE; x += 5) { /* all three channels by the same */
                const int red = at(crop, x, y, 0) - at(before, x, y, 0);
                CHECK_NEAR(at(crop, x, y, 1) - at(before, x, y, 1), red, 1);
                CHECK_NEAR(at(crop, x, y, 2) - at(before, x, y, 2), red, 1);
            }
        /* far from the line the slope stays as it was */
        CHECK_NEAR(at(crop, 6, SIDE / 2, 0), at(before, 6, SIDE / 2, 0), 1);
        p2a_image_destroy(before);
        p2a_image_destroy(crop);
    }
    CHECK(depths[1] > depths[0] + 4 && depths[2] > depths[1] + 4);
    CHECK_NEAR(depths[2] - depths[0], 2 * (depths[1] - depths[0]), 2);
}

/* A face as large as its crop, or larger, keeps its bytes; in between it grows evenly. */
static void only_enlarged_faces_change(p2a_context *ctx)
{
    const double enlargements[] = {0.2, 1, 1.1, 1.25};
    int depths[4];
    for (int k = 0; k < 4; k++) {
        p2a_image *crop = soft_line(ctx), *before = soft_line(ctx);
        CHECK_EQUAL(p2a_sharpen_face(ctx, crop, enlargements[k], 1), P2A_OK);
        depths[k] = depth(crop);
        if (k < 2)
            CHECK(memcmp(crop->pixels, before->pixels, (size_t)SIDE * SIDE * 3) == 0);
        p2a_image_destroy(before);
        p2a_image_destroy(crop);
    }
    CHECK(depths[2] > depths[1] && depths[3] > depths[2]);
}

static void extremes_do_no_harm(p2a_context *ctx)
{
    p2a_image *crop = soft_line(ctx);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, 1e9, 1), P2A_OK); /* a radius beyond the crop */
    for (int y = 0; y < SIDE; y++) /* black and white, one beside the other */
        memset(crop->pixels + (size_t)y * crop->stride_bytes, y % 2 ? 255 : 0, SIDE * 3);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, 2, 1), P2A_OK);
    CHECK(at(crop, 5, 40, 0) == 0 && at(crop, 5, 41, 0) == 255);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, 2, 1.5f), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, 2, NAN), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, NAN, 1), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, 0, 1), P2A_ERR_ARGUMENT);
    p2a_image_destroy(crop);
}

static void memory_may_be_missing(p2a_context *ctx, failing_allocator *f)
{
    p2a_image *crop = soft_line(ctx), *before = soft_line(ctx);
    f->fails_at = 0;
    CHECK_EQUAL(p2a_sharpen_face(ctx, crop, ENLARGEMENT, 1), P2A_ERR_MEMORY);
    f->fails_at = -1;
    CHECK(memcmp(crop->pixels, before->pixels, (size_t)SIDE * SIDE * 3) == 0);
    p2a_image_destroy(before);
    p2a_image_destroy(crop);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    a_line_becomes_firmer(ctx);
    only_enlarged_faces_change(ctx);
    extremes_do_no_harm(ctx);
    memory_may_be_missing(ctx, &f);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
    return CHECK_REPORT();
}
