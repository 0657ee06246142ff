/*
 * plan.h - shapes and a band height -> where every tensor's rows live while the bands go by
 *
 * The picture is fed in bands of rows. After each band every node makes as many output rows as its
 * input rows allow, and each tensor keeps just the rows that a later band still needs: the carried
 * rows. So nothing is computed twice, memory grows with the width only, and the result is that of
 * the whole picture, exactly. One band as high as the picture is the ordinary, untiled run.
 *
 * A tensor of which nothing is carried lives only from its maker to its last reader within a band,
 * and shares its memory with others; one that is carried shares it with those that are needed only
 * before or after it.
 *
 * A global norm waits for its whole input. When that is there, it and the nodes behind it go on in
 * bands, in turns without new rows of the picture: only tensors that a norm waits for, or that a
 * long skip needs, are held whole. Where one such tensor is used up row by row while another of the
 * same shape is made from it, the second takes the place of the first as it goes.
 */
#ifndef P2A_NN_PLAN_H
#define P2A_NN_PLAN_H

#include "nn/infer.h"

#define P2A_NO_HEIR UINT32_MAX

typedef struct p2a_window {
    size_t capacity_rows;  /* zero padding rows included */
    uint32_t pad_top_rows; /* of zeros, that a convolution wants above the first row */
    uint32_t pad_bottom_rows;
    bool carried;                   /* keeps rows from one band to the next */
    bool read;                      /* some node reads it */
    size_t offset_bytes;            /* in the workspace */
    uint32_t first_node;            /* makes it (0 for the input), within a turn */
    uint32_t last_node;             /* reads it last */
    uint32_t first_turn, last_turn; /* in which it has rows */
    uint32_t heir;                  /* the tensor that takes its place row by row, or P2A_NO_HEIR */
    bool inherits;                  /* is somebody's heir */
} p2a_window;

typedef struct p2a_plan {
    p2a_shape *shapes;     /* one a tensor */
    p2a_window *windows;   /* one a tensor */
    size_t *scratch_bytes; /* one a node: offset in the workspace */
    size_t *max_rows;      /* one a node: output rows made in one turn, at most */
    size_t *turn_rows;     /* one a node: the limit of that, for nodes behind a global one */
    size_t band_rows;
    size_t workspace_bytes;
    double multiply_adds; /* of the whole picture */
} p2a_plan;

/*
 * height, width: of the graph's input, multiples of graph->multiple_of.
 * band_rows: a multiple of graph->multiple_of, or >= height for a single band.
 * out: filled; release with p2a_plan_clear(), after failures too.
 * Errors: P2A_ERR_MODEL (the graph does not fit the size), P2A_ERR_MEMORY.
 */
p2a_status p2a_plan_make(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                         size_t band_rows, p2a_plan *out);
void p2a_plan_clear(p2a_context *ctx, p2a_plan *plan);

/* Rows of node n's output that this turn makes when its inputs have available[tensor] rows. */
size_t p2a_plan_rows_possible(const p2a_graph *graph, const p2a_plan *plan, const size_t *available,
                              uint32_t n);

/* The lowest row of a tensor that its readers still need, given the rows made of all tensors. */
ptrdiff_t p2a_plan_lowest_needed(const p2a_graph *graph, const p2a_plan *plan,
                                 const size_t *available, uint32_t tensor);

#endif
