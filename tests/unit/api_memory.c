/* api_memory.c - every public call with its n-th allocation failing: no crash, no leak, out NULL */
#include <stdbool.h>

#include "check.h"
#include "model_file.h"
#include "photo2anime.h"

typedef struct failing {
    size_t calls, fail_at; /* the fail_at-th allocation fails; 0: none does */
    size_t live;
} failing;

static void *allocate(void *user, size_t bytes)
{
    failing *f = user;
    if (++f->calls == f->fail_at)
        return NULL;
    f->live++;
    return malloc(bytes);
}

static void release(void *user, void *block)
{
    failing *f = user;
    f->live--;
    free(block);
}

static uint8_t *model_bytes, *png_bytes, *jpeg_bytes;
static size_t model_size, png_size, jpeg_size;

typedef struct scene {
    p2a_context *ctx;
    p2a_model *model;
    p2a_image *image;
} scene;

/* One public call each; true where its result was NULL or empty after a failure. */
static p2a_status load(scene *s, bool *empty)
{
    p2a_model *model = s->model;
    const p2a_status status = p2a_model_load(s->ctx, model_bytes, model_size, &model);
    *empty = model == NULL;
    p2a_model_destroy(model);
    return status;
}

static p2a_status decode_png(scene *s, bool *empty)
{
    p2a_image *image = s->image;
    const p2a_status status = p2a_image_decode(s->ctx, png_bytes, png_size, &image);
    *empty = image == NULL;
    p2a_image_destroy(image);
    return status;
}

static p2a_status decode_jpeg(scene *s, bool *empty)
{
    p2a_image *image = s->image;
    const p2a_status status = p2a_image_decode(s->ctx, jpeg_bytes, jpeg_size, &image);
    *empty = image == NULL;
    p2a_image_destroy(image);
    return status;
}

static p2a_status create(scene *s, bool *empty)
{
    p2a_image *image = s->image;
    const p2a_status status = p2a_image_create(s->ctx, p2a_image_pixels(s->image), 4, 5, 3, &image);
    *empty = image == NULL;
    p2a_image_destroy(image);
    return status;
}

static p2a_status encode(scene *s, p2a_format format, bool *empty)
{
    size_t bytes = 1;
    uint8_t *file = model_bytes;
    const p2a_status status = p2a_image_encode(s->ctx, s->image, format, 90, &bytes, &file);
    *empty = file == NULL && bytes == 0;
    p2a_bytes_destroy(s->ctx, file);
    return status;
}

static p2a_status encode_png(scene *s, bool *empty)
{
    return encode(s, P2A_FORMAT_PNG, empty);
}

static p2a_status encode_jpeg(scene *s, bool *empty)
{
    return encode(s, P2A_FORMAT_JPEG, empty);
}

static p2a_status convert_to(scene *s, uint32_t width_px, bool *empty)
{
    p2a_image *out = s->image;
    p2a_options options;
    p2a_options_default(&options);
    options.width_px = width_px;
    options.band_rows_px = 16;
    const p2a_status status = p2a_convert(s->ctx, s->model, s->image, &options, NULL, &out);
    *empty = out == NULL;
    p2a_image_destroy(out);
    return status;
}

static p2a_status convert_adjusted(scene *s, bool *empty)
{
    p2a_image *out = s->image;
    p2a_options options;
    p2a_options_default(&options);
    options.edge_preserve = 1.25f;
    options.color_shift = 0.5f;
    const p2a_status status = p2a_convert(s->ctx, s->model, s->image, &options, NULL, &out);
    *empty = out == NULL;
    p2a_image_destroy(out);
    return status;
}

static p2a_status convert(scene *s, bool *empty)
{
    return convert_to(s, 0, empty);
}

static p2a_status convert_resized(scene *s, bool *empty)
{
    return convert_to(s, 24, empty);
}

static p2a_status estimate(scene *s, bool *empty)
{
    p2a_estimate out = {1, 1, 1, 1, 1, 1};
    const p2a_status status =
        p2a_convert_estimate(s->ctx, s->model, NULL, NULL, 100, 80, NULL, &out);
    *empty = out.peak_bytes == 0 && out.multiply_adds == 0;
    return status;
}

static p2a_status blend(scene *s, bool *empty)
{
    const p2a_model *models[2] = {s->model, s->model};
    const float shares[2] = {0.25f, 0.75f};
    p2a_model *model = s->model;
    const p2a_status status = p2a_model_blend(s->ctx, models, shares, 2, &model);
    *empty = model == NULL;
    p2a_model_destroy(model);
    return status;
}

