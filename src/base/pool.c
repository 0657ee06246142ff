/* pool.c - a range of rows -> pieces that pthreadpool's threads take one after another */
#include "base/pool.h"

#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
#define HAVE_THREADS 0
#else
#define HAVE_THREADS 1
#include <pthreadpool.h>
#endif

p2a_status p2a_pool_create(p2a_context *ctx)
{
    ctx->pool = NULL;
#if HAVE_THREADS
    if (ctx->limits.threads > 1) {
        ctx->pool = pthreadpool_create(ctx->limits.threads);
        if (ctx->pool == NULL)
            return p2a_fail_memory(ctx, 0, "threads");
    }
#endif
    return P2A_OK;
}

void p2a_pool_destroy(p2a_context *ctx)
{
#if HAVE_THREADS
    if (ctx->pool != NULL)
        pthreadpool_destroy(ctx->pool);
#endif
    ctx->pool = NULL;
}

uint32_t p2a_context_threads(const p2a_context *ctx)
{
#if HAVE_THREADS
    if (ctx != NULL && ctx->pool != NULL)
        return (uint32_t)pthreadpool_get_threads_count(ctx->pool);
#endif
    return ctx == NULL ? 0 : 1;
}

void p2a_pool_run(p2a_context *ctx, p2a_range_fn fn, void *user, size_t total, size_t piece)
{
    if (piece == 0)
        piece = 1;
#if HAVE_THREADS
    if (ctx->pool != NULL) {
        pthreadpool_parallelize_1d_tile_1d(ctx->pool, fn, user, total, piece, 0);
        return;
    }
#endif
    (void)ctx;
    for (size_t first = 0; first < total; first += piece)
        fn(user, first, total - first < piece ? total - first : piece);
}
