/* nn_quantized.c - operators on bytes against naive loops in whole numbers: equal, in one piece and
 * in bands */
#include "check.h"
#include "nn/pairs.h"
#include "nn/sums.h"
#include "nn_run.h"

#define IN_STEP 0.0078125f
#define IN_ZERO 5

static p2a_context *ctx;

typedef struct bytes_tensor {
    size_t h, w, c;
    p2a_quantization q;
    int *v; /* bytes */
} bytes_tensor;

static int clamp_byte(double v)
{
    return (int)fmin(fmax(v, -128), 127);
}

static bytes_tensor make(size_t h, size_t w, size_t c, p2a_quantization q)
{
    return (bytes_tensor){h, w, c, q, calloc(h * w * c, sizeof(int))};
}

static int at(const bytes_tensor *t, ptrdiff_t y, ptrdiff_t x, size_t c)
{
    if (y < 0 || x < 0 || y >= (ptrdiff_t)t->h || x >= (ptrdiff_t)t->w)
        return t->q.zero;
    return t->v[((size_t)y * t->w + (size_t)x) * t->c + c];
}

static int convolved(const p2a_graph *g, const p2a_node *n, const bytes_tensor *in,
                     p2a_quantization out, size_t y, size_t x, size_t o)
{
    const p2a_weight *w = &g->weights[n->weight];
    const float scale = g->weights[w->scale].values[o], *bias = g->weights[n->bias].values;
    int64_t sum = (int64_t)rintf(bias[o] / (in->q.step * scale));
    for (uint32_t ky = 0; ky < n->kernel[0]; ky++)
        for (uint32_t kx = 0; kx < n->kernel[1]; kx++)
            for (size_t i = 0; i < in->c; i++)
                sum +=
                    (int64_t)w->bytes[((o * n->kernel[0] + ky) * n->kernel[1] + kx) * in->c + i] *
                    (at(in, (ptrdiff_t)(y * n->stride[0] + ky) - (ptrdiff_t)n->pads[0],
                        (ptrdiff_t)(x * n->stride[1] + kx) - (ptrdiff_t)n->pads[1], i) -
                     in->q.zero);
    const int made =
        clamp_byte((double)rintf((float)sum * (in->q.step * scale / out.step)) + out.zero);
    return n->min == 0.0f && made < out.zero ? out.zero : made;
}

/* Sums of two shares with 21 bits for the larger, halves up. */
static int added(const bytes_tensor *a, const bytes_tensor *b, p2a_quantization out, size_t i)
{
    const float ra = a->q.step / out.step, rb = b->q.step / out.step;
    int exponent;
    frexp((double)fmaxf(ra, rb), &exponent);
    const double unit = ldexp(1, 20 - (exponent - 1));
    const double sum = (a->v[i] - a->q.zero) * rint((double)ra * unit) +
                       (b->v[i] - b->q.zero) * rint((double)rb * unit);
    return clamp_byte(floor(sum / unit + 0.5) + out.zero);
}

static int resized(const bytes_tensor *in, size_t factor, size_t y, size_t x, size_t c)
{
    const size_t at_px[2] = {y, x}, extent[2] = {in->h, in->w};
    size_t low[2], high[2];
    int share[2];
    for (int k = 0; k < 2; k++) {
        const double p = fmax(((double)at_px[k] + 0.5) / (double)factor - 0.5, 0);
        low[k] = (size_t)p;
        high[k] = low[k] + 1 < extent[k] ? low[k] + 1 : low[k];
        share[k] = high[k] > low[k] ? (int)((p - (double)low[k]) * 8) : 0;
    }
    int sum = 32;
    for (int k = 0; k < 4; k++)
        sum += at(in, (ptrdiff_t)(k & 1 ? high[0] : low[0]), (ptrdiff_t)(k & 2 ? high[1] : low[1]),
                  c) *
               (k & 1 ? share[0] : 8 - share[0]) * (k & 2 ? share[1] : 8 - share[1]);
    return (int)floor(sum / 64.0);
}

