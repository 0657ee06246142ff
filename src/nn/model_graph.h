/* model_graph.h - the metadata's graph text to nodes, and the checks that graph.h promises */
#ifndef P2A_NN_MODEL_GRAPH_H
#define P2A_NN_MODEL_GRAPH_H

#include "nn/model.h"
#include "nn/model_names.h"

/*
 * Fill model->graph's tensors, nodes and outputs from the metadata's graph, each value checked for
 * itself. What was made before an error is released by p2a_model_destroy().
 * Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_model_read_graph(p2a_model *model, const p2a_names *weight_names);

/*
 * Check what holds between nodes: weights' shapes, channels (filled in here), sizes for every
 * picture that multiple_of allows, how far an output sees, nothing left unused.
 * Errors: P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_model_check_graph(p2a_model *model);

/*
 * Check where bytes and f32 meet: each operator takes the one or the other, with steps and scales
 * that its arithmetic can hold. Fills in the quantisation of tensors that take their input's.
 * Errors: P2A_ERR_MODEL.
 */
p2a_status p2a_model_check_types(p2a_model *model);

/* The operator's name in a model file, for example "conv2d". */
const char *p2a_op_name(p2a_op op);

#endif
