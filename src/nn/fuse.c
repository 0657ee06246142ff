/* fuse.c - a graph -> the same graph with fewer nodes */
#include "nn/fuse.h"

#include <math.h>

#include "nn/infer.h"
#include "nn/operator.h"

#define NONE UINT32_MAX

/* The node that reads a tensor, or NONE where several do, or one twice, or the caller. */
static uint32_t only_reader(const p2a_graph *graph, uint32_t tensor)
{
    uint32_t found = NONE, count = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t i = 0; i < graph->nodes[n].input_count; i++)
            if (graph->nodes[n].inputs[i] == tensor) {
                found = n;
                count++;
            }
    for (uint32_t i = 0; i < graph->output_count; i++)
        count += graph->outputs[i] == tensor;
    return count == 1 ? found : NONE;
}

static uint32_t maker(const p2a_graph *graph, uint32_t tensor)
{
    uint32_t n = 0;
    while (n < graph->node_count && graph->nodes[n].output != tensor)
        n++;
    return n < graph->node_count ? n : NONE;
}

static void remove_node(p2a_graph *graph, uint32_t n)
{
    for (; n + 1 < graph->node_count; n++)
        graph->nodes[n] = graph->nodes[n + 1];
    graph->node_count--;
}

/* 0..1: then the larger one of x and slope * x is the result for either sign. */
static bool is_leaky(const p2a_node *node)
{
    return node->op == P2A_OP_RELU ||
           (node->op == P2A_OP_LEAKY_RELU && node->alpha >= 0.0f && node->alpha <= 1.0f);
}

static void fuse_activation(p2a_graph *graph, uint32_t n)
{
    p2a_node *norm = &graph->nodes[n];
    const uint32_t next = only_reader(graph, norm->output);
    if (next == NONE || !is_leaky(&graph->nodes[next]))
        return;
    norm->leaky = true;
    norm->alpha = graph->nodes[next].op == P2A_OP_RELU ? 0.0f : graph->nodes[next].alpha;
    norm->output = graph->nodes[next].output;
    remove_node(graph, next);
}

/* Each pixel's channels times a square matrix, in floats. */
static bool is_product(const p2a_graph *graph, const p2a_node *node)
{
    const uint32_t channels = graph->tensors[node->inputs[0]].channels;
    return node->op == P2A_OP_CONV2D && node->kernel[0] == 1 && node->kernel[1] == 1 &&
           node->stride[0] == 1 && node->stride[1] == 1 && node->groups == 1 &&
           !isfinite(node->min) && !isfinite(node->max) &&
           graph->weights[node->weight].values != NULL &&
           graph->tensors[node->output].channels == channels && p2a_moments_fit(channels);
}

/* The tensor of floats that a tensor is made of, where it is halves. */
static uint32_t floats_of(const p2a_graph *graph, uint32_t tensor)
{
    return graph->tensors[tensor].half ? graph->nodes[maker(graph, tensor)].inputs[0] : tensor;
}

static bool fuse_product(p2a_graph *graph, uint32_t n)
{
    p2a_node *norm = &graph->nodes[n];
    if (norm->op != P2A_OP_ADAPTIVE_NORM || only_reader(graph, norm->inputs[1]) != n)
        return false;
    const uint32_t made = maker(graph, norm->inputs[1]);
    if (made == NONE || !is_product(graph, &graph->nodes[made]) ||
        graph->nodes[made].inputs[0] != floats_of(graph, norm->inputs[0]))
        return false;
    norm->of_product = true;
    norm->inputs[1] = graph->nodes[made].inputs[0];
    norm->weight = graph->nodes[made].weight;
    norm->bias = graph->nodes[made].bias;
    remove_node(graph, made);
    return true;
}

void p2a_fuse_graph(p2a_graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        if (!p2a_node_is_norm(&graph->nodes[n]))
            continue;
        if (fuse_product(graph, n))
            n--; /* the product was before it */
        fuse_activation(graph, n);
    }
}
