/* align.c - landmarks of a face -> photo_from_crop, its inverse, its size and its share of overlaps
 */
#include "face/align.h"

#include <math.h>
#include <string.h>

/*
 * Mean landmarks of 150 aligned portraits (every sixth of the training faces) as the detector's
 * teacher sees them, made symmetric about x = 255.3. The eyes agree with the centres of the masks'
 * eyes, (194, 245) and (318, 245) once masks with swapped sides are set right; the mouth's corners
 * with the ends of the masks' lips, (201, 375) and (311, 375).
 */
const double p2a_frame_landmarks_px[P2A_LANDMARK_COUNT][2] = {
    {193.0, 244.0}, {317.5, 244.0}, {255.3, 322.5}, {201.0, 375.0}, {309.5, 375.0}};

#define FIT_MIN 0.5 /* correlation between frame and face; 0.83 for a profile, 1 for a front */
#define SPREAD_MIN_PX 0.25 /* of landmarks about their mean; a face of 2 px has 0.5 */
#define CROP_STEP_PX 64
#define FACE_CENTRE_X_PX 255.3 /* middle of the face in the frame: between eyes and mouth */
#define FACE_CENTRE_Y_PX 310.0
#define FACE_RADIUS_PX 150.0 /* from there to the cheek and the chin */
#define SHARE_EDGE 0.1       /* width of the soft edge, in face radii */

/* Least squares of q = a p + t in the complex plane: a = sum conj(p) q / sum |p|^2 about the means.
 */
p2a_status p2a_align_face(p2a_context *ctx, const p2a_face *face, size_t crop_px,
                          double photo_from_crop[6])
{
    memset(photo_from_crop, 0, 6 * sizeof *photo_from_crop);
    if (crop_px < 1)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected at least 1 for crop_px, got 0");
    double mean_p[2] = {0, 0}, mean_q[2] = {0, 0};
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++) {
        for (int k = 0; k < 2; k++) {
            double q = (double)face->landmarks_px[i][k];
            if (!isfinite(q))
                return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                                "expected a finite number for landmark %d, got %g", i, q);
            mean_p[k] += p2a_frame_landmarks_px[i][k] / P2A_LANDMARK_COUNT;
            mean_q[k] += q / P2A_LANDMARK_COUNT;
        }
    }
    double re = 0, im = 0, pp = 0, qq = 0;
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++) {
        double px = p2a_frame_landmarks_px[i][0] - mean_p[0];
        double py = p2a_frame_landmarks_px[i][1] - mean_p[1];
        double qx = (double)face->landmarks_px[i][0] - mean_q[0];
        double qy = (double)face->landmarks_px[i][1] - mean_q[1];
        re += px * qx + py * qy;
        im += px * qy - py * qx;
        pp += px * px + py * py;
        qq += qx * qx + qy * qy;
    }
    double spread_px = sqrt(qq / P2A_LANDMARK_COUNT), fit = hypot(re, im) / sqrt(pp * qq);
    if (!(spread_px >= SPREAD_MIN_PX))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected landmarks at least %g px apart, got %g",
                        SPREAD_MIN_PX, spread_px);
    if (!(fit >= FIT_MIN))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected landmarks of a face (fit at least %g), got a fit of %g", FIT_MIN,
                        fit);
    double frame_from_crop = (double)P2A_FRAME_PX / (double)crop_px;
    double c = re / pp, s = im / pp;
    photo_from_crop[0] = c * frame_from_crop;
    photo_from_crop[1] = -s * frame_from_crop;
    photo_from_crop[2] = mean_q[0] - c * mean_p[0] + s * mean_p[1];
    photo_from_crop[3] = s * frame_from_crop;
    photo_from_crop[4] = c * frame_from_crop;
    photo_from_crop[5] = mean_q[1] - s * mean_p[0] - c * mean_p[1];
    return P2A_OK;
}

