/* api_video.c - frames: steady where nothing moves, prompt where something does, in constant memory
 */
#include <math.h>

#include "check.h"
#include "failing_context.h"
#include "model_file.h"
#include "photo2anime.h"

#define WIDTH 96
#define HEIGHT 72
#define BYTES (WIDTH * HEIGHT * 4)
#define NOISE_LEVELS 4.0
#define MOVED_LEVELS 20

static uint8_t *model_file;
static size_t model_bytes;
static uint32_t random_state = 1;

static double uniform(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) / 16777216.0;
}

/* A scene of slopes with a square at (at, 20), seen by a camera with noise. */
static void make_frame(uint8_t *rgba, int at, double noise)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 4; c++) {
                const int square = x >= at && x < at + 24 && y >= 20 && y < 44;
                double value = square ? 200 - 40 * c : 60 + x + y * (c + 1) / 3.0;
                if (noise > 0) /* a sum of uniforms is near enough to a normal distribution */
                    value += noise * (uniform() + uniform() + uniform() + uniform() - 2) * 1.732;
                rgba[(y * WIDTH + x) * 4 + c] = (uint8_t)(value < 0     ? 0
                                                          : value > 255 ? 255
                                                                        : value + 0.5);
            }
}

static double mean_difference(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (size_t i = 0; i < BYTES; i++)
        sum += abs((int)a[i] - (int)b[i]);
    return sum / (BYTES / 4 * 3); /* alpha is 255 everywhere */
}

static p2a_model *load(p2a_context *ctx)
{
    p2a_model *model = NULL;
    CHECK_EQUAL(p2a_model_load(ctx, model_file, model_bytes, &model), P2A_OK);
    return model;
}

/* Mean change from frame to frame while nothing moves. */
static double flicker(p2a_context *ctx, const p2a_model *model, float steadiness)
{
    static uint8_t frame[BYTES], before[BYTES];
    p2a_video *video = NULL;
    const uint8_t *out = NULL;
    double sum = 0;
    random_state = 7;
    CHECK_EQUAL(p2a_video_create(ctx, model, WIDTH, HEIGHT, steadiness, &video), P2A_OK);
    for (int i = 0; i < 16; i++) {
        make_frame(frame, 30, NOISE_LEVELS);
        CHECK_EQUAL(p2a_video_process(video, frame, &out), P2A_OK);
        if (i >= 8)
            sum += mean_difference(out, before);
        memcpy(before, out, BYTES);
    }
    p2a_video_destroy(video);
    return sum / 8;
}

/* How far a frame is from the same frame painted by itself, where a square has just come or gone.
 */
static double lag(p2a_context *ctx, const p2a_model *model, float steadiness)
{
    static uint8_t frame[BYTES], before[BYTES], alone[BYTES];
    p2a_video *video = NULL, *single = NULL;
    const uint8_t *out = NULL;
    double sum = 0;
    size_t moved = 0;
    CHECK_EQUAL(p2a_video_create(ctx, model, WIDTH, HEIGHT, steadiness, &video), P2A_OK);
    CHECK_EQUAL(p2a_video_create(ctx, model, WIDTH, HEIGHT, 0, &single), P2A_OK);
    for (int i = 0; i < 10; i++) {
        make_frame(frame, 5 + 6 * i, 0);
        CHECK_EQUAL(p2a_video_process(single, frame, &out), P2A_OK);
        memcpy(alone, out, BYTES);
        CHECK_EQUAL(p2a_video_process(video, frame, &out), P2A_OK);
        for (size_t k = 0; i > 0 && k < BYTES; k++)
            if (abs((int)frame[k] - (int)before[k]) > MOVED_LEVELS) {
                sum += abs((int)out[k] - (int)alone[k]);
                moved++;
            }
        memcpy(before, frame, BYTES);
    }
    p2a_video_destroy(single);
    p2a_video_destroy(video);
    CHECK(moved > 1000);
    return sum / (double)moved;
}

static void test_steady(p2a_context *ctx, const p2a_model *model)
{
    const double each = flicker(ctx, model, 0), steady = flicker(ctx, model, 1);
    printf("flicker at a noise of %.0f levels: %.3f a frame by itself, %.3f steadied\n",
           NOISE_LEVELS, each, steady);
    CHECK(each > 1);
    CHECK(steady < each / 4);
    const double behind = lag(ctx, model, 1);
    printf("where a square moves: %.3f levels from each frame by itself\n", behind);
    CHECK(behind < 1);
}

