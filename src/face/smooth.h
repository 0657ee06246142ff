/* smooth.h - a float plane -> its local means, or the same plane smoothed between its lines */
#ifndef P2A_FACE_SMOOTH_H
#define P2A_FACE_SMOOTH_H

#include "base/context.h"

/* A float plane is [height, width] f32 without padding. */
typedef struct p2a_plane_size {
    size_t width_px;
    size_t height_px;
} p2a_plane_size;

/*
 * Means over the square of 2 radius + 1 px about each pixel, as far as it lies in the plane.
 * plane and out may be the same. scratch: as large as the plane, plus one row.
 */
void p2a_smooth_box(const float *plane, p2a_plane_size size, size_t radius_px, float *scratch,
                    float *out);

/* Floats of scratch that p2a_smooth_box() needs. */
size_t p2a_smooth_scratch(p2a_plane_size size);

/*
 * Guided filter (He, Sun and Tang 2013): each plane is smoothed where the guide varies by less than
 * about edge (a standard deviation, in the guide's units) within the radius, and kept where the
 * guide has a line or an edge. Planes are changed in place; guide may be one of them.
 *
 * Errors: P2A_ERR_MEMORY; the planes are then unchanged.
 */
p2a_status p2a_smooth_guided(p2a_context *ctx, const float *guide, float *const *planes,
                             size_t plane_count, p2a_plane_size size, size_t radius_px, float edge);

#endif
