/* tone.h - the colours under two masks -> the gentle linear map from the one to the other */
#ifndef P2A_FACE_TONE_H
#define P2A_FACE_TONE_H

#include "base/context.h"

/* Mean and covariance of L, a, b under a mask. */
typedef struct p2a_tone {
    double weight; /* sum of the mask, px */
    double mean[3];
    double covariance[3][3];
} p2a_tone;

/* How far a map may go. */
typedef struct p2a_tone_limits {
    double lightness; /* largest move of the mean's L */
    double chroma;    /* largest move of the mean in the a-b plane */
    double scale; /* spreads grow at most by this factor and shrink at most by its inverse; >= 1 */
} p2a_tone_limits;

/* x -> mean_to + matrix (x - mean_from) */
typedef struct p2a_tone_map {
    double matrix[3][3]; /* symmetric */
    double mean_from[3];
    double mean_to[3];
} p2a_tone_map;

/* planes: L, a, b of `count` pixels; mask: 0..1 each, or NULL for 1. */
void p2a_tone_measure(const float *const planes[3], const float *mask, size_t count, p2a_tone *out);

/*
 * The map that carries one Gaussian to the other with the least movement (Monge-Kantorovich;
 * Pitie and Kokaram 2007), with its stretches and its shift held within the limits.
 */
void p2a_tone_match(const p2a_tone *from, const p2a_tone *to, const p2a_tone_limits *limits,
                    p2a_tone_map *out);

/* Eigenvalues and orthonormal eigenvectors (columns) of a symmetric matrix (Jacobi's method). */
void p2a_tone_eigen(const double matrix[3][3], double values[3], double vectors[3][3]);

#endif
