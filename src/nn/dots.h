/* dots.h - convolutions of bytes by an instruction that adds up four products */
#ifndef P2A_NN_DOTS_H
#define P2A_NN_DOTS_H

#include "nn/sums.h"

/* True for convolutions of bytes in whole groups of four channels, where this machine has the
 * instruction: always the same on a machine. */
bool p2a_dots_fits(const p2a_graph *graph, const p2a_node *node);

/* Weights, sums to start from and scales, this many bytes: given, release with p2a_free(); NULL
 * where there is no memory. */
size_t p2a_dots_packed(const p2a_graph *graph, const p2a_node *node);
void *p2a_dots_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node);

/* Bytes of scratch memory for rows of this many pixels; SIZE_MAX: too many. */
size_t p2a_dots_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width);

void p2a_dots_run(p2a_context *ctx, const p2a_bytes_args *args);

#endif
