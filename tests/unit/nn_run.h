/* nn_run.h - run a graph on made-up input with p2a_network and with the reference */
#ifndef P2A_TESTS_NN_RUN_H
#define P2A_TESTS_NN_RUN_H

#include "graph_builder.h"
#include "tensor/shape.h"

/* An input value that is the same for every run: a hash of its place, in (-1, 1). */
float input_value(size_t row, size_t column, size_t channel);

/*
 * Run the graph on a height x width input. Returns the output's values (free them), or NULL with
 * the status in *status. *shape is the output's.
 */
float *run_network(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                   size_t band_rows, p2a_shape *shape, p2a_status *status);
double *run_reference(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                      p2a_shape *shape);

#endif
