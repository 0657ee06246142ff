/* nn_narrow.c - convolutions with few channels in or out against plain sums, whole and in bands */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "graph_builder.h"
#include "nn/narrow.h"

typedef struct shape {
    uint32_t in, made, kernel, stride;
    size_t height, width; /* of the output */
    bool relu, zeros;     /* the border's columns are zeros that the convolution adds */
} shape;

static float value_at(const p2a_narrow_args *args, size_t in, size_t y, size_t x, size_t c)
{
    if (x < args->left || x - args->left >= args->in_width)
        return 0.0f;
    return args->in[(y * args->in_width + x - args->left) * in + c];
}

static float plain_sum(const p2a_narrow_args *args, size_t y, size_t x, size_t o)
{
    const p2a_node *node = args->node;
    const p2a_weight *weight = &args->graph->weights[node->weight];
    const size_t in = weight->shape[3], kernel = weight->shape[1];
    double sum = (double)args->graph->weights[node->bias].values[o];
    for (size_t ky = 0; ky < kernel; ky++)
        for (size_t kx = 0; kx < kernel; kx++)
            for (size_t c = 0; c < in; c++)
                sum += (double)weight->values[((o * kernel + ky) * kernel + kx) * in + c] *
                       (double)value_at(args, in, y * node->stride[0] + ky,
                                        x * node->stride[1] + kx, c);
    return fminf(fmaxf((float)sum, node->min), node->max);
}

static double largest_difference(const p2a_narrow_args *args, size_t made)
{
    double worst = 0;
    for (size_t i = 0; i < args->rows * args->out_width * made; i++) {
        const size_t pixel = i / made;
        const float expected =
            plain_sum(args, pixel / args->out_width, pixel % args->out_width, i % made);
        worst = fmax(worst, fabs((double)expected - (double)args->out[i]));
    }
    return worst;
}

static void compare(p2a_context *ctx, shape s)
{
    graph_builder b;
    builder_start(&b, s.in, 1);
    builder_conv(&b, 0, s.made, s.kernel, s.stride,
                 s.zeros ? P2A_PADDING_ZERO : P2A_PADDING_REFLECT, s.relu);
    const p2a_node *node = &b.nodes[0];
    const size_t padded = (s.width - 1) * s.stride + s.kernel;
    const size_t in_width = s.zeros ? padded - 2 * (s.kernel / 2) : padded;
    const size_t in_count = ((s.height - 1) * s.stride + s.kernel) * in_width * s.in;
    const size_t count = s.height * s.width * s.made;
    float *values = malloc(in_count * sizeof *values);
    float *whole = malloc(count * sizeof *whole), *banded = malloc(count * sizeof *banded);
    float *scratch = malloc(p2a_narrow_scratch(&b.graph, node, in_width) + 1);
    float *packed = p2a_narrow_pack(ctx, &b.graph, node);
    CHECK(values && whole && banded && scratch && packed);
    for (size_t i = 0; i < in_count; i++)
        values[i] = builder_random(&b);
    const p2a_narrow_args args = {.graph = &b.graph,
                                  .node = node,
                                  .in = values,
                                  .packed = packed,
                                  .out = whole,
                                  .scratch = scratch,
                                  .in_width = in_width,
                                  .out_width = s.width,
                                  .rows = s.height,
                                  .left = s.zeros ? s.kernel / 2 : 0,
                                  .right = s.zeros ? s.kernel / 2 : 0};
    p2a_narrow_run(ctx, &args);
    CHECK_NEAR(largest_difference(&args, s.made), 0, 1e-4);
    for (size_t band = 1; band <= 5; band++) {
        memset(banded, 0, count * sizeof *banded);
        for (size_t first = 0; first < s.height; first += band) {
            p2a_narrow_args part = args;
            part.rows = first + band < s.height ? band : s.height - first;
            part.in = values + first * s.stride * in_width * s.in;
            part.out = banded + first * s.width * s.made;
            p2a_narrow_run(ctx, &part);
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
    const shape shapes[] = {
        {3, 32, 7, 1, 9, 13, false, false}, {3, 12, 5, 1, 6, 30, true, true},
        {4, 8, 3, 2, 5, 11, true, true},    {1, 4, 3, 1, 1, 1, false, true},
        {32, 3, 7, 1, 9, 13, false, false}, {20, 1, 5, 1, 6, 30, true, true},
        {8, 4, 3, 1, 5, 2, false, true},    {6, 2, 3, 1, 1, 1, true, false},
    };
    for (uint32_t threads = 1; threads <= 2; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        p2a_context *ctx = NULL;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            compare(ctx, shapes[i]);
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
        p2a_context_destroy(ctx);
    }
    return CHECK_REPORT();
}
