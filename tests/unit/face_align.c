/* face_align.c - the fitted transform is the best similarity, its inverse is exact */
#include "face/align.h"

#include "check.h"
#include "failing_context.h"

static void map(const double m[6], double x, double y, double out[2])
{
    out[0] = m[0] * x + m[1] * y + m[2];
    out[1] = m[3] * x + m[4] * y + m[5];
}

static p2a_face face_from(const double photo_from_frame[6])
{
    p2a_face face = {{0, 0, 1, 1}, 1.0f, {{0}}};
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++) {
        double at[2];
        map(photo_from_frame, p2a_frame_landmarks_px[i][0], p2a_frame_landmarks_px[i][1], at);
        face.landmarks_px[i][0] = (float)at[0];
        face.landmarks_px[i][1] = (float)at[1];
    }
    return face;
}

static double residual(const p2a_face *face, const double m[6])
{
    double sum = 0;
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++) {
        double at[2];
        map(m, p2a_frame_landmarks_px[i][0], p2a_frame_landmarks_px[i][1], at);
        for (int k = 0; k < 2; k++)
            sum += (at[k] - (double)face->landmarks_px[i][k]) *
                   (at[k] - (double)face->landmarks_px[i][k]);
    }
    return sum;
}

static void a_known_transform_comes_back(p2a_context *ctx)
{
    for (int turn = 0; turn < 360; turn += 15) {
        double angle = turn * 3.14159265358979 / 180, scale = 0.03 + 0.01 * turn;
        double truth[6] = {scale * cos(angle), -scale * sin(angle), 900 + turn,
                           scale * sin(angle), scale * cos(angle),  700 - turn};
        p2a_face face = face_from(truth);
        double m[6], inverse[6];
        CHECK_EQUAL(p2a_align_face(ctx, &face, P2A_FRAME_PX, m), P2A_OK);
        for (int i = 0; i < 6; i++)
            CHECK_NEAR(m[i], truth[i], 1e-3);
        CHECK_NEAR(p2a_transform_scale(m), scale, 1e-5);
        /* The inverse undoes it to rounding, at every corner of the crop. */
        CHECK(p2a_transform_invert(m, inverse));
        for (int k = 0; k < 4; k++) {
            double x = k % 2 * 512.0, y = k / 2 * 512.0, at[2], back[2];
            map(m, x, y, at);
            map(inverse, at[0], at[1], back);
            CHECK_NEAR(back[0], x, 1e-9);
            CHECK_NEAR(back[1], y, 1e-9);
        }
        /* Another crop size is the same square of the photo. */
        double large[6], a[2], b[2];
        CHECK_EQUAL(p2a_align_face(ctx, &face, 768, large), P2A_OK);
        map(m, 100, 300, a);
        map(large, 150, 450, b);
        CHECK_NEAR(a[0], b[0], 1e-9);
        CHECK_NEAR(a[1], b[1], 1e-9);
    }
}

/* No similarity near the fitted one does better on landmarks that no similarity meets. */
static void the_fit_has_the_least_squares(p2a_context *ctx)
{
    double truth[6] = {0.4, -0.1, 300, 0.1, 0.4, 200};
    p2a_face face = face_from(truth);
    uint32_t state = 7;
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        for (int k = 0; k < 2; k++) {
            state = state * 1664525u + 1013904223u;
            face.landmarks_px[i][k] += (float)(state >> 16) / 65536.0f * 20.0f - 10.0f;
        }
    double m[6];
    CHECK_EQUAL(p2a_align_face(ctx, &face, P2A_FRAME_PX, m), P2A_OK);
    CHECK_NEAR(m[0], m[4], 1e-12);
    CHECK_NEAR(m[1], -m[3], 1e-12);
    double best = residual(&face, m);
    CHECK(best > 1.0);
    const double steps[4][6] = {
        {1, 0, 0, 0, 1, 0}, {0, -1, 0, 1, 0, 0}, {0, 0, 100, 0, 0, 0}, {0, 0, 0, 0, 0, 100}};
    for (int s = 0; s < 4; s++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double near[6];
            for (int i = 0; i < 6; i++)
                near[i] = m[i] + sign * 1e-3 * steps[s][i];
            CHECK(residual(&face, near) > best);
        }
}

