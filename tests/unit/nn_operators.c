/* nn_operators.c - every operator against a naive loop: odd sizes, 1x1, channels around SIMD widths
 */
#include "check.h"
#include "nn_run.h"

static p2a_context *ctx;

/* One graph at several sizes, whole and in bands of two heights. Values are sums of up to a few
 * thousand products below 1: float rounding stays below 1e-4 of the largest value. */
static void compare(const char *what, graph_builder *b)
{
    static const size_t sizes[][2] = {{1, 1}, {2, 3}, {7, 5}, {17, 9}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t height = sizes[s][0] * b->graph.multiple_of;
        const size_t width = sizes[s][1] * b->graph.multiple_of;
        p2a_shape expected_shape = {0, 0, 0};
        double *expected = run_reference(ctx, &b->graph, height, width, &expected_shape);
        const size_t bands[] = {1000 * b->graph.multiple_of, b->graph.multiple_of,
                                3 * b->graph.multiple_of};
        float *whole = NULL;
        for (size_t k = 0; k < 3; k++) {
            p2a_shape shape = {0, 0, 0};
            p2a_status status;
            float *got = run_network(ctx, &b->graph, height, width, bands[k], &shape, &status);
            if (expected == NULL) { /* a kernel that is larger than the picture: refused */
                CHECK_EQUAL(status, P2A_ERR_MODEL);
                CHECK(got == NULL);
                continue;
            }
            if (status != P2A_OK)
                printf("%s at %zux%zu, bands of %zu: %s\n", what, width, height, bands[k],
                       p2a_context_message(ctx));
            CHECK_EQUAL(status, P2A_OK);
            if (got == NULL)
                continue;
            CHECK_EQUAL(shape.height, expected_shape.height);
            CHECK_EQUAL(shape.width, expected_shape.width);
            const size_t count = shape.height * shape.width * shape.channels;
            double worst = 0, largest = 1;
            for (size_t i = 0; i < count; i++) {
                worst = fmax(worst, fabs((double)got[i] - expected[i]));
                largest = fmax(largest, fabs(expected[i]));
            }
            if (!(worst <= 1e-4 * largest))
                printf("%s at %zux%zu, bands of %zu:\n", what, width, height, bands[k]);
            CHECK_NEAR(worst, 0, 1e-4 * largest);
            if (k == 0) {
                whole = got;
            } else {
                CHECK(memcmp(whole, got, count * sizeof *got) == 0);
                free(got);
            }
        }
        free(whole);
        free(expected);
    }
    builder_free(b);
}

static void test_convolutions(void)
{
    static const uint32_t channels[][2] = {{1, 1}, {3, 7}, {4, 8}, {12, 24}, {17, 33}};
    static const struct {
        uint32_t kernel, stride, dilation;
    } shapes[] = {{1, 1, 1}, {3, 1, 1}, {3, 2, 1}, {7, 1, 1}, {1, 2, 1}, {3, 1, 2}, {5, 3, 1}};
    graph_builder b;
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
            for (int padding = P2A_PADDING_ZERO; padding <= P2A_PADDING_REPLICATE; padding++) {
                builder_start(&b, channels[c][0], 1);
                builder_conv(&b, 0, channels[c][1], shapes[k].kernel, shapes[k].stride,
                             (p2a_padding)padding, k % 2);
                p2a_node *node = &b.nodes[0];
                node->dilation[0] = node->dilation[1] = shapes[k].dilation;
                compare("conv2d", &b);
            }
}

static void test_convolution_variants(void)
{
    graph_builder b;
    /* uneven padding, none at all, no bias, a clamp */
    builder_start(&b, 5, 1);
    builder_conv(&b, 0, 6, 3, 2, P2A_PADDING_ZERO, false);
    b.nodes[0].pads[0] = b.nodes[0].pads[1] = 0;
    b.nodes[0].bias = P2A_NO_WEIGHT;
    b.nodes[0].min = -0.25f;
    b.nodes[0].max = 0.25f;
    compare("conv2d with uneven padding", &b);

    builder_start(&b, 5, 1);
    builder_conv(&b, 0, 6, 3, 1, P2A_PADDING_ZERO, false);
    memset(b.nodes[0].pads, 0, sizeof b.nodes[0].pads);
    compare("conv2d without padding", &b);

    static const uint32_t groups[][3] = {{6, 6, 6}, {24, 24, 24}, {8, 12, 4}, {3, 9, 3}};
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (uint32_t stride = 1; stride <= 2; stride++) {
            builder_start(&b, groups[g][0], 1);
            p2a_node *node = builder_node(&b, P2A_OP_CONV2D, 0, groups[g][1]);
            node->groups = groups[g][2];
            node->weight =
                builder_weight(&b, 0.3f, 4, groups[g][1], 3, 3, groups[g][0] / groups[g][2]);
            node->bias = builder_weight(&b, 0.3f, 1, groups[g][1], 0, 0, 0);
            node->kernel[0] = node->kernel[1] = 3;
            node->stride[0] = node->stride[1] = stride;
            for (int i = 0; i < 4; i++)
                node->pads[i] = 1;
            compare("grouped conv2d", &b);
        }
}

