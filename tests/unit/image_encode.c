/* image_encode.c - a PNG comes back bit for bit, by our reader and another; a JPEG comes close */
#include "base/context.h"
#include "check.h"
#include "image/checksum.h"
#include "image/deflate.h"
#include "image/huffman.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <stb_image.h>

enum { FLAT, RAMP, NOISE, STRIPES, PAINTED, CONTENTS };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill(uint8_t *pixels, uint32_t w, uint32_t h, uint32_t channels, int content)
{
    uint32_t random = 7;
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (uint32_t c = 0; c < channels; c++) {
                const uint32_t values[CONTENTS] = {200, x * 3 + y * 2 + c * 40, 0, x / 8 % 2 * 255,
                                                   (x / 37 * 91 + y / 23 * 57 + c * 20) & 0xf0};
                const uint32_t noise = next_random(&random);
                *pixels++ = (uint8_t)(content == NOISE ? noise : values[content]);
            }
}

/* Few readers compare the checksum of the pixel data; those that do refuse the file. */
static void check_adler(const uint8_t *file, size_t count, size_t raw_count)
{
    uint8_t *data = malloc(count), *raw = malloc(raw_count + 1);
    size_t data_count = 0;
    for (size_t at = 8; at + 12 <= count;) {
        const size_t bytes = (size_t)file[at] << 24 | (size_t)file[at + 1] << 16 |
                             (size_t)file[at + 2] << 8 | file[at + 3];
        if (memcmp(file + at + 4, "IDAT", 4) == 0) {
            memcpy(data + data_count, file + at + 8, bytes);
            data_count += bytes;
        }
        at += 12 + bytes;
    }
    CHECK_EQUAL(stbi_zlib_decode_buffer((char *)raw, (int)raw_count + 1, (const char *)data,
                                        (int)data_count),
                raw_count);
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < raw_count; i++) {
        a = (a + raw[i]) % 65521;
        b = (b + a) % 65521;
    }
    const uint8_t *end = data + data_count - 4;
    CHECK_EQUAL((uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 | (uint32_t)end[2] << 8 | end[3],
                b << 16 | a);
    free(raw);
    free(data);
}

static void png_comes_back(p2a_context *ctx, uint32_t w, uint32_t h, uint32_t channels, int content,
                           size_t *out_bytes)
{
    const size_t bytes = (size_t)w * h * channels;
    uint8_t *pixels = malloc(bytes);
    fill(pixels, w, h, channels, content);
    p2a_image *image = NULL, *again = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, channels, &image), P2A_OK);
    uint8_t *file = NULL;
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 0, out_bytes, &file), P2A_OK);
    const p2a_status status = p2a_image_decode(ctx, file, *out_bytes, &again);
    if (status != P2A_OK)
        printf("%s\n", p2a_context_message(ctx));
    CHECK_EQUAL(status, P2A_OK);
    CHECK_EQUAL(p2a_image_width(again), w);
    CHECK_EQUAL(p2a_image_height(again), h);
    CHECK_EQUAL(p2a_image_channels(again), channels);
    CHECK(memcmp(p2a_image_pixels(again), pixels, bytes) == 0);
    int other_w = 0, other_h = 0, other_channels = 0;
    stbi_uc *other =
        stbi_load_from_memory(file, (int)*out_bytes, &other_w, &other_h, &other_channels, 0);
    CHECK(other != NULL);
    CHECK_EQUAL(other_channels, channels);
    CHECK(other != NULL && memcmp(other, pixels, bytes) == 0);
    stbi_image_free(other);
    check_adler(file, *out_bytes, ((size_t)w * channels + 1) * h);
    p2a_image_destroy(again);
    p2a_image_destroy(image);
    p2a_bytes_destroy(ctx, file);
    free(pixels);
}

