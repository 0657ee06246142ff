/*
 * mutate_png.c - libFuzzer's mutations, and half of the time the chunks' checksums made right
 * again: behind a wrong one nothing of a PNG is read
 */
#include <string.h>

#include "fuzz.h"
#include "image/checksum.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t bytes_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned seed);

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void repair_checksums(uint8_t *file, size_t bytes)
{
    p2a_crc_tables tables;
    p2a_crc_fill(&tables);
    for (size_t at = 8; bytes - at >= 12 && read_u32(file + at) <= bytes - at - 12;) {
        const size_t data_bytes = read_u32(file + at);
        const uint32_t crc = p2a_crc(&tables, file + at + 4, data_bytes + 4);
        for (int i = 0; i < 4; i++)
            file[at + 8 + data_bytes + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + data_bytes;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t bytes_max, unsigned seed)
{
    bytes = LLVMFuzzerMutate(data, bytes, bytes_max);
    /* The file begins with the input, or behind the options of convert.c. */
    for (size_t begin = 0; seed % 2 == 0 && begin <= 8; begin += 8)
        if (bytes >= begin + 8 && memcmp(data + begin, "\x89PNG\r\n\x1a\n", 8) == 0)
            repair_checksums(data + begin, bytes - begin);
    return bytes;
}
