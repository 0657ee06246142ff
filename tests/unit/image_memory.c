/* image_memory.c - the n-th allocation of every image call fails: a status, no result, no leak */
#include "check.h"
#include "failing_context.h"
#include "fixture.h"
#include "image/orient.h"
#include "image/resize.h"
#include "image/warp.h"
#include "png_bytes.h"

#define WIDTH_PX 50
#define HEIGHT_PX 40

typedef struct inputs {
    const uint8_t *file;
    size_t file_bytes;
    const p2a_image *image;
} inputs;

/* One call; its result, or NULL. */
typedef void *(*call)(p2a_context *ctx, const inputs *in, p2a_status *status);

static void *call_create(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    p2a_image *out = (p2a_image *)ctx;
    *status = p2a_image_create(ctx, in->image->pixels, WIDTH_PX, HEIGHT_PX, 4, &out);
    return out;
}

static void *call_decode(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    p2a_image *out = (p2a_image *)ctx;
    *status = p2a_image_decode(ctx, in->file, in->file_bytes, &out);
    return out;
}

static void *call_resize(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    p2a_image *out = (p2a_image *)ctx;
    *status = p2a_image_resize(ctx, in->image, 20, 70, &out);
    return out;
}

static void *call_warp(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    const double photo_from_crop[6] = {2, 0.5, 1, -0.5, 2, 2};
    p2a_image *out = (p2a_image *)ctx;
    *status = p2a_image_warp(ctx, in->image, photo_from_crop, 15, 15, &out);
    return out;
}

static void *call_encode_png(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    size_t bytes = 1;
    uint8_t *out = (uint8_t *)ctx;
    *status = p2a_image_encode(ctx, in->image, P2A_FORMAT_PNG, 0, &bytes, &out);
    CHECK((bytes == 0) == (out == NULL));
    return out;
}

static void *call_encode_jpeg(p2a_context *ctx, const inputs *in, p2a_status *status)
{
    size_t bytes = 1;
    uint8_t *out = (uint8_t *)ctx;
    *status = p2a_image_encode(ctx, in->image, P2A_FORMAT_JPEG, 100, &bytes, &out);
    CHECK((bytes == 0) == (out == NULL));
    return out;
}

static void fail_each_allocation(const char *name, call make, bool makes_image, const uint8_t *file,
                                 size_t file_bytes, uint32_t threads)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, threads);
    uint8_t pixels[WIDTH_PX * HEIGHT_PX * 4];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(pixels); i++) {
        random = random * 1664525u + 1013904223u;
        pixels[i] = (uint8_t)(random >> 24);
    }
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, WIDTH_PX, HEIGHT_PX, 4, &image), P2A_OK);
    const inputs in = {file, file_bytes, image};
    const size_t bytes = p2a_context_bytes(ctx);
    const long long blocks = f.blocks;

    int failures = 0;
    for (long long n = 0; n < 200; n++) {
        f.fails_at = n;
        p2a_status status;
        void *out = make(ctx, &in, &status);
        const bool failed = f.fails_at < 0;
        f.fails_at = -1;
        if (!failed) {
            CHECK_EQUAL(status, P2A_OK);
            CHECK(out != NULL);
            if (makes_image)
                p2a_image_destroy(out);
            else
                p2a_bytes_destroy(ctx, out);
            CHECK_EQUAL(p2a_context_bytes(ctx), bytes);
            break;
        }
        failures++;
        if (status != P2A_ERR_MEMORY)
            printf("%s, allocation %lld: %s\n", name, n, p2a_context_message(ctx));
        CHECK_EQUAL(status, P2A_ERR_MEMORY);
        CHECK(out == NULL);
        CHECK(strstr(p2a_context_message(ctx), "no memory for") != NULL);
        CHECK_EQUAL(p2a_context_bytes(ctx), bytes);
        CHECK_EQUAL(f.blocks, blocks);
    }
    CHECK(failures >= 2 && failures < 199);
    p2a_image_destroy(image);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
}

/* A picture that is turned upright needs memory again after it was decoded. */
static void orienting_fails_whole(void)
{
    failing_allocator f;
    p2a_context *ctx = failing_context(&f, 1);
    const uint8_t pixels[2 * 3 * 3] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 2, 3, 3, &image), P2A_OK);
    f.fails_at = 0;
    CHECK_EQUAL(p2a_image_orient(image, 6), P2A_ERR_MEMORY);
    CHECK_EQUAL(image->width_px, 2);
    CHECK(memcmp(image->pixels, pixels, sizeof(pixels)) == 0);
    p2a_image_destroy(image);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(f.blocks, 0);
}

int main(void)
{
    static const char *const fixtures[] = {"baseline_420.jpg", "progressive_444.jpg", "grey.jpg",
                                           "rgb16_interlaced.png"};
    for (uint32_t threads = 1; threads <= 2; threads++) {
        for (int i = 0; i < 4; i++) {
            size_t count;
            uint8_t *file = fixture_read(fixtures[i], &count);
            fail_each_allocation(fixtures[i], call_decode, true, file, count, threads);
            free(file);
        }
        const png_kind kind = {20, 30, 8, 6, false};
        png_bytes png = png_file(&kind, NULL, 0, NULL, 0);
        fail_each_allocation("decode of two chunks", call_decode, true, png.bytes, png.count,
                             threads);
        png_free(&png);
        fail_each_allocation("create", call_create, true, NULL, 0, threads);
        fail_each_allocation("resize", call_resize, true, NULL, 0, threads);
        fail_each_allocation("warp", call_warp, true, NULL, 0, threads);
        fail_each_allocation("encode PNG", call_encode_png, false, NULL, 0, threads);
        fail_each_allocation("encode JPEG", call_encode_jpeg, false, NULL, 0, threads);
    }
    orienting_fails_whole();
    return CHECK_REPORT();
}
