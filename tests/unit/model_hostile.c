/*
 * model_hostile.c - damaged copies of a good file: each is refused with a message, or is a good
 * file of another content; none crashes, hangs or leaks (run with sanitizers)
 */
#include "check.h"
#include "model_bytes.h"
#include "model_promises.h"

#define FLIPS 20000

static p2a_context *ctx;
static model_bytes file, good;
static uint32_t seed = 1;

static uint32_t random_below(uint32_t end) /* xorshift32: the same files on every machine */
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % end;
}

static uint32_t good_header_bytes(void)
{
    return good.bytes[0] | (uint32_t)good.bytes[1] << 8;
}

/* Load from a block of exactly this size, so that a byte read behind it is found. */
static bool load(const uint8_t *bytes, size_t count)
{
    uint8_t *exact = malloc(count > 0 ? count : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, bytes, count);
    p2a_model *model = (p2a_model *)&file;
    p2a_status status = p2a_model_load(ctx, exact, count, &model);
    free(exact);
    if (status == P2A_OK) {
        CHECK(model != NULL && model_keeps_promises(model));
    } else {
        CHECK_EQUAL(status, P2A_ERR_MODEL);
        CHECK(model == NULL);
        CHECK(p2a_context_message(ctx)[0] != '\0');
        CHECK(memchr(p2a_context_message(ctx), '\0', 256) != NULL);
    }
    p2a_model_destroy(model);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    return status == P2A_OK;
}

static void test_truncated(void)
{
    for (size_t count = 0; count < good.count; count++)
        CHECK(!load(good.bytes, count));
    CHECK(load(good.bytes, good.count));
    CHECK(!load(good.bytes, good.count + 1));
}

/* 1 to 4 bits at a time, of the header nine times in ten: weights are numbers, any will do. */
static void test_flipped(void)
{
    const size_t header_end = 8 + good_header_bytes();
    uint32_t loaded = 0;
    for (uint32_t round = 0; round < FLIPS; round++) {
        file = good;
        size_t end = round % 10 == 0 ? good.count : header_end;
        for (uint32_t i = 0; i <= round % 4; i++)
            file.bytes[random_below((uint32_t)end)] ^= (uint8_t)(1u << random_below(8));
        loaded += load(file.bytes, file.count);
    }
    printf("%u of %u files with flipped bits load with another content\n", loaded, FLIPS);
    CHECK(loaded < FLIPS / 4);
}

/* Pieces of the header written over, left out, doubled or swapped with each other. */
static void test_shuffled(void)
{
    static const char *const words[] = {"0",      "-1",      "1e9",     "99999999999999999999",
                                        "{",      "}",       "[",       "]",
                                        "\\\"",   "\\u0000", "\\ud800", "null",
                                        "true",   ",",       ":",       "image",
                                        "conv2d", "concat",  "\xff"};
    for (uint32_t round = 0; round < FLIPS / 4; round++) {
        uint32_t header = good_header_bytes();
        uint32_t at = random_below(header - 64), bytes = 1 + random_below(48);
        uint32_t from = random_below(header - 64);
        const char *word = words[random_below(sizeof words / sizeof *words)];
        char text[MODEL_BYTES_MAX];
        memcpy(text, good.bytes + 8, header);
        switch (round % 4) {
        case 0:
            memcpy(text + at, word, strlen(word));
            break;
        case 1:
            memmove(text + at, text + at + bytes, header - at - bytes);
            header -= bytes;
            break;
        case 2:
            memmove(text + at + bytes, text + at, header - at);
            header += bytes;
            break;
        default:
            memmove(text + at, text + from, bytes);
        }
        model_bytes_raw(&file, text, header, good.count - 8 - good_header_bytes());
        load(file.bytes, file.count);
    }
}

/* Every number of the header replaced by ones that are too large, too small or no whole numbers. */
static void test_numbers(void)
{
    static const char *const numbers[] = {
        "0",     "-1",  "4294967295",          "4294967296", "18446744073709551615",
        "1e400", "1.5", "9223372036854775807", "65537"};
    uint32_t header = good_header_bytes(), found = 0;
    const char *start = (const char *)good.bytes + 8;
    for (uint32_t at = 1; at < header; at++) {
        uint32_t end = at;
        while (end < header && start[end] >= '0' && start[end] <= '9')
            end++;
        if (end == at || (start[at - 1] >= '0' && start[at - 1] <= '9'))
            continue;
        found++;
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            char text[MODEL_BYTES_MAX];
            size_t bytes = strlen(numbers[i]);
            memcpy(text, start, at);
            memcpy(text + at, numbers[i], bytes);
            memcpy(text + at + bytes, start + end, header - end);
            model_bytes_raw(&file, text, at + bytes + header - end, good.count - 8 - header);
            load(file.bytes, file.count);
        }
    }
    CHECK(found > 50);
}

/* As many names as fit, all different: time must not grow with their number squared. */
static void test_many(void)
{
    static char text[MODEL_BYTES_MAX];
    size_t bytes = 1, count = 0;
    text[0] = '{';
    while (bytes + 2 * count < sizeof text - 128) {
        int more =
            snprintf(text + bytes, 100,
                     "%s\"w%zu\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
                     count > 0 ? "," : "", count, 2 * count, 2 * count + 2);
        bytes += (size_t)more;
        count++;
    }
    text[bytes++] = '}';
    model_bytes_raw(&file, text, bytes, 2 * count);
    CHECK(!load(file.bytes, file.count));
    CHECK(strstr(p2a_context_message(ctx), "__metadata__ is missing") != NULL);
    memset(text, '[', sizeof text);
    memcpy(text, "{\"a\":", 5);
    model_bytes_raw(&file, text, sizeof text - 8, 0);
    CHECK(!load(file.bytes, file.count));
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    model_bytes_sample(&good);
    test_truncated();
    test_flipped();
    test_shuffled();
    test_numbers();
    test_many();
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