static bytes_tensor compute(const p2a_graph *g, const p2a_node *n, const bytes_tensor *made)
{
    const bytes_tensor *a = &made[n->inputs[0]], *b = &made[n->inputs[n->input_count - 1]];
    const p2a_quantization q = g->tensors[n->output].quantization;
    const size_t factor = n->op == P2A_OP_RESIZE ? n->scale[0] : 1, stride = n->stride[0];
    bytes_tensor out =
        make((a->h * factor + stride - 1) / stride, (a->w * factor + stride - 1) / stride,
             g->tensors[n->output].channels, q);
    for (size_t i = 0; i < out.h * out.w * out.c; i++) {
        const size_t c = i % out.c, x = i / out.c % out.w, y = i / out.c / out.w;
        if (n->op == P2A_OP_CONV2D)
            out.v[i] = convolved(g, n, a, q, y, x, c);
        else if (n->op == P2A_OP_ADD)
            out.v[i] = added(a, b, q, i);
        else if (n->op == P2A_OP_MUL)
            out.v[i] =
                clamp_byte((double)rintf((float)((a->v[i] - a->q.zero) * (b->v[i] - b->q.zero)) *
                                         (a->q.step * b->q.step / q.step)) +
                           q.zero);
        else if (n->op == P2A_OP_SIGMOID) {
            const double e = exp((double)((float)(a->v[i] - a->q.zero) * a->q.step));
            out.v[i] = clamp_byte((double)roundf((float)(e / (1 + e)) * (1.0f / q.step) + q.zero));
        } else
            out.v[i] = resized(a, factor, y, x, c);
    }
    return out;
}

/* Nodes 1 .. count - 2 work on bytes; the first makes them, the last takes them. */
static void compare(const char *what, graph_builder *b, size_t widest)
{
    const size_t sizes[][2] = {{1, 1}, {2, 3}, {9, 5}, {16, 19}, {3, widest}};
    const p2a_graph *g = &b->graph;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes - (widest == 0); s++) {
        const size_t h = sizes[s][0] * g->multiple_of, w = sizes[s][1] * g->multiple_of;
        bytes_tensor made[BUILDER_MAX] = {{0}};
        made[1] = make(h, w, g->tensors[1].channels, g->tensors[1].quantization);
        for (size_t i = 0; i < h * w * made[1].c; i++)
            made[1].v[i] = clamp_byte(
                (double)rintf(input_value(i / made[1].c / w, i / made[1].c % w, i % made[1].c) *
                              (1.0f / made[1].q.step)) +
                made[1].q.zero);
        for (uint32_t n = 1; n + 1 < g->node_count; n++)
            made[g->nodes[n].output] = compute(g, &g->nodes[n], made);
        const bytes_tensor *last = &made[g->nodes[g->node_count - 1].inputs[0]];
        const size_t bands[] = {1000 * g->multiple_of, g->multiple_of, 3 * g->multiple_of};
        for (size_t k = 0; k < 3; k++) {
            p2a_shape shape = {0, 0, 0};
            p2a_status status;
            float *got = run_network(ctx, g, h, w, bands[k], &shape, &status);
            CHECK_EQUAL(status, P2A_OK);
            CHECK_EQUAL(shape.height, last->h);
            CHECK_EQUAL(shape.width, last->w);
            size_t off = 0;
            for (size_t i = 0; got && i < last->h * last->w * last->c; i++)
                off += got[i] != (float)(last->v[i] - last->q.zero) * last->q.step;
            if (off || !got)
                printf("%s at %zux%zu, bands of %zu: %zu values differ\n", what, w, h, bands[k],
                       off);
            CHECK(got != NULL && off == 0);
            free(got);
        }
        for (size_t t = 0; t < BUILDER_MAX; t++)
            free(made[t].v);
    }
    for (uint32_t i = 0; i < g->weight_count; i++)
        free(b->weights[i].bytes);
    builder_free(b);
}

static uint32_t set(graph_builder *b, uint32_t tensor, float step, int zero)
{
    b->tensors[tensor].quantization = (p2a_quantization){step, (int8_t)zero};
    return tensor;
}

