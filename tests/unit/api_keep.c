/* api_keep.c - a network kept from job to job paints the same pixels, and is given back */
#include <stdbool.h>

#include "check.h"
#include "model_file.h"
#include "photo2anime.h"

static p2a_model *load(p2a_context *ctx)
{
    size_t bytes = 0;
    p2a_model *model = NULL;
    uint8_t *file = read_whole_file(P2A_ROOT "/models/weights/anime.safetensors", &bytes);
    CHECK_EQUAL(p2a_model_load(ctx, file, bytes, &model), P2A_OK);
    free(file);
    return model;
}

static p2a_image *make_photo(p2a_context *ctx, uint32_t width, uint32_t height, uint32_t seed)
{
    uint8_t *pixels = malloc((size_t)width * height * 3);
    for (size_t i = 0; i < (size_t)width * height * 3; i++)
        pixels[i] = (uint8_t)((i / 3 % width) * 5 + (i / 3 / width) * seed + (i * seed) % 17);
    p2a_image *image = NULL;
    CHECK_EQUAL(p2a_image_create(ctx, pixels, width, height, 3, &image), P2A_OK);
    free(pixels);
    return image;
}

static p2a_image *paint(p2a_context *ctx, const p2a_model *model, uint32_t width, uint32_t height,
                        uint32_t seed)
{
    p2a_image *photo = make_photo(ctx, width, height, seed), *anime = NULL;
    CHECK_EQUAL(p2a_convert(ctx, model, photo, NULL, NULL, &anime), P2A_OK);
    p2a_image_destroy(photo);
    return anime;
}

static bool same(const p2a_image *a, const p2a_image *b)
{
    const size_t bytes = (size_t)p2a_image_width(a) * p2a_image_height(a) * 3;
    return p2a_image_width(a) == p2a_image_width(b) && p2a_image_height(a) == p2a_image_height(b) &&
           memcmp(p2a_image_pixels(a), p2a_image_pixels(b), bytes) == 0;
}

/* The same size twice, other sizes between, and a job that was stopped half-way. */
static void test_same_pixels(p2a_context *ctx, const p2a_model *kept, const p2a_model *fresh)
{
    static const uint32_t sizes[][2] = {{48, 40}, {48, 40}, {20, 90}, {48, 40}, {1, 1}};
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        p2a_image *a = paint(ctx, kept, sizes[i][0], sizes[i][1], i + 2);
        p2a_image *b = paint(ctx, fresh, sizes[i][0], sizes[i][1], i + 2);
        CHECK(same(a, b));
        p2a_image_destroy(a);
        p2a_image_destroy(b);
        p2a_image *photo = make_photo(ctx, 90, 400, 9);
        p2a_job *job = NULL;
        double progress = 0;
        CHECK_EQUAL(p2a_job_create(ctx, kept, photo, NULL, &job), P2A_OK);
        CHECK_EQUAL(p2a_job_step(job, &progress), P2A_OK);
        p2a_context_stop(ctx);
        CHECK_EQUAL(p2a_job_step(job, &progress), P2A_ERR_STOPPED);
        p2a_job_destroy(job);
        p2a_image_destroy(photo);
    }
}

int main(void)
{
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    p2a_model *kept = load(ctx), *fresh = load(ctx);
    const size_t before = p2a_context_bytes(ctx);
    p2a_model_keep_network(kept, 1);
    p2a_model_keep_network(NULL, 1);
    test_same_pixels(ctx, kept, fresh);
    const size_t after = p2a_context_bytes(ctx);
    CHECK(after > before);
    test_same_pixels(ctx, kept, fresh);
    CHECK_EQUAL(p2a_context_bytes(ctx), after); /* however many jobs */
    p2a_model_keep_network(kept, 0);
    CHECK_EQUAL(p2a_context_bytes(ctx), before);
    p2a_model_keep_network(kept, 1);
    p2a_image_destroy(paint(ctx, kept, 30, 30, 1));
    p2a_model_destroy(kept);
    p2a_model_destroy(fresh);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
