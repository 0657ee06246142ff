/* image_hostile.c - altered files end in a status: no crash, no leak, no memory beyond their size
 */
#include "check.h"
#include "fixture.h"
#include "photo2anime.h"
#include "png_bytes.h"

/*
 * What a file may make the decoder take: 512 pixels of a JPEG for each byte, in three components
 * of a byte and a coefficient each, and the picture; PNG asks for less. And the decoder's tables.
 */
#define PEAK_PER_BYTE (512 * 12 * 4)
#define PEAK_FIXED 400000

static const char *const fixtures[] = {"baseline_444.jpg",
                                       "baseline_422.jpg",
                                       "baseline_420.jpg",
                                       "progressive_444.jpg",
                                       "progressive_420.jpg",
                                       "restart_420.jpg",
                                       "grey.jpg",
                                       "cmyk.jpg",
                                       "rgb8.png",
                                       "rgb16_interlaced.png"};
#define FIXTURES (sizeof(fixtures) / sizeof(fixtures[0]))

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t decoded_count, refused_count;

/* Memory as another program may have left it. */
static void *allocate_dirty(void *user, size_t bytes)
{
    void *block = malloc(bytes);
    if (block != NULL)
        memset(block, *(const uint8_t *)user, bytes);
    return block;
}

static void release_dirty(void *user, void *block)
{
    (void)user;
    free(block);
}

static p2a_context *dirty_context(uint8_t *fill)
{
    const p2a_allocator allocator = {fill, allocate_dirty, release_dirty};
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.memory_mbytes = 256;
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(&limits, &allocator, &ctx), P2A_OK);
    return ctx;
}

static p2a_context *other_ctx; /* with other dirt */

/* Decode from a block of exactly that size, so that reading past its end is caught. */
static void survive(p2a_context *ctx, const uint8_t *file, size_t count)
{
    uint8_t *own = malloc(count == 0 ? 1 : count);
    memcpy(own, file, count);
    uint32_t size_px[2];
    const p2a_status probed = p2a_image_probe(ctx, own, count, size_px);
    p2a_context_reset_peak(ctx);
    p2a_image *image = NULL;
    const p2a_status status = p2a_image_decode(ctx, own, count, &image);
    CHECK((status == P2A_OK) == (image != NULL));
    CHECK(status == P2A_OK || status == P2A_ERR_IMAGE || status == P2A_ERR_LIMIT);
    CHECK(status == P2A_OK || p2a_context_message(ctx)[0] != '\0');
    CHECK(p2a_context_peak_bytes(ctx) <= PEAK_PER_BYTE * count + PEAK_FIXED);
    if (status == P2A_OK) {
        CHECK_EQUAL(probed, P2A_OK);
        CHECK_EQUAL(p2a_image_width(image), size_px[0]);
        CHECK_EQUAL(p2a_image_height(image), size_px[1]);
        /* What a damaged scan leaves unpainted must not show what memory held before. */
        p2a_image *other = NULL;
        CHECK_EQUAL(p2a_image_decode(other_ctx, own, count, &other), P2A_OK);
        CHECK(memcmp(p2a_image_pixels(image), p2a_image_pixels(other),
                     (size_t)size_px[0] * size_px[1] * p2a_image_channels(image)) == 0);
        p2a_image_destroy(other);
    }
    decoded_count += status == P2A_OK;
    refused_count += status != P2A_OK;
    p2a_image_destroy(image);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    free(own);
}