static p2a_status measure(scene *s, bool *empty)
{
    double out = 1;
    const p2a_status status = p2a_context_measure(s->ctx, P2A_PRECISION_INT8, &out);
    *empty = out == 0;
    return status;
}

typedef p2a_status (*call)(scene *s, bool *empty);

static const struct {
    const char *name;
    call run;
} calls[] = {
    {"p2a_model_load", load},
    {"p2a_model_blend", blend},
    {"p2a_image_decode of a PNG", decode_png},
    {"p2a_image_decode of a JPEG", decode_jpeg},
    {"p2a_image_create", create},
    {"p2a_image_encode as PNG", encode_png},
    {"p2a_image_encode as JPEG", encode_jpeg},
    {"p2a_convert", convert},
    {"p2a_convert to another width", convert_resized},
    {"p2a_convert with edges and colours", convert_adjusted},
    {"p2a_convert_estimate", estimate},
    {"p2a_context_measure", measure},
};

static void test_call(size_t index)
{
    failing memory = {0, 0, 0};
    const p2a_allocator allocator = {&memory, allocate, release};
    scene s = {NULL, NULL, NULL};
    uint8_t pixels[32 * 32 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7 % 251);
    CHECK_EQUAL(p2a_context_create(NULL, &allocator, &s.ctx), P2A_OK);
    CHECK_EQUAL(p2a_model_load(s.ctx, model_bytes, model_size, &s.model), P2A_OK);
    CHECK_EQUAL(p2a_image_create(s.ctx, pixels, 32, 32, 3, &s.image), P2A_OK);
    const size_t live = memory.live, bytes = p2a_context_bytes(s.ctx);

    p2a_status status = P2A_ERR_MEMORY;
    size_t n = 0;
    bool empty = false;
    while (status != P2A_OK && n < 5000) {
        memory.calls = 0;
        memory.fail_at = ++n;
        status = calls[index].run(&s, &empty);
        CHECK_EQUAL(empty, status != P2A_OK);
        CHECK_EQUAL(memory.live, live);
        CHECK_EQUAL(p2a_context_bytes(s.ctx), bytes);
        if (status != P2A_OK) {
            if (status != P2A_ERR_MEMORY)
                printf("%s, allocation %zu: %s\n", calls[index].name, n,
                       p2a_context_message(s.ctx));
            CHECK_EQUAL(status, P2A_ERR_MEMORY);
            CHECK(p2a_context_message(s.ctx)[0] != '\0');
        }
    }
    CHECK_EQUAL(status, P2A_OK);
    CHECK(n > 1 || memory.calls == 0);
    printf("%s: %zu allocations failed in turn\n", calls[index].name, n - 1);
    memory.fail_at = 0;
    p2a_image_destroy(s.image);
    p2a_model_destroy(s.model);
    p2a_context_destroy(s.ctx);
    CHECK_EQUAL(memory.live, 0);
}

static void test_context(void)
{
    failing memory = {0, 1, 0};
    const p2a_allocator allocator = {&memory, allocate, release};
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, &allocator, &ctx), P2A_ERR_MEMORY);
    CHECK(ctx == NULL);
    CHECK_EQUAL(memory.live, 0);
}

static void make_files(void)
{
    p2a_context *ctx = NULL;
    p2a_image *image = NULL;
    uint8_t pixels[33 * 21 * 4], *file = NULL;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 13 % 241);
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    CHECK_EQUAL(p2a_image_create(ctx, pixels, 33, 21, 4, &image), P2A_OK);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_PNG, 90, &png_size, &file), P2A_OK);
    png_bytes = malloc(png_size);
    memcpy(png_bytes, file, png_size);
    p2a_bytes_destroy(ctx, file);
    CHECK_EQUAL(p2a_image_encode(ctx, image, P2A_FORMAT_JPEG, 90, &jpeg_size, &file), P2A_OK);
    jpeg_bytes = malloc(jpeg_size);
    memcpy(jpeg_bytes, file, jpeg_size);
    p2a_bytes_destroy(ctx, file);
    p2a_image_destroy(image);
    p2a_context_destroy(ctx);
    model_bytes = read_whole_file(P2A_ROOT "/models/weights/miyazaki.safetensors", &model_size);
    CHECK(model_bytes != NULL);
}

int main(void)
{
    make_files();
    test_context();
    for (size_t i = 0; model_bytes && i < sizeof calls / sizeof *calls; i++)
        test_call(i);
    free(model_bytes);
    free(png_bytes);
    free(jpeg_bytes);
    return CHECK_REPORT();
}
