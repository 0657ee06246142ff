/*
 * operator.h - one node, ready to run: create once, then run on any number of row ranges
 *
 * Convolutions, products and elementwise functions are XNNPACK operators (those on bytes are
 * created in quantized.c); what moves, resizes or reduces values is in the kernels of move.c,
 * resize.c, gather.c, normalize.c and pick.c. Output rows do not depend on which other rows are
 * made in the same run: the same sums in the same order.
 */
#ifndef P2A_NN_OPERATOR_H
#define P2A_NN_OPERATOR_H

#include "nn/infer.h"

struct xnn_operator;

typedef struct p2a_operator {
    const p2a_graph *graph;     /* kept */
    const p2a_node *node;       /* kept */
    struct xnn_operator *main;  /* NULL where a kernel of ours does the work */
    struct xnn_operator *clamp; /* the fused activation of add, sub and mul, else NULL */
    float *winograd;            /* transformed weights where winograd.c does the work, else NULL */
    float *narrow;              /* the same for narrow.c */
    void *shorts;               /* ... shorts.c */
    void *dots;                 /* ... and dots.c */
    double *statistics;   /* of a global node: for each input C sums and C sums of squares; of a
                             spatial softmax C largest values and C sums of exponentials */
    double counted_px[2]; /* pixels that they are over, for each input */
    double *before;       /* the same of the picture before, where they are smoothed, else NULL */
    double before_px[2];  /* 0: there was none */
    double *moments;      /* of an adaptive norm of a product, see moments.c, else NULL */
    double *seen;         /* as statistics: what was gathered while those of a copy were used */
    double seen_px[2];
    double *correction; /* what was seen less what was used: for each input C means and C
                           logarithms of variances; of a spatial softmax C logarithms */
} p2a_operator;

/*
 * out: filled; release with p2a_operator_clear(), after failures too.
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_operator_create(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                               p2a_operator *out);
void p2a_operator_clear(p2a_context *ctx, p2a_operator *op);

/* Bytes of scratch memory for making up to `rows` output rows in one run; SIZE_MAX: too many. */
size_t p2a_operator_scratch(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes,
                            size_t rows);

/* Bytes that will be held for this node, about: packed weights and XNNPACK's indirection pointers.
 */
size_t p2a_operator_bytes(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes,
                          size_t rows);

/*
 * Make output rows [first, first + rows). inputs: one view an input, holding the rows needed
 * (p2a_first_row_needed .. p2a_last_row_needed, and rows of zeros where zero padding reaches
 * outside). The caller has entered the context (p2a_enter).
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_operator_run(p2a_context *ctx, p2a_operator *op, const p2a_shape *shapes,
                            const p2a_view *inputs, const p2a_view *output, size_t first,
                            size_t rows, void *scratch);

/*
 * Take rows [first, first + rows) of input i of a global node into its statistics, or of a node
 * that observes into what it has seen. All rows are taken once, in their order, before a global
 * node runs; row 0 starts anew.
 */
void p2a_operator_gather(p2a_context *ctx, p2a_operator *op, const p2a_view *inputs, uint32_t i,
                         size_t first, size_t rows, void *scratch);

/* statistics.c: once input i is gathered, its statistics become `share` of themselves and the rest
 * of those of the picture before, and are kept for the next. Without op->before: nothing. */
void p2a_operator_smooth(p2a_operator *op, uint32_t i, double share);

/* The correction: what was seen less the statistics. And add it to input i's statistics. */
void p2a_operator_compare(p2a_operator *op);
void p2a_operator_correct(p2a_operator *op, uint32_t i);

/* Numbers in a node's statistics. */
size_t p2a_operator_statistics_count(const p2a_graph *graph, const p2a_node *node);

/* Our own kernels. Arguments as above. */
typedef struct p2a_kernel_args {
    p2a_context *ctx;
    const p2a_graph *graph;
    const p2a_node *node;
    const p2a_view *inputs;
    const p2a_view *output;
    size_t first, rows;
    float *scratch;
    double *statistics;
    const double *counted_px;
} p2a_kernel_args;

/* move.c */
void p2a_run_space_to_depth(const p2a_kernel_args *args);
void p2a_run_depth_to_space(const p2a_kernel_args *args);
void p2a_run_concat(const p2a_kernel_args *args);
void p2a_run_slice(const p2a_kernel_args *args);
void p2a_run_pad(const p2a_kernel_args *args);
void p2a_run_halve(const p2a_kernel_args *args);
void p2a_run_widen(const p2a_kernel_args *args);
/* Rows [first, first + rows) of the padded input, for a convolution that does not pad by zeros. */
void p2a_pad_rows(p2a_context *ctx, const p2a_node *node, const p2a_view *input, ptrdiff_t first,
                  size_t rows, float *out);

/* resize.c */
void p2a_run_resize(const p2a_kernel_args *args);
void p2a_run_resize_bytes(const p2a_kernel_args *args); /* bilinear, by 1, 2 or 4 */

/* quantized.c: the XNNPACK operator of a node that makes or takes bytes; NULL where a kernel of
 * ours does the work. Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL (as XNNPACK's status). */
bool p2a_node_is_quantized(const p2a_graph *graph, const p2a_node *node);
int p2a_quantized_create(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                         struct xnn_operator **out);

/* gather.c */
size_t p2a_gather_scratch(size_t channels);
void p2a_run_gather(const p2a_kernel_args *args, uint32_t input, size_t first, size_t rows);

/* moments.c: `channels` sums and their products; scratch in floats. An adaptive norm of a product
 * takes its second input's, and once all rows are there, its statistics from them. */
bool p2a_moments_fit(size_t channels);
size_t p2a_moments_count(size_t channels);
size_t p2a_moments_scratch(size_t channels);
void p2a_run_moments(const p2a_kernel_args *args, double *moments, uint32_t input, size_t first,
                     size_t rows);
void p2a_moments_take(const p2a_graph *graph, const p2a_node *node, const double *moments,
                      double pixels, double *statistics);

/* normalize.c */
size_t p2a_normalize_scratch(size_t channels);
void p2a_run_mean(const p2a_kernel_args *args);
void p2a_run_group_norm(const p2a_kernel_args *args); /* instance, adaptive: one channel a group */
void p2a_run_layer_norm(const p2a_kernel_args *args);
void p2a_run_sum_norm(const p2a_kernel_args *args);
void p2a_run_spatial_softmax(const p2a_kernel_args *args);

/* pick.c */
void p2a_run_max_pool(const p2a_kernel_args *args);
void p2a_run_argmax(const p2a_kernel_args *args);

#endif
