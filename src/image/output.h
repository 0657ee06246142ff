/* output.h - bytes that come one after the other -> one block of counted memory that grows */
#ifndef P2A_IMAGE_OUTPUT_H
#define P2A_IMAGE_OUTPUT_H

#include "base/context.h"

typedef struct p2a_output {
    p2a_context *ctx; /* kept: its memory */
    uint8_t *bytes;   /* owned */
    size_t count;
    size_t capacity;
    bool failed; /* no memory: everything that comes later is dropped */
} p2a_output;

/* Begin with room for expected_bytes, a guess. An output without memory is `failed`. */
void p2a_output_begin(p2a_context *ctx, size_t expected_bytes, p2a_output *out);

void p2a_output_append(p2a_output *output, const void *bytes, size_t count);

/* Release what was collected. */
void p2a_output_destroy(p2a_output *output);

#endif
