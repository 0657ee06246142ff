/* operator.c - one node, ready to run: XNNPACK operators and their reshape, setup and run */
#include "nn/operator.h"

#include <math.h>
#include <string.h>
#include <xnnpack.h>

#include "base/alloc.h"
#include "nn/dots.h"
#include "nn/library.h"
#include "nn/narrow.h"
#include "nn/shorts.h"
#include "nn/winograd.h"

static p2a_status explain(p2a_context *ctx, const p2a_operator *op, enum xnn_status status,
                          const char *step)
{
    if (status == xnn_status_success)
        return P2A_OK;
    const char *name = op->graph->tensors[op->node->output].name;
    if (status == xnn_status_out_of_memory)
        return p2a_fail(ctx, P2A_ERR_MEMORY, "no memory to %s the operator of '%s'", step, name);
    return p2a_fail(ctx, P2A_ERR_INTERNAL, "XNNPACK refused to %s the operator of '%s' (status %d)",
                    step, name, (int)status);
}

static size_t channels_of(const p2a_graph *graph, uint32_t tensor)
{
    return graph->tensors[tensor].channels;
}

static const float *values_or_null(const p2a_graph *graph, uint32_t weight)
{
    return weight == P2A_NO_WEIGHT ? NULL : graph->weights[weight].values;
}

static enum xnn_status create_convolution(const p2a_graph *graph, const p2a_node *node,
                                          xnn_operator_t *out)
{
    /* Rows above and below the picture are in the tensor's window (zeros) or in the scratch copy;
     * only left and right padding is the operator's. */
    const bool zero = node->padding == P2A_PADDING_ZERO;
    const size_t in = channels_of(graph, node->inputs[0]), made = channels_of(graph, node->output);
    *out = NULL;
    const enum xnn_status status = xnn_create_convolution2d_nhwc_f32(
        0, zero ? node->pads[3] : 0, 0, zero ? node->pads[1] : 0, node->kernel[0], node->kernel[1],
        node->stride[0], node->stride[1], node->dilation[0], node->dilation[1], node->groups,
        in / node->groups, made / node->groups, in, made, graph->weights[node->weight].values,
        values_or_null(graph, node->bias), node->min, node->max, 0, NULL, NULL, out);
    /* XNNPACK says success, and gives nothing, where its row of zeros finds no memory */
    return status == xnn_status_success && *out == NULL ? xnn_status_out_of_memory : status;
}

static enum xnn_status create_unary(enum xnn_unary_operator type,
                                    const union xnn_unary_params *params, xnn_operator_t *out)
{
    return xnn_create_unary_elementwise_nc(type, xnn_datatype_fp32, xnn_datatype_fp32, params, NULL,
                                           NULL, 0, out);
}

static enum xnn_status create_clamp(float min, float max, xnn_operator_t *out)
{
    union xnn_unary_params params;
    params.clamp.min = min;
    params.clamp.max = max;
    return create_unary(xnn_unary_clamp, &params, out);
}

static enum xnn_status create_binary(enum xnn_binary_operator type, xnn_operator_t *out)
{
    return xnn_create_binary_elementwise_nd(type, xnn_datatype_fp32, NULL, NULL, NULL, 0, out);
}

static bool clamps(const p2a_node *node)
{
    return node->min > -INFINITY || node->max < INFINITY;
}

