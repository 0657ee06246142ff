/* model_promises.c - what nn/graph.h promises of a loaded model, as a check */
#include "model_promises.h"

#include <math.h>

bool model_keeps_promises(const p2a_model *model)
{
    const p2a_graph *g = &model->graph;
    bool good_graph = g->multiple_of >= 1 && g->multiple_of <= 256 && g->node_count >= 1 &&
                      g->node_count <= P2A_GRAPH_NODES_MAX &&
                      g->tensor_count == g->node_count + 1 && g->output_count >= 1 &&
                      g->output_count <= P2A_GRAPH_OUTPUTS_MAX && g->range[0] < g->range[1];
    for (uint32_t i = 0; i < g->tensor_count; i++)
        good_graph = good_graph && g->tensors[i].channels >= 1 &&
                     g->tensors[i].channels <= P2A_GRAPH_CHANNELS_MAX;
    for (uint32_t n = 0; n < g->node_count; n++) {
        const p2a_node *node = &g->nodes[n];
        good_graph = good_graph && node->op < P2A_OP_COUNT && node->output == n + 1 &&
                     node->input_count >= 1 && node->input_count <= P2A_NODE_INPUTS_MAX &&
                     (node->weight == P2A_NO_WEIGHT || node->weight < g->weight_count) &&
                     (node->bias == P2A_NO_WEIGHT || node->bias < g->weight_count) &&
                     node->min < node->max && node->block <= 16 && node->groups >= 1;
        for (uint32_t i = 0; i < node->input_count; i++)
            good_graph = good_graph && node->inputs[i] <= n;
    }
    for (uint32_t i = 0; i < g->weight_count; i++) {
        const p2a_weight *weight = &g->weights[i];
        good_graph = good_graph && (weight->values == NULL) != (weight->bytes == NULL);
        for (size_t k = 0; k < weight->count && weight->values != NULL; k++)
            good_graph = good_graph && isfinite(weight->values[k]);
    }
    return good_graph;
}
