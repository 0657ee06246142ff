/* context.c - limits and an allocator -> a context; a failure -> its status and its message */
#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define THREADS_MAX 64
#define SIDE_MAX_PX 65535 /* PNG allows more, JPEG not; keeps w * h below 2^32 */

static void *allocate_with_malloc(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void release_with_free(void *user, void *block)
{
    (void)user;
    free(block);
}

uint32_t p2a_version(void)
{
    return (uint32_t)P2A_VERSION_MAJOR << 16 | P2A_VERSION_MINOR << 8 | P2A_VERSION_PATCH;
}

const char *p2a_status_name(p2a_status status)
{
    switch (status) {
    case P2A_OK:
        return "P2A_OK";
    case P2A_ERR_ARGUMENT:
        return "P2A_ERR_ARGUMENT";
    case P2A_ERR_MEMORY:
        return "P2A_ERR_MEMORY";
    case P2A_ERR_LIMIT:
        return "P2A_ERR_LIMIT";
    case P2A_ERR_IMAGE:
        return "P2A_ERR_IMAGE";
    case P2A_ERR_MODEL:
        return "P2A_ERR_MODEL";
    case P2A_ERR_STOPPED:
        return "P2A_ERR_STOPPED";
    case P2A_ERR_INTERNAL:
        return "P2A_ERR_INTERNAL";
    }
    return "P2A_ERR_UNKNOWN";
}

void p2a_limits_default(p2a_limits *limits)
{
    if (limits == NULL)
        return;
    limits->threads = 1;
    limits->max_pixels = 100000000;
    limits->max_side_px = SIDE_MAX_PX;
    limits->memory_mbytes = 0;
}

static bool limits_are_valid(const p2a_limits *limits)
{
    return limits->threads >= 1 && limits->threads <= THREADS_MAX && limits->max_pixels >= 1 &&
           limits->max_side_px >= 1 && limits->max_side_px <= SIDE_MAX_PX;
}

p2a_status p2a_context_create(const p2a_limits *limits, const p2a_allocator *allocator,
                              p2a_context **out)
{
    if (out == NULL)
        return P2A_ERR_ARGUMENT;
    *out = NULL;

    p2a_limits used_limits;
    p2a_limits_default(&used_limits);
    if (limits != NULL)
        used_limits = *limits;
    if (!limits_are_valid(&used_limits))
        return P2A_ERR_ARGUMENT;

    p2a_allocator used_allocator = {NULL, allocate_with_malloc, release_with_free};
    if (allocator != NULL) {
        if (allocator->allocate == NULL || allocator->release == NULL)
            return P2A_ERR_ARGUMENT;
        used_allocator = *allocator;
    }

    p2a_context *ctx = used_allocator.allocate(used_allocator.user, sizeof(*ctx));
    if (ctx == NULL)
        return P2A_ERR_MEMORY;
    memset(ctx, 0, sizeof(*ctx));
    ctx->allocator = used_allocator;
    ctx->limits = used_limits;
    atomic_init(&ctx->stop, false);

    const p2a_status status = p2a_pool_create(ctx);
    if (status != P2A_OK) {
        p2a_context_destroy(ctx);
        return status;
    }
    *out = ctx;
    return P2A_OK;
}

void p2a_context_destroy(p2a_context *ctx)
{
    if (ctx == NULL)
        return;
    p2a_pool_destroy(ctx);
    const p2a_allocator allocator = ctx->allocator;
    allocator.release(allocator.user, ctx);
}

const char *p2a_context_message(const p2a_context *ctx)
{
    return ctx == NULL ? "" : ctx->message;
}

void p2a_context_stop(p2a_context *ctx)
{
    if (ctx != NULL)
        atomic_store(&ctx->stop, true);
}

size_t p2a_context_bytes(const p2a_context *ctx)
{
    return ctx == NULL ? 0 : ctx->bytes;
}

size_t p2a_context_peak_bytes(const p2a_context *ctx)
{
    return ctx == NULL ? 0 : ctx->peak_bytes;
}

void p2a_context_reset_peak(p2a_context *ctx)
{
    if (ctx != NULL)
        ctx->peak_bytes = ctx->bytes;
}

p2a_status p2a_fail(p2a_context *ctx, p2a_status status, const char *format, ...)
{
    if (ctx == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ctx->message, sizeof(ctx->message), format, arguments);
    va_end(arguments);
    return status;
}

p2a_status p2a_fail_memory(p2a_context *ctx, size_t bytes, const char *what)
{
    if (ctx != NULL && ctx->limits.memory_mbytes != 0)
        return p2a_fail(ctx, P2A_ERR_MEMORY,
                        "no memory for %s: %zu bytes, with %zu in use and a limit of %u MB", what,
                        bytes, ctx->bytes, (unsigned)ctx->limits.memory_mbytes);
    return p2a_fail(ctx, P2A_ERR_MEMORY, "no memory for %s: %zu bytes, with %zu in use", what,
                    bytes, p2a_context_bytes(ctx));
}

p2a_status p2a_check_stop(p2a_context *ctx)
{
    if (!atomic_load(&ctx->stop))
        return P2A_OK;
    return p2a_fail(ctx, P2A_ERR_STOPPED, "stopped by p2a_context_stop()");
}

p2a_status p2a_check_size(p2a_context *ctx, size_t width_px, size_t height_px)
{
    const uint32_t side = ctx->limits.max_side_px;
    if (width_px < 1 || width_px > side || height_px < 1 || height_px > side)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected 1 to %u px a side, got %zux%zu",
                        (unsigned)side, width_px, height_px);
    if ((uint64_t)width_px * height_px > ctx->limits.max_pixels)
        return p2a_fail(ctx, P2A_ERR_LIMIT, "expected at most %u pixels, got %zux%zu",
                        (unsigned)ctx->limits.max_pixels, width_px, height_px);
    return P2A_OK;
}
