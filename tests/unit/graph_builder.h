/* graph_builder.h - build a p2a_graph in a test, node by node, with made-up weights */
#ifndef P2A_TESTS_GRAPH_BUILDER_H
#define P2A_TESTS_GRAPH_BUILDER_H

#include "nn/graph.h"

#define BUILDER_MAX 64

typedef struct graph_builder {
    p2a_graph graph;
    p2a_tensor_info tensors[BUILDER_MAX];
    p2a_node nodes[BUILDER_MAX];
    p2a_weight weights[BUILDER_MAX];
    uint32_t seed;
} graph_builder;

/* A graph with one input of `channels`; its output is the tensor added last. */
void builder_start(graph_builder *b, uint32_t channels, uint32_t multiple_of);
void builder_free(graph_builder *b);

/* Deterministic numbers in (-1, 1). */
float builder_random(graph_builder *b);

/* An index into weights: `count` random values times `scale`, of the given shape. */
uint32_t builder_weight(graph_builder *b, float scale, uint32_t rank, uint32_t s0, uint32_t s1,
                        uint32_t s2, uint32_t s3);

/* A node with neutral attributes, one input and a new output tensor; change its fields at will. */
p2a_node *builder_node(graph_builder *b, p2a_op op, uint32_t input, uint32_t out_channels);

/* Common ones; each returns the output tensor. */
uint32_t builder_conv(graph_builder *b, uint32_t input, uint32_t out_channels, uint32_t kernel,
                      uint32_t stride, p2a_padding padding, bool relu);
uint32_t builder_binary(graph_builder *b, p2a_op op, uint32_t left, uint32_t right);
uint32_t builder_unary(graph_builder *b, p2a_op op, uint32_t input);
uint32_t builder_resize(graph_builder *b, uint32_t input, uint32_t scale);

#endif
