/* png_write.h - pixels -> a PNG file, compressed by all threads */
#ifndef P2A_IMAGE_PNG_WRITE_H
#define P2A_IMAGE_PNG_WRITE_H

#include "image/image.h"
#include "image/output.h"

/*
 * Append a PNG of 8-bit RGB or RGBA to an output. The file is the same for every number of
 * threads.
 *
 * Errors: P2A_ERR_MEMORY.
 */
p2a_status p2a_png_write(p2a_context *ctx, const p2a_image *image, p2a_output *output);

#endif