static enum xnn_status create_main(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                                   xnn_operator_t *out)
{
    union xnn_unary_params params;
    memset(&params, 0, sizeof params);
    if (p2a_node_is_quantized(graph, node))
        return (enum xnn_status)p2a_quantized_create(ctx, graph, node, out);
    switch (node->op) {
    case P2A_OP_CONV2D:
        return create_convolution(graph, node, out);
    case P2A_OP_FULLY_CONNECTED: {
        const size_t in = channels_of(graph, node->inputs[0]);
        const size_t made = channels_of(graph, node->output);
        return xnn_create_fully_connected_nc_f32(
            in, made, in, made, graph->weights[node->weight].values,
            values_or_null(graph, node->bias), node->min, node->max, 0, NULL, NULL, out);
    }
    case P2A_OP_ADD:
        return create_binary(xnn_binary_add, out);
    case P2A_OP_SUB:
        return create_binary(xnn_binary_subtract, out);
    case P2A_OP_MUL:
        return create_binary(xnn_binary_multiply, out);
    case P2A_OP_PRELU:
        return create_binary(xnn_binary_prelu, out);
    case P2A_OP_RELU:
        return create_clamp(0.0f, INFINITY, out);
    case P2A_OP_CLAMP:
        return create_clamp(node->min, node->max, out);
    case P2A_OP_LEAKY_RELU:
        params.leaky_relu.negative_slope = node->alpha;
        return create_unary(xnn_unary_leaky_relu, &params, out);
    case P2A_OP_SIGMOID:
        return create_unary(xnn_unary_sigmoid, NULL, out);
    case P2A_OP_TANH:
        return create_unary(xnn_unary_tanh, NULL, out);
    case P2A_OP_HARD_SWISH:
        return create_unary(xnn_unary_hardswish, NULL, out);
    case P2A_OP_SOFTMAX:
        return xnn_create_softmax_nc_f32(0, out);
    default:
        *out = NULL;
        return xnn_status_success;
    }
}

static p2a_status check_packed(p2a_context *ctx, const void *packed, size_t bytes)
{
    return packed ? P2A_OK : p2a_fail_memory(ctx, bytes, "a convolution's weights");
}

p2a_status p2a_operator_create(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                               p2a_operator *out)
{
    *out = (p2a_operator){.graph = graph, .node = node};
    p2a_status status = p2a_library_start(ctx);
    if (status != P2A_OK)
        return status;
    if (p2a_node_has_statistics(node)) {
        const size_t count = p2a_operator_statistics_count(graph, node);
        out->statistics = p2a_alloc_zeroed(ctx, count, sizeof *out->statistics);
        if (out->statistics == NULL)
            return p2a_fail_memory(ctx, count * sizeof *out->statistics, "a norm's statistics");
    }
    if (node->of_product) {
        const size_t count = p2a_moments_count(channels_of(graph, node->inputs[1]));
        out->moments = p2a_alloc_zeroed(ctx, count, sizeof *out->moments);
        if (out->moments == NULL)
            return p2a_fail_memory(ctx, count * sizeof *out->moments, "a norm's statistics");
    }

    if (p2a_winograd_fits(graph, node)) {
        out->winograd = p2a_winograd_pack(ctx, graph, node);
        return check_packed(ctx, out->winograd, p2a_winograd_packed(graph, node));
    }
    if (p2a_narrow_fits(graph, node)) {
        out->narrow = p2a_narrow_pack(ctx, graph, node);
        return check_packed(ctx, out->narrow, p2a_narrow_packed(graph, node));
    }
    if (p2a_shorts_fits(graph, node)) {
        out->shorts = p2a_shorts_pack(ctx, graph, node);
        return check_packed(ctx, out->shorts, p2a_shorts_packed(graph, node));
    }
    if (p2a_dots_fits(graph, node)) {
        out->dots = p2a_dots_pack(ctx, graph, node);
        return check_packed(ctx, out->dots, p2a_dots_packed(graph, node));
    }

    p2a_context *before = p2a_enter(ctx);
    status = explain(ctx, out, create_main(ctx, graph, node, &out->main), "create");
    const bool binary = node->op == P2A_OP_ADD || node->op == P2A_OP_SUB || node->op == P2A_OP_MUL;
    if (status == P2A_OK && binary && clamps(node))
        status = explain(ctx, out, create_clamp(node->min, node->max, &out->clamp), "create");
    p2a_leave(before);
    return status;
}

