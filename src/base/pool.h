/* pool.h - a loop over rows, spread over the context's threads */
#ifndef P2A_BASE_POOL_H
#define P2A_BASE_POOL_H

#include "base/context.h"

/* Called for [first, first + count), several times at once on different threads. */
typedef void (*p2a_range_fn)(void *user, size_t first, size_t count);

/* Start and end the context's threads. */
p2a_status p2a_pool_create(p2a_context *ctx);
void p2a_pool_destroy(p2a_context *ctx);

/* Call fn over 0..total in pieces of at most `piece`; returns when all are done. */
void p2a_pool_run(p2a_context *ctx, p2a_range_fn fn, void *user, size_t total, size_t piece);

#endif
