/* reference.h - a graph run the plainest way: whole tensors, one loop an operator, in double */
#ifndef P2A_TESTS_REFERENCE_H
#define P2A_TESTS_REFERENCE_H

#include "nn/infer.h"

/*
 * shapes: of all tensors (p2a_infer_shapes). values: one array a tensor; values[input] is given,
 * the others are allocated here, for the caller to free.
 */
void reference_run(const p2a_graph *graph, const p2a_shape *shapes, double **values);

#endif
