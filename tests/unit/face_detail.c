/* face_detail.c - an enlarged face gets the photo's fine lines back where it has them, and nothing
 * else changes */
#include "face/detail.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "failing_context.h"

enum { SIDE = 96, ENLARGEMENT = 4, LINE = 40, BYTES = SIDE * SIDE * 3 };

/* The left part of the crop is background, the rest of one class. */
enum { BACKGROUND_PX = 24 };
static uint8_t classes[SIDE * SIDE];

static void fill_classes(uint8_t class_number)
{
    for (int i = 0; i < SIDE * SIDE; i++)
        classes[i] = i % SIDE < BACKGROUND_PX ? P2A_CLASS_BACKGROUND : class_number;
}

/* Dark lines across, `depth` levels deep and a photo pixel wide, on a flat colour. */
static p2a_image *lines(p2a_context *ctx, int level, double depth)
{
    static uint8_t pixels[BYTES];
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double away = (i / SIDE % 16 - 8) / (double)ENLARGEMENT;
        const double dark = depth * exp(-away * away);
        pixels[3 * i] = (uint8_t)lround(level + 30 - dark);
        pixels[3 * i + 1] = (uint8_t)lround(level - dark);
        pixels[3 * i + 2] = (uint8_t)lround(level - 20 - dark);
    }
    p2a_image *made = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, SIDE, SIDE, 3, &made), P2A_OK);
    return made;
}

static int at(const p2a_image *image, int x, int y, int c)
{
    return image->pixels[(size_t)y * image->stride_bytes + (size_t)x * image->channels + (size_t)c];
}

/* How much darker a line is than what lies between two of them. */
static int depth_of(const p2a_image *image, int x)
{
    return at(image, x, LINE - 8, 1) - at(image, x, LINE, 1);
}

/* What a painting with lines of this depth becomes beside a photo with lines of that depth. */
static p2a_image *matched(p2a_context *ctx, double photo_depth, double painted_depth,
                          double enlargement, float strength)
{
    p2a_image *photo = lines(ctx, 120, photo_depth), *painted = lines(ctx, 170, painted_depth);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, enlargement, strength, painted), P2A_OK);
    p2a_image_destroy(photo);
    return painted;
}

static int matched_depth(p2a_context *ctx, double photo_depth, double painted_depth,
                         double enlargement, float strength)
{
    p2a_image *painted = matched(ctx, photo_depth, painted_depth, enlargement, strength);
    const int depth = depth_of(painted, SIDE - 20);
    p2a_image_destroy(painted);
    return depth;
}

static void faint_lines_become_the_photos(p2a_context *ctx)
{
    int depths[2][3];
    for (int k = 0; k < 2; k++) {
        fill_classes(k ? P2A_CLASS_NOSE : P2A_CLASS_SKIN);
        for (int s = 0; s < 3; s++) /* strengths of 0, 0.5 and 1 */
            depths[k][s] = matched_depth(ctx, 60, 20, ENLARGEMENT, 0.5f * (float)s);
        CHECK_NEAR(depths[k][0], 20, 1);
        CHECK(depths[k][1] > depths[k][0] + 10 && depths[k][2] > depths[k][1] + 10);
        CHECK_NEAR(depths[k][2] - depths[k][1], depths[k][1] - depths[k][0], 2);
    }
    printf("lines of 20 levels beside 60 of the photo: %d on skin, %d at the nose\n", depths[0][2],
           depths[1][2]);
    CHECK(depths[0][2] <= 60 && depths[1][2] <= 61 && depths[1][2] > depths[0][2]);
}

/* Lines that are too dark are lightened as well. */
static void harsh_lines_become_the_photos(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_NOSE);
    CHECK(matched_depth(ctx, 20, 60, ENLARGEMENT, 1) < 25);
}

/* Skin that the style has left flat stays flat, eyes do not; what is as faint as grain is left. */
static void skin_keeps_what_the_style_left_out(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_SKIN);
    CHECK_EQUAL(matched_depth(ctx, 40, 0, ENLARGEMENT, 1), 0);
    CHECK(matched_depth(ctx, 23, 20, ENLARGEMENT, 1) <= 21);
    fill_classes(P2A_CLASS_EYE_LEFT);
    CHECK(matched_depth(ctx, 40, 0, ENLARGEMENT, 1) > 30);
}

/* The style's own lines where the photo has none: skin keeps them. */
static void skin_keeps_the_styles_lines(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_SKIN);
    CHECK_NEAR(matched_depth(ctx, 0, 40, ENLARGEMENT, 1), 40, 1);
}