static void what_is_no_face_is_refused(p2a_context *ctx)
{
    double frame[6] = {1, 0, 0, 0, 1, 0}, m[6] = {9, 9, 9, 9, 9, 9};
    p2a_face face = face_from(frame), broken = face;
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        broken.landmarks_px[i][0] = broken.landmarks_px[i][1] = 50.0f;
    CHECK_EQUAL(p2a_align_face(ctx, &broken, 512, m), P2A_ERR_ARGUMENT);
    for (int i = 0; i < 6; i++)
        CHECK(m[i] == 0.0);
    broken = face;
    broken.landmarks_px[3][1] = NAN;
    CHECK_EQUAL(p2a_align_face(ctx, &broken, 512, m), P2A_ERR_ARGUMENT);
    broken.landmarks_px[3][1] = INFINITY;
    CHECK_EQUAL(p2a_align_face(ctx, &broken, 512, m), P2A_ERR_ARGUMENT);
    /* Eyes where the mouth's opposite corners are: a mirrored layout that no turn explains. */
    double mirror[6] = {-1, 0, 512, 0, 1, 0};
    broken = face_from(mirror);
    CHECK_EQUAL(p2a_align_face(ctx, &broken, 512, m), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_align_face(ctx, &face, 0, m), P2A_ERR_ARGUMENT);
    CHECK(p2a_context_message(ctx)[0] != '\0');
    /* A full profile, all landmarks on one line, is a face. */
    broken = face;
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        broken.landmarks_px[i][0] = 255.0f;
    CHECK_EQUAL(p2a_align_face(ctx, &broken, 512, m), P2A_OK);
    const double flat[6] = {1, 2, 3, 2, 4, 5};
    CHECK(!p2a_transform_invert(flat, m));
    CHECK(m[0] == 0.0 && m[5] == 0.0);
}

static void crops_have_the_face_s_own_size(void)
{
    double m[6] = {0.1, 0, 0, 0, 0.1, 0};
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1024), 512);
    m[0] = m[4] = 1.0;
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1024), 512);
    m[0] = m[4] = 1.01;
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1024), 576);
    m[0] = m[4] = 9.0;
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1024), 1024);
    m[0] = m[4] = 1.9;
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1000), 1000);
    m[0] = NAN;
    CHECK_EQUAL(p2a_align_crop_px(m, 512, 1024), 512);
}

static void bounds_hold_every_pixel_of_the_crop(void)
{
    const double m[6] = {0.3, -0.2, 40, 0.2, 0.3, -30};
    size_t b[4];
    CHECK(p2a_align_bounds(m, 512, 150, 2000, b));
    CHECK_EQUAL(b[0], 0); /* 40 - 102.4 is outside */
    CHECK_EQUAL(b[1], 0);
    CHECK_EQUAL(b[2], 150);
    CHECK_EQUAL(b[3], 226); /* -30 + 0.5 * 512 */
    CHECK(!p2a_align_bounds((const double[6]){1, 0, 500, 0, 1, 0}, 512, 400, 400, b));
    CHECK_EQUAL(b[2], 0);
    CHECK(!p2a_align_bounds((const double[6]){NAN, 0, 0, 0, 1, 0}, 512, 400, 400, b));
}

static void overlapping_faces_share_their_pixels(void)
{
    /* Two faces of equal size side by side, 300 px apart: the middle line is where shares are even.
     */
    const double frames[2][6] = {{1, 0, 0, 0, 1, 0}, {1, 0, 300, 0, 1, 0}};
    static float a[512 * 512], b[512 * 512];
    p2a_align_share(frames, 2, 0, 512, a);
    p2a_align_share(frames, 2, 1, 512, b);
    double worst = 0;
    for (size_t y = 0; y < 512; y++)
        for (size_t x = 300; x < 512; x++)
            worst = fmax(worst, fabs((double)a[y * 512 + x] + (double)b[y * 512 + x - 300] - 1));
    CHECK_NEAR(worst, 0, 1e-5);
    CHECK_NEAR(a[310 * 512 + 255], 1, 0);
    CHECK_NEAR(a[310 * 512 + 500], 0, 0);
    CHECK_NEAR(a[310 * 512 + 405], 0.5, 0.02);
    const double far_frames[2][6] = {{1, 0, 0, 0, 1, 0}, {1, 0, 1200, 0, 1, 0}};
    p2a_align_share(far_frames, 2, 0, 512, a);
    double least = 1;
    for (size_t i = 0; i < 512 * 512; i++)
        least = fmin(least, (double)a[i]);
    CHECK_NEAR(least, 1, 0);
}

int main(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    a_known_transform_comes_back(ctx);
    the_fit_has_the_least_squares(ctx);
    what_is_no_face_is_refused(ctx);
    crops_have_the_face_s_own_size();
    bounds_hold_every_pixel_of_the_crop();
    overlapping_faces_share_their_pixels();
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