static void all_pngs_come_back(p2a_context *ctx)
{
    static const uint32_t sizes[][2] = {{1, 1},   {1, 300}, {300, 1},   {2, 2},
                                        {17, 31}, {257, 5}, {400, 333}, {65535, 2}};
    size_t bytes;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (uint32_t channels = 3; channels <= 4; channels++)
            for (int content = 0; content < CONTENTS; content++)
                png_comes_back(ctx, sizes[s][0], sizes[s][1], channels, content, &bytes);
    /* What can be said in few bytes is; what cannot costs next to nothing more. */
    png_comes_back(ctx, 1000, 1000, 3, FLAT, &bytes);
    CHECK(bytes < 8000);
    png_comes_back(ctx, 1000, 1000, 3, RAMP, &bytes);
    CHECK(bytes < 30000);
    png_comes_back(ctx, 1000, 1000, 3, PAINTED, &bytes);
    CHECK(bytes < 40000);
    png_comes_back(ctx, 1000, 1000, 3, NOISE, &bytes);
    CHECK(bytes < 3010000);
}

static void threads_do_not_change_the_file(void)
{
    const uint32_t w = 700, h = 900;
    uint8_t *pixels = malloc((size_t)w * h * 4);
    fill(pixels, w, h, 4, RAMP);
    uint8_t *first = NULL;
    size_t first_bytes = 0;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        p2a_context *ctx = NULL;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        p2a_image *image = NULL;
        CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, 4, &image), P2A_OK);
        size_t bytes;
        uint8_t *file;
        CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 0, &bytes, &file), P2A_OK);
        if (first == NULL) {
            first = malloc(bytes);
            memcpy(first, file, bytes);
            first_bytes = bytes;
        }
        CHECK_EQUAL(bytes, first_bytes);
        CHECK(bytes == first_bytes && memcmp(file, first, bytes) == 0);
        p2a_bytes_destroy(ctx, file);
        p2a_image_destroy(image);
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
        p2a_context_destroy(ctx);
    }
    free(first);
    free(pixels);
}

/* Every length around the edges of matches and blocks, in one piece and in three. */
static void deflate_comes_back(void)
{
    static const size_t counts[] = {0,   1,   2,     3,     4,     5,     257,   258,   259,
                                    260, 600, 32767, 32768, 32769, 65534, 65535, 65536, 200000};
    uint8_t *scratch = malloc(p2a_deflate_scratch_bytes());
    uint8_t *bytes = malloc(200000), *again = malloc(200001);
    uint8_t *out = malloc(3 * p2a_deflate_bound(200000) + 4);
    for (int content = 0; content < 4; content++) {
        uint32_t random = 3;
        for (size_t i = 0; i < 200000; i++) {
            const uint32_t r = next_random(&random);
            /* zeros; noise; words that repeat from far away; skewed counts: the longest codes */
            const uint32_t skewed = 31 - (uint32_t)__builtin_clz(r | 1);
            const uint32_t values[4] = {0, r, (uint32_t)(i % 32771 * 2654435761u >> 24), skewed};
            bytes[i] = (uint8_t)values[content];
        }
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            for (size_t pieces = 1; pieces <= 3; pieces += 2) {
                size_t written = 0;
                for (size_t p = 0; p < pieces; p++) {
                    const size_t begin = counts[i] * p / pieces;
                    const size_t end = counts[i] * (p + 1) / pieces;
                    const size_t count = p2a_deflate(bytes + begin, end - begin, p + 1 == pieces,
                                                     scratch, out + written);
                    CHECK(count <= p2a_deflate_bound(end - begin));
                    written += count;
                }
                /* Four bytes behind it, as zlib has: stb reads no stream to its very last bit. */
                memset(out + written, 0, 4);
                const int length = stbi_zlib_decode_noheader_buffer(
                    (char *)again, 200001, (const char *)out, (int)written + 4);
                CHECK_EQUAL(length, counts[i]);
                CHECK(memcmp(bytes, again, counts[i]) == 0);
            }
    }
    free(out);
    free(again);
    free(bytes);
    free(scratch);
}

