/* alloc.h - counted, limited, 64-byte aligned memory, and sizes that cannot overflow */
#ifndef P2A_BASE_ALLOC_H
#define P2A_BASE_ALLOC_H

#include "base/context.h"

#define P2A_ALIGN_BYTES 64 /* a cache line, and the widest SIMD load of any build */

/* *out = a * b or a + b; false (and *out = 0) where that does not fit in size_t. */
bool p2a_mul_size(size_t a, size_t b, size_t *out);
bool p2a_add_size(size_t a, size_t b, size_t *out);

/* NULL where the allocator or the memory limit says no; no message is set. 0 bytes is allowed. */
void *p2a_alloc(p2a_context *ctx, size_t bytes);
void *p2a_alloc_zeroed(p2a_context *ctx, size_t count, size_t item_bytes);
void *p2a_realloc(p2a_context *ctx, void *block, size_t bytes); /* block may be NULL */
void p2a_free(p2a_context *ctx, void *block);                   /* block may be NULL */

/*
 * Libraries whose allocation hooks carry no pointer (stb_image; XNNPACK, which takes one allocator
 * per process) allocate from the context that the calling thread entered last. This is the only
 * thread-local of the project. Returns the context that was current before, to be handed back.
 */
p2a_context *p2a_enter(p2a_context *ctx);
void p2a_leave(p2a_context *before);
p2a_context *p2a_current(void);

#endif
