/* image_upright.c - EXIF orientations are found in any block, and applied as cameras mean them */
#include "check.h"
#include "fixture.h"
#include "image/exif.h"
#include "image/orient.h"
#include "photo2anime.h"

#define EXIF_BYTES_MAX 64

/* A TIFF block of one directory; returns its length. */
static size_t write_exif(uint8_t *out, bool big_endian, uint32_t directory, uint32_t entries,
                         uint32_t tag, uint32_t type, uint32_t value)
{
    const uint32_t fields[][2] = {{42, 2},
                                  {directory, 4},
                                  {entries, 2},
                                  {tag, 2},
                                  {type, 2},
                                  {1, 4},
                                  {value, type == 3 ? 2 : 4}};
    memset(out, 0, EXIF_BYTES_MAX);
    memcpy(out, big_endian ? "MM" : "II", 2);
    size_t at = 2;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const uint32_t bytes = fields[i][1];
        for (uint32_t b = 0; b < bytes; b++)
            out[at++] = (uint8_t)(fields[i][0] >> 8 * (big_endian ? bytes - 1 - b : b));
    }
    return 8 + 2 + 12 + 4;
}

static void orientations_are_read(void)
{
    uint8_t exif[EXIF_BYTES_MAX];
    for (int big_endian = 0; big_endian < 2; big_endian++)
        for (uint32_t value = 0; value < 12; value++)
            for (uint32_t type = 3; type <= 4; type++) {
                const size_t bytes = write_exif(exif, big_endian == 1, 8, 1, 0x112, type, value);
                CHECK_EQUAL(p2a_exif_orientation(exif, bytes),
                            value >= 1 && value <= 8 ? value : 1);
            }
    size_t bytes = write_exif(exif, true, 8, 1, 0x112, 2, 6);
    CHECK_EQUAL(p2a_exif_orientation(exif, bytes), 1);
    bytes = write_exif(exif, true, 8, 1, 0x111, 3, 6);
    CHECK_EQUAL(p2a_exif_orientation(exif, bytes), 1);
}

static void hostile_blocks_are_upright(void)
{
    uint8_t exif[EXIF_BYTES_MAX];
    static const uint32_t directories[] = {0,   7,          24,         25,        26,
                                           100, 0x7fffffff, 0xfffffff0, 0xffffffff};
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        const size_t bytes = write_exif(exif, true, directories[i], 1, 0x112, 3, 6);
        uint8_t *own = malloc(bytes);
        memcpy(own, exif, bytes);
        CHECK_EQUAL(p2a_exif_orientation(own, bytes), 1);
        free(own);
    }
    /* More entries than there is room for; the next directory is the first one: a loop. */
    size_t bytes = write_exif(exif, false, 8, 0xffff, 0x100, 3, 6);
    exif[8 + 2 + 12] = 8;
    CHECK_EQUAL(p2a_exif_orientation(exif, bytes), 1);
    bytes = write_exif(exif, false, 8, 0xffff, 0x112, 3, 6);
    CHECK_EQUAL(p2a_exif_orientation(exif, bytes), 6);
    for (size_t cut = 0; cut < 22; cut++) {
        uint8_t *own = malloc(cut + 1);
        memcpy(own, exif, cut);
        own = realloc(own, cut == 0 ? 1 : cut);
        CHECK_EQUAL(p2a_exif_orientation(own, cut), 1);
        free(own);
    }
    uint32_t random = 1;
    for (int i = 0; i < 20000; i++) {
        bytes = write_exif(exif, i % 2 == 0, 8, 1, 0x112, 3, 6);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525u + 1013904223u;
            exif[random >> 8 & 31] = (uint8_t)(random >> 16);
        }
        const uint32_t orientation = p2a_exif_orientation(exif, bytes);
        CHECK(orientation >= 1 && orientation <= 8);
    }
}

/* Where the upright pixel (x, y) lies in the stored picture: the EXIF specification's table. */
static void stored_place(uint32_t orientation, uint32_t stored_width, uint32_t stored_height,
                         uint32_t x, uint32_t y, uint32_t *stored_x, uint32_t *stored_y)
{
    const uint32_t right = stored_width - 1, bottom = stored_height - 1;
    const uint32_t places[8][2] = {{x, y},
                                   {right - x, y},          /* mirrored */
                                   {right - x, bottom - y}, /* half a turn */
                                   {x, bottom - y},
                                   {y, x},
                                   {y, bottom - x}, /* stored a quarter turn anticlockwise */
                                   {right - y, bottom - x},
                                   {right - y, x}}; /* stored a quarter turn clockwise */
    *stored_x = places[orientation - 1][0];
    *stored_y = places[orientation - 1][1];
}

