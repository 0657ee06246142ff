/* face_regions.c - each correction does what it says, where it says, and nothing at strength 0 */
#include "face/regions.h"

#include "check.h"
#include "drawn_face.h"
#include "face/lab.h"
#include "face/lift.h"
#include "face/mask.h"
#include "face/recolour.h"
#include "failing_context.h"

enum { SIDE = 256, BYTES = SIDE * SIDE * 3 };
static uint8_t classes[SIDE * SIDE];

static const p2a_regions_options all_off = {0};

static p2a_image *draw(p2a_context *ctx, const drawn_colours *colours)
{
    p2a_image *image = drawn_face(ctx, SIDE, classes, colours);
    if (image == NULL)
        exit(1);
    return image;
}

static void mean_lab(p2a_context *ctx, const p2a_image *image, uint32_t set, float out[3])
{
    CHECK_EQUAL(drawn_mean_lab(ctx, image, classes, set, out), P2A_OK);
}

static float apart(const float a[3], const float b[3])
{
    return sqrtf((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                 (a[2] - b[2]) * (a[2] - b[2]));
}

static void lab_planes_give_every_byte_back(p2a_context *ctx)
{
    p2a_image *image = NULL, *again = NULL;
    CHECK_EQUAL(p2a_image_alloc(ctx, 512, 512, 4, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_alloc(ctx, 512, 512, 4, &again), P2A_OK);
    for (uint32_t i = 0; i < 512 * 512; i++) {
        uint32_t n = i * 64 + i % 61; /* a quarter million colours spread over all */
        const uint8_t rgba[4] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)i};
        memcpy(image->pixels + 4 * (size_t)i, rgba, 4);
        memset(again->pixels + 4 * (size_t)i, 0, 4);
        again->pixels[4 * (size_t)i + 3] = (uint8_t)i;
    }
    p2a_lab lab;
    CHECK_EQUAL(p2a_lab_create(ctx, image, &lab), P2A_OK);
    p2a_lab_store(&lab, again);
    CHECK_EQUAL(again->pixels[4 * 1000], 0); /* nothing is marked as changed */
    memset(lab.changed, 1, 512 * 512);
    p2a_lab_store(&lab, again);
    CHECK(memcmp(image->pixels, again->pixels, 512 * 512 * 4) == 0);
    p2a_lab_destroy(&lab);
    p2a_image_destroy(image);
    p2a_image_destroy(again);
}

static void percentiles_follow_the_weights(void)
{
    float values[100], mask[100];
    for (int i = 0; i < 100; i++) {
        values[i] = (float)(99 - i);
        mask[i] = 1;
    }
    CHECK_NEAR(p2a_lab_percentile(values, mask, 100, 0.5f, -1), 49, 1);
    CHECK_NEAR(p2a_lab_percentile(values, mask, 100, 0.9f, -1), 89, 1);
    for (int i = 0; i < 100; i++)
        mask[i] = values[i] > 79 ? 1.0f : 0.0f;
    CHECK_NEAR(p2a_lab_percentile(values, mask, 100, 0.5f, -1), 89, 1);
    memset(mask, 0, sizeof mask);
    CHECK_NEAR(p2a_lab_percentile(values, mask, 100, 0.5f, -1), -1, 0);
    CHECK_NEAR(p2a_lab_mean(values, mask, 100, -3), -3, 0);
}

/* As a portrait painter leaves it: pale even skin, pale lips and brows, no frame of the glasses. */
static drawn_colours pale(void)
{
    drawn_colours c = drawn_photo;
    c.skin = 0xf4e0d8;
    c.lips = 0xe8c8c0;
    c.brow = 0xd0b8a8;
    c.white = 0xc8c8c8;
    c.frame = c.skin;
    c.blotches = 10;
    return c;
}

/* The image is the crop itself, and all of it is this face's. */
static p2a_status recolour(p2a_context *ctx, p2a_image *image, const uint8_t *map, size_t side,
                           const p2a_recolour_options *options)
{
    const p2a_recolour_place place = {map, side, NULL, NULL};
    return p2a_recolour(ctx, image, &place, options);
}

