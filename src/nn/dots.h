/* dots.h - convolutions of bytes by an instruction that adds up four products */
#ifndef P2A_NN_DOTS_H
#define P2A_NN_DOTS_H

#include "nn/graph.h"

/* True for convolutions of bytes in whole groups of four channels, where this machine has the
 * instruction: always the same on a machine. */
bool p2a_dots_fits(const p2a_graph *graph, const p2a_node *node);

/* Weights, sums to start from and scales, this many bytes: given, release with p2a_free(); NULL
 * where there is no memory. */
size_t p2a_dots_packed(const p2a_graph *graph, const p2a_node *node);
void *p2a_dots_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory for rows of this many pixels; SIZE_MAX: too many. */
size_t p2a_dots_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width);

typedef struct p2a_dots_args {
    const p2a_graph *graph;
    const p2a_node *node;
    const int8_t *in;   /* [.., in_width, in_channels]: the rows that the first output row needs,
                           and on */
    const void *packed; /* p2a_dots_pack() */
    int8_t *out;        /* [rows, out_width, out_channels] */
    void *scratch;
    size_t in_width, out_width, rows;
} p2a_dots_args;

void p2a_dots_run(p2a_context *ctx, const p2a_dots_args *args);

#endif
