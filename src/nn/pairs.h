/* pairs.h - 3x3 convolutions of small bytes: two outputs of a row from four products instead of six
 */
#ifndef P2A_NN_PAIRS_H
#define P2A_NN_PAIRS_H

#include "nn/graph.h"
#include "nn/sums.h"

/* p2a_weight.paired: true where the kernels' rows, transformed, are bytes still. */
bool p2a_pairs_suit(const p2a_weight *weight);

/* True for convolutions that dots.c makes and whose rows may be made here. */
bool p2a_pairs_fits(const p2a_graph *graph, const p2a_node *node);

/* What p2a_pairs_pack() writes, this many bytes. sums: the convolution's, which it keeps. */
size_t p2a_pairs_packed(const p2a_graph *graph, const p2a_node *node);
void p2a_pairs_pack(const p2a_graph *graph, const p2a_node *node, const p2a_sums *sums,
                    void *packed);

/* A row of input for rows of `out_width` pixels, transformed: this many bytes. */
size_t p2a_pairs_row_bytes(size_t out_width, size_t in);
/* row: [2 * (pairs, made even) + 2, in] bytes below 0, as the instruction takes them. */
void p2a_pairs_transform(const uint8_t *restrict row, size_t out_width, size_t in,
                         uint8_t *restrict out);

typedef struct p2a_pairs_args {
    const void *packed;
    const p2a_sums *sums;
    const uint8_t *rows[3]; /* transformed */
    int8_t *out;            /* [out_width, made] */
    size_t out_width, in, made;
} p2a_pairs_args;

void p2a_pairs_make_row(const p2a_pairs_args *args);

#endif