static void strength_zero_changes_no_byte(p2a_context *ctx)
{
    drawn_colours colours = pale();
    p2a_image *photo = draw(ctx, &drawn_photo), *painted = draw(ctx, &colours);
    uint8_t *before = malloc(BYTES);
    memcpy(before, painted->pixels, BYTES);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, &all_off, painted), P2A_OK);
    CHECK(memcmp(before, painted->pixels, BYTES) == 0);
    float lifted = 1;
    CHECK_EQUAL(p2a_lift_face(ctx, painted, classes, 0, &lifted), P2A_OK);
    CHECK(memcmp(before, painted->pixels, BYTES) == 0 && lifted == 0.0f);
    p2a_recolour_options kept;
    p2a_recolour_options_default(&kept);
    CHECK_EQUAL(recolour(ctx, painted, classes, SIDE, &kept), P2A_OK);
    CHECK(memcmp(before, painted->pixels, BYTES) == 0);
    free(before);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

/* One correction at a time; returns the corrected picture and checks that far pixels kept theirs.
 */
static p2a_image *corrected(p2a_context *ctx, const p2a_regions_options *options, uint32_t set,
                            float reach_px)
{
    static float mask[SIDE * SIDE];
    drawn_colours colours = pale();
    p2a_image *photo = draw(ctx, &drawn_photo), *painted = draw(ctx, &colours);
    p2a_image *before = draw(ctx, &colours);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, options, painted), P2A_OK);
    CHECK_EQUAL(p2a_mask_soft(ctx, classes, SIDE, set, reach_px, 0, mask), P2A_OK);
    size_t strayed = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++)
        strayed +=
            mask[i] == 0.0f && memcmp(painted->pixels + 3 * i, before->pixels + 3 * i, 3) != 0;
    CHECK_EQUAL(strayed, 0);
    p2a_image_destroy(photo);
    p2a_image_destroy(before);
    return painted;
}

static void skin_keeps_its_tone(p2a_context *ctx)
{
    float last = INFINITY, photo_skin[3], skin[3];
    p2a_image *photo = draw(ctx, &drawn_photo);
    mean_lab(ctx, photo, P2A_SET_SKIN, photo_skin);
    for (int step = 0; step <= 4; step++) {
        p2a_regions_options options = all_off;
        options.skin_tone = (float)step / 4;
        p2a_image *painted = corrected(ctx, &options, P2A_SET_SKIN | P2A_SET_FACE, 14);
        mean_lab(ctx, painted, P2A_SET_SKIN, skin);
        CHECK(apart(skin, photo_skin) < last);
        last = apart(skin, photo_skin);
        if (step == 0)
            printf("painted skin is %.1f Lab units from the photo's", (double)last);
        p2a_image_destroy(painted);
    }
    printf(", corrected %.1f\n", (double)last);
    CHECK(last < 8); /* what is left is the style's own shift: 4 in L, 6 in the a-b plane */
    p2a_image_destroy(photo);
}

/* The body keeps what the style made of its skin; so does the face, as long as it is not much. */
static void a_small_shift_of_the_tone_is_left(p2a_context *ctx)
{
    drawn_colours warmer = drawn_photo;
    warmer.skin = drawn_photo.skin + 0x060300;
    p2a_image *photo = draw(ctx, &drawn_photo), *painted = draw(ctx, &warmer);
    p2a_regions_options options = all_off;
    options.skin_tone = 1;
    float before[3], after[3], photo_skin[3];
    mean_lab(ctx, photo, P2A_SET_FACE_SKIN, photo_skin);
    mean_lab(ctx, painted, P2A_SET_FACE_SKIN, before);
    CHECK(apart(before, photo_skin) > 1);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, &options, painted), P2A_OK);
    mean_lab(ctx, painted, P2A_SET_FACE_SKIN, after);
    CHECK(apart(before, after) < 0.5);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

static double skin_roughness(const p2a_image *image)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = SIDE + 4; i < SIDE * SIDE; i++) {
        if (classes[i] != P2A_CLASS_SKIN || classes[i - 4] != P2A_CLASS_SKIN)
            continue;
        double d = (double)image->pixels[3 * i + 1] - (double)image->pixels[3 * (i - 4) + 1];
        sum += d * d;
        n++;
    }
    return sqrt(sum / (double)n);
}