void p2a_operator_clear(p2a_context *ctx, p2a_operator *op)
{
    p2a_context *before = p2a_enter(ctx);
    if (op->clamp)
        xnn_delete_operator(op->clamp);
    if (op->main)
        xnn_delete_operator(op->main);
    p2a_leave(before);
    p2a_free(ctx, op->winograd);
    op->winograd = NULL;
    p2a_free(ctx, op->narrow);
    op->narrow = NULL;
    p2a_free(ctx, op->shorts);
    op->shorts = NULL;
    p2a_free(ctx, op->dots);
    op->dots = NULL;
    p2a_free(ctx, op->statistics);
    op->statistics = NULL;
    p2a_free(ctx, op->moments);
    op->moments = NULL;
    p2a_free(ctx, op->seen);
    op->seen = NULL;
    p2a_free(ctx, op->correction);
    op->correction = NULL;
    p2a_free(ctx, op->before);
    op->before = NULL;
    op->main = op->clamp = NULL;
}

/* Input rows that `rows` output rows of a convolution or pooling cover. */
static size_t covered_rows(const p2a_node *node, size_t rows)
{
    return (rows - 1) * node->stride[0] + (size_t)node->dilation[0] * (node->kernel[0] - 1) + 1;
}

size_t p2a_operator_scratch(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes,
                            size_t rows)
{
    const p2a_shape in = shapes[node->inputs[0]], out = shapes[node->output];
    switch (node->op) {
    case P2A_OP_CONV2D: {
        size_t bytes = 0;
        if (rows == 0)
            return 0;
        if (p2a_shorts_fits(graph, node))
            return p2a_shorts_scratch(graph, node);
        if (p2a_dots_fits(graph, node))
            return p2a_dots_scratch(graph, node, in.width);
        const size_t own =
            p2a_winograd_fits(graph, node) ? p2a_winograd_scratch(in.channels, out.channels)
            : p2a_narrow_fits(graph, node) ? p2a_narrow_scratch(graph, node, in.width)
                                           : 0;
        if (node->padding == P2A_PADDING_ZERO || own == SIZE_MAX)
            return own;
        if (!p2a_mul_size(in.width + node->pads[1] + node->pads[3], in.channels * sizeof(float),
                          &bytes) ||
            !p2a_mul_size(bytes, covered_rows(node, rows), &bytes) || bytes > SIZE_MAX / 4)
            return SIZE_MAX;
        bytes = (bytes + 128 + 63) / 64 * 64; /* XNNPACK reads past the end, see plan.c */
        return bytes + own;
    }
    case P2A_OP_RESIZE:
        return out.width * sizeof(p2a_sample);
    default:
        if (!p2a_node_has_statistics(node))
            return 0;
        return (p2a_normalize_scratch(in.channels) +
                (node->of_product ? p2a_moments_scratch(in.channels) : 0)) *
               sizeof(float);
    }
}

size_t p2a_operator_bytes(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes,
                          size_t rows)
{
    if (node->of_product)
        return p2a_moments_count(channels_of(graph, node->inputs[1])) * sizeof(double);
    if (node->op != P2A_OP_CONV2D && node->op != P2A_OP_FULLY_CONNECTED)
        return 1024; /* the operator's own struct */
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t taps = node->op == P2A_OP_CONV2D ? node->kernel[0] * node->kernel[1] : 1;
    const size_t outputs = rows * shapes[node->output].width;
    if (p2a_winograd_fits(graph, node))
        return p2a_winograd_packed(graph, node);
    if (p2a_narrow_fits(graph, node))
        return p2a_narrow_packed(graph, node);
    if (p2a_shorts_fits(graph, node))
        return p2a_shorts_packed(graph, node);
    if (p2a_dots_fits(graph, node))
        return p2a_dots_packed(graph, node);
    /* weights are packed for groups of 8 (wasm) or 16 (AVX-512) output channels, with their bias */
    const size_t made = (weight->shape[0] + 15) / 16 * 16;
    const size_t packed = weight->count / weight->shape[0] * made + made;
    return packed * (weight->bytes ? sizeof(int8_t) : sizeof(float)) +
           (weight->bytes ? 2 * made * sizeof(float) : 0) +
           (taps > 1 ? outputs * taps * sizeof(void *) : 0) + 4096;
}

