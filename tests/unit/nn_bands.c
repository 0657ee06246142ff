/* nn_bands.c - a two-path generator's graph in bands equals the whole picture, byte for byte */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nn/network.h"
#include "nn_run.h"

static uint32_t residual(graph_builder *b, uint32_t x)
{
    const uint32_t channels = b->tensors[x].channels;
    const uint32_t a = builder_conv(b, x, channels, 3, 1, P2A_PADDING_ZERO, true);
    const uint32_t c = builder_conv(b, a, channels, 3, 1, P2A_PADDING_ZERO, false);
    return builder_binary(b, P2A_OP_ADD, x, c);
}

/* The structure of DESIGN.md's generator with few channels: long skips, strides, upsampling. */
static void build(graph_builder *b)
{
    static const uint32_t channels[4] = {8, 12, 16, 20};
    uint32_t level[4];
    builder_start(b, 3, 16);
    const uint32_t packed = builder_node(b, P2A_OP_SPACE_TO_DEPTH, 0, 12)->output;
    level[0] = residual(b, builder_conv(b, packed, channels[0], 3, 1, P2A_PADDING_ZERO, true));
    for (int i = 1; i < 4; i++)
        level[i] =
            residual(b, builder_conv(b, level[i - 1], channels[i], 3, 2, P2A_PADDING_ZERO, true));
    uint32_t y = level[3];
    for (int i = 2; i >= 0; i--) {
        const uint32_t up =
            builder_resize(b, builder_conv(b, y, channels[i], 1, 1, P2A_PADDING_ZERO, false), 2);
        const uint32_t gate = builder_unary(
            b, P2A_OP_SIGMOID, builder_conv(b, up, channels[i], 1, 1, P2A_PADDING_ZERO, false));
        const uint32_t gated = builder_binary(b, P2A_OP_MUL, level[i], gate);
        y = builder_conv(b, builder_binary(b, P2A_OP_ADD, gated, up), channels[i], 3, 1,
                         P2A_PADDING_ZERO, true);
    }
    const uint32_t out = builder_conv(b, residual(b, y), 12, 3, 1, P2A_PADDING_ZERO, false);
    builder_node(b, P2A_OP_DEPTH_TO_SPACE, out, 3);
}

/* AnimeGANv3's and CartoonGAN's kind: global norms, a skip over two scales, global attention. */
static void build_with_norms(graph_builder *b)
{
    builder_start(b, 3, 4);
    uint32_t level[3], x = 0;
    for (int i = 0; i < 3; i++) {
        x = builder_conv(b, x, 8, 3, i == 0 ? 1 : 2, P2A_PADDING_REFLECT, false);
        const uint32_t like = builder_conv(b, x, 8, 1, 1, P2A_PADDING_ZERO, false);
        p2a_node *norm = builder_node(b, P2A_OP_ADAPTIVE_NORM, x, 8);
        norm->input_count = 2;
        norm->inputs[1] = like;
        norm->eps = 1e-5f;
        x = level[i] = builder_unary(b, P2A_OP_LEAKY_RELU, norm->output);
    }
    x = builder_unary(b, P2A_OP_SPATIAL_SOFTMAX, x);
    builder_node(b, P2A_OP_SUM_NORM, x, 8)->eps = 1e-6f;
    x = builder_binary(b, P2A_OP_ADD, x + 1, level[2]);
    for (int i = 1; i >= 0; i--) {
        x = builder_conv(b, builder_resize(b, x, 2), 8, 3, 1, P2A_PADDING_ZERO, false);
        p2a_node *norm = builder_node(b, P2A_OP_GROUP_NORM, x, 8);
        norm->eps = 1e-5f;
        x = builder_binary(b, P2A_OP_ADD, builder_unary(b, P2A_OP_RELU, norm->output), level[i]);
    }
    builder_conv(b, x, 3, 7, 1, P2A_PADDING_REFLECT, false);
}

static void test_bands_equal_whole(p2a_context *ctx, const p2a_graph *graph)
{
    static const size_t sizes[][2] = {{16, 16}, {64, 48}, {304, 80}, {1104, 32}};
    static const size_t bands[] = {16, 32, 64, 512, 0};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        p2a_shape shape;
        p2a_status status;
        float *whole =
            run_network(ctx, graph, sizes[s][0], sizes[s][1], sizes[s][0], &shape, &status);
        CHECK_EQUAL(status, P2A_OK);
        for (size_t k = 0; whole && k < sizeof bands / sizeof *bands; k++) {
            float *got =
                run_network(ctx, graph, sizes[s][0], sizes[s][1], bands[k], &shape, &status);
            CHECK_EQUAL(status, P2A_OK);
            CHECK(got && memcmp(whole, got, shape.height * shape.width * 3 * sizeof(float)) == 0);
            free(got);
        }
        free(whole);
    }
}

