/* image_jpeg.c - JPEGs of several kinds and encoders decode; damaged and foreign ones are refused
 */
#include "check.h"
#include "fixture.h"
#include "photo2anime.h"

#include <stdbool.h>

/* The largest and the mean difference to the fixtures' formula. */
static void compare(const p2a_image *image, bool grey, int *largest, double *mean)
{
    *largest = 0;
    *mean = 0;
    const uint8_t *at = p2a_image_pixels(image);
    for (uint32_t y = 0; y < FIXTURE_HEIGHT_PX; y++)
        for (uint32_t x = 0; x < FIXTURE_WIDTH_PX; x++, at += 3) {
            uint8_t rgb[3];
            fixture_pixel(x, y, rgb);
            if (grey) /* ImageMagick's grey: Rec. 709 luma */
                rgb[0] = rgb[1] = rgb[2] =
                    (uint8_t)(0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2] + 0.5);
            for (int c = 0; c < 3; c++) {
                const int d = abs(at[c] - rgb[c]);
                *largest = d > *largest ? d : *largest;
                *mean += d / (3.0 * FIXTURE_WIDTH_PX * FIXTURE_HEIGHT_PX);
            }
        }
}

static p2a_image *decode_fixture(p2a_context *ctx, const char *name)
{
    size_t count;
    uint8_t *file = fixture_read(name, &count);
    p2a_image *image = NULL;
    const p2a_status status = p2a_image_decode(ctx, file, count, &image);
    if (status != P2A_OK)
        printf("%s: %s\n", name, p2a_context_message(ctx));
    CHECK_EQUAL(status, P2A_OK);
    CHECK_EQUAL(p2a_image_width(image), FIXTURE_WIDTH_PX);
    CHECK_EQUAL(p2a_image_height(image), FIXTURE_HEIGHT_PX);
    CHECK_EQUAL(p2a_image_channels(image), 3);
    free(file);
    return image;
}