static void all_orientations_are_applied(p2a_context *ctx)
{
    static const uint32_t sizes[][2] = {{1, 1}, {1, 5}, {6, 1}, {2, 3}, {33, 70}, {64, 31}};
    for (uint32_t channels = 3; channels <= 4; channels++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (uint32_t orientation = 1; orientation <= 8; orientation++) {
                const uint32_t w = sizes[s][0], h = sizes[s][1];
                uint8_t *stored = malloc(w * h * channels);
                for (uint32_t i = 0; i < w * h * channels; i++)
                    stored[i] = (uint8_t)(i * 2654435761u >> 24);
                p2a_image *image = NULL;
                CHECK_EQUAL(p2a_image_create(ctx, stored, w, h, channels, &image), P2A_OK);
                CHECK_EQUAL(p2a_image_orient(image, orientation), P2A_OK);
                const uint32_t width = p2a_image_width(image), height = p2a_image_height(image);
                CHECK_EQUAL(width, orientation >= 5 ? h : w);
                CHECK_EQUAL(height, orientation >= 5 ? w : h);
                size_t wrong = 0;
                for (uint32_t y = 0; y < height; y++)
                    for (uint32_t x = 0; x < width; x++) {
                        uint32_t from_x, from_y;
                        stored_place(orientation, w, h, x, y, &from_x, &from_y);
                        wrong += memcmp(p2a_image_pixels(image) + (y * width + x) * channels,
                                        stored + (from_y * w + from_x) * channels, channels) != 0;
                    }
                CHECK_EQUAL(wrong, 0);
                p2a_image_destroy(image);
                free(stored);
            }
}

/* A JPEG with a camera's APP1 segment behind its start: the decoded picture is turned. */
static void a_jpeg_is_turned(p2a_context *ctx)
{
    size_t count;
    uint8_t *file = fixture_read("baseline_444.jpg", &count);
    p2a_image *plain = NULL;
    CHECK_EQUAL(p2a_image_decode(ctx, file, count, &plain), P2A_OK);
    for (uint32_t orientation = 1; orientation <= 8; orientation++) {
        uint8_t exif[EXIF_BYTES_MAX];
        const size_t exif_bytes =
            write_exif(exif, orientation % 2 == 0, 8, 1, 0x112, 3, orientation);
        uint8_t *tagged = malloc(count + 10 + exif_bytes);
        memcpy(tagged, file, 2);
        const uint8_t head[10] = {0xff, 0xe1, 0, (uint8_t)(8 + exif_bytes), 'E', 'x', 'i', 'f'};
        memcpy(tagged + 2, head, 10);
        memcpy(tagged + 12, exif, exif_bytes);
        memcpy(tagged + 12 + exif_bytes, file + 2, count - 2);
        const size_t tagged_count = count + 10 + exif_bytes;

        uint32_t size_px[2];
        CHECK_EQUAL(p2a_image_probe(ctx, tagged, tagged_count, size_px), P2A_OK);
        p2a_image *image = NULL;
        CHECK_EQUAL(p2a_image_decode(ctx, tagged, tagged_count, &image), P2A_OK);
        CHECK_EQUAL(size_px[0], p2a_image_width(image));
        CHECK_EQUAL(size_px[1], p2a_image_height(image));
        const uint32_t width = orientation >= 5 ? FIXTURE_HEIGHT_PX : FIXTURE_WIDTH_PX;
        CHECK_EQUAL(p2a_image_width(image), width);
        uint32_t from_x, from_y;
        stored_place(orientation, FIXTURE_WIDTH_PX, FIXTURE_HEIGHT_PX, 3, 2, &from_x, &from_y);
        CHECK(memcmp(p2a_image_pixels(image) + (2 * width + 3) * 3,
                     p2a_image_pixels(plain) + (from_y * FIXTURE_WIDTH_PX + from_x) * 3, 3) == 0);
        p2a_image_destroy(image);
        free(tagged);
    }
    p2a_image_destroy(plain);
    free(file);
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    orientations_are_read();
    hostile_blocks_are_upright();
    all_orientations_are_applied(ctx);
    a_jpeg_is_turned(ctx);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
