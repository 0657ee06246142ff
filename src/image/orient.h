/* orient.h - pixels as the sensor read them -> pixels as a person holds the picture */
#ifndef P2A_IMAGE_ORIENT_H
#define P2A_IMAGE_ORIENT_H

#include "image/image.h"

/* EXIF orientations 5 to 8 lie on their side: width and height change places. */
static inline bool p2a_orientation_swaps_sides(uint32_t orientation)
{
    return orientation >= 5;
}

/*
 * Turn an image upright, in place where its size stays, else into new memory.
 *
 * orientation: 1..8 as in EXIF.
 * Errors: P2A_ERR_MEMORY; the image is then as it was.
 */
p2a_status p2a_image_orient(p2a_image *image, uint32_t orientation);

#endif
