/* warp.h - a picture and an affine transform -> the picture seen through it */
#ifndef P2A_IMAGE_WARP_H
#define P2A_IMAGE_WARP_H

#include "image/image.h"

/*
 * Cut a crop out of a photo: the crop's pixel (x, y) is the photo at photo_from_crop * (x, y).
 *
 * A transform is 2x3, row by row {xx, xy, x0, yx, yy, y0}, between continuous coordinates: the
 * centre of pixel (0,0) is (0.5, 0.5). The same call sets a crop back, with crop_from_photo.
 * Where the crop holds more photo than it has pixels, the photo is first made smaller
 * (p2a_image_resize_region), so that nothing aliases; then Catmull-Rom interpolation. Outside of
 * the photo its border goes on. Colours count by their alpha.
 *
 * photo: borrowed.
 * out:   as many channels as the photo; given: release with p2a_image_destroy(); NULL after any
 *        error.
 * Errors: P2A_ERR_ARGUMENT (a number of the transform is not finite), P2A_ERR_LIMIT,
 *         P2A_ERR_MEMORY.
 */
p2a_status p2a_image_warp(p2a_context *ctx, const p2a_image *photo, const double photo_from_crop[6],
                          size_t width_px, size_t height_px, p2a_image **out);

/*
 * The same for a soft mask: a plane of floats, 0 outside of it, bilinear, averaged over the plane's
 * pixels that one target pixel covers (up to 16 x 16 samples).
 *
 * plane: [plane_height_px, plane_width_px] f32, borrowed.
 * out:   [height_px, width_px] f32, filled.
 * Errors: P2A_ERR_ARGUMENT (a number of the transform is not finite).
 */
p2a_status p2a_plane_warp(p2a_context *ctx, const float *plane, size_t plane_width_px,
                          size_t plane_height_px, const double plane_from_target[6],
                          size_t width_px, size_t height_px, float *out);

#endif