static uint32_t start(graph_builder *b, uint32_t channels, uint32_t multiple_of)
{
    builder_start(b, channels, multiple_of);
    return set(b, builder_unary(b, P2A_OP_QUANTIZE, 0), IN_STEP, IN_ZERO);
}

/* Bytes of weights up to `largest`. */
static void make_bytes(graph_builder *b, p2a_weight *weight, int largest)
{
    for (size_t i = 0; i < weight->count; i++)
        weight->bytes[i] = (int8_t)((float)largest * builder_random(b));
    weight->paired = p2a_pairs_suit(weight);
    weight->reach = p2a_sums_reach(weight);
}

static uint32_t conv(graph_builder *b, uint32_t input, uint32_t channels, uint32_t kernel,
                     uint32_t stride, bool relu, float step, int zero)
{
    const uint32_t out = builder_conv(b, input, channels, kernel, stride, P2A_PADDING_ZERO, relu);
    const p2a_node *node = &b->nodes[b->graph.node_count - 1];
    const uint32_t scale = builder_weight(b, 0.01f, 1, channels, 1, 1, 1);
    p2a_weight *weight = &b->weights[node->weight];
    for (uint32_t o = 0; o < channels; o++)
        b->weights[scale].values[o] = 0.002f + fabsf(b->weights[scale].values[o]);
    weight->scale = scale;
    free(weight->values);
    weight->values = NULL;
    weight->bytes = malloc(weight->count);
    make_bytes(b, weight, 127);
    return set(b, out, step, zero);
}

static void finish(const char *what, graph_builder *b, uint32_t last)
{
    builder_unary(b, P2A_OP_DEQUANTIZE, last);
    compare(what, b, 0);
}

static void test_convolutions(void)
{
    static const uint32_t channels[][2] = {{1, 1},   {3, 5},  {8, 16}, {12, 24},
                                           {24, 12}, {33, 7}, {4, 4},  {16, 20}};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (uint32_t kernel = 1; kernel <= 3; kernel += 2)
            for (uint32_t stride = 1; stride <= 2; stride++) {
                graph_builder b;
                const uint32_t q = start(&b, channels[i][0], stride);
                finish("conv2d", &b,
                       conv(&b, q, channels[i][1], kernel, stride, i % 2, 0.02f,
                            (int)(i * 40 % 240) - 128));
            }
}

static void test_elementwise(void)
{
    for (uint32_t channels = 1; channels <= 37; channels += 12) {
        graph_builder b;
        uint32_t q = start(&b, channels, 1);
        uint32_t c = conv(&b, q, channels, 3, 1, false, 0.031f, -17);
        finish("add", &b, set(&b, builder_binary(&b, P2A_OP_ADD, c, q), 0.0283f, 9));
        q = start(&b, channels, 1);
        c = conv(&b, q, channels, 1, 1, true, 0.017f, -128);
        finish("mul", &b, set(&b, builder_binary(&b, P2A_OP_MUL, q, c), 0.011f, -3));
        q = start(&b, channels, 1);
        c = conv(&b, q, channels, 1, 1, false, 0.05f, 11);
        finish("sigmoid", &b, set(&b, builder_unary(&b, P2A_OP_SIGMOID, c), 1.0f / 256, -128));
        for (uint32_t factor = 1; factor <= 4; factor *= 2) {
            q = start(&b, channels, 1);
            finish("resize", &b, set(&b, builder_resize(&b, q, factor), IN_STEP, IN_ZERO));
        }
    }
}

/* Rows that are made in more than one piece, and as many channels as shorts.c takes. */
static void test_wide(void)
{
    static const uint32_t channels[][2] = {{8, 12}, {100, 4}, {224, 8}};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (uint32_t stride = 1; stride <= 2; stride++) {
            graph_builder b;
            const uint32_t q = start(&b, channels[i][0], stride);
            const uint32_t c =
                conv(&b, q, channels[i][1], 3, stride, i % 2, 0.05f, (int)(i * 90) - 100);
            builder_unary(&b, P2A_OP_DEQUANTIZE, c);
            compare("wide", &b, i == 0 ? 403 : 101);
        }
}