bool p2a_transform_invert(const double m[6], double out[6])
{
    double det = m[0] * m[4] - m[1] * m[3];
    double sum = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
    if (!(fabs(det) > 1e-12 * sum) || !isfinite(det)) {
        memset(out, 0, 6 * sizeof *out);
        return false;
    }
    double xx = m[4] / det, xy = -m[1] / det, yx = -m[3] / det, yy = m[0] / det;
    double x0 = -(xx * m[2] + xy * m[5]), y0 = -(yx * m[2] + yy * m[5]);
    out[0] = xx;
    out[1] = xy;
    out[2] = x0;
    out[3] = yx;
    out[4] = yy;
    out[5] = y0;
    return true;
}

double p2a_transform_scale(const double m[6])
{
    return sqrt(fabs(m[0] * m[4] - m[1] * m[3]));
}

size_t p2a_align_crop_px(const double photo_from_frame[6], size_t min_px, size_t max_px)
{
    double side_px = P2A_FRAME_PX * p2a_transform_scale(photo_from_frame);
    if (!(side_px > (double)min_px))
        return min_px;
    if (side_px >= (double)max_px)
        return max_px;
    size_t px = ((size_t)ceil(side_px) + CROP_STEP_PX - 1) / CROP_STEP_PX * CROP_STEP_PX;
    return px > max_px ? max_px : px;
}

bool p2a_align_bounds(const double photo_from_crop[6], size_t crop_px, size_t photo_width_px,
                      size_t photo_height_px, size_t bounds_px[4])
{
    const double *m = photo_from_crop;
    const double side = (double)crop_px;
    const size_t limit_px[2] = {photo_width_px, photo_height_px};
    memset(bounds_px, 0, 4 * sizeof *bounds_px);
    for (int k = 0; k < 2; k++) {
        double right = m[3 * k] * side, down = m[3 * k + 1] * side;
        double low = m[3 * k + 2] + fmin(right, 0) + fmin(down, 0);
        double high = m[3 * k + 2] + fmax(right, 0) + fmax(down, 0);
        low = fmax(floor(low), 0);
        high = fmin(ceil(high), (double)limit_px[k]);
        if (!(low < high)) {
            memset(bounds_px, 0, 4 * sizeof *bounds_px);
            return false;
        }
        bounds_px[k] = (size_t)low;
        bounds_px[k + 2] = (size_t)high;
    }
    return true;
}

/* Middle of a face in the photo (x, y) and its radius there. */
static void face_circle(const double m[6], double circle[3])
{
    circle[0] = m[0] * FACE_CENTRE_X_PX + m[1] * FACE_CENTRE_Y_PX + m[2];
    circle[1] = m[3] * FACE_CENTRE_X_PX + m[4] * FACE_CENTRE_Y_PX + m[5];
    circle[2] = FACE_RADIUS_PX * p2a_transform_scale(m);
}

void p2a_align_share(const double (*photo_from_frames)[6], size_t count, size_t index,
                     size_t crop_px, float *out)
{
    const double *m = photo_from_frames[index];
    const double frame_from_crop = (double)P2A_FRAME_PX / (double)crop_px;
    double own[3];
    face_circle(m, own);
    for (size_t i = 0; i < crop_px * crop_px; i++)
        out[i] = 1.0f;
    for (size_t other = 0; other < count; other++) {
        double circle[3];
        face_circle(photo_from_frames[other], circle);
        /* Farther than this, no pixel of the crop (half its diagonal: 362 px) can be the other's.
         */
        double reach = 3.0 * (own[2] + circle[2]);
        double apart = hypot(own[0] - circle[0], own[1] - circle[1]);
        if (other == index || apart > reach || !(apart > 0))
            continue;
        for (size_t y = 0; y < crop_px; y++) {
            for (size_t x = 0; x < crop_px; x++) {
                double fx = ((double)x + 0.5) * frame_from_crop;
                double fy = ((double)y + 0.5) * frame_from_crop;
                double px = m[0] * fx + m[1] * fy + m[2], py = m[3] * fx + m[4] * fy + m[5];
                double mine = hypot(px - own[0], py - own[1]) / own[2];
                double theirs = hypot(px - circle[0], py - circle[1]) / circle[2];
                double share = 0.5 + (theirs - mine) / (2 * SHARE_EDGE);
                float *o = &out[y * crop_px + x];
                *o *= (float)fmin(fmax(share, 0), 1);
            }
        }
    }
}
