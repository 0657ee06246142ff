/* alloc.c - the caller's allocator -> counted, limited, 64-byte aligned blocks */
#include "base/alloc.h"

#include <string.h>

/* Stands right before the block that is handed out. */
typedef struct block_header {
    void *raw;    /* what the allocator gave */
    size_t bytes; /* usable */
} block_header;

#define OVERHEAD_BYTES (sizeof(block_header) + P2A_ALIGN_BYTES - 1)

#ifdef P2A_NO_THREADS
#define THREAD_LOCAL
#else
#define THREAD_LOCAL _Thread_local
#endif
static THREAD_LOCAL p2a_context *current_context;

bool p2a_mul_size(size_t a, size_t b, size_t *out)
{
    *out = 0;
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool p2a_add_size(size_t a, size_t b, size_t *out)
{
    *out = 0;
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

static block_header *header_of(void *block)
{
    return (block_header *)block - 1;
}

static bool fits_limit(const p2a_context *ctx, size_t total)
{
    const uint64_t limit = (uint64_t)ctx->limits.memory_mbytes << 20;
    return limit == 0 || (total <= limit && ctx->bytes <= limit - total);
}

void *p2a_alloc(p2a_context *ctx, size_t bytes)
{
    size_t total;
    if (!p2a_add_size(bytes, OVERHEAD_BYTES, &total) || !fits_limit(ctx, total))
        return NULL;
    void *raw = ctx->allocator.allocate(ctx->allocator.user, total);
    if (raw == NULL)
        return NULL;

    const uintptr_t after_header = (uintptr_t)raw + sizeof(block_header);
    const size_t skip = (P2A_ALIGN_BYTES - after_header % P2A_ALIGN_BYTES) % P2A_ALIGN_BYTES;
    void *block = (uint8_t *)raw + sizeof(block_header) + skip;
    *header_of(block) = (block_header){.raw = raw, .bytes = bytes};

    ctx->bytes += total;
    if (ctx->bytes > ctx->peak_bytes)
        ctx->peak_bytes = ctx->bytes;
    return block;
}

void *p2a_alloc_zeroed(p2a_context *ctx, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!p2a_mul_size(count, item_bytes, &bytes))
        return NULL;
    void *block = p2a_alloc(ctx, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void *p2a_realloc(p2a_context *ctx, void *block, size_t bytes)
{
    if (block == NULL)
        return p2a_alloc(ctx, bytes);
    const size_t held = header_of(block)->bytes;
    if (bytes <= held)
        return block;
    void *grown = p2a_alloc(ctx, bytes);
    if (grown == NULL)
        return NULL;
    memcpy(grown, block, held);
    p2a_free(ctx, block);
    return grown;
}

void p2a_free(p2a_context *ctx, void *block)
{
    if (block == NULL)
        return;
    const block_header header = *header_of(block);
    ctx->bytes -= header.bytes + OVERHEAD_BYTES;
    ctx->allocator.release(ctx->allocator.user, header.raw);
}

p2a_context *p2a_enter(p2a_context *ctx)
{
    p2a_context *before = current_context;
    current_context = ctx;
    return before;
}

void p2a_leave(p2a_context *before)
{
    current_context = before;
}

p2a_context *p2a_current(void)
{
    return current_context;
}