static void fixtures_decode(p2a_context *ctx)
{
    static const struct {
        const char *name;
        bool grey;
        int largest;
        double mean;
    } cases[] = {
        {"baseline_444.jpg", false, 4, 1.2},
        {"baseline_422.jpg", false, 8, 1.6},
        {"baseline_420.jpg", false, 8, 1.6},
        {"progressive_444.jpg", false, 4, 1.2},
        {"progressive_420.jpg", false, 8, 1.6},
        {"restart_420.jpg", false, 8, 1.6},
        {"grey.jpg", true, 3, 0.8},
        {"rgb8.png", false, 0, 0},
        {"rgb16_interlaced.png", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p2a_image *image = decode_fixture(ctx, cases[i].name);
        int largest;
        double mean;
        compare(image, cases[i].grey, &largest, &mean);
        if (largest > cases[i].largest || mean > cases[i].mean)
            printf("%s: largest difference %d, mean %.2f\n", cases[i].name, largest, mean);
        CHECK(largest <= cases[i].largest);
        CHECK(mean <= cases[i].mean);
        p2a_image_destroy(image);
    }
}

static void progressive_is_baseline_in_other_order(p2a_context *ctx)
{
    static const char *const pairs[][2] = {{"baseline_444.jpg", "progressive_444.jpg"},
                                           {"baseline_420.jpg", "progressive_420.jpg"}};
    for (int i = 0; i < 2; i++) {
        p2a_image *a = decode_fixture(ctx, pairs[i][0]), *b = decode_fixture(ctx, pairs[i][1]);
        CHECK(memcmp(p2a_image_pixels(a), p2a_image_pixels(b),
                     FIXTURE_WIDTH_PX * FIXTURE_HEIGHT_PX * 3) == 0);
        p2a_image_destroy(a);
        p2a_image_destroy(b);
    }
}

static void refuses(p2a_context *ctx, const uint8_t *file, size_t count, p2a_status expected,
                    const char *message)
{
    p2a_image *image = (p2a_image *)ctx;
    CHECK_EQUAL(p2a_image_decode(ctx, file, count, &image), expected);
    CHECK(image == NULL);
    if (strstr(p2a_context_message(ctx), message) == NULL) {
        printf("expected \"%s\" in \"%s\"\n", message, p2a_context_message(ctx));
        CHECK(0);
    }
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

/* Where a marker stands in a fixture. */
static size_t find_marker(const uint8_t *file, size_t count, uint8_t code)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (file[i] == 0xff && file[i + 1] == code)
            return i;
    printf("expected a marker %02x in the fixture, found none\n", code);
    exit(2);
}

/* One byte of baseline_444.jpg set to another value, behind the start of a marker. */
static void refuses_changed(p2a_context *ctx, uint8_t marker, size_t behind, uint8_t value,
                            const char *message)
{
    size_t count;
    uint8_t *file = fixture_read("baseline_444.jpg", &count);
    file[find_marker(file, count, marker) + behind] = value;
    refuses(ctx, file, count, P2A_ERR_IMAGE, message);
    free(file);
}

static void foreign_kinds_are_refused(p2a_context *ctx)
{
    size_t count;
    uint8_t *file = fixture_read("cmyk.jpg", &count);
    refuses(ctx, file, count, P2A_ERR_IMAGE, "CMYK");
    uint32_t size_px[2] = {1, 1};
    CHECK_EQUAL(p2a_image_probe(ctx, file, count, size_px), P2A_ERR_IMAGE);
    CHECK_EQUAL(size_px[0], 0);
    CHECK_EQUAL(size_px[1], 0);
    free(file);
    refuses_changed(ctx, 0xc0, 1, 0xc9, "arithmetic coding");
    refuses_changed(ctx, 0xc0, 1, 0xc3, "lossless coding");
    refuses_changed(ctx, 0xc0, 1, 0xc5, "hierarchical coding");
    refuses_changed(ctx, 0xc0, 4, 12, "8 bits a sample, got 12");
    refuses_changed(ctx, 0xc0, 6, 0, "at least 1x1 pixels, got 45x0");
    refuses_changed(ctx, 0xc0, 8, 0, "at least 1x1 pixels, got 0x35");
    refuses_changed(ctx, 0xc0, 5, 0xfa, "cannot hold 45x64035 pixels");
    refuses_changed(ctx, 0xc0, 9, 2, "a frame header of 15 bytes");
    refuses_changed(ctx, 0xda, 5, 9, "not every one has a scan");
    refuses_changed(ctx, 0xc0, 1, 0xfe, "scan before the frame header");
    refuses_changed(ctx, 0xdb, 3, 1, "says it has 1 bytes");

    static const struct {
        const char *bytes, *message;
        size_t count;
    } others[] = {
        {"", "got 0 bytes", 0},
        {"GIF89a\1\0\1\0", "got GIF", 10},
        {"RIFF\1\1\1\1WEBPVP8L", "got WebP", 16},
        {"\0\0\0\x18"
         "ftypheic",
         "got HEIC", 12},
        {"\0\0\0\x18"
         "ftypavif",
         "got AVIF", 12},
        {"BM..........", "got BMP", 12},
        {"Hello, world", "12 bytes that begin with 48 65 6c 6c 6f 2c 20 77", 12},
        {"\xff\xd8\xff", "no frame header in its 3 bytes", 3},
        {"\xff\xd8", "2 bytes that begin with ff d8", 2},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refuses(ctx, (const uint8_t *)others[i].bytes, others[i].count, P2A_ERR_IMAGE,
                others[i].message);
}

static void a_cut_file_is_refused_at_every_length(p2a_context *ctx)
{
    static const char *const names[] = {"baseline_420.jpg", "progressive_444.jpg", "grey.jpg",
                                        "rgb16_interlaced.png"};
    for (int n = 0; n < 4; n++) {
        size_t count;
        uint8_t *file = fixture_read(names[n], &count);
        size_t accepted = 0;
        for (size_t i = 0; i < count; i++) {
            uint8_t *cut = malloc(i + 1); /* its own block: reading behind it is caught */
            memcpy(cut, file, i);
            cut = realloc(cut, i == 0 ? 1 : i);
            p2a_image *image = NULL;
            accepted += p2a_image_decode(ctx, cut, i, &image) != P2A_ERR_IMAGE;
            accepted += image != NULL || p2a_context_bytes(ctx) != 0;
            accepted += i > count / 2 && strstr(p2a_context_message(ctx), " is cut off: ") == NULL;
            uint32_t size_px[2];
            if (p2a_image_probe(ctx, cut, i, size_px) == P2A_OK)
                accepted += size_px[0] != FIXTURE_WIDTH_PX || size_px[1] != FIXTURE_HEIGHT_PX;
            else
                accepted += size_px[0] != 0 || size_px[1] != 0;
            free(cut);
        }
        CHECK_EQUAL(accepted, 0);
        free(file);
    }
}

/* A scan that costs a pass over the picture can be had for ten bytes. */
static void endless_scans_are_refused(p2a_context *ctx)
{
    size_t count;
    uint8_t *file = fixture_read("progressive_444.jpg", &count);
    const size_t scan = find_marker(file, count, 0xda);
    const size_t scan_bytes = find_marker(file + scan + 2, count - scan - 2, 0xc4) + 2;
    uint8_t *many = malloc(count + 200 * scan_bytes);
    memcpy(many, file, scan);
    size_t at = scan;
    for (int i = 0; i < 200; i++, at += scan_bytes)
        memcpy(many + at, file + scan, scan_bytes);
    memcpy(many + at, file + scan, count - scan);
    refuses(ctx, many, at + count - scan, P2A_ERR_IMAGE, "at most 100 scans");
    free(many);
    free(file);
}

/* Versions of stb_image write behind their table's end for more codes than a byte has values. */
static void too_many_huffman_codes_are_refused(p2a_context *ctx)
{
    size_t count;
    uint8_t *file = fixture_read("baseline_444.jpg", &count);
    const size_t table = find_marker(file, count, 0xc4);
    const size_t bytes = (size_t)file[table + 2] << 8 | file[table + 3];
    uint8_t *larger = malloc(count + 400);
    memcpy(larger, file, count);
    memmove(larger + table + 2 + bytes + 400, larger + table + 2 + bytes,
            count - table - 2 - bytes);
    memset(larger + table + 2 + bytes, 7, 400);
    larger[table + 2] = (uint8_t)((bytes + 400) >> 8);
    larger[table + 3] = (uint8_t)(bytes + 400);
    larger[table + 20] = 255;
    larger[table + 19] = 2;
    refuses(ctx, larger, count + 400, P2A_ERR_IMAGE, "a Huffman table of 2");
    free(larger);
    refuses_changed(ctx, 0xc4, 20, 255, "a Huffman table of 2");
    free(file);
}

static void limits_come_before_memory(void)
{
    p2a_limits limits;
    p2a_limits_default(&limits);
    limits.max_pixels = FIXTURE_WIDTH_PX * FIXTURE_HEIGHT_PX - 1;
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
    size_t count;
    uint8_t *file = fixture_read("baseline_444.jpg", &count);
    refuses(ctx, file, count, P2A_ERR_LIMIT, "at most 1574 pixels, got 45x35");
    refuses(ctx, file, 300, P2A_ERR_LIMIT, "at most 1574 pixels"); /* known before the cut */
    CHECK_EQUAL(p2a_context_peak_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    free(file);
}

static void arguments_are_checked(p2a_context *ctx)
{
    p2a_image *image = (p2a_image *)ctx;
    uint32_t size_px[2] = {1, 1};
    CHECK_EQUAL(p2a_image_decode(NULL, "x", 1, &image), P2A_ERR_ARGUMENT);
    CHECK(image == NULL);
    CHECK_EQUAL(p2a_image_decode(ctx, NULL, 1, &image), P2A_ERR_ARGUMENT);
    CHECK(strcmp(p2a_context_message(ctx), "expected a pointer for file, got NULL") == 0);
    CHECK_EQUAL(p2a_image_decode(ctx, "x", 1, NULL), P2A_ERR_ARGUMENT);
    CHECK(strcmp(p2a_context_message(ctx), "expected a pointer for out, got NULL") == 0);
    CHECK_EQUAL(p2a_image_decode(ctx, "x", (size_t)1 << 31, &image), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_image_probe(NULL, "x", 1, size_px), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(size_px[0], 0);
    CHECK_EQUAL(p2a_image_probe(ctx, NULL, 1, size_px), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_image_probe(ctx, "x", 1, NULL), P2A_ERR_ARGUMENT);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    fixtures_decode(ctx);
    progressive_is_baseline_in_other_order(ctx);
    foreign_kinds_are_refused(ctx);
    a_cut_file_is_refused_at_every_length(ctx);
    endless_scans_are_refused(ctx);
    too_many_huffman_codes_are_refused(ctx);
    limits_come_before_memory();
    arguments_are_checked(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
