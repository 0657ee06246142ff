/*
 * fuse.h - a graph -> the same graph with fewer nodes
 *
 * A (leaky) ReLU behind a norm becomes the norm's; a 1x1 convolution of which only an adaptive norm
 * takes mean and deviation becomes that norm's (moments.c).
 */
#ifndef P2A_NN_FUSE_H
#define P2A_NN_FUSE_H

#include "nn/graph.h"

/* In place; tensors that nobody makes or reads any more are left. */
void p2a_fuse_graph(p2a_graph *graph);

#endif
