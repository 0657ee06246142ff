/* nn_winograd.c - 3x3 convolutions by Winograd's transforms against plain sums, whole and in bands
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "graph_builder.h"
#include "nn/winograd.h"

/* The input with its columns of zeros. */
static float value_at(const p2a_winograd_args *args, size_t y, size_t x, size_t c)
{
    if (x < args->left || x - args->left >= args->in_width)
        return 0.0f;
    return args->in[(y * args->in_width + x - args->left) * args->in_channels + c];
}

static float plain_sum(const p2a_winograd_args *args, const float *weight, size_t y, size_t x,
                       size_t o)
{
    const size_t in = args->in_channels;
    double sum = args->bias ? (double)args->bias[o] : 0;
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++)
            for (size_t c = 0; c < in; c++)
                sum += (double)weight[((o * 3 + ky) * 3 + kx) * in + c] *
                       (double)value_at(args, y + ky, x + kx, c);
    return fminf(fmaxf((float)sum, args->min), args->max);
}

/*
 * zeros: the border's columns are zeros that the convolution adds, else they are part of its input.
 * Sizes that are odd, even and one; sums of 9 x in products below 1: floats agree to 1e-4.
 */
static void compare(p2a_context *ctx, uint32_t in, uint32_t made, size_t height, size_t width,
                    bool relu, bool zeros)
{
    graph_builder b;
    builder_start(&b, in, 1);
    builder_conv(&b, 0, made, 3, 1, P2A_PADDING_REFLECT, relu);
    const p2a_node *node = &b.nodes[0];
    const p2a_weight *weight = &b.weights[node->weight];
    const size_t in_width = width + (zeros ? 0 : 2);
    const size_t in_count = (height + 2) * in_width * in, count = height * width * made;
    float *values = malloc(in_count * sizeof *values);
    float *whole = malloc(count * sizeof *whole), *banded = malloc(count * sizeof *banded);
    float *scratch = malloc(p2a_winograd_scratch(in, made));
    float *packed = p2a_winograd_pack(ctx, &b.graph, node);
    CHECK(values && whole && banded && scratch && packed);
    for (size_t i = 0; i < in_count; i++)
        values[i] = builder_random(&b);
    const p2a_winograd_args args = {
        .in = values,
        .packed = packed,
        .bias = node->bias == P2A_NO_WEIGHT ? NULL : b.weights[node->bias].values,
        .out = whole,
        .scratch = scratch,
        .in_width = in_width,
        .in_channels = in,
        .out_width = width,
        .out_channels = made,
        .left = zeros ? 1 : 0,
        .rows = height,
        .min = node->min,
        .max = node->max};
    p2a_winograd_run(ctx, &args);
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t pixel = i / made;
        worst = fmax(worst, fabs((double)plain_sum(&args, weight->values, pixel / width,
                                                   pixel % width, i % made) -
                                 (double)whole[i]));
    }
    CHECK_NEAR(worst, 0, 1e-4);
    for (size_t band = 1; band <= 5; band++) {
        memset(banded, 0, count * sizeof *banded);
        for (size_t first = 0; first < height; first += band) {
            p2a_winograd_args part = args;
            part.first = first;
            part.rows = first + band < height ? band : height - first;
            part.in = values + first * in_width * in;
            part.out = banded + first * width * made;
            p2a_winograd_run(ctx, &part);
        }
        CHECK(memcmp(whole, banded, count * sizeof *whole) == 0);
    }
    p2a_free(ctx, packed);
    free(scratch);
    free(banded);
    free(whole);
    free(values);
    builder_free(&b);
}

int main(void)
{
    for (uint32_t threads = 1; threads <= 2; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        p2a_context *ctx = NULL;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        for (int zeros = 0; zeros < 2; zeros++) {
            compare(ctx, 16, 8, 1, 1, false, zeros);
            compare(ctx, 32, 40, 11, 13, true, zeros);
            compare(ctx, 20, 16, 6, 250, true, zeros);
            compare(ctx, 24, 12, 5, 7, false, zeros);
        }
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
        p2a_context_destroy(ctx);
    }
    return CHECK_REPORT();
}
