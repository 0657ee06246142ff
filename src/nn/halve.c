/* halve.c - a graph -> the same graph, in which what waits for a norm is stored in 16 bits */
#include "nn/halve.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/infer.h"

typedef struct halving {
    const p2a_graph *from;
    p2a_graph *to;
    uint32_t *norms; /* one a tensor of `from`: norms one behind the other that are before it */
    uint32_t *half;  /* one a tensor of `from`: where it is stored as halves, or NOT_HALVED */
} halving;

#define NOT_HALVED UINT32_MAX

static void count_norms(halving *h)
{
    for (uint32_t n = 0; n < h->from->node_count; n++) {
        const p2a_node *node = &h->from->nodes[n];
        uint32_t most = 0;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (!p2a_input_is_shape_only(node, i) && most < h->norms[node->inputs[i]])
                most = h->norms[node->inputs[i]];
        h->norms[node->output] = most + p2a_node_is_norm(node);
    }
}

/* Whether rows of input i are wanted after a norm that came after they were made. */
static bool waits(const halving *h, const p2a_node *node, uint32_t i)
{
    return !p2a_input_is_shape_only(node, i) && !p2a_input_is_gathered_only(node, i) &&
           !p2a_tensor_is_bytes(h->from, node->inputs[i]) &&
           h->norms[node->inputs[i]] < h->norms[node->output];
}

static uint32_t add_tensor(halving *h, uint32_t like, bool is_half)
{
    p2a_graph *to = h->to;
    to->tensors[to->tensor_count] = to->tensors[like];
    to->tensors[to->tensor_count].half = is_half;
    return to->tensor_count++;
}

static void add_node(halving *h, p2a_op op, uint32_t input, uint32_t output)
{
    h->to->nodes[h->to->node_count++] = (p2a_node){.op = op,
                                                   .input_count = 1,
                                                   .inputs = {input},
                                                   .output = output,
                                                   .weight = P2A_NO_WEIGHT,
                                                   .bias = P2A_NO_WEIGHT,
                                                   .kernel = {1, 1},
                                                   .stride = {1, 1},
                                                   .dilation = {1, 1},
                                                   .groups = 1,
                                                   .min = -INFINITY,
                                                   .max = INFINITY};
}

/* After the maker of a tensor: its halves, where some node waits with it. */
static void halve(halving *h, uint32_t tensor)
{
    h->half[tensor] = NOT_HALVED;
    for (uint32_t n = 0; n < h->from->node_count; n++)
        for (uint32_t i = 0; i < h->from->nodes[n].input_count; i++) {
            const p2a_node *reader = &h->from->nodes[n];
            if (h->half[tensor] != NOT_HALVED || reader->inputs[i] != tensor ||
                !waits(h, reader, i))
                continue;
            h->half[tensor] = add_tensor(h, tensor, true);
            add_node(h, P2A_OP_HALVE, tensor, h->half[tensor]);
        }
}

/* An input of the node that came after as many norms as its output. */
static uint32_t find_pace(const halving *h, const p2a_node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!p2a_input_is_shape_only(node, i) &&
            h->norms[node->inputs[i]] == h->norms[node->output])
            return node->inputs[i];
    return node->inputs[0];
}

/* A norm reads halves; before another node they become floats, row by row as its other input is
 * there. */
static void copy_node(halving *h, const p2a_node *from)
{
    p2a_node node = *from;
    for (uint32_t i = 0; i < node.input_count; i++) {
        if (!waits(h, from, i))
            continue;
        node.inputs[i] = h->half[from->inputs[i]];
        if (p2a_node_is_norm(from))
            continue;
        const uint32_t widened = add_tensor(h, from->inputs[i], false);
        add_node(h, P2A_OP_WIDEN, node.inputs[i], widened);
        p2a_node *widen = &h->to->nodes[h->to->node_count - 1];
        widen->inputs[widen->input_count++] = find_pace(h, from);
        node.inputs[i] = widened;
    }
    h->to->nodes[h->to->node_count++] = node;
}

p2a_status p2a_halve_graph(p2a_context *ctx, const p2a_graph *graph, p2a_graph *out)
{
    /* a half of each tensor, and a float of it for each reader */
    const size_t nodes =
        (size_t)graph->node_count * (1 + P2A_NODE_INPUTS_MAX) + 1 + graph->tensor_count;
    halving h = {graph, out, NULL, NULL};
    *out = *graph;
    out->node_count = 0;
    out->nodes = p2a_alloc_zeroed(ctx, nodes, sizeof *out->nodes);
    out->tensors = p2a_alloc_zeroed(ctx, nodes + graph->tensor_count, sizeof *out->tensors);
    h.norms = p2a_alloc_zeroed(ctx, graph->tensor_count, sizeof *h.norms);
    h.half = p2a_alloc_zeroed(ctx, graph->tensor_count, sizeof *h.half);
    const bool made = out->nodes && out->tensors && h.norms && h.half;
    if (made) {
        memcpy(out->tensors, graph->tensors, graph->tensor_count * sizeof *out->tensors);
        if (graph->halves)
            count_norms(&h);
        halve(&h, graph->input);
        for (uint32_t n = 0; n < graph->node_count; n++) {
            copy_node(&h, &graph->nodes[n]);
            halve(&h, graph->nodes[n].output);
        }
    }
    p2a_free(ctx, h.half);
    p2a_free(ctx, h.norms);
    if (made)
        return P2A_OK;
    p2a_halve_clear(ctx, out);
    return p2a_fail_memory(ctx, nodes * sizeof *out->nodes, "a graph");
}

void p2a_halve_clear(p2a_context *ctx, p2a_graph *graph)
{
    p2a_free(ctx, graph->nodes);
    p2a_free(ctx, graph->tensors);
    graph->nodes = NULL;
    graph->tensors = NULL;
}