/* The first frame, and every frame at steadiness 0, is the picture that p2a_convert paints. */
static void test_same_as_convert(p2a_context *ctx, const p2a_model *model)
{
    static uint8_t frame[BYTES], rgb[BYTES];
    p2a_image *photo = NULL, *anime = NULL;
    p2a_video *video = NULL;
    const uint8_t *out = NULL;
    make_frame(frame, 12, 3);
    for (size_t i = 0; i < BYTES / 4; i++)
        memcpy(rgb + 3 * i, frame + 4 * i, 3);
    CHECK_EQUAL(p2a_image_create(ctx, rgb, WIDTH, HEIGHT, 3, &photo), P2A_OK);
    CHECK_EQUAL(p2a_convert(ctx, model, photo, NULL, NULL, &anime), P2A_OK);
    CHECK_EQUAL(p2a_video_create(ctx, model, WIDTH, HEIGHT, 0, &video), P2A_OK);
    for (int turn = 0; turn < 2; turn++) {
        CHECK_EQUAL(p2a_video_process(video, frame, &out), P2A_OK);
        size_t wrong = 0;
        for (size_t i = 0; i < BYTES / 4; i++)
            wrong += memcmp(out + 4 * i, p2a_image_pixels(anime) + 3 * i, 3) != 0 ||
                     out[4 * i + 3] != 255;
        CHECK_EQUAL(wrong, 0);
    }
    p2a_video_destroy(video);
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
}

static void test_memory(void)
{
    static uint8_t frame[BYTES];
    failing_allocator memory;
    p2a_context *ctx = failing_context(&memory, 1);
    p2a_model *model = load(ctx);
    const long long live = memory.blocks;
    p2a_video *video = NULL;
    p2a_status status = P2A_ERR_MEMORY;
    for (long long n = 0; status == P2A_ERR_MEMORY && n < 1000; n++) {
        memory.fails_at = n;
        status = p2a_video_create(ctx, model, WIDTH, HEIGHT, 1, &video);
        CHECK_EQUAL(video == NULL, status != P2A_OK);
        if (status != P2A_OK)
            CHECK_EQUAL(memory.blocks, live);
    }
    CHECK_EQUAL(status, P2A_OK);
    memory.fails_at = -1;
    size_t bytes = 0;
    for (int i = 0; i < 6; i++) {
        const uint8_t *out = NULL;
        make_frame(frame, i, 2);
        CHECK_EQUAL(p2a_video_process(video, frame, &out), P2A_OK);
        if (i == 2)
            bytes = p2a_context_bytes(ctx);
    }
    CHECK_EQUAL(p2a_context_bytes(ctx), bytes);
    p2a_video_destroy(video);
    p2a_model_destroy(model);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    CHECK_EQUAL(memory.blocks, 0);
}

static void test_arguments(p2a_context *ctx, const p2a_model *model)
{
    static uint8_t frame[BYTES];
    p2a_video *video = NULL;
    const uint8_t *out = frame;
    CHECK_EQUAL(p2a_video_create(NULL, model, 8, 8, 0, &video), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_create(ctx, NULL, 8, 8, 0, &video), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_create(ctx, model, 8, 8, 0, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_create(ctx, model, 8, 8, 1.5f, &video), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_create(ctx, model, 8, 8, NAN, &video), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_create(ctx, model, 0, 8, 0, &video), P2A_ERR_LIMIT);
    CHECK_EQUAL(p2a_video_create(ctx, model, 60000, 60000, 0, &video), P2A_ERR_LIMIT);
    CHECK(video == NULL);
    CHECK_EQUAL(p2a_video_process(NULL, frame, &out), P2A_ERR_ARGUMENT);
    CHECK(out == NULL);
    CHECK_EQUAL(p2a_video_create(ctx, model, WIDTH, HEIGHT, 0.5f, &video), P2A_OK);
    CHECK_EQUAL(p2a_video_process(video, NULL, &out), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_video_process(video, frame, NULL), P2A_ERR_ARGUMENT);
    p2a_video_destroy(video);
    p2a_video_destroy(NULL);
}

int main(void)
{
    model_file = read_whole_file(P2A_ROOT "/models/weights/anime-live.safetensors", &model_bytes);
    p2a_context *ctx = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    p2a_model *model = load(ctx);
    test_same_as_convert(ctx, model);
    test_steady(ctx, model);
    test_arguments(ctx, model);
    p2a_model_destroy(model);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    test_memory();
    free(model_file);
    return CHECK_REPORT();
}
