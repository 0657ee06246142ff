/* winograd_bytes.h - 3x3 convolutions of bytes with 16 products for 4 outputs instead of 36 */
#ifndef P2A_NN_WINOGRAD_BYTES_H
#define P2A_NN_WINOGRAD_BYTES_H

#include "nn/graph.h"

/* True for 3x3 convolutions of bytes, stride 1, in whole groups of four channels, where this is
 * faster than XNNPACK and dots.c has no instruction: always the same on a machine. */
bool p2a_winograd_bytes_fits(const p2a_graph *graph, const p2a_node *node);

/* Transformed weights, sums to start from and scales, this many bytes: given, release with
 * p2a_free(); NULL where there is no memory. */
size_t p2a_winograd_bytes_packed(const p2a_graph *graph, const p2a_node *node);
void *p2a_winograd_bytes_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory for this number of input channels. */
size_t p2a_winograd_bytes_scratch(size_t in_channels);

typedef struct p2a_winograd_bytes_args {
    const p2a_graph *graph;
    const p2a_node *node;
    const int8_t *in;   /* [rows + 2, in_width, in_channels]: the rows that the first output row
                           needs, and on */
    const void *packed; /* p2a_winograd_bytes_pack() */
    int8_t *out;        /* [rows, out_width, out_channels] */
    void *scratch;
    size_t in_width, out_width, rows;
} p2a_winograd_bytes_args;

void p2a_winograd_bytes_run(p2a_context *ctx, const p2a_winograd_bytes_args *args);

#endif
