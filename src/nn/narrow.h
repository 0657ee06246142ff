/* narrow.h - convolutions with few channels in, or few out */
#ifndef P2A_NN_NARROW_H
#define P2A_NN_NARROW_H

#include "nn/graph.h"

/* True for f32 convolutions with at most 4 channels in or out, where this is faster than XNNPACK.
 */
bool p2a_narrow_fits(const p2a_graph *graph, const p2a_node *node);

/* The weights in the order of the work, this many bytes: given, release with p2a_free(); NULL where
 * there is no memory. */
size_t p2a_narrow_packed(const p2a_graph *graph, const p2a_node *node);
float *p2a_narrow_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory for inputs of this width; SIZE_MAX: too many. */
size_t p2a_narrow_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width);

typedef struct p2a_narrow_args {
    const p2a_graph *graph;
    const p2a_node *node;
    const float *in; /* [covered rows, in_width, in_channels]: those that output row first needs,
                        and on */
    const float *packed; /* p2a_narrow_pack() */
    float *out;          /* [rows, out_width, out_channels] */
    float *scratch;
    size_t in_width, out_width, rows;
    size_t left, right; /* columns of zeros around the input's */
} p2a_narrow_args;

void p2a_narrow_run(p2a_context *ctx, const p2a_narrow_args *args);

#endif
