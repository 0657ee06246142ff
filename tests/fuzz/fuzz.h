/* fuzz.h - what every fuzz target shares: libFuzzer's entry points, a check, a context with limits
 */
#ifndef P2A_TESTS_FUZZ_H
#define P2A_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "photo2anime.h"

/* One input, whatever its bytes are. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* What must hold for every input: where it does not, the program ends, and libFuzzer keeps the
 * input. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition);             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A new context with these limits, which must be valid. */
static inline p2a_context *fuzz_context(uint32_t max_pixels, uint32_t memory_mbytes,
                                        const p2a_allocator *allocator)
{
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.max_pixels = max_pixels;
    limits.memory_mbytes = memory_mbytes;
    p2a_context *ctx = NULL;
    MUST(p2a_context_create(&limits, allocator, &ctx) == P2A_OK);
    return ctx;
}

#endif
