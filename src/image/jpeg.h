/* jpeg.h - the markers of a JPEG file, read and checked before any pixel is decoded */
#ifndef P2A_IMAGE_JPEG_H
#define P2A_IMAGE_JPEG_H

#include "base/context.h"

typedef struct p2a_jpeg_info {
    uint32_t width_px; /* as stored, before the orientation is applied */
    uint32_t height_px;
    uint32_t components;  /* 1: grey, 3: colour */
    uint32_t orientation; /* 1..8, as EXIF numbers it */
    bool progressive;
} p2a_jpeg_info;

bool p2a_jpeg_has_signature(const uint8_t *file, size_t file_bytes);

/*
 * Read the header of a JPEG that has the signature: up to the first scan, or as far as the bytes
 * go once the size is known. Allocates nothing.
 *
 * out: filled on P2A_OK; untouched after an error.
 * Errors: P2A_ERR_IMAGE, also for what this build does not decode: CMYK, 12 bits, lossless,
 *         arithmetic coding.
 */
p2a_status p2a_jpeg_read_header(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                                p2a_jpeg_info *out);

/*
 * The same for a file that is there as a whole: every marker up to the end marker is walked, so
 * that a file that was cut off, lacks a component's data, promises a size that its bytes cannot
 * hold or has absurdly many scans is refused before any memory is taken for it.
 */
p2a_status p2a_jpeg_check(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                          p2a_jpeg_info *out);

#endif