static void huffman_codes_are_complete_and_short(void)
{
    uint32_t counts[288];
    p2a_huffman_code codes[288];
    for (int kind = 0; kind < 4; kind++)
        for (uint32_t symbols = 2; symbols <= 288; symbols += symbols < 20 ? 1 : 67)
            for (uint32_t limit = 9; limit <= 15; limit += 6) {
                uint32_t random = symbols;
                for (uint32_t i = 0; i < symbols; i++) { /* Fibonacci: the deepest tree */
                    const uint32_t fibonacci = i < 2 ? 1 : counts[i - 1] + counts[i - 2];
                    const uint32_t values[4] = {0, 1, next_random(&random) % 1000,
                                                i < 30 ? fibonacci : 0};
                    counts[i] = values[kind];
                }
                p2a_huffman_build(counts, symbols, limit, codes);
                uint32_t sum = 0, missing = 0, too_long = 0;
                for (uint32_t i = 0; i < symbols; i++) {
                    if (codes[i].bit_count > 0)
                        sum += 1u << (limit - codes[i].bit_count);
                    missing += counts[i] > 0 && codes[i].bit_count == 0;
                    too_long += codes[i].bit_count > limit;
                }
                CHECK_EQUAL(sum, 1u << limit);
                CHECK_EQUAL(missing, 0);
                CHECK_EQUAL(too_long, 0);
            }
}

static void checksums_are_the_known_ones(void)
{
    p2a_crc_tables crc;
    p2a_crc_fill(&crc);
    const uint8_t *digits = (const uint8_t *)"123456789";
    CHECK_EQUAL(p2a_crc(&crc, digits, 9), 0xcbf43926u); /* the check value of CRC-32 */
    CHECK_EQUAL(p2a_crc(&crc, digits, 0), 0);
    CHECK_EQUAL(p2a_adler((const uint8_t *)"Wikipedia", 9), 0x11e60398u);
    uint8_t *bytes = malloc(70000);
    memset(bytes, 0xff, 70000);
    static const size_t cuts[] = {0, 1, 5552, 65521, 69999, 70000};
    for (int i = 0; i < 6; i++)
        CHECK_EQUAL(p2a_adler_join(p2a_adler(bytes, cuts[i]),
                                   p2a_adler(bytes + cuts[i], 70000 - cuts[i]), 70000 - cuts[i]),
                    p2a_adler(bytes, 70000));
    free(bytes);
}

static double jpeg_difference(p2a_context *ctx, uint32_t quality, size_t *bytes)
{
    const uint32_t w = 91, h = 67;
    uint8_t *pixels = malloc((size_t)w * h * 3);
    for (uint32_t i = 0; i < w * h; i++)
        for (uint32_t c = 0; c < 3; c++)
            pixels[i * 3 + c] = (uint8_t)(128 + 100 * sin(i % w * 0.1 + c) * cos(i / w * 0.08));
    p2a_image *image = NULL, *again = NULL;
    uint8_t *file = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, w, h, 3, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, quality, bytes, &file), P2A_OK);
    CHECK_EQUAL(p2a_image_decode(ctx, file, *bytes, &again), P2A_OK);
    double sum = 0;
    for (uint32_t i = 0; i < w * h * 3; i++)
        sum += abs(pixels[i] - p2a_image_pixels(again)[i]);
    p2a_bytes_destroy(ctx, file);
    p2a_image_destroy(again);
    p2a_image_destroy(image);
    free(pixels);
    return sum / (w * h * 3);
}

static void jpeg_comes_close(p2a_context *ctx)
{
    size_t best_bytes, good_bytes, poor_bytes;
    const double best = jpeg_difference(ctx, 100, &best_bytes);
    const double good = jpeg_difference(ctx, 90, &good_bytes);
    const double poor = jpeg_difference(ctx, 1, &poor_bytes);
    CHECK(best < 0.8);
    CHECK(good < 2.5);
    CHECK(good > best && poor > good);
    CHECK(best_bytes > good_bytes && good_bytes > poor_bytes);
}

