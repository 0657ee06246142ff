/* base_alloc.c - memory is aligned, counted to the byte, limited, and its sizes cannot overflow */
#include <stdint.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "check.h"
#include "failing_context.h"

static void sizes_that_do_not_fit_are_refused(void)
{
    size_t out = 7;
    CHECK(p2a_mul_size(3, 5, &out));
    CHECK_EQUAL(out, 15);
    CHECK(p2a_mul_size(0, SIZE_MAX, &out));
    CHECK_EQUAL(out, 0);
    CHECK(p2a_mul_size(SIZE_MAX, 1, &out));
    CHECK(out == SIZE_MAX);
    CHECK(!p2a_mul_size(SIZE_MAX / 2 + 1, 2, &out));
    CHECK_EQUAL(out, 0);
    CHECK(p2a_add_size(SIZE_MAX - 1, 1, &out));
    CHECK(out == SIZE_MAX);
    CHECK(!p2a_add_size(SIZE_MAX, 1, &out));
    CHECK_EQUAL(out, 0);
}

static void blocks_are_aligned_and_counted(p2a_context *ctx)
{
    void *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        const size_t before = p2a_context_bytes(ctx);
        blocks[i] = p2a_alloc(ctx, i * 7);
        CHECK(blocks[i] != NULL);
        CHECK_EQUAL((uintptr_t)blocks[i] % P2A_ALIGN_BYTES, 0);
        CHECK(p2a_context_bytes(ctx) - before >= i * 7);
        CHECK(p2a_context_bytes(ctx) - before <= i * 7 + 128);
        memset(blocks[i], (int)i, i * 7);
    }
    const size_t full = p2a_context_bytes(ctx);
    for (size_t i = 0; i < 100; i++) {
        for (size_t b = 0; b < i * 7; b++)
            CHECK(((uint8_t *)blocks[i])[b] == i);
        p2a_free(ctx, blocks[i]);
    }
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    CHECK_EQUAL(p2a_context_peak_bytes(ctx), full);
    p2a_context_reset_peak(ctx);
    CHECK_EQUAL(p2a_context_peak_bytes(ctx), 0);
    p2a_free(ctx, NULL);
}

static void zeroed_memory_is_zero_and_checks_its_product(p2a_context *ctx)
{
    uint8_t *dirty = p2a_alloc(ctx, 4096);
    memset(dirty, 0xff, 4096);
    p2a_free(ctx, dirty);
    uint8_t *zeroed = p2a_alloc_zeroed(ctx, 64, 64);
    for (size_t i = 0; i < 4096; i++)
        CHECK(zeroed[i] == 0);
    p2a_free(ctx, zeroed);
    CHECK(p2a_alloc_zeroed(ctx, SIZE_MAX / 2, 4) == NULL);
    CHECK(p2a_alloc(ctx, SIZE_MAX) == NULL);
    CHECK(p2a_alloc(ctx, SIZE_MAX - 16) == NULL);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

static void realloc_keeps_what_was_there(p2a_context *ctx)
{
    uint8_t *block = p2a_realloc(ctx, NULL, 10);
    memcpy(block, "0123456789", 10);
    block = p2a_realloc(ctx, block, 100000);
    CHECK(memcmp(block, "0123456789", 10) == 0);
    block[99999] = 1;
    block = p2a_realloc(ctx, block, 5);
    CHECK(memcmp(block, "01234", 5) == 0);
    CHECK(p2a_realloc(ctx, block, SIZE_MAX) == NULL);
    CHECK(memcmp(block, "01234", 5) == 0);
    p2a_free(ctx, block);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

static void the_memory_limit_holds(void)
{
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.memory_mbytes = 1;
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
    CHECK(p2a_alloc(ctx, 1 << 20) == NULL); /* the header does not fit any more */
    void *half = p2a_alloc(ctx, 1 << 19);
    CHECK(half != NULL);
    CHECK(p2a_alloc(ctx, 1 << 19) == NULL);
    CHECK(p2a_context_peak_bytes(ctx) <= 1 << 20);
    CHECK_EQUAL(p2a_fail_memory(ctx, 1 << 19, "a test"), P2A_ERR_MEMORY);
    CHECK(strstr(p2a_context_message(ctx), "a test: 524288 bytes") != NULL);
    CHECK(strstr(p2a_context_message(ctx), "limit of 1 MB") != NULL);
    p2a_free(ctx, half);
    p2a_context_destroy(ctx);
}

static void a_failed_allocation_leaves_the_count(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    f.fails_at = 0;
    CHECK(p2a_alloc(ctx, 10) == NULL);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    void *block = p2a_alloc(ctx, 10);
    CHECK(block != NULL);
    f.fails_at = 0;
    CHECK(p2a_realloc(ctx, block, 1000) == NULL);
    p2a_free(ctx, block);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
}

static void an_arena_gives_what_was_planned(p2a_context *ctx)
{
    static const size_t pieces[] = {0, 1, 63, 64, 65, 1000};
    size_t total = 0;
    for (size_t i = 0; i < 6; i++)
        CHECK(p2a_arena_plan(&total, pieces[i]));
    CHECK_EQUAL(total, 64 + 64 + 64 + 128 + 1024);
    size_t overflow = SIZE_MAX - 100;
    CHECK(!p2a_arena_plan(&overflow, 200));
    CHECK(!p2a_arena_plan(&overflow, SIZE_MAX));
    CHECK(overflow == SIZE_MAX - 100);

    p2a_arena arena;
    CHECK_EQUAL(p2a_arena_create(ctx, total, "a test", &arena), P2A_OK);
    for (int round = 0; round < 2; round++) {
        uint8_t *end = arena.block;
        for (size_t i = 0; i < 6; i++) {
            uint8_t *piece = p2a_arena_cut(&arena, pieces[i]);
            CHECK_EQUAL((uintptr_t)piece % P2A_ALIGN_BYTES, 0);
            CHECK(piece >= end);
            memset(piece, 0xaa, pieces[i]);
            end = piece + pieces[i];
        }
        CHECK(end <= arena.block + total);
        p2a_arena_reset(&arena);
    }
    p2a_arena_destroy(&arena);
    p2a_arena_destroy(&arena);
    CHECK_EQUAL(p2a_arena_create(ctx, SIZE_MAX - 7, "a test", &arena), P2A_ERR_MEMORY);
    CHECK(arena.block == NULL);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

static void the_current_context_is_a_stack(p2a_context *ctx)
{
    CHECK(p2a_current() == NULL);
    p2a_context *outer = p2a_enter(ctx);
    CHECK(outer == NULL);
    p2a_context *inner = p2a_enter(NULL);
    CHECK(inner == ctx);
    p2a_leave(inner);
    CHECK(p2a_current() == ctx);
    p2a_leave(outer);
    CHECK(p2a_current() == NULL);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    sizes_that_do_not_fit_are_refused();
    blocks_are_aligned_and_counted(ctx);
    zeroed_memory_is_zero_and_checks_its_product(ctx);
    realloc_keeps_what_was_there(ctx);
    the_memory_limit_holds();
    a_failed_allocation_leaves_the_count();
    an_arena_gives_what_was_planned(ctx);
    the_current_context_is_a_stack(ctx);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
