/* deflate.h - bytes -> a raw Deflate stream (RFC 1951), piece by piece, so that threads can share
 */
#ifndef P2A_IMAGE_DEFLATE_H
#define P2A_IMAGE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of scratch memory that one call needs, 4-byte aligned. */
size_t p2a_deflate_scratch_bytes(void);

/* Most bytes that `count` bytes can become. */
size_t p2a_deflate_bound(size_t count);

/*
 * Compress one piece of a stream. Pieces know nothing of each other: they can be made in any order,
 * at the same time, and put one after the other.
 *
 * is_last: the stream ends with this piece; else it is filled up to a whole byte (an empty stored
 *          block), so that the next piece can follow.
 * scratch: p2a_deflate_scratch_bytes() bytes.
 * out:     p2a_deflate_bound(count) bytes.
 * Returns the bytes written to out.
 */
size_t p2a_deflate(const uint8_t *bytes, size_t count, bool is_last, void *scratch, uint8_t *out);

#endif