static void transparency_is_white_in_a_jpeg(p2a_context *ctx)
{
    uint8_t pixels[16 * 16 * 4];
    for (int i = 0; i < 256; i++) {
        const uint8_t pixel[4] = {200, 0, 0, (uint8_t)(i < 128 ? 0 : 128)};
        memcpy(pixels + 4 * i, pixel, 4);
    }
    p2a_image *image = NULL, *again = NULL;
    uint8_t *file = NULL;
    size_t bytes;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 16, 16, 4, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, 100, &bytes, &file), P2A_OK);
    CHECK_EQUAL(p2a_image_decode(ctx, file, bytes, &again), P2A_OK);
    for (int c = 0; c < 3; c++) {
        CHECK_NEAR(p2a_image_pixels(again)[c], 255, 3);
        CHECK_NEAR(p2a_image_pixels(again)[3 * 250 + c], c == 0 ? 227 : 127, 3);
    }
    p2a_bytes_destroy(ctx, file);
    p2a_image_destroy(again);
    p2a_image_destroy(image);
}

static void arguments_are_checked(p2a_context *ctx)
{
    const uint8_t pixel[4] = {1, 2, 3, 4};
    p2a_image *image = (p2a_image *)ctx;
    CHECK_EQUAL(p2a_image_create(NULL, pixel, 1, 1, 3, &image), P2A_ERR_ARGUMENT);
    CHECK(image == NULL);
    CHECK_EQUAL(p2a_image_create(ctx, NULL, 1, 1, 3, &image), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_create(ctx, pixel, 1, 1, 3, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_create(ctx, pixel, 1, 1, 2, &image), P2A_ERR_ARGUMENT);
    CHECK(strcmp(p2a_context_message(ctx), "expected 3 or 4 for channels, got 2") == 0);
    CHECK_EQUAL(p2a_image_create(ctx, pixel, 0, 1, 3, &image), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_image_create(ctx, pixel, 65536, 1, 3, &image), P2A_ERR_LIMIT);
    CHECK(image == NULL);
    CHECK_EQUAL(p2a_image_create(ctx, pixel, 1, 1, 4, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_pixels(image)[3], 4);

    size_t bytes = 1;
    uint8_t *file = (uint8_t *)ctx;
    CHECK_EQUAL(p2a_image_encode(NULL, image, P2A_FORMAT_PNG, 0, &bytes, &file), P2A_ERR_ARGUMENT);
    CHECK(file == NULL && bytes == 0);
    CHECK_EQUAL(p2a_image_encode(ctx, NULL, P2A_FORMAT_PNG, 0, &bytes, &file), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 0, NULL, &file), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 0, &bytes, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_encode(ctx, image, (p2a_format)2, 90, &bytes, &file), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, 0, &bytes, &file), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, 101, &bytes, &file),
                P2A_ERR_ARGUMENT);
    CHECK(strcmp(p2a_context_message(ctx), "expected 1 to 100 for quality, got 101") == 0);
    p2a_image_destroy(image);

    uint8_t *wide = calloc(65501, 3);
    CHECK_EQUAL(p2a_image_create(ctx, wide, 65501, 1, 3, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, 90, &bytes, &file), P2A_ERR_LIMIT);
    CHECK(strstr(p2a_context_message(ctx), "65500 px a side for a JPEG, got 65501x1") != NULL);
    CHECK(file == NULL && bytes == 0);
    p2a_image_destroy(image);
    free(wide);

    p2a_image_destroy(NULL);
    p2a_bytes_destroy(ctx, NULL);
    p2a_bytes_destroy(NULL, NULL);
    CHECK_EQUAL(p2a_image_width(NULL), 0);
    CHECK_EQUAL(p2a_image_height(NULL), 0);
    CHECK_EQUAL(p2a_image_channels(NULL), 0);
    CHECK(p2a_image_pixels(NULL) == NULL);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    all_pngs_come_back(ctx);
    threads_do_not_change_the_file();
    deflate_comes_back();
    huffman_codes_are_complete_and_short();
    checksums_are_the_known_ones();
    jpeg_comes_close(ctx);
    transparency_is_white_in_a_jpeg(ctx);
    arguments_are_checked(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
