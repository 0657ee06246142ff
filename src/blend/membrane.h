/* membrane.h - values on the edge of a region -> the smoothest surface over it (Laplace's equation)
 */
#ifndef P2A_BLEND_MEMBRANE_H
#define P2A_BLEND_MEMBRANE_H

#include "base/context.h"

/* What a pixel of the grid is. */
typedef enum p2a_membrane_kind {
    P2A_MEMBRANE_OUTSIDE = 0, /* takes no part; must not touch an unknown pixel's side */
    P2A_MEMBRANE_KNOWN = 1,   /* holds its value */
    P2A_MEMBRANE_UNKNOWN = 2  /* is solved for */
} p2a_membrane_kind;

typedef struct p2a_membrane_options {
    float tolerance;     /* of the residual |4 v - sum of 4 neighbours|, in units of the values */
    uint32_t max_cycles; /* V-cycles at most */
} p2a_membrane_options;

/*
 * Solve 4 v = sum of the four neighbours at every unknown pixel of each plane, by geometric
 * multigrid: V-cycles of red-black Gauss-Seidel, started from p2a_membrane_fill(). At the border of
 * the grid no value flows (Neumann). A region that touches no known pixel becomes constant.
 *
 * kinds:    [height, width] of p2a_membrane_kind, borrowed.
 * values:   `planes` planes [height, width] f32, one after another. Known pixels are read, unknown
 *           ones written, the others ignored.
 * residual: the largest that is left over all planes; may be NULL. 0 after any error.
 * Planes are independent: each runs on one thread, and the result does not depend on their number.
 * Errors: P2A_ERR_ARGUMENT (1..8192 px a side, 1..4 planes), P2A_ERR_MEMORY.
 */
p2a_status p2a_membrane_solve(p2a_context *ctx, const uint8_t *kinds, size_t width_px,
                              size_t height_px, float *values, size_t planes,
                              const p2a_membrane_options *options, float *residual);

/*
 * Spread weighted values over a plane: where a pixel's weight is below 1, the rest is filled with
 * the mean of what is near, from ever coarser copies of the plane (pull-push; Gortler et al. 1996).
 *
 * values:  [height, width] f32, changed in place; weights: the same, 0..1, borrowed.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; values are then as they were. No weight at all: all 0.
 */
p2a_status p2a_membrane_fill(p2a_context *ctx, float *values, const float *weights, size_t width_px,
                             size_t height_px);

#endif