static void test_space(void)
{
    graph_builder b;
    for (uint32_t block = 2; block <= 4; block++) {
        builder_start(&b, 3, block);
        builder_node(&b, P2A_OP_SPACE_TO_DEPTH, 0, 3 * block * block)->block = block;
        compare("space_to_depth", &b);
        builder_start(&b, 5 * block * block, 1);
        builder_node(&b, P2A_OP_DEPTH_TO_SPACE, 0, 5)->block = block;
        compare("depth_to_space", &b);
    }
    for (int padding = P2A_PADDING_ZERO; padding <= P2A_PADDING_REPLICATE; padding++) {
        builder_start(&b, 3, 1);
        p2a_node *node = builder_node(&b, P2A_OP_PAD, 0, 3);
        const uint32_t pads[4] = {3, 1, 2, 4};
        memcpy(node->pads, pads, sizeof pads);
        node->padding = (p2a_padding)padding;
        compare("pad", &b);
    }
}

static void test_resize(void)
{
    graph_builder b;
    for (uint32_t scale = 1; scale <= 4; scale++)
        for (int mode = 0; mode < 4; mode++) {
            builder_start(&b, 5, 1);
            builder_resize(&b, 0, scale);
            b.nodes[0].mode = mode == 2 ? P2A_RESIZE_NEAREST : P2A_RESIZE_BILINEAR;
            b.nodes[0].align_corners = mode == 1;
            b.nodes[0].asymmetric = mode == 3;
            compare("resize", &b);
        }
    /* to the size of another tensor: down by a convolution, up again to an odd size */
    for (int mode = 0; mode < 4; mode++) {
        builder_start(&b, 4, 1);
        const uint32_t small = builder_conv(&b, 0, 6, 3, 2, P2A_PADDING_ZERO, false);
        p2a_node *node = builder_node(&b, P2A_OP_RESIZE, small, 6);
        node->input_count = 2;
        node->inputs[1] = 0;
        node->mode = mode == 2 ? P2A_RESIZE_NEAREST : P2A_RESIZE_BILINEAR;
        node->align_corners = mode == 1;
        node->asymmetric = mode == 3;
        compare("resize to another's size", &b);
    }
}

static void test_elementwise(void)
{
    static const p2a_op unary[] = {P2A_OP_RELU, P2A_OP_LEAKY_RELU, P2A_OP_CLAMP,  P2A_OP_SIGMOID,
                                   P2A_OP_TANH, P2A_OP_HARD_SWISH, P2A_OP_SOFTMAX};
    graph_builder b;
    for (uint32_t channels = 1; channels <= 19; channels += 6) {
        for (size_t i = 0; i < sizeof unary / sizeof *unary; i++) {
            builder_start(&b, channels, 1);
            p2a_node *node = builder_node(&b, unary[i], 0, channels);
            node->alpha = 0.2f;
            if (unary[i] == P2A_OP_CLAMP) {
                node->min = -0.5f;
                node->max = 0.25f;
            }
            compare("a unary operator", &b);
        }
        for (int op = P2A_OP_ADD; op <= P2A_OP_MUL; op++) {
            builder_start(&b, channels, 1);
            const uint32_t other = builder_conv(&b, 0, channels, 3, 1, P2A_PADDING_ZERO, true);
            builder_binary(&b, (p2a_op)op, other, 0);
            compare("a binary operator", &b);

            builder_start(&b, channels, 1);
            const uint32_t mean = builder_node(&b, P2A_OP_MEAN, 0, channels)->output;
            builder_binary(&b, (p2a_op)op, 0, mean);
            b.nodes[1].min = 0.0f;
            compare("a binary operator with one row for all", &b);

            for (int one = 0; one < 2; one++) {
                builder_start(&b, channels, 1);
                p2a_node *node = builder_node(&b, (p2a_op)op, 0, channels);
                node->weight = builder_weight(&b, 1, 1, one ? 1 : channels, 0, 0, 0);
                node->max = 0.5f;
                compare("a binary operator with a weight", &b);
            }
        }
        builder_start(&b, channels, 1);
        builder_node(&b, P2A_OP_PRELU, 0, channels)->weight =
            builder_weight(&b, 1, 1, channels, 0, 0, 0);
        compare("prelu", &b);
    }
}

