/* png.h - the chunks of a PNG file, read and checked before any pixel is decoded */
#ifndef P2A_IMAGE_PNG_H
#define P2A_IMAGE_PNG_H

#include "base/context.h"

/* PNG specification, table 11.1. */
typedef enum p2a_png_colour {
    P2A_PNG_GREY = 0,
    P2A_PNG_RGB = 2,
    P2A_PNG_PALETTE = 3,
    P2A_PNG_GREY_ALPHA = 4,
    P2A_PNG_RGB_ALPHA = 6
} p2a_png_colour;

typedef struct p2a_png_info {
    uint32_t width_px; /* as stored, before the orientation is applied */
    uint32_t height_px;
    uint32_t bit_depth; /* of a sample, or of a palette index */
    p2a_png_colour colour;
    bool interlaced;
    uint32_t orientation; /* 1..8, as EXIF numbers it */

    const uint8_t *palette; /* palette_count RGB triples in the file; NULL: none */
    uint32_t palette_count;
    const uint8_t *transparency; /* the tRNS chunk's bytes in the file; NULL: none */
    uint32_t transparency_bytes;

    size_t data_at;    /* where the first IDAT chunk's data begins in the file */
    size_t data_bytes; /* of all IDAT chunks together */
    uint32_t data_chunk_count;
} p2a_png_info;

bool p2a_png_has_signature(const uint8_t *file, size_t file_bytes);

/*
 * Read the chunks of a PNG that has the signature, as far as the bytes go. Allocates nothing.
 *
 * out: filled on P2A_OK, with pointers into the file; untouched after an error.
 * Errors: P2A_ERR_IMAGE.
 */
p2a_status p2a_png_read_header(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                               p2a_png_info *out);

/*
 * The same for a file that is there as a whole: also refuses one that was cut off, one whose
 * critical chunks have a wrong checksum, and one that promises more pixels than its compressed
 * bytes can hold.
 */
p2a_status p2a_png_check(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                         p2a_png_info *out);

/* Copy the data of all IDAT chunks of a checked file to data_bytes bytes at `data`. */
void p2a_png_gather(const p2a_png_info *png, const uint8_t *file, uint8_t *data);

/* Samples of a pixel in the file: 1..4. */
uint32_t p2a_png_samples(const p2a_png_info *png);

/* Bytes of a row of width_px pixels in the file, without its filter byte. */
size_t p2a_png_row_bytes(const p2a_png_info *png, uint32_t width_px);

/* Bytes of all rows with their filter bytes, once decompressed; UINT64_MAX: absurdly many. */
uint64_t p2a_png_raw_bytes(const p2a_png_info *png);

/* Where the pixels of one pass of an interlaced PNG lie in the picture. */
typedef struct p2a_png_pass {
    uint32_t first_x, first_y, step_x, step_y;
    uint32_t width_px, height_px; /* may be 0 */
} p2a_png_pass;

#define P2A_PNG_PASSES_MAX 7

/* The passes of a picture: 1, or 7 for an interlaced one. */
uint32_t p2a_png_pass_count(const p2a_png_info *png);
p2a_png_pass p2a_png_get_pass(const p2a_png_info *png, uint32_t pass);

#endif
