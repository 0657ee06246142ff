/* pixels.h - rows of 8-bit RGB pixels <-> rows of floats, or of bytes, in a network's range */
#ifndef P2A_TENSOR_PIXELS_H
#define P2A_TENSOR_PIXELS_H

#include "image/image.h"

/* A frame around an image: what a network sees is larger than what is shown. */
typedef struct p2a_frame {
    size_t margin_px; /* columns left of the image, and rows above it */
    size_t width_px;  /* of the whole frame; the image's width and the left margin at least */
} p2a_frame;

/*
 * Rows [first_row, first_row + rows) of the frame as [rows, frame->width_px, 3] f32, 0 -> range[0]
 * and 255 -> range[1]. Outside of the image its pixels are mirrored at the border.
 */
void p2a_floats_from_pixels(const p2a_image *image, const p2a_frame *frame, size_t first_row,
                            size_t rows, const float range[2], float *out);

/*
 * The inverse: [rows, frame->width_px, 3] f32, clamped to range, rounded to the nearest. What lies
 * outside of the image is left out; alpha is not touched.
 */
void p2a_pixels_from_floats(const float *values, const p2a_frame *frame, size_t first_row,
                            size_t rows, const float range[2], p2a_image *image);

/* The same for networks on bytes: table[pixel] is the byte, table[byte + 128] the pixel. */
void p2a_bytes_from_pixels(const p2a_image *image, const p2a_frame *frame, size_t first_row,
                           size_t rows, const int8_t table[256], int8_t *out);
void p2a_pixels_from_bytes(const int8_t *values, const p2a_frame *frame, size_t first_row,
                           size_t rows, const uint8_t table[256], p2a_image *image);

#endif
