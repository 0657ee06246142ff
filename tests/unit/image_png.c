/* image_png.c - every kind of PNG decodes to the pixels that went in; every broken one is refused
 */
#include "check.h"
#include "photo2anime.h"
#include "png_bytes.h"

static uint8_t palette[256 * 3];
static uint8_t palette_alpha[256];

/* A sample in 8 bits, rounded to nearest, by division in floating point. */
static uint8_t in_8_bits(const png_kind *kind, uint32_t value)
{
    return (uint8_t)floor(value * 255.0 / ((1u << kind->bit_depth) - 1) + 0.5);
}

/* key: -1, or the tRNS colour of grey and RGB pictures is the one at pixel (key, 0). */
static void expected_pixel(const png_kind *kind, uint32_t x, uint32_t y, int key,
                           size_t palette_count, size_t alpha_count, uint8_t out[4])
{
    const uint32_t samples = png_samples(kind);
    uint32_t v[4] = {0};
    bool is_key = key >= 0;
    for (uint32_t s = 0; s < samples; s++) {
        v[s] = png_sample(kind, x, y, s);
        is_key = is_key && v[s] == png_sample(kind, (uint32_t)key, 0, s);
    }
    out[3] = is_key ? 0 : 255;
    if (kind->colour == 3) {
        const bool known = v[0] < palette_count;
        for (int c = 0; c < 3; c++)
            out[c] = known ? palette[v[0] * 3 + (uint32_t)c] : 0;
        out[3] = v[0] < alpha_count ? palette_alpha[v[0]] : 255;
    } else if (samples <= 2) {
        out[0] = out[1] = out[2] = in_8_bits(kind, v[0]);
        if (samples == 2)
            out[3] = in_8_bits(kind, v[1]);
    } else {
        for (int c = 0; c < 3; c++)
            out[c] = in_8_bits(kind, v[c]);
        if (samples == 4)
            out[3] = in_8_bits(kind, v[3]);
    }
}

static void check_picture(p2a_context *ctx, const png_kind *kind, int key, size_t palette_count,
                          size_t alpha_count)
{
    uint8_t transparency[256];
    size_t transparency_count = alpha_count;
    memcpy(transparency, palette_alpha, sizeof(transparency));
    if (key >= 0) {
        transparency_count = 2 * png_samples(kind);
        for (uint32_t s = 0; s < png_samples(kind); s++) {
            const uint32_t value = png_sample(kind, (uint32_t)key, 0, s);
            transparency[2 * s] = (uint8_t)(value >> 8);
            transparency[2 * s + 1] = (uint8_t)value;
        }
    }
    png_bytes png = png_file(kind, palette_count > 0 ? palette : NULL, palette_count,
                             transparency_count > 0 ? transparency : NULL, transparency_count);
    uint32_t size_px[2];
    CHECK_EQUAL(p2a_image_probe(ctx, png.bytes, png.count, size_px), P2A_OK);
    CHECK_EQUAL(size_px[0], kind->width_px);
    CHECK_EQUAL(size_px[1], kind->height_px);
    p2a_image *image = NULL;
    const p2a_status status = p2a_image_decode(ctx, png.bytes, png.count, &image);
    if (status != P2A_OK)
        printf("%ux%u, %u bits, colour %u: %s\n", (unsigned)kind->width_px,
               (unsigned)kind->height_px, kind->bit_depth, kind->colour, p2a_context_message(ctx));
    CHECK_EQUAL(status, P2A_OK);
    const uint32_t channels = p2a_image_channels(image);
    const bool alpha = kind->colour == 4 || kind->colour == 6 || transparency_count > 0;
    CHECK_EQUAL(channels, alpha ? 4 : 3);
    CHECK_EQUAL(p2a_image_width(image), kind->width_px);
    CHECK_EQUAL(p2a_image_height(image), kind->height_px);
    size_t wrong = 0;
    const uint8_t *at = p2a_image_pixels(image);
    for (uint32_t y = 0; y < kind->height_px; y++)
        for (uint32_t x = 0; x < kind->width_px; x++, at += channels) {
            uint8_t expected[4];
            expected_pixel(kind, x, y, key, palette_count, alpha_count, expected);
            wrong += memcmp(at, expected, channels) != 0;
        }
    CHECK_EQUAL(wrong, 0);
    p2a_image_destroy(image);
    png_free(&png);
}

