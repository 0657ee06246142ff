/* lab.h - a crop's pixels <-> CIE L*a*b* planes, with a note of which pixels were changed */
#ifndef P2A_FACE_LAB_H
#define P2A_FACE_LAB_H

#include "image/image.h"

/* L is 0..100; a and b about -128..127 (D65). */
typedef struct p2a_lab {
    p2a_context *ctx; /* kept: its memory */
    size_t width_px;
    size_t height_px;
    float *planes[3]; /* L, a, b: [height, width] f32; one block, owned */
    uint8_t *changed; /* [height, width]: set by who changes a pixel; in the same block */
} p2a_lab;

/*
 * Convert an image; alpha is left out.
 * out: release with p2a_lab_destroy(); all zero after any error. Errors: P2A_ERR_MEMORY.
 */
p2a_status p2a_lab_create(p2a_context *ctx, const p2a_image *image, p2a_lab *out);
void p2a_lab_destroy(p2a_lab *lab);

/* Write the changed pixels back; all others keep their bytes. The image has the planes' size. */
void p2a_lab_store(const p2a_lab *lab, p2a_image *image);

/*
 * The value below which `part` (0..1) of the mask's weight lies, to 1/10 for values of 0..100.
 * values and mask: count numbers. `empty` where the mask has no weight.
 */
float p2a_lab_percentile(const float *values, const float *mask, size_t count, float part,
                         float empty);

/* The mean of values under the mask; `empty` where it has no weight. */
float p2a_lab_mean(const float *values, const float *mask, size_t count, float empty);

/* The sum of a mask, in pixels. */
double p2a_lab_weight(const float *mask, size_t count);

#endif
