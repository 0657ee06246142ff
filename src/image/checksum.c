/* checksum.c - bytes -> CRC-32 and Adler-32 */
#include "image/checksum.h"

#define ADLER_MODULUS 65521u
#define ADLER_RUN 5552 /* bytes after which a 32-bit sum must be reduced, RFC 1950 section 9 */

void p2a_crc_fill(p2a_crc_tables *crc)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t value = b;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
        crc->tables[0][b] = value;
    }
    for (uint32_t b = 0; b < 256; b++)
        for (int k = 1; k < 8; k++) {
            const uint32_t before = crc->tables[k - 1][b];
            crc->tables[k][b] = before >> 8 ^ crc->tables[0][before & 0xff];
        }
}

uint32_t p2a_crc(const p2a_crc_tables *crc, const uint8_t *bytes, size_t count)
{
    const uint32_t(*t)[256] = crc->tables;
    uint32_t value = 0xffffffffu;
    for (; count >= 8; count -= 8, bytes += 8) {
        value ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                 (uint32_t)bytes[3] << 24;
        value = t[7][value & 0xff] ^ t[6][value >> 8 & 0xff] ^ t[5][value >> 16 & 0xff] ^
                t[4][value >> 24] ^ t[3][bytes[4]] ^ t[2][bytes[5]] ^ t[1][bytes[6]] ^
                t[0][bytes[7]];
    }
    for (; count > 0; count--, bytes++)
        value = value >> 8 ^ t[0][(value ^ *bytes) & 0xff];
    return ~value;
}

uint32_t p2a_adler(const uint8_t *bytes, size_t count)
{
    uint32_t a = 1, b = 0;
    while (count > 0) {
        const size_t run = count < ADLER_RUN ? count : ADLER_RUN;
        for (size_t i = 0; i < run; i++) {
            a += bytes[i];
            b += a;
        }
        a %= ADLER_MODULUS;
        b %= ADLER_MODULUS;
        bytes += run;
        count -= run;
    }
    return b << 16 | a;
}

uint32_t p2a_adler_join(uint32_t first, uint32_t second, size_t second_count)
{
    /* a starts at 1 in both; b gathers first's a once for each byte of second. */
    const uint64_t a1 = first & 0xffff, b1 = first >> 16;
    const uint64_t a2 = second & 0xffff, b2 = second >> 16;
    const uint64_t n = second_count % ADLER_MODULUS;
    const uint64_t a = (a1 + a2 + ADLER_MODULUS - 1) % ADLER_MODULUS;
    const uint64_t b = (b1 + b2 + n * (a1 + ADLER_MODULUS - 1)) % ADLER_MODULUS;
    return (uint32_t)(b << 16 | a);
}