static void every_kind_decodes(p2a_context *ctx)
{
    static const uint8_t kinds[][2] = {{1, 0}, {2, 0},  {4, 0},  {8, 0}, {16, 0},
                                       {8, 2}, {16, 2}, {1, 3},  {2, 3}, {4, 3},
                                       {8, 3}, {8, 4},  {16, 4}, {8, 6}, {16, 6}};
    static const uint32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 7}, {3, 5}, {8, 8}, {9, 17}, {61, 40}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++)
            for (int interlaced = 0; interlaced < 2; interlaced++) {
                const png_kind kind = {sizes[j][0], sizes[j][1], kinds[i][0], kinds[i][1],
                                       interlaced == 1};
                const size_t colours = (size_t)1 << (kind.bit_depth > 8 ? 8 : kind.bit_depth);
                if (kind.colour == 3) {
                    check_picture(ctx, &kind, -1, colours, 0);
                    check_picture(ctx, &kind, -1, colours, colours);
                    check_picture(ctx, &kind, -1, colours / 2, 1); /* indexes out of the palette */
                } else {
                    check_picture(ctx, &kind, -1, 0, 0);
                    if (kind.colour <= 2)
                        check_picture(ctx, &kind, (int)kind.width_px / 2, 0, 0);
                }
            }
}

/* All 65536 values: the nearest of 256, not the high byte. */
static void sixteen_bits_are_rounded(p2a_context *ctx)
{
    const png_kind kind = {256, 256, 16, 0, false};
    png_bytes png;
    png_begin(&png);
    png_header(&png, &kind);
    uint8_t *raw = calloc(256, 513);
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 256; x++) {
            raw[y * 513 + 1 + 2 * x] = (uint8_t)y;
            raw[y * 513 + 2 + 2 * x] = (uint8_t)x;
        }
    png_data(&png, raw, 256 * 513, 1);
    free(raw);
    png_chunk(&png, "IEND", NULL, 0);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_decode(ctx, png.bytes, png.count, &image), P2A_OK);
    size_t wrong = 0;
    for (uint32_t v = 0; v < 65536; v++)
        wrong += p2a_image_pixels(image)[v * 3] != in_8_bits(&kind, v);
    CHECK_EQUAL(wrong, 0);
    p2a_image_destroy(image);
    png_free(&png);
}

static void refuses(p2a_context *ctx, png_bytes *png, p2a_status expected, const char *message)
{
    p2a_image *image = (p2a_image *)ctx;
    CHECK_EQUAL(p2a_image_decode(ctx, png->bytes, png->count, &image), expected);
    CHECK(image == NULL);
    if (strstr(p2a_context_message(ctx), message) == NULL) {
        printf("expected \"%s\" in \"%s\"\n", message, p2a_context_message(ctx));
        CHECK(0);
    }
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    png_free(png);
}

/* Header, then chunks of the caller, then sound data, then the end. */
static png_bytes with_chunk(const png_kind *kind, const char *type, const void *data, size_t count)
{
    png_bytes png;
    png_begin(&png);
    png_header(&png, kind);
    if (type != NULL)
        png_chunk(&png, type, data, count);
    size_t raw_count;
    uint8_t *raw = png_rows(kind, &raw_count);
    png_data(&png, raw, raw_count, 1);
    free(raw);
    png_chunk(&png, "IEND", NULL, 0);
    return png;
}

