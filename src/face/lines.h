/* lines.h - a picture -> its fine lines: luma, less its mean about each pixel */
#ifndef P2A_FACE_LINES_H
#define P2A_FACE_LINES_H

#include "face/smooth.h"
#include "image/image.h"

/*
 * Luma (Rec. 601, levels of 255) less its mean over a tent of this radius, each pixel of the
 * image. scratch: p2a_smooth_scratch() floats; mean and out: as many as the image has pixels.
 */
void p2a_lines_find(const p2a_image *image, size_t radius_px, float *scratch, float *mean,
                    float *out);

/* Brightens (or, below 0, darkens) a pixel's three colours by so many levels. */
void p2a_lines_add(uint8_t *pixel, float levels);

#endif