static void every_bit_of_the_headers(p2a_context *ctx)
{
    for (size_t f = 0; f < FIXTURES; f++) {
        size_t count;
        uint8_t *file = fixture_read(fixtures[f], &count);
        for (size_t bit = 0; bit < count * 8; bit += bit < 1024 ? 1 : 5) {
            file[bit / 8] ^= (uint8_t)(1u << bit % 8);
            survive(ctx, file, count);
            file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        free(file);
    }
}

static void random_changes(p2a_context *ctx)
{
    uint32_t random = 12345;
    for (size_t f = 0; f < FIXTURES; f++) {
        size_t count;
        uint8_t *file = fixture_read(fixtures[f], &count);
        uint8_t *changed = malloc(count * 2);
        for (int round = 0; round < 300; round++) {
            memcpy(changed, file, count);
            size_t changed_count = count;
            const uint32_t changes = 1 + next_random(&random) % 8;
            for (uint32_t c = 0; c < changes; c++) {
                const size_t at = next_random(&random) % changed_count;
                const size_t run = 1 + next_random(&random) % 16;
                if (round % 3 == 0) { /* another value, often a marker's */
                    changed[at] = (uint8_t)(next_random(&random) % 2 ? 0xff : next_random(&random));
                } else if (round % 3 == 1 && changed_count > run + at + 1) { /* bytes lost */
                    memmove(changed + at, changed + at + run, changed_count - at - run);
                    changed_count -= run;
                } else if (changed_count + run < count * 2 && at + run < changed_count) {
                    memmove(changed + at + run, changed + at, changed_count - at); /* doubled */
                    changed_count += run;
                }
            }
            survive(ctx, changed, changed_count);
        }
        free(changed);
        free(file);
    }
}

/* The checksums of a PNG hide its inside from the changes above: change first, then sum. */
static void changes_inside_png_chunks(p2a_context *ctx)
{
    uint32_t random = 99;
    for (size_t f = FIXTURES - 2; f < FIXTURES; f++) {
        size_t count;
        uint8_t *file = fixture_read(fixtures[f], &count);
        for (int round = 0; round < 1500; round++) {
            png_bytes png;
            png_begin(&png);
            for (size_t at = 8; at + 12 <= count;) {
                const size_t bytes = (size_t)file[at + 2] << 8 | file[at + 3];
                char type[5] = {0};
                memcpy(type, file + at + 4, 4);
                uint8_t data[1024];
                memcpy(data, file + at + 8, bytes);
                const bool change = strcmp(type, "IDAT") == 0 || next_random(&random) % 8 == 0;
                for (uint32_t c = 0; change && bytes > 0 && c <= next_random(&random) % 3; c++)
                    data[next_random(&random) % bytes] ^= (uint8_t)(1u << next_random(&random) % 8);
                png_chunk(&png, type, data, bytes);
                at += 12 + bytes;
            }
            survive(ctx, png.bytes, png.count);
            png_free(&png);
        }
        free(file);
    }
}

static void noise_behind_a_signature(p2a_context *ctx)
{
    uint32_t random = 5;
    uint8_t bytes[600];
    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(next_random(&random) % 4 == 0 ? 0xff : next_random(&random));
        memcpy(bytes, round % 2 ? "\xff\xd8\xff" : "\x89PNG\r\n\x1a\n", round % 2 ? 3 : 8);
        survive(ctx, bytes, next_random(&random) % sizeof(bytes));
    }
}

/* The memory limit holds where the file is sound and simply too large for it. */
static void a_memory_limit_is_kept(void)
{
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.memory_mbytes = 1;
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
    const png_kind kind = {700, 700, 8, 2, false};
    png_bytes png = png_file(&kind, NULL, 0, NULL, 0);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_decode(ctx, png.bytes, png.count, &image), P2A_ERR_MEMORY);
    CHECK(image == NULL);
    CHECK(strstr(p2a_context_message(ctx), "limit of 1 MB") != NULL);
    CHECK(p2a_context_peak_bytes(ctx) <= 1 << 20);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    png_free(&png);
    p2a_context_destroy(ctx);
}

int main(void)
{
    uint8_t fill = 0xaa, other_fill = 0x31;
    p2a_context *ctx = dirty_context(&fill);
    other_ctx = dirty_context(&other_fill);
    every_bit_of_the_headers(ctx);
    random_changes(ctx);
    changes_inside_png_chunks(ctx);
    noise_behind_a_signature(ctx);
    a_memory_limit_is_kept();
    p2a_context_destroy(other_ctx);
    p2a_context_destroy(ctx);
    printf("%zu altered files decoded, %zu refused\n", decoded_count, refused_count);
    CHECK(decoded_count > 1000 && refused_count > 1000); /* both roads were gone */
    return CHECK_REPORT();
}
