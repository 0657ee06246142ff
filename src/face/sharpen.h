/* sharpen.h - an enlarged face -> the same face with its fine contrasts, before it is painted */
#ifndef P2A_FACE_SHARPEN_H
#define P2A_FACE_SHARPEN_H

#include "image/image.h"

/*
 * A generator draws what it sees: of a small face, enlarged to the crop, it sees soft slopes where
 * eyes, nose and mouth have lines, and paints them soft. So the contrast to the surroundings of
 * about one photo pixel is raised (unsharp masking of the luma; colours keep their differences).
 *
 * crop:        the face's crop, square, changed.
 * enlargement: crop pixels to a pixel of the photo; nothing is done up to 1, all from 1.25 on.
 * strength:    0..1; 0 changes no byte.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the crop is then unchanged.
 */
p2a_status p2a_sharpen_face(p2a_context *ctx, p2a_image *crop, double enlargement, float strength);

#endif
