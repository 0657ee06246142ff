/* context.h - what every layer shares: message, limits, counted memory, threads, the stop flag */
#ifndef P2A_BASE_CONTEXT_H
#define P2A_BASE_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "photo2anime.h"

#define P2A_MESSAGE_BYTES 256

struct pthreadpool;

struct p2a_context {
    p2a_allocator allocator;
    p2a_limits limits;
    struct pthreadpool *pool; /* NULL: one thread */
    size_t bytes;             /* allocated now; touched only by the thread that uses the context */
    size_t peak_bytes;
    atomic_bool stop;
    char message[P2A_MESSAGE_BYTES];
};

#if defined(__GNUC__)
#define P2A_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define P2A_PRINTF(f, a)
#endif

/* Set the message and hand the status on: `return p2a_fail(ctx, P2A_ERR_LIMIT, "...", ...);` */
p2a_status p2a_fail(p2a_context *ctx, p2a_status status, const char *format, ...) P2A_PRINTF(3, 4);

/* P2A_ERR_MEMORY with the one text that all failed allocations share. */
p2a_status p2a_fail_memory(p2a_context *ctx, size_t bytes, const char *what);

/* P2A_ERR_STOPPED if p2a_context_stop() was called, else P2A_OK. */
p2a_status p2a_check_stop(p2a_context *ctx);

/* P2A_ERR_LIMIT unless width x height is at least 1x1 and within the context's limits. */
p2a_status p2a_check_size(p2a_context *ctx, size_t width_px, size_t height_px);

#endif
