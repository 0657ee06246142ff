/* arena.h - one block, sized by a plan, from which aligned pieces are cut and released together */
#ifndef P2A_BASE_ARENA_H
#define P2A_BASE_ARENA_H

#include "base/alloc.h"

typedef struct p2a_arena {
    p2a_context *ctx; /* kept: its memory */
    uint8_t *block;   /* owned */
    size_t bytes;
    size_t used_bytes;
} p2a_arena;

/*
 * Planning: add a piece of `bytes` to *total_bytes, as p2a_arena_cut() will take it. False where
 * the sum does not fit in size_t.
 */
bool p2a_arena_plan(size_t *total_bytes, size_t bytes);

/* Make an arena for total_bytes of planned pieces. `what` names it in the message. */
p2a_status p2a_arena_create(p2a_context *ctx, size_t total_bytes, const char *what, p2a_arena *out);

/*
 * The next `bytes`, 64-byte aligned, uninitialised. Cutting more than was planned is a bug of the
 * caller: an assert, and NULL where asserts are off.
 */
void *p2a_arena_cut(p2a_arena *arena, size_t bytes);

/* Take all pieces back at once, keeping the block. */
void p2a_arena_reset(p2a_arena *arena);

/* Release the block; an arena that is all zero is allowed. */
void p2a_arena_destroy(p2a_arena *arena);

#endif
