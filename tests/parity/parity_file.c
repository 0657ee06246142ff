/* parity_file.c - the bytes that models/train/parity.py wrote to cases, and the pixels of a case */
#include "parity_file.h"

#include <string.h>

#define VERSION 1

static bool read_u32(parity_file *file, uint32_t *out)
{
    if (file->end - file->at < 4)
        return false;
    *out = file->at[0] | (uint32_t)file->at[1] << 8 | (uint32_t)file->at[2] << 16 |
           (uint32_t)file->at[3] << 24;
    file->at += 4;
    return true;
}

bool parity_file_open(const uint8_t *bytes, size_t count, parity_file *out)
{
    uint32_t version;
    *out = (parity_file){.at = bytes, .end = bytes + count};
    if (count < 4 || memcmp(bytes, "P2AP", 4) != 0)
        return false;
    out->at += 4;
    return read_u32(out, &version) && version == VERSION && read_u32(out, &out->case_count) &&
           out->case_count > 0;
}

bool parity_file_case(parity_file *file, parity_case *out)
{
    return read_u32(file, &out->height) && read_u32(file, &out->width) &&
           read_u32(file, &out->seed) && read_u32(file, &out->thin) &&
           read_u32(file, &out->output_count) && out->thin > 0 && out->output_count > 0;
}

bool parity_file_output(parity_file *file, const parity_case *of, parity_output *out)
{
    uint32_t bits;
    if (!read_u32(file, &out->height) || !read_u32(file, &out->width) ||
        !read_u32(file, &out->channels) || !read_u32(file, &bits))
        return false;
    memcpy(&out->step, &bits, sizeof bits);
    const size_t all = (size_t)out->height * out->width * out->channels;
    out->value_count = (all + of->thin - 1) / of->thin;
    out->values = file->at;
    if (out->value_count == 0 || (size_t)(file->end - file->at) / 2 < out->value_count)
        return false;
    file->at += 2 * out->value_count;
    return true;
}

float parity_value(const parity_output *output, size_t index)
{
    const uint8_t *bytes = output->values + 2 * index;
    return (float)(int16_t)(uint16_t)(bytes[0] | bytes[1] << 8) * output->step;
}

/* Murmur3's last mix of the place, top byte. */
static uint32_t hash_byte(uint32_t row, uint32_t column, uint32_t channel, uint32_t seed)
{
    uint32_t x =
        row * 0x9e3779b1u ^ column * 0x85ebca77u ^ channel * 0xc2b2ae3du ^ seed * 0x27d4eb2fu;
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return (x ^ x >> 16) >> 24;
}

uint8_t parity_pixel(uint32_t row, uint32_t column, uint32_t channel, uint32_t seed)
{
    return (uint8_t)((3 * hash_byte(row / 8, column / 8, channel, seed) +
                      hash_byte(row, column, channel, seed + 1)) >>
                     2);
}