static void skin_is_evened(p2a_context *ctx)
{
    double last = INFINITY, first = 0;
    for (int step = 0; step <= 4; step++) {
        p2a_regions_options options = all_off;
        options.skin_even = (float)step / 4;
        p2a_image *painted = corrected(ctx, &options, P2A_SET_SKIN, 3);
        double roughness = skin_roughness(painted);
        CHECK(roughness < last);
        last = roughness;
        first = step == 0 ? roughness : first;
        p2a_image_destroy(painted);
    }
    printf("roughness of the skin %.2f, evened %.2f\n", first, last);
    CHECK(last < 0.75 * first);
}

static void eyes_shine(p2a_context *ctx)
{
    p2a_regions_options options = all_off;
    float before[2], after[2];
    for (int on = 0; on < 2; on++) {
        options.eyes = (float)on;
        p2a_image *painted = corrected(ctx, &options, P2A_SET_EYES, 2);
        p2a_lab lab;
        static float mask[SIDE * SIDE];
        CHECK_EQUAL(p2a_lab_create(ctx, painted, &lab), P2A_OK);
        CHECK_EQUAL(p2a_mask_soft(ctx, classes, SIDE, P2A_SET_EYES, 0, 0, mask), P2A_OK);
        float *to = on ? after : before;
        to[0] = p2a_lab_percentile(lab.planes[0], mask, SIDE * SIDE, 0.1f, 0);
        to[1] = p2a_lab_percentile(lab.planes[0], mask, SIDE * SIDE, 0.9f, 0);
        p2a_lab_destroy(&lab);
        p2a_image_destroy(painted);
    }
    printf("L of irises and whites: %.0f and %.0f, corrected %.0f and %.0f\n", (double)before[0],
           (double)before[1], (double)after[0], (double)after[1]);
    CHECK(after[1] > before[1] + 3);
    CHECK(after[0] <= before[0] + 0.5f);
}

static void brows_and_lips_stand_out_again(p2a_context *ctx)
{
    p2a_regions_options options = all_off;
    float before[3], after[3], lips[3], photo_lips[3];
    p2a_image *photo = draw(ctx, &drawn_photo);
    p2a_image *painted = corrected(ctx, &options, P2A_SET_BROWS, 2);
    mean_lab(ctx, painted, P2A_SET_BROWS, before);
    mean_lab(ctx, painted, P2A_SET_LIPS, lips);
    p2a_image_destroy(painted);
    options.brows = 1;
    painted = corrected(ctx, &options, P2A_SET_BROWS, 2);
    mean_lab(ctx, painted, P2A_SET_BROWS, after);
    CHECK_NEAR(after[0], before[0] - 16, 1.5); /* it stood out by more than may be added */
    p2a_image_destroy(painted);

    options = all_off;
    options.lips = 1;
    painted = corrected(ctx, &options, P2A_SET_LIPS, 2);
    mean_lab(ctx, painted, P2A_SET_LIPS, after);
    mean_lab(ctx, photo, P2A_SET_LIPS, photo_lips);
    printf("a of the lips: %.0f, corrected %.0f, photo %.0f\n", (double)lips[1], (double)after[1],
           (double)photo_lips[1]);
    CHECK(after[1] > lips[1] + 6 && after[1] < photo_lips[1] + 4);
    p2a_image_destroy(painted);
    p2a_image_destroy(photo);
}

static double brightness(const p2a_image *image, size_t i)
{
    const uint8_t *p = image->pixels + 3 * i;
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
}

/* Mean distance of L between two pictures, over what a person is known by. */
static double features_apart(const p2a_image *a, const p2a_image *b)
{
    const uint32_t set = P2A_SET_EYES | P2A_SET_BROWS | P2A_SET_LIPS;
    double sum = 0, count = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        if (!(set >> classes[i] & 1u))
            continue;
        sum += fabs(brightness(a, i) - brightness(b, i));
        count++;
    }
    return sum / count;
}

