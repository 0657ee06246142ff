/* graph_builder.c - build a p2a_graph in a test, node by node, with made-up weights */
#include "graph_builder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char name[] = "t";

void builder_start(graph_builder *b, uint32_t channels, uint32_t multiple_of)
{
    memset(b, 0, sizeof *b);
    b->seed = 12345;
    b->graph.tensors = b->tensors;
    b->graph.nodes = b->nodes;
    b->graph.weights = b->weights;
    b->graph.tensor_count = 1;
    b->graph.output_count = 1;
    b->graph.multiple_of = multiple_of;
    b->graph.range[0] = -1.0f;
    b->graph.range[1] = 1.0f;
    b->tensors[0].name = name;
    b->tensors[0].channels = channels;
}

void builder_free(graph_builder *b)
{
    for (uint32_t i = 0; i < b->graph.weight_count; i++)
        free(b->weights[i].values);
}

float builder_random(graph_builder *b)
{
    b->seed = b->seed * 1664525u + 1013904223u;
    return (float)((int32_t)(b->seed >> 8) - (1 << 23)) / (float)(1 << 23);
}

uint32_t builder_weight(graph_builder *b, float scale, uint32_t rank, uint32_t s0, uint32_t s1,
                        uint32_t s2, uint32_t s3)
{
    p2a_weight *w = &b->weights[b->graph.weight_count];
    const uint32_t shape[4] = {s0, s1, s2, s3};
    w->name = name;
    w->rank = rank;
    w->count = 1;
    for (uint32_t i = 0; i < rank; i++) {
        w->shape[i] = shape[i];
        w->count *= shape[i];
    }
    w->values = malloc((w->count + 8) * sizeof(float)); /* XNNPACK may read past the end */
    for (size_t i = 0; i < w->count; i++)
        w->values[i] = scale * builder_random(b);
    return b->graph.weight_count++;
}

p2a_node *builder_node(graph_builder *b, p2a_op op, uint32_t input, uint32_t out_channels)
{
    p2a_node *node = &b->nodes[b->graph.node_count++];
    memset(node, 0, sizeof *node);
    node->op = op;
    node->input_count = 1;
    node->inputs[0] = input;
    node->output = b->graph.tensor_count;
    node->weight = node->bias = P2A_NO_WEIGHT;
    node->kernel[0] = node->kernel[1] = node->stride[0] = node->stride[1] = 1;
    node->dilation[0] = node->dilation[1] = node->scale[0] = node->scale[1] = 1;
    node->groups = 1;
    node->block = 2;
    node->min = -INFINITY;
    node->max = INFINITY;
    node->eps = 1e-5f;
    b->tensors[b->graph.tensor_count].name = name;
    b->tensors[b->graph.tensor_count].channels = out_channels;
    b->graph.outputs[0] = b->graph.tensor_count++;
    return node;
}

uint32_t builder_conv(graph_builder *b, uint32_t input, uint32_t out_channels, uint32_t kernel,
                      uint32_t stride, p2a_padding padding, bool relu)
{
    const uint32_t in_channels = b->tensors[input].channels;
    p2a_node *node = builder_node(b, P2A_OP_CONV2D, input, out_channels);
    const float scale = 1.5f / sqrtf((float)(in_channels * kernel * kernel));
    node->weight = builder_weight(b, scale, 4, out_channels, kernel, kernel, in_channels);
    node->bias = builder_weight(b, 0.1f, 1, out_channels, 0, 0, 0);
    node->kernel[0] = node->kernel[1] = kernel;
    node->stride[0] = node->stride[1] = stride;
    for (int i = 0; i < 4; i++)
        node->pads[i] = kernel / 2;
    node->padding = padding;
    if (relu)
        node->min = 0.0f;
    return node->output;
}

uint32_t builder_binary(graph_builder *b, p2a_op op, uint32_t left, uint32_t right)
{
    p2a_node *node = builder_node(b, op, left, b->tensors[left].channels);
    node->input_count = 2;
    node->inputs[1] = right;
    return node->output;
}

uint32_t builder_unary(graph_builder *b, p2a_op op, uint32_t input)
{
    return builder_node(b, op, input, b->tensors[input].channels)->output;
}

uint32_t builder_resize(graph_builder *b, uint32_t input, uint32_t scale)
{
    p2a_node *node = builder_node(b, P2A_OP_RESIZE, input, b->tensors[input].channels);
    node->scale[0] = node->scale[1] = scale;
    return node->output;
}
