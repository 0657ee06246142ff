/*
 * halve.h - a graph -> the same graph, in which what waits for a norm is stored in 16 bits
 *
 * A norm over the whole picture waits for its input's last row, so that input is held whole, and so
 * is every tensor that goes around the norm. At full resolution those are nearly all of the memory
 * that such a network takes. They are stored as halves: 11 bits of a float's 24, which is less than
 * a norm behind them shows in 8-bit pixels.
 */
#ifndef P2A_NN_HALVE_H
#define P2A_NN_HALVE_H

#include "nn/graph.h"
#include "photo2anime.h"

/*
 * out: a graph with nodes and tensors of its own, given: release them with p2a_halve_clear(). It
 *      shares all else with `graph`. Where no tensor waits for a norm, or graph->halves is false,
 *      it has the same nodes.
 * Errors: P2A_ERR_MEMORY.
 */
p2a_status p2a_halve_graph(p2a_context *ctx, const p2a_graph *graph, p2a_graph *out);
void p2a_halve_clear(p2a_context *ctx, p2a_graph *graph);

#endif
