/* png_rows.h - decompressed, filtered PNG rows -> 8-bit RGB or RGBA pixels */
#ifndef P2A_IMAGE_PNG_ROWS_H
#define P2A_IMAGE_PNG_ROWS_H

#include "image/image.h"
#include "image/png.h"

/* Channels of the decoded picture: 4 where the file carries transparency, else 3. */
uint32_t p2a_png_channels(const p2a_png_info *png);

/*
 * Undo the filters and spread the samples into an image.
 *
 * raw:   p2a_png_raw_bytes() bytes; unfiltered in place.
 * image: of the file's size and p2a_png_channels() channels; filled.
 * Errors: P2A_ERR_IMAGE (a row with an unknown filter).
 */
p2a_status p2a_png_unpack(p2a_context *ctx, const p2a_png_info *png, uint8_t *raw,
                          p2a_image *image);

#endif