static void features_come_back(p2a_context *ctx)
{
    drawn_colours colours = pale();
    p2a_image *photo = draw(ctx, &drawn_photo), *painted = draw(ctx, &colours);
    p2a_regions_options options = all_off;
    const double before = features_apart(photo, painted);
    double last = before;
    for (int step = 1; step <= 2; step++) {
        options.features = 0.5f * (float)step;
        p2a_image *corrected_face = draw(ctx, &colours);
        CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, &options, corrected_face), P2A_OK);
        CHECK(features_apart(photo, corrected_face) < last);
        last = features_apart(photo, corrected_face);
        p2a_image_destroy(corrected_face);
    }
    printf("features %.1f levels from the photo's, corrected %.1f\n", before, last);
    CHECK(last < before - 4); /* lines only: what is drawn flat keeps its tone */
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

static void glasses_come_back(p2a_context *ctx)
{
    p2a_regions_options options = all_off;
    drawn_classes(classes, SIDE, true);
    float without[3], with[3], frame[3];
    p2a_image *photo = draw(ctx, &drawn_photo);
    static float mask[SIDE * SIDE];
    for (int on = 0; on < 2; on++) {
        options.glasses = (float)on;
        p2a_image *painted = corrected(ctx, &options, P2A_SET(P2A_CLASS_GLASSES), 3);
        p2a_lab lab;
        CHECK_EQUAL(p2a_lab_create(ctx, painted, &lab), P2A_OK);
        CHECK_EQUAL(p2a_mask_soft(ctx, classes, SIDE, P2A_SET(P2A_CLASS_GLASSES), 0, 0, mask),
                    P2A_OK);
        (on ? with : without)[0] = p2a_lab_mean(lab.planes[0], mask, SIDE * SIDE, 0);
        p2a_lab_destroy(&lab);
        p2a_image_destroy(painted);
    }
    p2a_lab lab;
    CHECK_EQUAL(p2a_lab_create(ctx, photo, &lab), P2A_OK);
    frame[0] = p2a_lab_mean(lab.planes[0], mask, SIDE * SIDE, 0);
    p2a_lab_destroy(&lab);
    printf("L of the glasses' frame: painted %.0f, corrected %.0f, photo %.0f\n",
           (double)without[0], (double)with[0], (double)frame[0]);
    CHECK(with[0] < without[0] - 20);
    p2a_image_destroy(photo);
    drawn_classes(classes, SIDE, false);
}

static uint32_t scaled(uint32_t colour, double by)
{
    uint32_t out = 0;
    for (int shift = 0; shift <= 16; shift += 8)
        out |= (uint32_t)((colour >> shift & 255u) * by) << shift;
    return out;
}

static void backlit_faces_are_lifted_and_dark_skin_is_not(p2a_context *ctx)
{
    drawn_colours backlit = drawn_photo, dark = drawn_photo;
    backlit.scene = dark.scene = 0xf0f4f8;
    backlit.skin = scaled(backlit.skin, 0.28);
    backlit.white = scaled(backlit.white, 0.28);
    dark.skin = 0x4a3020;
    float lifted[3], skin[2][3];
    p2a_image *image = draw(ctx, &backlit);
    mean_lab(ctx, image, P2A_SET_FACE_SKIN, skin[0]);
    CHECK_EQUAL(p2a_lift_face(ctx, image, classes, 1, &lifted[0]), P2A_OK);
    mean_lab(ctx, image, P2A_SET_FACE_SKIN, skin[1]);
    CHECK_NEAR(skin[1][0] - skin[0][0], lifted[0], 2);
    CHECK(lifted[0] > 10);
    p2a_image_destroy(image);
    image = draw(ctx, &backlit);
    CHECK_EQUAL(p2a_lift_face(ctx, image, classes, 0.5f, &lifted[1]), P2A_OK);
    CHECK(lifted[1] > 4 && lifted[1] < lifted[0]);
    p2a_image_destroy(image);
    image = draw(ctx, &dark); /* its eyes say that it is lit */
    p2a_image *before = draw(ctx, &dark);
    CHECK_EQUAL(p2a_lift_face(ctx, image, classes, 1, &lifted[2]), P2A_OK);
    CHECK(lifted[2] == 0.0f && memcmp(image->pixels, before->pixels, BYTES) == 0);
    printf("lifted: backlit %.0f, at half strength %.0f, dark skin in light %.0f\n",
           (double)lifted[0], (double)lifted[1], (double)lifted[2]);
    p2a_image_destroy(image);
    p2a_image_destroy(before);
}

