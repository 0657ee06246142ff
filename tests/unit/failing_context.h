/* failing_context.h - a context whose n-th allocation fails, and which knows what is still
 * allocated */
#ifndef P2A_TESTS_FAILING_CONTEXT_H
#define P2A_TESTS_FAILING_CONTEXT_H

#include <stdlib.h>

#include "photo2anime.h"

typedef struct failing_allocator {
    long long fails_at; /* counted down by every allocation; the one at 0 fails; negative: none */
    long long blocks;   /* allocated now */
} failing_allocator;

static inline void *failing_allocate(void *user, size_t bytes)
{
    failing_allocator *f = user;
    if (f->fails_at >= 0 && f->fails_at-- == 0)
        return NULL;
    f->blocks++;
    return malloc(bytes);
}

static inline void failing_release(void *user, void *block)
{
    failing_allocator *f = user;
    f->blocks--;
    free(block);
}

/* A context on `threads` threads that allocates through *f; *f is kept. NULL where that failed. */
static inline p2a_context *failing_context(failing_allocator *f, uint32_t threads)
{
    p2a_allocator allocator = {f, failing_allocate, failing_release};
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.threads = threads;
    f->fails_at = -1;
    f->blocks = 0;
    p2a_context *ctx = NULL;
    p2a_context_create(&limits, &allocator, &ctx);
    return ctx;
}

#endif