static void test_channels(void)
{
    graph_builder b;
    builder_start(&b, 3, 1);
    const uint32_t more = builder_conv(&b, 0, 5, 3, 1, P2A_PADDING_ZERO, true);
    p2a_node *node = builder_node(&b, P2A_OP_CONCAT, 0, 11);
    node->input_count = 3;
    node->inputs[1] = more;
    node->inputs[2] = 0;
    compare("concat", &b);

    builder_start(&b, 9, 1);
    node = builder_node(&b, P2A_OP_SLICE, 0, 4);
    node->begin = 3;
    node->size = 4;
    compare("slice", &b);

    builder_start(&b, 19, 1);
    builder_node(&b, P2A_OP_ARGMAX, 0, 1);
    compare("argmax", &b);
}

static void test_reductions(void)
{
    graph_builder b;
    for (uint32_t channels = 2; channels <= 34; channels += 16) {
        builder_start(&b, channels, 1);
        builder_node(&b, P2A_OP_MEAN, 0, channels);
        compare("mean", &b);

        builder_start(&b, channels, 1);
        const uint32_t mean = builder_node(&b, P2A_OP_MEAN, 0, channels)->output;
        p2a_node *product = builder_node(&b, P2A_OP_FULLY_CONNECTED, mean, 7);
        product->weight = builder_weight(&b, 0.3f, 2, 7, channels, 0, 0);
        product->bias = builder_weight(&b, 0.3f, 1, 7, 0, 0, 0);
        product->min = 0.0f;
        compare("fully_connected", &b);

        for (int op = P2A_OP_INSTANCE_NORM; op <= P2A_OP_LAYER_NORM; op++)
            for (int weights = 0; weights < 2; weights++) {
                builder_start(&b, channels, 1);
                p2a_node *node = builder_node(&b, (p2a_op)op, 0, channels);
                node->groups = 2;
                node->eps = 1e-2f;
                if (weights) {
                    node->weight = builder_weight(&b, 1, 1, channels, 0, 0, 0);
                    node->bias = builder_weight(&b, 1, 1, channels, 0, 0, 0);
                }
                compare("a norm", &b);
            }

        builder_start(&b, channels, 1);
        builder_node(&b, P2A_OP_SPATIAL_SOFTMAX, 0, channels);
        compare("spatial_softmax", &b);

        builder_start(&b, channels, 1);
        builder_node(&b, P2A_OP_SIGMOID, 0, channels);
        builder_node(&b, P2A_OP_SUM_NORM, 1, channels)->eps = 1e-2f;
        compare("sum_norm", &b);

        builder_start(&b, channels, 1);
        const uint32_t like = builder_conv(&b, 0, channels, 1, 1, P2A_PADDING_ZERO, false);
        p2a_node *adaptive = builder_node(&b, P2A_OP_ADAPTIVE_NORM, 0, channels);
        adaptive->input_count = 2;
        adaptive->inputs[1] = like;
        adaptive->eps = 1e-2f;
        compare("adaptive_norm", &b);
    }
    for (uint32_t kernel = 2; kernel <= 3; kernel++)
        for (uint32_t stride = 1; stride <= 2; stride++) {
            builder_start(&b, 5, 1);
            p2a_node *node = builder_node(&b, P2A_OP_MAX_POOL, 0, 5);
            node->kernel[0] = node->kernel[1] = kernel;
            node->stride[0] = node->stride[1] = stride;
            for (int i = 0; i < 4; i++)
                node->pads[i] = kernel / 2;
            compare("max_pool", &b);
        }
}

int main(void)
{
    for (uint32_t threads = 1; threads <= 2; threads++) {
        p2a_limits limits;
        p2a_limits_default(&limits);
        limits.threads = threads;
        CHECK_EQUAL(p2a_context_create(&limits, NULL, &ctx), P2A_OK);
        if (threads == 1) { /* nn_bands.c runs these on two threads */
            test_convolutions();
            test_convolution_variants();
            test_elementwise();
        }
        test_space();
        test_resize();
        test_channels();
        test_reductions();
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
        p2a_context_destroy(ctx);
    }
    return CHECK_REPORT();
}
