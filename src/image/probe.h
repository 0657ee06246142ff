/* probe.h - the first bytes of a file -> what it is, and how large its picture will be */
#ifndef P2A_IMAGE_PROBE_H
#define P2A_IMAGE_PROBE_H

#include "image/jpeg.h"
#include "image/png.h"

typedef struct p2a_probe {
    p2a_format format;
    p2a_jpeg_info jpeg; /* filled for a JPEG */
    p2a_png_info png;   /* filled for a PNG */
    uint32_t orientation;
    uint32_t width_px; /* upright */
    uint32_t height_px;
} p2a_probe;

/*
 * whole: the file is there as a whole and must be undamaged as far as its structure shows; else
 *        its first bytes are enough. Allocates nothing.
 * out:   filled on P2A_OK; all zero after an error.
 * Errors: P2A_ERR_IMAGE, with the reason.
 */
p2a_status p2a_probe_file(p2a_context *ctx, const uint8_t *file, size_t file_bytes, bool whole,
                          p2a_probe *out);

#endif