static void test_memory_grows_with_the_width_only(p2a_context *ctx, const p2a_graph *graph)
{
    size_t low = 0, high = 0, whole = 0;
    double work = 0, more_work = 0;
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 1024, 512, 64, false, &low, &work), P2A_OK);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 8192, 512, 64, false, &high, &more_work), P2A_OK);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 8192, 512, 8192, false, &whole, &more_work),
                P2A_OK);
    CHECK_EQUAL(low, high);
    CHECK(whole > 4 * high);
    CHECK_NEAR(more_work / work, 8, 1e-9);
}

typedef struct rows_io {
    const float *in;
    float *out;
    size_t row_floats;
} rows_io;

static void read_io(void *user, size_t first, size_t rows, void *out)
{
    const rows_io *io = user;
    memcpy(out, io->in + first * io->row_floats, rows * io->row_floats * sizeof(float));
}

static void write_io(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    const rows_io *io = user;
    CHECK_EQUAL(output, 0);
    memcpy(io->out + first * io->row_floats, values, rows * io->row_floats * sizeof(float));
}

#define SIDE 96

/* Value i of a made picture, in [-1,1]. */
static float made_value(size_t i)
{
    return (float)((i * 7919 + i / 301) % 255) / 127.5f - 1.0f;
}

/* With the statistics of the same picture, the frozen run is the exact one in any bands; with those
 * of another it is not; and its memory does not grow with the height. */
static void test_frozen_statistics(p2a_context *ctx, const p2a_graph *graph)
{
    enum { COUNT = SIDE * SIDE * 3 };
    float *in = malloc(COUNT * sizeof *in), *exact = malloc(COUNT * sizeof *exact);
    float *got = malloc(COUNT * sizeof *got);
    rows_io io = {in, exact, SIDE * 3};
    for (size_t i = 0; i < COUNT; i++)
        in[i] = made_value(i);
    p2a_network *network = NULL;
    CHECK_EQUAL(p2a_network_create(ctx, graph, &network), P2A_OK);
    CHECK_EQUAL(p2a_network_plan(network, SIDE, SIDE, 0), P2A_OK);
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
    io.out = got;
    CHECK_EQUAL(p2a_network_set_gathering(network, P2A_FROZEN), P2A_OK);
    for (size_t band = 16; band <= SIDE; band *= 2) {
        memset(got, 0, COUNT * sizeof *got);
        CHECK_EQUAL(p2a_network_plan(network, SIDE, SIDE, band), P2A_OK);
        CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
        CHECK(memcmp(exact, got, COUNT * sizeof *got) == 0);
    }
    for (size_t i = 0; i < COUNT; i++)
        in[i] = 0.5f * in[i] + 0.3f;
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
    CHECK_EQUAL(p2a_network_set_gathering(network, P2A_GATHER), P2A_OK);
    io.out = exact;
    CHECK_EQUAL(p2a_network_plan(network, SIDE, SIDE, 16), P2A_OK);
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
    CHECK(memcmp(exact, got, COUNT * sizeof *got) != 0);
    p2a_network_destroy(network);
    free(got);
    free(exact);
    free(in);

    size_t low = 0, high = 0, whole = 0;
    double work = 0;
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 1024, 512, 64, true, &low, &work), P2A_OK);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 8192, 512, 64, true, &high, &work), P2A_OK);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 8192, 512, 64, false, &whole, &work), P2A_OK);
    CHECK_EQUAL(low, high);
    CHECK(whole > 4 * high);
}

static double mean_difference(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs((double)a[i] - (double)b[i]);
    return sum / (double)count;
}

static void run_gathering(p2a_network *network, p2a_gathering gathering, size_t band, rows_io *io)
{
    CHECK_EQUAL(p2a_network_set_gathering(network, gathering), P2A_OK);
    CHECK_EQUAL(p2a_network_plan(network, SIDE, SIDE, band), P2A_OK);
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, io), P2A_OK);
}

