/* model_memory.c - p2a_model_load() with its n-th allocation failing: out NULL, nothing leaked */
#include "check.h"
#include "model_bytes.h"
#include "photo2anime.h"

typedef struct counter {
    size_t until_failure; /* allocations that still succeed; SIZE_MAX: all */
    size_t held;          /* blocks */
} counter;

static void *allocate(void *user, size_t bytes)
{
    counter *c = user;
    if (c->until_failure == 0)
        return NULL;
    if (c->until_failure != SIZE_MAX)
        c->until_failure--;
    void *block = malloc(bytes);
    c->held += block != NULL;
    return block;
}

static void release(void *user, void *block)
{
    ((counter *)user)->held--;
    free(block);
}

int main(void)
{
    static model_bytes file;
    counter c = {.until_failure = SIZE_MAX};
    p2a_allocator allocator = {&c, allocate, release};
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, &allocator, &ctx), P2A_OK);
    const size_t held_before = c.held;
    model_bytes_sample(&file);

    size_t n = 0;
    for (bool done = false; !done; n++) {
        p2a_model *model = (p2a_model *)&file;
        c.until_failure = n;
        p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
        done = status == P2A_OK;
        if (!done) {
            CHECK_EQUAL(status, P2A_ERR_MEMORY);
            CHECK(model == NULL);
            CHECK(p2a_context_message(ctx)[0] != '\0');
        }
        p2a_model_destroy(model);
        CHECK_EQUAL(c.held, held_before);
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    }
    printf("%zu allocations\n", n - 1);
    CHECK(n > 40);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(c.held, 0);
    return CHECK_REPORT();
}
