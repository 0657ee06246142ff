/* png_bytes.h - PNG files of every kind, written as plainly as the format allows: stored blocks */
#ifndef P2A_TESTS_PNG_BYTES_H
#define P2A_TESTS_PNG_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct png_bytes {
    uint8_t *bytes; /* owned: png_free() */
    size_t count;
    size_t capacity;
} png_bytes;

typedef struct png_kind {
    uint32_t width_px, height_px;
    uint8_t bit_depth, colour;
    bool interlaced;
} png_kind;

/* A file, piece by piece. */
void png_begin(png_bytes *png);
void png_chunk(png_bytes *png, const char *type, const void *data, size_t count);
void png_header(png_bytes *png, const png_kind *kind);
/* raw: rows with their filter bytes; spread over chunk_count IDAT chunks. */
void png_data(png_bytes *png, const uint8_t *raw, size_t count, size_t chunk_count);
void png_free(png_bytes *png);

/* Samples of a pixel, and the value of one in a test picture: any number of kind's bits. */
uint32_t png_samples(const png_kind *kind);
uint32_t png_sample(const png_kind *kind, uint32_t x, uint32_t y, uint32_t sample);

/*
 * The test picture as filtered rows, row i with filter i % 5.
 * Returns a new block of *out_count bytes: free().
 */
uint8_t *png_rows(const png_kind *kind, size_t *out_count);

/* The whole file: header, palette or transparency where given, data in 2 chunks, end. */
png_bytes png_file(const png_kind *kind, const uint8_t *palette, size_t palette_count,
                   const uint8_t *transparency, size_t transparency_count);

#endif