/* The largest weights over the least and the largest bytes: sums up to the largest that shorts.c
 * takes, and with three times as many channels ones that it does not take. */
static void test_largest(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t stride = i / 2 + 1;
        graph_builder b;
        builder_start(&b, i % 2 ? 312 : 104, stride);
        const uint32_t q = set(&b, builder_unary(&b, P2A_OP_QUANTIZE, 0), 0.001f, INT8_MIN);
        const uint32_t c = conv(&b, q, 8, 3, stride, false, 2, 0);
        p2a_weight *weight = &b.weights[b.nodes[b.graph.node_count - 1].weight];
        for (size_t k = 0; k < weight->count; k++)
            weight->bytes[k] = k / (weight->count / 8) % 2 ? INT8_MIN : INT8_MAX;
        weight->paired = p2a_pairs_suit(weight);
        weight->reach = p2a_sums_reach(weight);
        finish("largest", &b, c);
    }
}

/* A residual block between a stride and a resize: rows are carried at two scales. */
static void test_chain(void)
{
    graph_builder b;
    const uint32_t q = start(&b, 6, 2);
    const uint32_t d = conv(&b, q, 10, 3, 2, true, 0.023f, -128);
    const uint32_t x = conv(&b, d, 10, 3, 1, true, 0.019f, -128);
    const uint32_t y = conv(&b, x, 10, 3, 1, false, 0.027f, 4);
    const uint32_t r = set(&b, builder_binary(&b, P2A_OP_ADD, d, y), 0.033f, -60);
    const uint32_t p = conv(&b, r, 6, 1, 1, false, 0.021f, 2);
    const uint32_t u = set(&b, builder_resize(&b, p, 2), 0.021f, 2);
    finish("chain", &b, set(&b, builder_binary(&b, P2A_OP_ADD, q, u), 0.02f, 0));
}

/* What pairs.c makes: kernels whose sums are bytes, over bytes below 0 (zero and step of the input
 * say how many rows have others too). */
static void test_pairs(void)
{
    static const uint32_t channels[][2] = {{4, 8}, {12, 24}, {48, 16}};
    static const p2a_quantization inputs[] = {
        {1.0f / 63, -64}, {1.0f / 63.9f, -64}, {1.0f / 90, -70}};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (size_t k = 0; k < sizeof inputs / sizeof *inputs; k++) {
            graph_builder b;
            builder_start(&b, channels[i][0], 1);
            const uint32_t q =
                set(&b, builder_unary(&b, P2A_OP_QUANTIZE, 0), inputs[k].step, inputs[k].zero);
            const uint32_t c = conv(&b, q, channels[i][1], 3, 1, i == 1, 0.03f, -20);
            p2a_weight *weight = &b.weights[b.nodes[b.graph.node_count - 1].weight];
            make_bytes(&b, weight, 42);
            CHECK(weight->paired);
            builder_unary(&b, P2A_OP_DEQUANTIZE, c);
            compare("pairs", &b, 29 + 2 * i);
        }
}

/* 127 is the largest sum of a kernel's row, with the middle's sign either way. */
static void test_pairs_suit(void)
{
    int8_t bytes[2 * 9 * 4] = {0};
    p2a_weight weight = {.rank = 4, .shape = {2, 3, 3, 4}, .count = sizeof bytes, .bytes = bytes};
    CHECK(p2a_pairs_suit(&weight));
    int8_t *row = bytes + 36 + 12 + 3; /* the last channel of the second kernel's second row */
    row[0] = 100, row[4] = 27;
    CHECK(p2a_pairs_suit(&weight));
    row[4] = 28;
    CHECK(!p2a_pairs_suit(&weight));
    row[4] = -28;
    CHECK(!p2a_pairs_suit(&weight));
    row[4] = 0, row[8] = -127;
    CHECK(p2a_pairs_suit(&weight));
    weight.shape[2] = 1;
    weight.shape[3] = 12;
    CHECK(!p2a_pairs_suit(&weight));
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_convolutions();
    test_elementwise();
    test_wide();
    test_largest();
    test_chain();
    test_pairs();
    test_pairs_suit();
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
