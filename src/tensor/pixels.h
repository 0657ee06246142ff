/* pixels.h - rows of 8-bit RGB pixels <-> rows of floats in a network's range */
#ifndef P2A_TENSOR_PIXELS_H
#define P2A_TENSOR_PIXELS_H

#include "image/image.h"

/*
 * Rows [first_row, first_row + rows) of an image as [rows, width_px, 3] f32, 0 -> range[0] and
 * 255 -> range[1]. Beyond the image's right and lower border its last column and row are repeated.
 */
void p2a_floats_from_pixels(const p2a_image *image, size_t first_row, size_t rows, size_t width_px,
                            const float range[2], float *out);

/*
 * The inverse: [rows, width_px, 3] f32, clamped to range, rounded to the nearest, into the image's
 * rows from first_row on. Rows and columns beyond the image are left out; alpha is not touched.
 */
void p2a_pixels_from_floats(const float *values, size_t first_row, size_t rows, size_t width_px,
                            const float range[2], p2a_image *image);

#endif
