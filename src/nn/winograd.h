/* winograd.h - 3x3 convolutions with 24 products for 8 outputs instead of 72 */
#ifndef P2A_NN_WINOGRAD_H
#define P2A_NN_WINOGRAD_H

#include "nn/graph.h"

/* True for 3x3 convolutions, stride 1, f32, with enough channels, where this is faster than
 * XNNPACK.
 */
bool p2a_winograd_fits(const p2a_graph *graph, const p2a_node *node);

/* The transformed weights, this many bytes: given, release with p2a_free(); NULL where there is no
 * memory. */
size_t p2a_winograd_packed(const p2a_graph *graph, const p2a_node *node);
float *p2a_winograd_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory for these numbers of channels. */
size_t p2a_winograd_scratch(size_t in_channels, size_t out_channels);

typedef struct p2a_winograd_args {
    const float *in;     /* [rows + 2, in_width, in_channels]: the rows that output row first needs,
                            and on */
    const float *packed; /* p2a_winograd_pack() */
    const float *bias;   /* [out_channels], or NULL */
    float *out;          /* [rows, out_width, out_channels] */
    float *scratch;
    size_t in_width, in_channels, out_width, out_channels;
    size_t left; /* columns of zeros before the input's; those behind follow from out_width */
    size_t first, rows; /* output rows, in the picture */
    float min, max;     /* the fused activation */
} p2a_winograd_args;

void p2a_winograd_run(p2a_context *ctx, const p2a_winograd_args *args);

#endif
