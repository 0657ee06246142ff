/* exif.h - how a camera was held: the orientation in a file's EXIF block */
#ifndef P2A_IMAGE_EXIF_H
#define P2A_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

#define P2A_ORIENTATION_UPRIGHT 1

/*
 * The orientation, 1..8 as EXIF numbers it, in a TIFF block: what follows "Exif\0\0" in a JPEG's
 * APP1 segment, or the whole of a PNG's eXIf chunk. P2A_ORIENTATION_UPRIGHT where there is none or
 * the block is damaged: a broken note about the camera is no reason to refuse a picture.
 */
uint32_t p2a_exif_orientation(const uint8_t *tiff, size_t tiff_bytes);

#endif