static p2a_status run_xnn(p2a_context *ctx, const p2a_operator *op, xnn_operator_t xnn)
{
    return explain(ctx, op, xnn_run_operator(xnn, ctx->pool), "run");
}

static p2a_status run_convolution(p2a_context *ctx, p2a_operator *op, const p2a_view *input,
                                  const p2a_view *output, size_t first, size_t rows, void *scratch)
{
    const p2a_node *node = op->node;
    const ptrdiff_t in_first = (ptrdiff_t)(first * node->stride[0]) - (ptrdiff_t)node->pads[0];
    const size_t in_rows = covered_rows(node, rows), out_width = output->shape.width;
    void *out = p2a_view_row(output, (ptrdiff_t)first);
    const bool bytes = p2a_node_is_quantized(op->graph, node);
    const void *in;
    size_t in_width = input->shape.width;
    if (node->padding == P2A_PADDING_ZERO) {
        in = p2a_view_row(input, in_first);
    } else {
        p2a_pad_rows(ctx, node, input, in_first, in_rows, scratch);
        in = scratch;
        in_width += node->pads[1] + node->pads[3];
    }
    if (op->winograd || op->narrow) {
        const size_t in_channels = input->shape.channels;
        const bool zero = node->padding == P2A_PADDING_ZERO;
        const size_t copied =
            zero ? 0 : (in_rows * in_width * in_channels * sizeof(float) + 128 + 63) / 64 * 64;
        float *own = (float *)((char *)scratch + copied);
        if (op->narrow) {
            const p2a_narrow_args args = {.graph = op->graph,
                                          .node = node,
                                          .in = in,
                                          .packed = op->narrow,
                                          .out = out,
                                          .scratch = own,
                                          .in_width = in_width,
                                          .out_width = out_width,
                                          .rows = rows,
                                          .left = zero ? node->pads[1] : 0,
                                          .right = zero ? node->pads[3] : 0};
            p2a_narrow_run(ctx, &args);
            return P2A_OK;
        }
        const p2a_winograd_args args = {.in = in,
                                        .packed = op->winograd,
                                        .bias = values_or_null(op->graph, node->bias),
                                        .out = out,
                                        .scratch = own,
                                        .in_width = in_width,
                                        .in_channels = in_channels,
                                        .out_width = out_width,
                                        .out_channels = channels_of(op->graph, node->output),
                                        .left = zero ? node->pads[1] : 0,
                                        .first = first,
                                        .rows = rows,
                                        .min = node->min,
                                        .max = node->max};
        p2a_winograd_run(ctx, &args);
        return P2A_OK;
    }
    if (op->shorts || op->dots) {
        const p2a_bytes_args args = {.graph = op->graph,
                                     .node = node,
                                     .in = in,
                                     .packed = op->shorts ? op->shorts : op->dots,
                                     .out = out,
                                     .scratch = scratch,
                                     .in_width = in_width,
                                     .out_width = out_width,
                                     .rows = rows};
        (op->shorts ? p2a_shorts_run : p2a_dots_run)(ctx, &args);
        return P2A_OK;
    }
    size_t workspace_bytes = 0, workspace_align = 0, made_rows = 0, made_width = 0;
    p2a_status status = explain(
        ctx, op,
        (bytes ? xnn_reshape_convolution2d_nhwc_qs8_qc8w : xnn_reshape_convolution2d_nhwc_f32)(
            op->main, 1, in_rows, in_width, &workspace_bytes, &workspace_align, &made_rows,
            &made_width, ctx->pool),
        "reshape");
    if (status == P2A_OK && (workspace_bytes != 0 || made_rows != rows))
        status = p2a_fail(ctx, P2A_ERR_INTERNAL, "a convolution made %zu rows, expected %zu",
                          made_rows, rows);
    if (status == P2A_OK)
        status = explain(ctx, op,
                         bytes ? xnn_setup_convolution2d_nhwc_qs8_qc8w(op->main, NULL, in, out)
                               : xnn_setup_convolution2d_nhwc_f32(op->main, NULL, in, out),
                         "set up");
    return status == P2A_OK ? run_xnn(ctx, op, op->main) : status;
}