static void colours_and_the_background_stay(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_SKIN);
    p2a_image *painted = matched(ctx, 60, 20, ENLARGEMENT, 1), *before = lines(ctx, 170, 20);
    double mean[2] = {0, 0};
    for (int y = 0; y < SIDE; y++) {
        CHECK(memcmp(painted->pixels + (size_t)y * painted->stride_bytes,
                     before->pixels + (size_t)y * before->stride_bytes,
                     (BACKGROUND_PX - 6) * 3) == 0);
        for (int x = 0; x < SIDE; x += 5) { /* all three channels by the same */
            const int red = at(painted, x, y, 0) - at(before, x, y, 0);
            CHECK_NEAR(at(painted, x, y, 1) - at(before, x, y, 1), red, 1);
            CHECK_NEAR(at(painted, x, y, 2) - at(before, x, y, 2), red, 1);
        }
    }
    for (int y = 16; y < SIDE - 16; y++) { /* whole lines, none at the border */
        mean[0] += at(before, SIDE - 20, y, 1) / (SIDE - 32.0);
        mean[1] += at(painted, SIDE - 20, y, 1) / (SIDE - 32.0);
    }
    CHECK_NEAR(mean[1], mean[0], 2);
    p2a_image_destroy(before);
    p2a_image_destroy(painted);
}

/* A face as large as its crop, or larger, keeps its bytes; from there to 4 it grows evenly. */
static void only_enlarged_faces_change(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_NOSE);
    p2a_image *before = lines(ctx, 170, 20);
    for (int k = 1; k < 3; k++) {
        p2a_image *painted = matched(ctx, 60, 20, 0.5 * k, 1);
        CHECK(memcmp(painted->pixels, before->pixels, BYTES) == 0);
        p2a_image_destroy(painted);
    }
    const int depths[] = {matched_depth(ctx, 60, 20, 2, 1), matched_depth(ctx, 60, 20, 3, 1),
                          matched_depth(ctx, 60, 20, 4, 1)};
    CHECK(depths[0] > 24 && depths[1] > depths[0] + 4 && depths[2] > depths[1] + 4);
    p2a_image_destroy(before);
    CHECK(p2a_detail_lost(0.3) == 0 && p2a_detail_lost(4) == 1 && p2a_detail_lost(1e9) == 1);
    CHECK_NEAR(p2a_detail_lost(2.5), 0.5, 1e-6);
}

static void extremes_do_no_harm(p2a_context *ctx)
{
    fill_classes(P2A_CLASS_MOUTH);
    p2a_image *photo = lines(ctx, 120, 60), *painted = lines(ctx, 170, 20), *small = NULL;
    for (int y = 0; y < SIDE; y++) /* black and white, one beside the other */
        memset(photo->pixels + (size_t)y * photo->stride_bytes, y % 2 ? 255 : 0, SIDE * 3);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, 1e9, 1, painted), P2A_OK);
    CHECK(at(painted, 60, 40, 1) < 70 && at(painted, 60, 41, 1) == 255);
    CHECK_EQUAL(p2a_image_alloc(ctx, 64, 64, 3, &small), P2A_OK);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, 2, 1.5f, painted), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, 2, NAN, painted), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, NAN, 1, painted), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, 0, 1, painted), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, NULL, 2, 1, painted), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_detail_match(ctx, photo, classes, 2, 1, small), P2A_ERR_ARGUMENT);
    p2a_image_destroy(small);
    p2a_image_destroy(painted);
    p2a_image_destroy(photo);
}

static void memory_may_be_missing(p2a_context *ctx, failing_allocator *f)
{
    fill_classes(P2A_CLASS_SKIN);
    p2a_image *photo = lines(ctx, 120, 60), *painted = lines(ctx, 170, 20);
    p2a_image *before = lines(ctx, 170, 20);
    p2a_status status = P2A_ERR_MEMORY;
    int failures = 0;
    while (status == P2A_ERR_MEMORY) {
        CHECK(memcmp(painted->pixels, before->pixels, BYTES) == 0);
        f->fails_at = failures++;
        status = p2a_detail_match(ctx, photo, classes, ENLARGEMENT, 1, painted);
    }
    f->fails_at = -1;
    CHECK_EQUAL(status, P2A_OK);
    CHECK(failures > 3);
    p2a_image_destroy(before);
    p2a_image_destroy(painted);
    p2a_image_destroy(photo);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    faint_lines_become_the_photos(ctx);
    harsh_lines_become_the_photos(ctx);
    skin_keeps_what_the_style_left_out(ctx);
    skin_keeps_the_styles_lines(ctx);
    colours_and_the_background_stay(ctx);
    only_enlarged_faces_change(ctx);
    extremes_do_no_harm(ctx);
    memory_may_be_missing(ctx, &f);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
    return CHECK_REPORT();
}
