/* library.c - XNNPACK's one-time start, with its memory taken from the context in use */
#include "nn/library.h"

#include <xnnpack.h>

#include "base/alloc.h"

/* XNNPACK takes one allocator for the whole process: it hands on to the context that the calling
 * thread has entered. Operators are made, run and deleted inside p2a_enter of their own context. */
static void *allocate(void *user, size_t bytes)
{
    (void)user;
    return p2a_alloc(p2a_current(), bytes);
}

static void *reallocate(void *user, void *block, size_t bytes)
{
    (void)user;
    return p2a_realloc(p2a_current(), block, bytes);
}

static void release(void *user, void *block)
{
    (void)user;
    p2a_free(p2a_current(), block);
}

static void *allocate_aligned(void *user, size_t alignment, size_t bytes)
{
    (void)user;
    return alignment <= P2A_ALIGN_BYTES ? p2a_alloc(p2a_current(), bytes) : NULL;
}

p2a_status p2a_library_start(p2a_context *ctx)
{
    static const struct xnn_allocator allocator = {NULL,    allocate,         reallocate,
                                                   release, allocate_aligned, release};
    const enum xnn_status status = xnn_initialize(&allocator);
    if (status != xnn_status_success)
        return p2a_fail(ctx, P2A_ERR_INTERNAL, "XNNPACK does not run on this machine (status %d)",
                        (int)status);
    return P2A_OK;
}
