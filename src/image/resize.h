/* resize.h - a picture -> the same picture at another size, without aliasing or blocks */
#ifndef P2A_IMAGE_RESIZE_H
#define P2A_IMAGE_RESIZE_H

#include "image/image.h"

/*
 * Resample to width_px x height_px: along each axis Lanczos (3 lobes) stretched to the target's
 * pixels where the picture shrinks, Catmull-Rom where it grows.
 *
 * In sRGB values, not in linear light: it is what browsers, libvips and Pillow do by default, what
 * the networks' training pictures went through, and it keeps thin dark lines dark. Colours count
 * by their alpha, so that what transparency hides does not bleed; a pixel that ends up fully
 * transparent is black.
 *
 * Bit-identical for every number of threads. Takes a few rows of floats for each thread
 * beside the result.
 *
 * image: borrowed.
 * out:   given: release with p2a_image_destroy(); NULL after any error.
 * Errors: P2A_ERR_LIMIT, P2A_ERR_MEMORY.
 */
p2a_status p2a_image_resize(p2a_context *ctx, const p2a_image *image, size_t width_px,
                            size_t height_px, p2a_image **out);

/* A part of a picture: left and top are in it, right and bottom are not. */
typedef struct p2a_region {
    size_t left, top, right, bottom;
} p2a_region;

/*
 * The same for a part of the picture, as if there were nothing outside of it.
 *
 * region: not empty, inside the picture.
 */
p2a_status p2a_image_resize_region(p2a_context *ctx, const p2a_image *image,
                                   const p2a_region *region, size_t width_px, size_t height_px,
                                   p2a_image **out);

#endif
