/* parity_file.h - the bytes that models/train/parity.py wrote to cases, and the pixels of a case */
#ifndef P2A_TESTS_PARITY_FILE_H
#define P2A_TESTS_PARITY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct parity_file {
    const uint8_t *at, *end; /* what is not read yet */
    uint32_t case_count;
} parity_file;

typedef struct parity_case {
    uint32_t height, width, seed, thin, output_count;
} parity_case;

typedef struct parity_output {
    uint32_t height, width, channels;
    float step;            /* of the stored numbers */
    const uint8_t *values; /* value_count times two bytes: each thin-th value */
    size_t value_count;
} parity_output;

/* False: not a file of this version, or cut short. Cases and their outputs are read in order. */
bool parity_file_open(const uint8_t *bytes, size_t count, parity_file *out);
bool parity_file_case(parity_file *file, parity_case *out);
bool parity_file_output(parity_file *file, const parity_case *of, parity_output *out);
float parity_value(const parity_output *output, size_t index);

/* The 8-bit input of a case: blocks of 8x8 px, and noise a third as strong. */
uint8_t parity_pixel(uint32_t row, uint32_t column, uint32_t channel, uint32_t seed);

#endif