static p2a_status run_unary(p2a_context *ctx, const p2a_operator *op, xnn_operator_t xnn,
                            const void *in, void *out, size_t count)
{
    p2a_status status =
        explain(ctx, op, xnn_reshape_unary_elementwise_nc(xnn, 1, count, count, count, ctx->pool),
                "reshape");
    if (status == P2A_OK)
        status = explain(ctx, op, xnn_setup_unary_elementwise_nc(xnn, in, out), "set up");
    return status == P2A_OK ? run_xnn(ctx, op, xnn) : status;
}

static p2a_status run_binary(p2a_context *ctx, p2a_operator *op, const p2a_shape *shapes,
                             const p2a_view *inputs, void *out, size_t first, size_t rows)
{
    const p2a_node *node = op->node;
    const p2a_shape shape = shapes[node->inputs[0]];
    const size_t pixels = rows * shape.width;
    const size_t a_shape[2] = {pixels, shape.channels};
    size_t b_shape[2] = {pixels, shape.channels};
    const void *b;
    if (node->input_count == 1) {
        b = op->graph->weights[node->weight].values;
        b_shape[0] = 1;
        b_shape[1] = op->graph->weights[node->weight].count;
    } else if (p2a_input_is_broadcast(node, shapes, 1)) {
        b = p2a_view_row(&inputs[1], 0);
        b_shape[0] = 1;
    } else {
        b = p2a_view_row(&inputs[1], (ptrdiff_t)first);
    }
    p2a_status status = explain(
        ctx, op, xnn_reshape_binary_elementwise_nd(op->main, 2, a_shape, 2, b_shape, ctx->pool),
        "reshape");
    if (status == P2A_OK)
        status = explain(ctx, op,
                         xnn_setup_binary_elementwise_nd(
                             op->main, p2a_view_row(&inputs[0], (ptrdiff_t)first), b, out),
                         "set up");
    if (status == P2A_OK)
        status = run_xnn(ctx, op, op->main);
    if (status == P2A_OK && op->clamp)
        status = run_unary(ctx, op, op->clamp, out, out, pixels * shape.channels);
    return status;
}

static p2a_status run_softmax(p2a_context *ctx, p2a_operator *op, const float *in, float *out,
                              size_t pixels, size_t channels)
{
    p2a_status status = explain(
        ctx, op,
        xnn_reshape_softmax_nc_f32(op->main, channels, channels, channels, pixels, ctx->pool),
        "reshape");
    if (status == P2A_OK)
        status = explain(ctx, op, xnn_setup_softmax_nc_f32(op->main, in, out), "set up");
    return status == P2A_OK ? run_xnn(ctx, op, op->main) : status;
}

static p2a_status run_fully_connected(p2a_context *ctx, p2a_operator *op, const float *in,
                                      float *out)
{
    p2a_status status =
        explain(ctx, op, xnn_reshape_fully_connected_nc_f32(op->main, 1, ctx->pool), "reshape");
    if (status == P2A_OK)
        status = explain(ctx, op, xnn_setup_fully_connected_nc_f32(op->main, in, out), "set up");
    return status == P2A_OK ? run_xnn(ctx, op, op->main) : status;
}

void p2a_operator_gather(p2a_context *ctx, p2a_operator *op, const p2a_view *inputs, uint32_t i,
                         size_t first, size_t rows, void *scratch)
{
    double *statistics = op->node->observes ? op->seen : op->statistics;
    double *counted_px = op->node->observes ? op->seen_px : op->counted_px;
    const p2a_kernel_args args = {.ctx = ctx,
                                  .graph = op->graph,
                                  .node = op->node,
                                  .inputs = inputs,
                                  .scratch = scratch,
                                  .statistics = statistics};
    const p2a_shape shape = inputs[i].shape;
    counted_px[i] = (double)shape.height * (double)shape.width;
    if (op->moments == NULL) {
        p2a_run_gather(&args, i, first, rows);
    } else if (i == 1) { /* of which the first input's statistics are too */
        p2a_run_moments(&args, op->moments, i, first, rows);
        if (first + rows == shape.height)
            p2a_moments_take(op->graph, op->node, op->moments, counted_px[1], statistics);
    }
}

