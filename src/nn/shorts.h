/* shorts.h - convolutions of bytes by products of 16-bit numbers, where there are none of bytes */
#ifndef P2A_NN_SHORTS_H
#define P2A_NN_SHORTS_H

#include "nn/sums.h"

/* True for convolutions of bytes, 3x3 of stride 1 or 2, in whole groups of four channels,
 * where this is faster than XNNPACK and dots.c has no instruction: always the same on a machine. */
bool p2a_shorts_fits(const p2a_graph *graph, const p2a_node *node);

/* Transformed weights, sums to start from and scales, this many bytes: given, release with
 * p2a_free(); NULL where there is no memory. */
size_t p2a_shorts_packed(const p2a_graph *graph, const p2a_node *node);
void *p2a_shorts_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory. */
size_t p2a_shorts_scratch(const p2a_graph *graph, const p2a_node *node);

void p2a_shorts_run(p2a_context *ctx, const p2a_bytes_args *args);

#endif
