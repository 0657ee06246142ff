/* model_types.c - a checked graph -> a refusal where bytes and f32 meet, or a step cannot be
 * computed with */
#include <math.h>
#include <string.h>

#include "nn/model_graph.h"

/* What the integer arithmetic behind the operators holds (XNNPACK's microparams-init.c). */
#define CONV_RATIO_MIN 0x1p-32f
#define CONV_RATIO_END 256.0f
#define CONV_PRODUCTS_MAX 32768u /* 255 x 128 each: with the bias, below 2^31 */
#define CONV_BIAS_MAX 0x1p30f
#define ADD_RATIO_MIN 0x1p-10f
#define MUL_RATIO_MIN 0x1p-16f
#define RATIO_END 256.0f

typedef struct typed_node {
    p2a_context *ctx;
    p2a_graph *graph;
    const p2a_node *node;
    uint32_t index;
} typed_node;

static p2a_status refuse(const typed_node *t, const char *rule)
{
    return p2a_fail(t->ctx, P2A_ERR_MODEL, "graph node %u (%s, %.40s): %s", t->index,
                    p2a_op_name(t->node->op), t->graph->tensors[t->node->output].name, rule);
}

static const p2a_quantization *of(const typed_node *t, uint32_t tensor)
{
    return &t->graph->tensors[tensor].quantization;
}

static bool is_bytes(const typed_node *t, uint32_t input)
{
    return p2a_tensor_is_bytes(t->graph, t->node->inputs[input]);
}

static bool fits(float ratio, float min, float end)
{
    return ratio >= min && ratio < end;
}

/* Bytes in, I8 weights, bytes out; or f32 everywhere. */
static p2a_status check_conv2d(const typed_node *t)
{
    const p2a_node *node = t->node;
    const p2a_weight *weight = &t->graph->weights[node->weight];
    const bool made = p2a_tensor_is_bytes(t->graph, node->output);
    if ((weight->bytes != NULL) != made || is_bytes(t, 0) != made)
        return refuse(t,
                      "expected an input of bytes, an I8 weight, step and zero, or none of them");
    if (!made)
        return P2A_OK;
    if (node->padding != P2A_PADDING_ZERO)
        return refuse(t, "expected padding zero for a convolution of bytes");
    if (weight->count / weight->shape[0] > CONV_PRODUCTS_MAX)
        return refuse(t, "expected at most 32768 weights a channel for a convolution of bytes");
    const float *scales = t->graph->weights[weight->scale].values;
    const float *bias = node->bias == P2A_NO_WEIGHT ? NULL : t->graph->weights[node->bias].values;
    const float in = of(t, node->inputs[0])->step, out = of(t, node->output)->step;
    for (uint32_t o = 0; o < weight->shape[0]; o++) {
        if (!fits(in * scales[o] / out, CONV_RATIO_MIN, CONV_RATIO_END))
            return refuse(t, "expected 2^-32 to 256 for its input's step x scale / step");
        if (bias != NULL && !(fabsf(bias[o] / (in * scales[o])) <= CONV_BIAS_MAX))
            return refuse(t, "expected a bias of at most 2^30 x its input's step x scale");
    }
    return P2A_OK;
}

static p2a_status check_pair(const typed_node *t)
{
    const p2a_node *node = t->node;
    const bool made = p2a_tensor_is_bytes(t->graph, node->output);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (is_bytes(t, i) != made)
            return refuse(t, "expected inputs of bytes, step and zero, or none of them");
    if (!made)
        return P2A_OK;
    if (node->input_count != 2 || node->min > -INFINITY || node->max < INFINITY)
        return refuse(t, "expected two inputs and no activation for bytes");
    const float a = of(t, node->inputs[0])->step, b = of(t, node->inputs[1])->step;
    const float out = of(t, node->output)->step;
    if (node->op == P2A_OP_ADD &&
        (!fits(a / out, ADD_RATIO_MIN, RATIO_END) || !fits(b / out, ADD_RATIO_MIN, RATIO_END)))
        return refuse(t, "expected 2^-10 to 256 for its inputs' steps / step");
    if (node->op == P2A_OP_MUL && !fits(a * b / out, MUL_RATIO_MIN, RATIO_END))
        return refuse(t, "expected 2^-16 to 256 for the product of its inputs' steps / step");
    return P2A_OK;
}

/* Moves or mixes values of one tensor: what a byte stands for stays. */
static p2a_status check_kept(const typed_node *t)
{
    const p2a_node *node = t->node;
    if (!is_bytes(t, 0))
        return P2A_OK;
    t->graph->tensors[node->output].quantization = *of(t, node->inputs[0]);
    if (node->op != P2A_OP_RESIZE)
        return P2A_OK;
    bool good = node->input_count == 1 && node->mode == P2A_RESIZE_BILINEAR && !node->align_corners;
    for (int i = 0; i < 2; i++)
        good = good && (node->scale[i] == 1 || node->scale[i] == 2 || node->scale[i] == 4);
    return good ? P2A_OK : refuse(t, "expected bilinear and a scale of 1, 2 or 4 for bytes");
}

static p2a_status check_node(const typed_node *t)
{
    const p2a_node *node = t->node;
    const bool made = p2a_tensor_is_bytes(t->graph, node->output);
    const uint32_t weights[2] = {node->weight, node->bias};
    for (int i = 0; i < 2; i++)
        if (weights[i] != P2A_NO_WEIGHT && t->graph->weights[weights[i]].bytes != NULL &&
            (i == 1 || node->op != P2A_OP_CONV2D))
            return refuse(t, "expected F16 or F32 for its weights: I8 is for conv2d");
    switch (node->op) {
    case P2A_OP_CONV2D:
        return check_conv2d(t);
    case P2A_OP_ADD:
    case P2A_OP_MUL:
        return check_pair(t);
    case P2A_OP_SIGMOID:
        return is_bytes(t, 0) == made
                   ? P2A_OK
                   : refuse(t, "expected an input of bytes, step and zero, or none of them");
    case P2A_OP_SPACE_TO_DEPTH:
    case P2A_OP_DEPTH_TO_SPACE:
    case P2A_OP_RESIZE:
        return check_kept(t);
    case P2A_OP_DEQUANTIZE:
        return is_bytes(t, 0) ? P2A_OK : refuse(t, "expected an input of bytes");
    default: /* quantize among them */
        for (uint32_t i = 0; i < node->input_count; i++)
            if (is_bytes(t, i))
                return refuse(t, "expected f32 inputs");
        return P2A_OK;
    }
}

p2a_status p2a_model_check_types(p2a_model *model)
{
    p2a_graph *graph = &model->graph;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const typed_node t = {model->ctx, graph, &graph->nodes[n], n};
        const p2a_status status = check_node(&t);
        if (status != P2A_OK)
            return status;
    }
    bool ends_in_bytes = p2a_tensor_is_bytes(graph, graph->input);
    for (uint32_t i = 0; i < graph->output_count; i++)
        ends_in_bytes |= p2a_tensor_is_bytes(graph, graph->outputs[i]);
    if (ends_in_bytes && strcmp(p2a_model_metadata(model, "kind"), "generator") != 0)
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "graph: expected an f32 input and f32 outputs but for kind generator");
    return P2A_OK;
}