/* Pictures that go from one level to another: smoothed statistics follow, a part at a time. */
static void test_smoothed_statistics(p2a_context *ctx, const p2a_graph *graph)
{
    enum { COUNT = SIDE * SIDE * 3 };
    float *in = malloc(COUNT * sizeof *in), *out = malloc(COUNT * sizeof *out);
    float *last = malloc(COUNT * sizeof *last);
    rows_io io = {in, out, SIDE * 3};
    p2a_network *network = NULL;
    CHECK_EQUAL(p2a_network_create(ctx, graph, &network), P2A_OK);
    CHECK_EQUAL(p2a_network_plan(network, SIDE, SIDE, 0), P2A_OK);
    CHECK_EQUAL(p2a_network_smooth(network, 0.5), P2A_OK);
    double moved[8] = {0};
    for (int frame = 0; frame < 8; frame++) {
        for (size_t i = 0; i < COUNT; i++)
            in[i] = made_value(i) * (frame ? 0.4f : 0.9f);
        CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
        for (size_t i = 0; frame && i < COUNT; i++)
            moved[frame] += fabs((double)out[i] - (double)last[i]);
        memcpy(last, out, COUNT * sizeof *out);
    }
    for (int frame = 2; frame < 8; frame++)
        CHECK(moved[frame] > 0 && moved[frame] < moved[frame - 1]);
    CHECK(moved[7] < 0.3 * moved[2]);
    CHECK_EQUAL(p2a_network_smooth(network, 1), P2A_OK); /* each by itself again */
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
    memcpy(last, out, COUNT * sizeof *out);
    CHECK_EQUAL(p2a_network_run(network, read_io, write_io, &io), P2A_OK);
    CHECK(memcmp(last, out, COUNT * sizeof *out) == 0);
    p2a_network_destroy(network);
    free(last);
    free(out);
    free(in);
}

/* With next to nothing of its own, a picture is painted with the statistics of the one before: with
 * all of them, of both inputs of an adaptive norm. */
static void test_smoothing_keeps_all_statistics(p2a_context *ctx, const p2a_graph *graph)
{
    enum { COUNT = SIDE * SIDE * 3 };
    float *first = malloc(COUNT * sizeof *first), *second = malloc(COUNT * sizeof *second);
    float *frozen = malloc(COUNT * sizeof *frozen), *smoothed = malloc(COUNT * sizeof *smoothed);
    for (size_t i = 0; i < COUNT; i++) {
        first[i] = made_value(i);
        second[i] = 0.4f * first[i] - 0.2f;
    }
    rows_io of_first = {first, frozen, SIDE * 3}, of_second = {second, frozen, SIDE * 3};
    p2a_network *network = NULL;
    CHECK_EQUAL(p2a_network_create(ctx, graph, &network), P2A_OK);
    run_gathering(network, P2A_GATHER, 16, &of_first);
    run_gathering(network, P2A_FROZEN, 16, &of_second);
    of_first.out = of_second.out = smoothed;
    CHECK_EQUAL(p2a_network_smooth(network, 1e-9), P2A_OK);
    run_gathering(network, P2A_GATHER, 16, &of_first);
    run_gathering(network, P2A_GATHER, 16, &of_second);
    CHECK(mean_difference(frozen, smoothed, COUNT) < 1e-5);
    p2a_network_destroy(network);
    free(smoothed);
    free(frozen);
    free(second);
    free(first);
}

/* Fused or not (fuse.h): an adaptive norm of a 1x1 convolution is what the plain loops make of it.
 */
static void test_norms_equal_the_reference(p2a_context *ctx, const p2a_graph *graph)
{
    p2a_shape shape;
    p2a_status status;
    float *got = run_network(ctx, graph, 48, 100, 16, &shape, &status);
    double *expected = run_reference(ctx, graph, 48, 100, &shape);
    for (size_t i = 0; got && expected && i < shape.height * shape.width * 3; i++)
        CHECK_NEAR((double)got[i], expected[i], 2e-4);
    CHECK(got && expected);
    free(expected);
    free(got);
}

