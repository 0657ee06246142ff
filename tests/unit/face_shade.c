/* face_shade.c - a dark portrait takes light and tone of the scene's painting, and keeps its own
 * lines */
#include "face/shade.h"

#include "check.h"
#include "drawn_face.h"
#include "failing_context.h"

enum { SIDE = 256 };
static uint8_t classes[SIDE * SIDE];

/* What the style makes of the person, and a portrait in another light, its eyes larger than life.
 */
static const drawn_colours scene_colours = {0xa0b0c0, 0x403020, 0xe0b080, 0xb05050, 0xe8e4e0,
                                            0x505868, 0x503c30, 0x3050a0, 0x181818, 0};
static const drawn_colours portrait_colours = {0xd0d8e0, 0x785838, 0x906040, 0x904040, 0xa8a4a0,
                                               0x102040, 0x302018, 0x3050a0, 0x181818, 0};

static void mean_lab(p2a_context *ctx, const p2a_image *image, uint32_t set, float out[3])
{
    CHECK_EQUAL(drawn_mean_lab(ctx, image, classes, set, out), P2A_OK);
}

static float apart(p2a_context *ctx, const p2a_image *a, const p2a_image *b, uint32_t set)
{
    float x[3], y[3], sum = 0;
    mean_lab(ctx, a, set, x);
    mean_lab(ctx, b, set, y);
    for (int c = 0; c < 3; c++)
        sum += (x[c] - y[c]) * (x[c] - y[c]);
    return sqrtf(sum);
}

static void light_and_tone_become_the_scenes(p2a_context *ctx)
{
    static const uint32_t sets[] = {P2A_SET(P2A_CLASS_SKIN), P2A_SET(P2A_CLASS_HAIR),
                                    P2A_SET(P2A_CLASS_BACKGROUND)};
    p2a_image *scene = drawn_face(ctx, SIDE, classes, &scene_colours);
    float before[3], left[3][3];
    for (int k = 0; k < 3; k++) { /* strengths of 0, 0.5 and 1 */
        p2a_image *painted = drawn_face(ctx, SIDE, classes, &portrait_colours);
        p2a_image *first = drawn_face(ctx, SIDE, classes, &portrait_colours);
        for (int s = 0; s < 3; s++)
            before[s] = apart(ctx, painted, scene, sets[s]);
        CHECK_EQUAL(p2a_shade_match(ctx, scene, classes, 0.5f * (float)k, painted), P2A_OK);
        for (int s = 0; s < 3; s++)
            left[k][s] = apart(ctx, painted, scene, sets[s]);
        CHECK_EQUAL(memcmp(painted->pixels, first->pixels, (size_t)SIDE * SIDE * 3) == 0, k == 0);
        if (k == 2) { /* the eyes are still darker than the skin about them, by as much */
            float eyes[2][3], skin[2][3];
            const p2a_image *images[2] = {first, painted};
            for (int i = 0; i < 2; i++) {
                mean_lab(ctx, images[i], P2A_SET_EYES, eyes[i]);
                mean_lab(ctx, images[i], P2A_SET(P2A_CLASS_SKIN), skin[i]);
            }
            CHECK_NEAR(eyes[1][0] - skin[1][0], eyes[0][0] - skin[0][0], 4);
        }
        p2a_image_destroy(first);
        p2a_image_destroy(painted);
    }
    for (int s = 0; s < 3; s++) {
        CHECK(before[s] > 8);
        CHECK_NEAR(left[0][s], before[s], 1e-3);
        CHECK_NEAR(left[1][s], before[s] / 2, 0.15 * (double)before[s]);
        CHECK(left[2][s] < 0.15f * before[s]);
    }
    p2a_image_destroy(scene);
}

static void wrong_arguments_are_named(p2a_context *ctx)
{
    p2a_image *painted = drawn_face(ctx, SIDE, classes, &portrait_colours), *small = NULL;
    CHECK_EQUAL(p2a_image_alloc(ctx, 64, SIDE, 3, &small), P2A_OK);
    memset(small->pixels, 0, small->stride_bytes * SIDE);
    CHECK_EQUAL(p2a_shade_match(ctx, small, classes, 1, painted), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "64x256") != NULL);
    CHECK_EQUAL(p2a_shade_match(ctx, painted, classes, 1, small), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_shade_match(ctx, painted, classes, 2, painted), P2A_ERR_ARGUMENT);
    CHECK(strstr(p2a_context_message(ctx), "got 2") != NULL);
    p2a_image_destroy(small);
    p2a_image_destroy(painted);
}

static void any_allocation_may_fail(p2a_context *ctx, failing_allocator *f)
{
    p2a_image *scene = drawn_face(ctx, SIDE, classes, &scene_colours);
    p2a_image *painted = drawn_face(ctx, SIDE, classes, &portrait_colours);
    p2a_image *before = drawn_face(ctx, SIDE, classes, &portrait_colours);
    const long long blocks = f->blocks;
    p2a_status status = P2A_ERR_MEMORY;
    for (int n = 0; status != P2A_OK && n < 100; n++) {
        f->fails_at = n;
        status = p2a_shade_match(ctx, scene, classes, 1, painted);
        CHECK(status == P2A_OK || status == P2A_ERR_MEMORY);
        CHECK_EQUAL(f->blocks, blocks);
        if (status != P2A_OK)
            CHECK(memcmp(painted->pixels, before->pixels, (size_t)SIDE * SIDE * 3) == 0);
        else
            CHECK(n > 8);
        f->fails_at = -1;
    }
    CHECK_EQUAL(status, P2A_OK);
    p2a_image_destroy(before);
    p2a_image_destroy(painted);
    p2a_image_destroy(scene);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    drawn_classes(classes, SIDE, false);
    light_and_tone_become_the_scenes(ctx);
    wrong_arguments_are_named(ctx);
    any_allocation_may_fail(ctx, &f);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
    return CHECK_REPORT();
}