p2a_status p2a_operator_run(p2a_context *ctx, p2a_operator *op, const p2a_shape *shapes,
                            const p2a_view *inputs, const p2a_view *output, size_t first,
                            size_t rows, void *scratch)
{
    const p2a_shape shape = output->shape;
    const p2a_kernel_args args = {ctx,   op->graph, op->node, inputs,         output,
                                  first, rows,      scratch,  op->statistics, op->counted_px};
    void *out = p2a_view_row(output, (ptrdiff_t)first);
    switch (op->node->op) {
    case P2A_OP_CONV2D:
        return run_convolution(ctx, op, &inputs[0], output, first, rows, scratch);
    case P2A_OP_FULLY_CONNECTED:
        return run_fully_connected(ctx, op, p2a_view_row(&inputs[0], 0), out);
    case P2A_OP_ADD:
    case P2A_OP_SUB:
    case P2A_OP_MUL:
    case P2A_OP_PRELU:
        return run_binary(ctx, op, shapes, inputs, out, first, rows);
    case P2A_OP_RELU:
    case P2A_OP_CLAMP:
    case P2A_OP_LEAKY_RELU:
    case P2A_OP_SIGMOID:
    case P2A_OP_TANH:
    case P2A_OP_HARD_SWISH:
    case P2A_OP_QUANTIZE:
    case P2A_OP_DEQUANTIZE:
        return run_unary(ctx, op, op->main, p2a_view_row(&inputs[0], (ptrdiff_t)first), out,
                         rows * shape.width * shape.channels);
    case P2A_OP_SOFTMAX:
        return run_softmax(ctx, op, p2a_view_row(&inputs[0], (ptrdiff_t)first), out,
                           rows * shape.width, shape.channels);
    case P2A_OP_SPACE_TO_DEPTH:
        p2a_run_space_to_depth(&args);
        return P2A_OK;
    case P2A_OP_DEPTH_TO_SPACE:
        p2a_run_depth_to_space(&args);
        return P2A_OK;
    case P2A_OP_CONCAT:
        p2a_run_concat(&args);
        return P2A_OK;
    case P2A_OP_SLICE:
        p2a_run_slice(&args);
        return P2A_OK;
    case P2A_OP_PAD:
        p2a_run_pad(&args);
        return P2A_OK;
    case P2A_OP_RESIZE:
        if (output->item_bytes == sizeof(int8_t))
            p2a_run_resize_bytes(&args);
        else
            p2a_run_resize(&args);
        return P2A_OK;
    case P2A_OP_MEAN:
        p2a_run_mean(&args);
        return P2A_OK;
    case P2A_OP_INSTANCE_NORM:
    case P2A_OP_GROUP_NORM:
    case P2A_OP_ADAPTIVE_NORM:
        p2a_run_group_norm(&args);
        return P2A_OK;
    case P2A_OP_LAYER_NORM:
        p2a_run_layer_norm(&args);
        return P2A_OK;
    case P2A_OP_SUM_NORM:
        p2a_run_sum_norm(&args);
        return P2A_OK;
    case P2A_OP_SPATIAL_SOFTMAX:
        p2a_run_spatial_softmax(&args);
        return P2A_OK;
    case P2A_OP_MAX_POOL:
        p2a_run_max_pool(&args);
        return P2A_OK;
    case P2A_OP_ARGMAX:
        p2a_run_argmax(&args);
        return P2A_OK;
    case P2A_OP_HALVE:
        p2a_run_halve(&args);
        return P2A_OK;
    case P2A_OP_WIDEN:
        p2a_run_widen(&args);
        return P2A_OK;
    case P2A_OP_COUNT:
        break;
    }
    return p2a_fail(ctx, P2A_ERR_INTERNAL, "operator %d has no kernel", (int)op->node->op);
}