static void broken_files_are_refused(p2a_context *ctx)
{
    const png_kind rgb = {5, 4, 8, 2, false}, indexed = {5, 4, 8, 3, false};
    png_bytes png = with_chunk(&rgb, "teXt", "hello", 5);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_decode(ctx, png.bytes, png.count, &image), P2A_OK);
    p2a_image_destroy(image);
    png.count -= 12;
    refuses(ctx, &png, P2A_ERR_IMAGE, "the PNG is cut off");

    png = with_chunk(&rgb, "IHDR", "0123456789abc", 13);
    refuses(ctx, &png, P2A_ERR_IMAGE, "a second header");
    png = with_chunk(&rgb, "NEWS", "abc", 3);
    refuses(ctx, &png, P2A_ERR_IMAGE, "chunk NEWS at byte 33, 3 bytes: unknown");
    png = with_chunk(&rgb, "tRNS", "abc", 3);
    refuses(ctx, &png, P2A_ERR_IMAGE, "expected 6 bytes");
    png = with_chunk(&rgb, "PLTE", "abcd", 4);
    refuses(ctx, &png, P2A_ERR_IMAGE, "1 to 256 colours");
    png = with_chunk(&indexed, NULL, NULL, 0);
    refuses(ctx, &png, P2A_ERR_IMAGE, "no palette");
    png = with_chunk(&indexed, "tRNS", "abc", 3);
    refuses(ctx, &png, P2A_ERR_IMAGE, "at most one byte for each colour");
    const png_kind with_alpha = {5, 4, 8, 6, false};
    png = with_chunk(&with_alpha, "tRNS", "abc", 3);
    refuses(ctx, &png, P2A_ERR_IMAGE, "only without an alpha channel");

    png = with_chunk(&rgb, NULL, NULL, 0);
    png.bytes[png.count - 20] ^= 1; /* inside IDAT */
    refuses(ctx, &png, P2A_ERR_IMAGE, "chunk IDAT at byte 33");
    png = with_chunk(&rgb, NULL, NULL, 0);
    png.bytes[19] ^= 1;
    refuses(ctx, &png, P2A_ERR_IMAGE, "chunk IHDR at byte 8, 13 bytes: wrong checksum");

    png_begin(&png);
    png_chunk(&png, "CgBI", "\x50\0\x20\x06", 4);
    refuses(ctx, &png, P2A_ERR_IMAGE, "Apple's CgBI");
    png_begin(&png);
    png_chunk(&png, "IDAT", "abc", 3);
    refuses(ctx, &png, P2A_ERR_IMAGE, "expected the header IHDR first");
    png_begin(&png);
    refuses(ctx, &png, P2A_ERR_IMAGE, "no header in its 8 bytes");
    png_begin(&png);
    png_header(&png, &rgb);
    png_chunk(&png, "IEND", NULL, 0);
    refuses(ctx, &png, P2A_ERR_IMAGE, "no pixel data");
    png_begin(&png);
    png_header(&png, &rgb);
    png_chunk(&png, "IDAT", "not zlib", 8);
    png_chunk(&png, "IEND", NULL, 0);
    refuses(ctx, &png, P2A_ERR_IMAGE, "does not decompress: bad zlib header");
}

