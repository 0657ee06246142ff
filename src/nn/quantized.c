/* quantized.c - a node that works on bytes -> XNNPACK's quantised operator, with scales and bias in
 * integers */
#include <math.h>
#include <xnnpack.h>

#include "base/alloc.h"
#include "nn/operator.h"

bool p2a_node_is_quantized(const p2a_graph *graph, const p2a_node *node)
{
    return p2a_tensor_is_bytes(graph, node->output) || p2a_tensor_is_bytes(graph, node->inputs[0]);
}

static p2a_quantization of(const p2a_graph *graph, uint32_t tensor)
{
    return graph->tensors[tensor].quantization;
}

static struct xnn_quantization_params params_of(const p2a_graph *graph, uint32_t tensor)
{
    const p2a_quantization q = of(graph, tensor);
    return (struct xnn_quantization_params){.zero_point = q.zero, .scale = q.step};
}

/* The byte that stands for a bound of the activation; infinite bounds are a byte's. */
static int8_t bound(float value, p2a_quantization q)
{
    const float byte = rintf(value / q.step) + (float)q.zero;
    return (int8_t)(byte > -128.0f ? (byte < 127.0f ? byte : 127.0f) : -128.0f);
}

static enum xnn_status create_convolution(p2a_context *ctx, const p2a_graph *graph,
                                          const p2a_node *node, xnn_operator_t *out)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const float *scales = graph->weights[weight->scale].values;
    const p2a_quantization in = of(graph, node->inputs[0]), made = of(graph, node->output);
    const size_t from = graph->tensors[node->inputs[0]].channels, to = weight->shape[0];
    int32_t *bias = NULL;
    if (node->bias != P2A_NO_WEIGHT) {
        const float *values = graph->weights[node->bias].values;
        bias = p2a_alloc(ctx, to * sizeof *bias);
        if (bias == NULL)
            return xnn_status_out_of_memory;
        for (size_t o = 0; o < to; o++) /* in range: model_types.c saw to it */
            bias[o] = (int32_t)rintf(values[o] / (in.step * scales[o]));
    }
    const enum xnn_status status = xnn_create_convolution2d_nhwc_qs8_qc8w(
        0, node->pads[3], 0, node->pads[1], node->kernel[0], node->kernel[1], node->stride[0],
        node->stride[1], node->dilation[0], node->dilation[1], node->groups, from / node->groups,
        to / node->groups, from, to, in.zero, in.step, scales, weight->bytes, bias, made.zero,
        made.step, bound(node->min, made), bound(node->max, made), 0, NULL, NULL, out);
    p2a_free(ctx, bias);
    /* XNNPACK says success, and gives nothing, where its row of zeros finds no memory */
    return status == xnn_status_success && *out == NULL ? xnn_status_out_of_memory : status;
}

int p2a_quantized_create(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                         struct xnn_operator **out)
{
    const struct xnn_quantization_params a = params_of(graph, node->inputs[0]);
    const struct xnn_quantization_params b = params_of(graph, node->inputs[node->input_count - 1]);
    const struct xnn_quantization_params made = params_of(graph, node->output);
    *out = NULL;
    switch (node->op) {
    case P2A_OP_CONV2D:
        return (int)create_convolution(ctx, graph, node, out);
    case P2A_OP_ADD:
    case P2A_OP_MUL:
        return (int)xnn_create_binary_elementwise_nd(node->op == P2A_OP_ADD ? xnn_binary_add
                                                                            : xnn_binary_multiply,
                                                     xnn_datatype_qint8, &a, &b, &made, 0, out);
    case P2A_OP_SIGMOID:
        return (int)xnn_create_unary_elementwise_nc(xnn_unary_sigmoid, xnn_datatype_qint8,
                                                    xnn_datatype_qint8, NULL, &a, &made, 0, out);
    case P2A_OP_QUANTIZE:
        return (int)xnn_create_unary_elementwise_nc(xnn_unary_convert, xnn_datatype_fp32,
                                                    xnn_datatype_qint8, NULL, NULL, &made, 0, out);
    case P2A_OP_DEQUANTIZE:
        return (int)xnn_create_unary_elementwise_nc(xnn_unary_convert, xnn_datatype_qint8,
                                                    xnn_datatype_fp32, NULL, &a, NULL, 0, out);
    default: /* only moves or mixes values */
        return (int)xnn_status_success;
    }
}
