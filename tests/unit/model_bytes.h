/* model_bytes.h - a graph's text, metadata and weights' shapes to the bytes of a model file */
#ifndef P2A_TESTS_MODEL_BYTES_H
#define P2A_TESTS_MODEL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_BYTES_MAX 65536

typedef struct model_weight {
    const char *name;
    const char *dtype; /* "F16", "F32" or "I8" */
    uint32_t rank;
    uint32_t shape[4];
} model_weight;

typedef struct model_bytes {
    size_t count;
    uint8_t bytes[MODEL_BYTES_MAX];
} model_bytes;

/* Metadata that stands in for the default's value; value NULL: the key is left out. */
typedef struct model_entry {
    const char *key, *value;
} model_entry;

/*
 * Write a file. graph: JSON with single quotes for double ones. weights: ends with name NULL;
 * values are small and differ. entries: ends with key NULL; NULL: the defaults (a parser,
 * multiple_of 4).
 */
void model_bytes_write(model_bytes *out, const char *graph, const model_weight *weights,
                       const model_entry *entries);

/* Any header text and data, as they are. */
void model_bytes_raw(model_bytes *out, const char *header, size_t header_bytes, size_t data_bytes);

/* A generator with most of what a file can hold: the start of every hostile file. */
void model_bytes_sample(model_bytes *out);

#endif
