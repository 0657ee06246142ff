/*
 * network.h - a graph with its operators and memory, ready to run over pictures
 *
 * Life: create (packs the weights) -> plan (one picture size) -> start -> step until done; plan
 * again for another size, or start again for another picture of the same size.
 */
#ifndef P2A_NN_NETWORK_H
#define P2A_NN_NETWORK_H

#include "nn/model.h"
#include "tensor/shape.h"

typedef struct p2a_network p2a_network;

/* Fill rows [first, first + rows) of the input: [rows, width, channels] of the input's type. */
typedef void (*p2a_read_rows_fn)(void *user, size_t first, size_t rows, void *out);

/* Rows [first, first + rows) of output number `output` are made; borrowed during the call. */
typedef void (*p2a_write_rows_fn)(void *user, uint32_t output, size_t first, size_t rows,
                                  const void *values);

/*
 * graph: kept.
 * out: given: release with p2a_network_destroy().
 * Errors: P2A_ERR_MEMORY, P2A_ERR_INTERNAL.
 */
p2a_status p2a_network_create(p2a_context *ctx, const p2a_graph *graph, p2a_network **out);
void p2a_network_destroy(p2a_network *network);

/*
 * Prepare for pictures of one size; nothing is done where it is prepared for that already.
 *
 * height, width: multiples of the graph's multiple_of.
 * band_rows: input rows a band, a multiple of multiple_of; 0: chosen so that a band's activations
 *            stay near the cache. At least height: the whole picture at once.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MODEL, P2A_ERR_MEMORY; the network can be planned again.
 */
p2a_status p2a_network_plan(p2a_network *network, size_t height, size_t width, size_t band_rows);

/* Forget the plan if its activations are larger than this. */
void p2a_network_trim(p2a_network *network, size_t workspace_bytes);

p2a_context *p2a_network_context(const p2a_network *network);

/*
 * Where operators with statistics of the whole picture take them from.
 *
 * A picture whose rows cannot all wait in memory is painted with the statistics of a small copy.
 * Its texture is coarser, which each operator hands on to the next. So the copy is run (DRAFT),
 * then the picture with the copy's statistics (COMPARE): what an operator sees there, less what
 * it saw in the copy, is the texture's doing at that operator alone. Run with these differences
 * added (CORRECT), the copy tells what all of them do together. This is the coarse grid's part in
 * the full approximation scheme of multigrid (Brandt, Multi-level adaptive solutions to
 * boundary-value problems, Math. Comp. 31, 1977).
 */
typedef enum p2a_gathering {
    P2A_GATHER,  /* from the picture itself: its first row waits for its last. Unless told. */
    P2A_DRAFT,   /* the same, and they are not smoothed (p2a_network_smooth) */
    P2A_COMPARE, /* as FROZEN, and what is seen is gathered beside: after DRAFT */
    P2A_CORRECT, /* as GATHER, and the differences are added: after COMPARE */
    P2A_FROZEN   /* from the picture that was run last, of whatever size. No row waits for the
                    last one, so memory grows with the width only. */
} p2a_gathering;

/* Changing this may forget the plan. Errors: P2A_ERR_MEMORY (COMPARE alone). */
p2a_status p2a_network_set_gathering(p2a_network *network, p2a_gathering gathering);

/*
 * Mix statistics with those of the pictures before: `share` of each picture's own, above 0 to 1;
 * 1: none of the others, as it is unless told. The next picture is a first one.
 * Errors: P2A_ERR_MEMORY.
 */
p2a_status p2a_network_smooth(p2a_network *network, double share);

/* Bytes that creating and planning this, frozen or not, would allocate, about, and its
 * multiply-adds. */
p2a_status p2a_network_estimate(p2a_context *ctx, const p2a_graph *graph, size_t height,
                                size_t width, size_t band_rows, bool frozen, size_t *bytes,
                                double *multiply_adds);

/* Shape of an output, the band height, and the multiply-adds of the picture, once planned. */
p2a_shape p2a_network_output_shape(const p2a_network *network, uint32_t output);
size_t p2a_network_band_rows(const p2a_network *network);
double p2a_network_multiply_adds(const p2a_network *network);

/* Begin a picture. user is kept until the last step. */
void p2a_network_start(p2a_network *network, p2a_read_rows_fn read, p2a_write_rows_fn write,
                       void *user);

/*
 * Run operators until about `budget` multiply-adds are done (at least one operator).
 *
 * out_done: the part of the picture's multiply-adds that is done, 0..1; 1 only at the end.
 * Errors: P2A_ERR_STOPPED, P2A_ERR_MEMORY, P2A_ERR_INTERNAL; the picture must be started again.
 */
p2a_status p2a_network_step(p2a_network *network, double budget, double *out_done);

/* start, and step until done. */
p2a_status p2a_network_run(p2a_network *network, p2a_read_rows_fn read, p2a_write_rows_fn write,
                           void *user);

#endif
