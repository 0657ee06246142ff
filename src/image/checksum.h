/* checksum.h - bytes -> the two checksums of a PNG file: CRC-32 of a chunk, Adler-32 of its pixels
 */
#ifndef P2A_IMAGE_CHECKSUM_H
#define P2A_IMAGE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* tables[k][b]: the CRC of byte b with k zero bytes behind it. Filled on the stack: 8 kB. */
typedef struct p2a_crc_tables {
    uint32_t tables[8][256];
} p2a_crc_tables;

void p2a_crc_fill(p2a_crc_tables *crc);

/* CRC-32 of the PNG specification, annex D. */
uint32_t p2a_crc(const p2a_crc_tables *crc, const uint8_t *bytes, size_t count);

/* Adler-32 of RFC 1950. */
uint32_t p2a_adler(const uint8_t *bytes, size_t count);

/* The Adler-32 of two stretches of bytes, one after the other; 1 is that of no bytes. */
uint32_t p2a_adler_join(uint32_t first, uint32_t second, size_t second_count);

#endif
