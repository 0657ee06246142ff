/* arena.c - a plan of pieces -> one block, cut in the order of the plan */
#include "base/arena.h"

#include <assert.h>
#include <string.h>

static bool round_up(size_t bytes, size_t *out)
{
    if (!p2a_add_size(bytes, P2A_ALIGN_BYTES - 1, out))
        return false;
    *out -= *out % P2A_ALIGN_BYTES;
    return true;
}

bool p2a_arena_plan(size_t *total_bytes, size_t bytes)
{
    size_t rounded, sum;
    if (!round_up(bytes, &rounded) || !p2a_add_size(*total_bytes, rounded, &sum))
        return false;
    *total_bytes = sum;
    return true;
}

p2a_status p2a_arena_create(p2a_context *ctx, size_t total_bytes, const char *what, p2a_arena *out)
{
    memset(out, 0, sizeof(*out));
    uint8_t *block = p2a_alloc(ctx, total_bytes);
    if (block == NULL)
        return p2a_fail_memory(ctx, total_bytes, what);
    *out = (p2a_arena){.ctx = ctx, .block = block, .bytes = total_bytes, .used_bytes = 0};
    return P2A_OK;
}

void *p2a_arena_cut(p2a_arena *arena, size_t bytes)
{
    size_t rounded;
    const bool planned = round_up(bytes, &rounded) && rounded <= arena->bytes - arena->used_bytes;
    assert(planned && "more cut from an arena than planned");
    if (!planned)
        return NULL;
    void *piece = arena->block + arena->used_bytes;
    arena->used_bytes += rounded;
    return piece;
}

void p2a_arena_reset(p2a_arena *arena)
{
    arena->used_bytes = 0;
}

void p2a_arena_destroy(p2a_arena *arena)
{
    if (arena->block != NULL)
        p2a_free(arena->ctx, arena->block);
    memset(arena, 0, sizeof(*arena));
}
