/*
 * tiles.h - Winograd's minimal filtering in whole numbers: tiles of bytes, kernels and sums,
 * transformed one way, downwards or across
 *
 * F(4,3) (Lavin and Gray, 2015) makes 4 outputs of a kernel's row of 3 from 6 products instead of
 * 12; of stride 2, 2 outputs from 5 instead of 6 (F(2,2) of the even pixels, the odd ones as they
 * are). Fractions are multiplied away, so that both are exact: sums of F(4,3) transformed back are
 * 24 times those of the plain convolution.
 */
#ifndef P2A_NN_TILES_H
#define P2A_NN_TILES_H

#include <stddef.h>
#include <stdint.h>

typedef int16_t p2a_shorts __attribute__((vector_size(16)));
typedef uint32_t p2a_words __attribute__((vector_size(16)));

#define P2A_POINTS_MAX 6
#define P2A_MADE_MAX 4
#define P2A_TILE_STEP 4 /* pixels from a tile to the next */
#define P2A_TAPS 3

/* How a convolution is cut up; all of it counts in one direction, both are alike. */
typedef enum p2a_tiling {
    P2A_TILING_NONE,
    P2A_TILING_3X3, /* F(4,3) */
    P2A_TILING_3X3_STRIDE_2
} p2a_tiling;

/* Products of a tile, which are the pixels under it, too. */
static inline size_t p2a_tile_points(p2a_tiling tiling)
{
    return tiling == P2A_TILING_3X3 ? 6 : 5;
}

/* Outputs of a tile. */
static inline size_t p2a_tile_made(p2a_tiling tiling)
{
    return tiling == P2A_TILING_3X3 ? 4 : 2;
}

/* B^T d, whose rows are 4 0 -5 0 1 0, 0 -4 -4 1 1 0, 0 4 -4 -1 1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0,
 * 0 4 0 -5 0 1; of stride 2 1 0 -1 0 0, 0 0 1 0 0, 0 0 1 0 -1, 0 1 0 0 0, 0 0 0 1 0. Values grow
 * 10 times at most. */
static inline void p2a_tile_transform_input(p2a_tiling tiling, const p2a_shorts *d, p2a_shorts *out)
{
    if (tiling == P2A_TILING_3X3) {
        const p2a_shorts near = d[4] - d[2], far = d[3] - d[1];
        const p2a_shorts even = d[4] - (d[2] << 2), odd = d[3] - (d[1] << 2), twice = far << 1;
        out[0] = ((d[0] - d[2]) << 2) + near;
        out[1] = even + odd;
        out[2] = even - odd;
        out[3] = near + twice;
        out[4] = near - twice;
        out[5] = d[5] - d[3] - (far << 2);
    } else {
        out[0] = d[0] - d[2];
        out[1] = d[2];
        out[2] = d[2] - d[4];
        out[3] = d[1];
        out[4] = d[3];
    }
}

/* G k, whose rows are 6 0 0, -4 -4 -4, -4 4 -4, 1 2 4, 1 -2 4, 0 0 12; of stride 2 1 0 0, 1 0 1,
 * 0 0 1, 0 1 0, 0 1 0. Values grow 12 times at most. */
static inline void p2a_tile_transform_kernel(p2a_tiling tiling, const p2a_shorts *k,
                                             p2a_shorts *out)
{
    if (tiling == P2A_TILING_3X3) {
        const p2a_shorts ends = (k[0] + k[2]) * -4, middle = k[1] * -4;
        const p2a_shorts wide = k[0] + k[2] * 4, half = k[1] * 2;
        out[0] = k[0] * 6;
        out[1] = ends + middle;
        out[2] = ends - middle;
        out[3] = wide + half;
        out[4] = wide - half;
        out[5] = k[2] * 12;
    } else {
        out[0] = k[0];
        out[1] = k[0] + k[2];
        out[2] = k[2];
        out[3] = out[4] = k[1];
    }
}

/* A^T m, whose rows are 1 1 1 1 1 0, 0 1 -1 2 -2 0, 0 1 1 4 4 0, 0 1 -1 8 -8 2; of stride 2
 * 1 1 0 1 0, 0 1 -1 0 1. `step` vectors from one of m to the next. */
static inline void p2a_tile_transform_sums(p2a_tiling tiling, const p2a_words *m, size_t step,
                                           p2a_words *out)
{
    if (tiling == P2A_TILING_3X3) {
        const p2a_words sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
        const p2a_words sum2 = m[3 * step] + m[4 * step], last = m[5 * step];
        const p2a_words difference2 = m[3 * step] - m[4 * step];
        out[0] = m[0] + sum + sum2;
        out[1] = difference + (difference2 << 1);
        out[2] = sum + (sum2 << 2);
        out[3] = difference + (difference2 << 3) + (last << 1);
    } else {
        out[0] = m[0] + m[step] + m[3 * step];
        out[1] = m[step] - m[2 * step] + m[4 * step];
    }
}

#endif