static void odd_headers_are_refused(p2a_context *ctx)
{
    static const struct {
        png_kind kind;
        p2a_status status;
        const char *message;
    } cases[] = {
        {{0, 4, 8, 2, false}, P2A_ERR_IMAGE, "got 0x4"},
        {{4, 0, 8, 2, false}, P2A_ERR_IMAGE, "got 4x0"},
        {{0x80000000u, 4, 8, 2, false}, P2A_ERR_IMAGE, "got 2147483648x4"},
        {{4, 4, 3, 2, false}, P2A_ERR_IMAGE, "colour type 2 does not go with 3 bits"},
        {{4, 4, 16, 3, false}, P2A_ERR_IMAGE, "colour type 3 does not go with 16 bits"},
        {{4, 4, 8, 5, false}, P2A_ERR_IMAGE, "colour type 5"},
        {{0x7fffffffu, 0x7fffffffu, 16, 6, true}, P2A_ERR_LIMIT, "1 to 65535 px a side"},
        {{64250, 64250, 8, 2, false}, P2A_ERR_LIMIT, "at most 100000000 pixels, got 64250x64250"},
        {{10000, 10000, 8, 2, false}, P2A_ERR_IMAGE, "cannot hold 10000x10000 pixels"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        png_bytes png;
        png_begin(&png);
        png_header(&png, &cases[i].kind);
        png_data(&png, (const uint8_t *)"\0\0\0", 3, 1);
        png_chunk(&png, "IEND", NULL, 0);
        p2a_context_reset_peak(ctx);
        refuses(ctx, &png, cases[i].status, cases[i].message);
        CHECK_EQUAL(p2a_context_peak_bytes(ctx), 0);
    }
}

static void data_of_the_wrong_length(p2a_context *ctx)
{
    const png_kind kind = {30, 30, 8, 2, false};
    size_t count;
    uint8_t *raw = png_rows(&kind, &count);
    raw = realloc(raw, count + 1000000);
    memset(raw + count, 0, 1000000);
    static const struct {
        long extra;
        p2a_status status;
        const char *message;
    } cases[] = {
        {-1, P2A_ERR_IMAGE, "expected 2730 bytes of pixel data, got 2729"},
        {10, P2A_OK, ""},
        {1000000, P2A_ERR_IMAGE, "does not decompress: output buffer limit"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        png_bytes png;
        png_begin(&png);
        png_header(&png, &kind);
        png_data(&png, raw, (size_t)((long)count + cases[i].extra), 1);
        png_chunk(&png, "IEND", NULL, 0);
        p2a_context_reset_peak(ctx);
        if (cases[i].status == P2A_OK) {
            p2a_image *image = NULL;
            CHECK_EQUAL(p2a_image_decode(ctx, png.bytes, png.count, &image), P2A_OK);
            p2a_image_destroy(image);
            png_free(&png);
        } else {
            refuses(ctx, &png, cases[i].status, cases[i].message);
        }
        CHECK(p2a_context_peak_bytes(ctx) < 100000); /* a bomb is not unpacked */
    }
    png_bytes png;
    png_begin(&png);
    png_header(&png, &kind);
    raw[3 * 91] = 5;
    png_data(&png, raw, count, 1);
    png_chunk(&png, "IEND", NULL, 0);
    refuses(ctx, &png, P2A_ERR_IMAGE, "expected a filter of 0 to 4 for row 3, got 5");
    free(raw);
}

static void an_exif_chunk_turns_the_picture(p2a_context *ctx)
{
    static const uint8_t exif[] = {'M',  'M', 0, 42, 0, 0, 0, 8, 0, 1, 1,
                                   0x12, 0,   3, 0,  0, 0, 1, 0, 6, 0, 0};
    const png_kind kind = {7, 5, 8, 2, false};
    png_bytes png = with_chunk(&kind, "eXIf", exif, sizeof(exif));
    uint32_t size_px[2];
    CHECK_EQUAL(p2a_image_probe(ctx, png.bytes, png.count, size_px), P2A_OK);
    CHECK_EQUAL(size_px[0], 5);
    CHECK_EQUAL(size_px[1], 7);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_decode(ctx, png.bytes, png.count, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_width(image), 5);
    /* A quarter turn clockwise: what was bottom left is top left. */
    for (uint32_t c = 0; c < 3; c++) {
        CHECK_EQUAL(p2a_image_pixels(image)[c], png_sample(&kind, 0, 4, c));
        CHECK_EQUAL(p2a_image_pixels(image)[4 * 3 + c], png_sample(&kind, 0, 0, c));
    }
    p2a_image_destroy(image);
    png_free(&png);
}

int main(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        palette[3 * i] = (uint8_t)(i * 3 + 5);
        palette[3 * i + 1] = (uint8_t)(255 - i);
        palette[3 * i + 2] = (uint8_t)(i * i);
        palette_alpha[i] = (uint8_t)(i * 7);
    }
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    every_kind_decodes(ctx);
    sixteen_bits_are_rounded(ctx);
    broken_files_are_refused(ctx);
    odd_headers_are_refused(ctx);
    data_of_the_wrong_length(ctx);
    an_exif_chunk_turns_the_picture(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
