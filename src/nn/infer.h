/* infer.h - a graph and the picture's size -> every tensor's shape, and which rows need which */
#ifndef P2A_NN_INFER_H
#define P2A_NN_INFER_H

#include "nn/graph.h"
#include "tensor/shape.h"

/*
 * Shapes of all tensors for an input of height_px x width_px.
 *
 * shapes: graph->tensor_count entries, filled.
 * Errors: P2A_ERR_MODEL where inputs of one node do not fit each other, or a kernel is larger than
 *         its padded input.
 */
p2a_status p2a_infer_shapes(p2a_context *ctx, const p2a_graph *graph, size_t height_px,
                            size_t width_px, p2a_shape *shapes);

/* True where the node's result depends on sums over its whole inputs; of a graph: of any node. */
bool p2a_node_has_statistics(const p2a_node *node);
bool p2a_graph_has_statistics(const p2a_graph *graph);

/* True where it has them and gives back as many values: what reads it comes after its last row. */
bool p2a_node_is_norm(const p2a_node *node);

/* True where the node gathers those sums before it can make its first row: it is not frozen. */
bool p2a_node_is_global(const p2a_node *node);

/* True where a node needs no more of input i than what it gathers while the rows come. */
bool p2a_input_is_gathered_only(const p2a_node *node, uint32_t i);

/* True where input i gives only its shape (resize), or one row for all (a broadcast operand). */
bool p2a_input_is_shape_only(const p2a_node *node, uint32_t i);
bool p2a_input_is_broadcast(const p2a_node *node, const p2a_shape *shapes, uint32_t i);

/*
 * The highest row of input i that output row `row` needs, at most the input's last row.
 * Rows are made in order, so the rows before `row` have been made already.
 */
size_t p2a_last_row_needed(const p2a_node *node, const p2a_shape *shapes, uint32_t i, size_t row);

/*
 * The lowest row of input i that output rows `row` and later need. Negative for a convolution with
 * zero padding: rows of zeros above the picture are part of its input.
 */
ptrdiff_t p2a_first_row_needed(const p2a_node *node, const p2a_shape *shapes, uint32_t i,
                               size_t row);

/* Row or column -> the one that the padding mode takes instead; in range for any extent >= 1. */
size_t p2a_pad_index(p2a_padding mode, ptrdiff_t index, size_t extent);

/* Where output coordinate `index` samples the input, for one axis of a resize. */
typedef struct p2a_sample {
    size_t low, high; /* the two neighbours */
    float weight;     /* of `high`, 0..1 */
} p2a_sample;
p2a_sample p2a_resize_sample(const p2a_node *node, size_t in_extent, size_t out_extent,
                             size_t index);

/* Multiply-adds of one output row of this node (0 for all but convolutions and products). */
double p2a_row_multiply_adds(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes);

#endif
