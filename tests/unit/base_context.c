/* base_context.c - limits are checked, messages are kept and cut, stop is heard, threads share work
 */
#include "base/context.h"
#include "base/pool.h"
#include "check.h"
#include "failing_context.h"

static void *allocate(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void create_checks_its_arguments(void)
{
    p2a_context *ctx = NULL;
    p2a_limits limits;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, NULL), P2A_ERR_ARGUMENT);

    static const struct {
        uint32_t threads, max_pixels, max_side_px;
        p2a_status expected;
    } cases[] = {
        {1, 1, 1, P2A_OK},
        {64, UINT32_MAX, 65535, P2A_OK},
        {0, 1, 1, P2A_ERR_ARGUMENT},
        {65, 1, 1, P2A_ERR_ARGUMENT},
        {1, 0, 1, P2A_ERR_ARGUMENT},
        {1, 1, 0, P2A_ERR_ARGUMENT},
        {1, 1, 65536, P2A_ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p2a_limits_default(&limits);
        limits.threads = cases[i].threads;
        limits.max_pixels = cases[i].max_pixels;
        limits.max_side_px = cases[i].max_side_px;
        ctx = (p2a_context *)&limits;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), cases[i].expected);
        CHECK((ctx == NULL) == (cases[i].expected != P2A_OK));
        CHECK_EQUAL(p2a_context_threads(ctx), ctx == NULL ? 0 : cases[i].threads);
        p2a_context_destroy(ctx);
    }

    const p2a_allocator half = {NULL, allocate, NULL};
    CHECK_EQUAL(p2a_context_create(NULL, &half, &ctx), P2A_ERR_ARGUMENT);
    failing_allocator f = {0, 0};
    const p2a_allocator fails = {&f, failing_allocate, failing_release};
    CHECK_EQUAL(p2a_context_create(NULL, &fails, &ctx), P2A_ERR_MEMORY);
    CHECK(ctx == NULL);
    CHECK_EQUAL(f.blocks, 0);
}

static void null_contexts_are_harmless(void)
{
    p2a_context_destroy(NULL);
    p2a_context_stop(NULL);
    p2a_context_reset_peak(NULL);
    p2a_limits_default(NULL);
    CHECK(strcmp(p2a_context_message(NULL), "") == 0);
    CHECK_EQUAL(p2a_context_threads(NULL), 0);
    CHECK_EQUAL(p2a_context_bytes(NULL), 0);
    CHECK_EQUAL(p2a_context_peak_bytes(NULL), 0);
    CHECK_EQUAL(p2a_fail(NULL, P2A_ERR_MODEL, "%d", 1), P2A_ERR_MODEL);
}

static void statuses_have_names(void)
{
    CHECK(strcmp(p2a_status_name(P2A_OK), "P2A_OK") == 0);
    CHECK(strcmp(p2a_status_name(P2A_ERR_STOPPED), "P2A_ERR_STOPPED") == 0);
    CHECK(strcmp(p2a_status_name((p2a_status)99), "P2A_ERR_UNKNOWN") == 0);
    for (int i = P2A_ERR_ARGUMENT; i <= P2A_ERR_INTERNAL; i++)
        CHECK(strncmp(p2a_status_name((p2a_status)i), "P2A_ERR_", 8) == 0 &&
              strcmp(p2a_status_name((p2a_status)i), "P2A_ERR_UNKNOWN") != 0);
    CHECK_EQUAL(p2a_version(),
                P2A_VERSION_MAJOR << 16 | P2A_VERSION_MINOR << 8 | P2A_VERSION_PATCH);
}

static void messages_are_kept_and_cut(p2a_context *ctx)
{
    CHECK(strcmp(p2a_context_message(ctx), "") == 0);
    CHECK_EQUAL(p2a_fail(ctx, P2A_ERR_LIMIT, "%s %d", "number", 7), P2A_ERR_LIMIT);
    CHECK(strcmp(p2a_context_message(ctx), "number 7") == 0);
    char text[2 * P2A_MESSAGE_BYTES];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    CHECK_EQUAL(p2a_fail(ctx, P2A_ERR_IMAGE, "%s", text), P2A_ERR_IMAGE);
    CHECK_EQUAL(strlen(p2a_context_message(ctx)), P2A_MESSAGE_BYTES - 1);
}

static void sizes_are_checked(void)
{
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.max_side_px = 100;
    limits.max_pixels = 5000;
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
    CHECK_EQUAL(p2a_check_size(ctx, 1, 1), P2A_OK);
    CHECK_EQUAL(p2a_check_size(ctx, 100, 50), P2A_OK);
    CHECK_EQUAL(p2a_check_size(ctx, 100, 51), P2A_ERR_LIMIT);
    CHECK(strstr(p2a_context_message(ctx), "5000 pixels, got 100x51") != NULL);
    CHECK_EQUAL(p2a_check_size(ctx, 101, 1), P2A_ERR_LIMIT);
    CHECK(strstr(p2a_context_message(ctx), "1 to 100 px a side, got 101x1") != NULL);
    CHECK_EQUAL(p2a_check_size(ctx, 0, 1), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_check_size(ctx, 1, 0), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_check_size(ctx, SIZE_MAX, SIZE_MAX), P2A_ERR_LIMIT);
    p2a_context_destroy(ctx);
}

static void a_stop_is_heard(p2a_context *ctx)
{
    CHECK_EQUAL(p2a_check_stop(ctx), P2A_OK);
    p2a_context_stop(ctx);
    CHECK_EQUAL(p2a_check_stop(ctx), P2A_ERR_STOPPED);
    CHECK_EQUAL(p2a_check_stop(ctx), P2A_ERR_STOPPED);
}

typedef struct tally {
    uint8_t *seen;
    size_t piece;
    atomic_size_t too_long;
} tally;

static void count_range(void *user, size_t first, size_t count)
{
    tally *t = user;
    if (count > t->piece || count == 0 || first % t->piece != 0)
        atomic_fetch_add(&t->too_long, 1);
    for (size_t i = first; i < first + count; i++)
        t->seen[i]++;
}

static void a_pool_does_everything_once(void)
{
    static const size_t totals[] = {0, 1, 2, 7, 64, 1000, 4097};
    static const size_t pieces[] = {1, 3, 64, 5000};
    for (uint32_t threads = 1; threads <= 3; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        p2a_context *ctx = NULL;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        CHECK_EQUAL(p2a_context_threads(ctx), threads);
        for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
            for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
                uint8_t seen[4097] = {0};
                tally t = {.seen = seen, .piece = pieces[j]};
                p2a_pool_run(ctx, count_range, &t, totals[i], pieces[j]);
                size_t wrong = atomic_load(&t.too_long);
                for (size_t k = 0; k < sizeof(seen); k++)
                    wrong += seen[k] != (k < totals[i]);
                CHECK_EQUAL(wrong, 0);
            }
        p2a_context_destroy(ctx);
    }
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    create_checks_its_arguments();
    null_contexts_are_harmless();
    statuses_have_names();
    messages_are_kept_and_cut(ctx);
    sizes_are_checked();
    a_stop_is_heard(ctx);
    a_pool_does_everything_once();
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