/* What waits for a norm in 16 bits: nearly the same values, in two thirds of the memory. */
static void test_halves(p2a_context *ctx, p2a_graph *graph)
{
    p2a_shape shape;
    p2a_status status;
    size_t float_bytes = 0, half_bytes = 0;
    double work = 0;
    float *floats = run_network(ctx, graph, 256, 80, 16, &shape, &status);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 2048, 512, 32, false, &float_bytes, &work),
                P2A_OK);
    graph->halves = true;
    float *halves = run_network(ctx, graph, 256, 80, 16, &shape, &status);
    CHECK_EQUAL(p2a_network_estimate(ctx, graph, 2048, 512, 32, false, &half_bytes, &work), P2A_OK);
    CHECK((double)half_bytes < 0.65 * (double)float_bytes);
    double most = 0, largest = 0;
    for (size_t i = 0; floats && halves && i < shape.height * shape.width * 3; i++) {
        most = fmax(most, fabs((double)floats[i] - (double)halves[i]));
        largest = fmax(largest, fabs((double)floats[i]));
    }
    CHECK(most > 0 && most < 0.002 * largest);
    free(halves);
    free(floats);
    test_bands_equal_whole(ctx, graph);
    test_frozen_statistics(ctx, graph);
    test_smoothed_statistics(ctx, graph);
    graph->halves = false;
}

/*
 * A picture painted with the statistics of another, and with those corrected by a comparison: that
 * is much nearer to the picture's own, and where both are the same picture, the same.
 */
static void test_corrected_statistics(p2a_context *ctx, const p2a_graph *graph)
{
    enum { COUNT = SIDE * SIDE * 3 };
    float *picture = malloc(COUNT * sizeof *picture), *copy = malloc(COUNT * sizeof *copy);
    float *exact = malloc(COUNT * sizeof *exact), *got = malloc(COUNT * sizeof *got);
    for (size_t i = 0; i < COUNT; i++) {
        picture[i] = made_value(i);
        copy[i] = 0.95f * picture[i] + 0.01f;
    }
    p2a_network *network = NULL;
    CHECK_EQUAL(p2a_network_create(ctx, graph, &network), P2A_OK);
    rows_io of_picture = {picture, exact, SIDE * 3}, of_copy = {copy, got, SIDE * 3};
    run_gathering(network, P2A_GATHER, 16, &of_picture);
    of_picture.out = got;
    run_gathering(network, P2A_DRAFT, 0, &of_copy);
    run_gathering(network, P2A_FROZEN, 16, &of_picture);
    const double uncorrected = mean_difference(got, exact, COUNT);
    run_gathering(network, P2A_COMPARE, 32, &of_picture);
    run_gathering(network, P2A_CORRECT, 0, &of_copy);
    run_gathering(network, P2A_FROZEN, 16, &of_picture);
    const double corrected = mean_difference(got, exact, COUNT);
    CHECK(uncorrected > 1e-3 && corrected < 0.1 * uncorrected);

    run_gathering(network, P2A_DRAFT, 0, &of_picture);
    run_gathering(network, P2A_COMPARE, 16, &of_picture);
    run_gathering(network, P2A_CORRECT, 0, &of_picture);
    run_gathering(network, P2A_FROZEN, 16, &of_picture);
    CHECK(mean_difference(got, exact, COUNT) < 1e-5);
    p2a_network_destroy(network);
    free(got);
    free(exact);
    free(copy);
    free(picture);
}

static void test_wrong_sizes_are_refused(p2a_context *ctx, const p2a_graph *graph)
{
    static const size_t wrong[][3] = {
        {0, 16, 0}, {16, 0, 0}, {17, 16, 0}, {16, 40, 0}, {64, 64, 8}};
    p2a_network *network = NULL;
    CHECK_EQUAL(p2a_network_create(ctx, graph, &network), P2A_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_EQUAL(p2a_network_plan(network, wrong[i][0], wrong[i][1], wrong[i][2]),
                    P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_network_plan(network, 48, 64, 16), P2A_OK); /* and it goes on working */
    p2a_network_destroy(network);
}

int main(void)
{
    graph_builder b, normed;
    build(&b);
    build_with_norms(&normed);
    for (uint32_t threads = 1; threads <= 2; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        p2a_context *ctx = NULL;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        test_bands_equal_whole(ctx, &b.graph);
        test_bands_equal_whole(ctx, &normed.graph);
        test_frozen_statistics(ctx, &normed.graph);
        test_smoothed_statistics(ctx, &normed.graph);
        test_norms_equal_the_reference(ctx, &normed.graph);
        test_smoothing_keeps_all_statistics(ctx, &normed.graph);
        test_corrected_statistics(ctx, &normed.graph);
        test_halves(ctx, &normed.graph);
        test_memory_grows_with_the_width_only(ctx, &b.graph);
        test_wrong_sizes_are_refused(ctx, &b.graph);
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
        p2a_context_destroy(ctx);
    }
    builder_free(&b);
    builder_free(&normed);
    return CHECK_REPORT();
}