/* Hair at a pixel and 5 px from it: not the soft edge of the mask. */
static bool hair_about(size_t i)
{
    const size_t apart = 5, row = apart * SIDE;
    return i >= row && i + row < SIDE * SIDE && classes[i] == P2A_CLASS_HAIR &&
           classes[i - apart] == P2A_CLASS_HAIR && classes[i + apart] == P2A_CLASS_HAIR &&
           classes[i - row] == P2A_CLASS_HAIR && classes[i + row] == P2A_CLASS_HAIR;
}

static void regions_take_other_colours(p2a_context *ctx)
{
    const uint32_t colours[3] = {0xe8d090, 0x6020c0, 0x101010};
    for (int k = 0; k < 3; k++) {
        p2a_image *image = draw(ctx, &drawn_photo), *before = draw(ctx, &drawn_photo);
        p2a_recolour_options options;
        p2a_recolour_options_default(&options);
        options.hair = colours[k];
        CHECK_EQUAL(recolour(ctx, image, classes, SIDE, &options), P2A_OK);
        float hair[3], want[3];
        mean_lab(ctx, image, P2A_SET(P2A_CLASS_HAIR), hair);
        p2a_image *flat = draw(ctx, &drawn_photo);
        for (size_t i = 0; i < BYTES; i++)
            flat->pixels[i] = (uint8_t)(colours[k] >> (16 - 8 * (i % 3)));
        mean_lab(ctx, flat, P2A_SET(P2A_CLASS_HAIR), want);
        CHECK(apart(hair, want) < 6);
        /* Shading: what was lighter is still lighter. */
        size_t kept = 0, pairs = 0;
        for (size_t i = 1; i < SIDE * SIDE; i++) {
            if (!hair_about(i) || !hair_about(i - 1))
                continue;
            double a = brightness(before, i) - brightness(before, i - 1);
            double b = brightness(image, i) - brightness(image, i - 1);
            pairs += a != 0;
            kept += a != 0 && a * b > -0.5;
        }
        CHECK(pairs > 1000 && kept > pairs * 95 / 100);
        /* The face is not touched. */
        for (size_t y = 140; y < 200; y++)
            CHECK(memcmp(image->pixels + 3 * (y * SIDE + 100),
                         before->pixels + 3 * (y * SIDE + 100), 150) == 0);
        p2a_image_destroy(image);
        p2a_image_destroy(before);
        p2a_image_destroy(flat);
    }
}

static void wrong_arguments_are_named(p2a_context *ctx)
{
    p2a_image *photo = draw(ctx, &drawn_photo), *small = NULL, *wide = NULL;
    CHECK_EQUAL(p2a_image_alloc(ctx, 64, 64, 3, &small), P2A_OK);
    CHECK_EQUAL(p2a_image_alloc(ctx, 64, 65, 3, &wide), P2A_OK);
    p2a_regions_options options = all_off;
    options.lips = 1.5f;
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, &options, photo), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "lips") != NULL);
    options.lips = NAN;
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, &options, photo), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, classes, NULL, small), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_regions_correct(ctx, wide, classes, NULL, wide), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, NULL, NULL, photo), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_lift_face(ctx, photo, classes, -1, NULL), P2A_ERR_ARGUMENT);
    p2a_recolour_options colours;
    p2a_recolour_options_default(&colours);
    colours.eyes = 0x1000000;
    CHECK_EQUAL(recolour(ctx, photo, classes, SIDE, &colours), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "eye_color") != NULL);
    p2a_image_destroy(photo);
    p2a_image_destroy(small);
    p2a_image_destroy(wide);
}

static void a_crop_without_a_face_is_left_alone(p2a_context *ctx)
{
    static uint8_t none[SIDE * SIDE];
    p2a_image *photo = draw(ctx, &drawn_photo), *painted = draw(ctx, &drawn_photo);
    CHECK_EQUAL(p2a_regions_correct(ctx, photo, none, NULL, painted), P2A_OK);
    CHECK(memcmp(photo->pixels, painted->pixels, BYTES) == 0);
    CHECK_EQUAL(p2a_lift_face(ctx, painted, none, 1, NULL), P2A_OK);
    CHECK(memcmp(photo->pixels, painted->pixels, BYTES) == 0);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

static p2a_status run_all(p2a_context *ctx, const p2a_image *photo, const uint8_t *map,
                          p2a_image *painted)
{
    const p2a_recolour_options colours = {0x3050ff, 0xff2040, 0x40ff40, 0x000000};
    p2a_status status = p2a_regions_correct(ctx, photo, map, NULL, painted);
    if (status == P2A_OK)
        status = p2a_lift_face(ctx, painted, map, 1, NULL);
    return status == P2A_OK ? recolour(ctx, painted, map, painted->width_px, &colours) : status;
}

static void threads_change_no_byte(p2a_context *ctx, p2a_context *threaded)
{
    drawn_colours colours = pale();
    p2a_image *photo = draw(ctx, &drawn_photo), *a = draw(ctx, &colours), *b = draw(ctx, &colours);
    CHECK_EQUAL(run_all(ctx, photo, classes, a), P2A_OK);
    CHECK_EQUAL(run_all(threaded, photo, classes, b), P2A_OK);
    CHECK(memcmp(a->pixels, b->pixels, BYTES) == 0);
    p2a_image_destroy(photo);
    p2a_image_destroy(a);
    p2a_image_destroy(b);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    enum { SMALL = 64 };
    static uint8_t map[SMALL * SMALL];
    drawn_colours backlit = drawn_photo; /* so that the lift has work to do */
    backlit.scene = 0xffffff;
    backlit.skin = scaled(backlit.skin, 0.28);
    backlit.white = scaled(backlit.white, 0.28);
    drawn_classes(map, SMALL, true);
    p2a_image *photo = drawn_face(ctx, SMALL, map, &backlit);
    p2a_image *painted = drawn_face(ctx, SMALL, map, &backlit);
    p2a_image *before = drawn_face(ctx, SMALL, map, &backlit);
    const long long blocks = f->blocks;
    for (int n = 0;; n++) {
        memcpy(painted->pixels, before->pixels, SMALL * SMALL * 3);
        f->fails_at = n;
        p2a_status status = run_all(ctx, photo, map, painted);
        bool done = f->fails_at >= 0;
        f->fails_at = -1;
        CHECK(status == (done ? P2A_OK : P2A_ERR_MEMORY));
        CHECK_EQUAL(f->blocks, blocks);
        if (n < 3) /* within the first call: its picture is unchanged */
            CHECK(memcmp(painted->pixels, before->pixels, SMALL * SMALL * 3) == 0);
        if (done) {
            CHECK(n > 25);
            break;
        }
    }
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
    p2a_image_destroy(before);
}

int main(void)
{
    failing_allocator f, g;
    p2a_context *ctx = failing_context(&f, 1), *threaded = failing_context(&g, 3);
    drawn_classes(classes, SIDE, false);
    lab_planes_give_every_byte_back(ctx);
    percentiles_follow_the_weights();
    strength_zero_changes_no_byte(ctx);
    skin_keeps_its_tone(ctx);
    a_small_shift_of_the_tone_is_left(ctx);
    skin_is_evened(ctx);
    eyes_shine(ctx);
    brows_and_lips_stand_out_again(ctx);
    features_come_back(ctx);
    glasses_come_back(ctx);
    backlit_faces_are_lifted_and_dark_skin_is_not(ctx);
    regions_take_other_colours(ctx);
    wrong_arguments_are_named(ctx);
    a_crop_without_a_face_is_left_alone(ctx);
    threads_change_no_byte(ctx, threaded);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    p2a_context_destroy(threaded);
    CHECK_EQUAL(f.blocks + g.blocks, 0);
    return CHECK_REPORT();
}
