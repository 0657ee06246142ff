/* model.h - the struct behind p2a_model: a checked graph, its weights and its metadata */
#ifndef P2A_NN_MODEL_H
#define P2A_NN_MODEL_H

#include "nn/graph.h"

typedef struct p2a_metadata {
    char *key;
    char *value;
} p2a_metadata;

struct p2a_idle;

struct p2a_model {
    p2a_context *ctx; /* kept: its memory */
    p2a_graph graph;
    struct p2a_idle *idle; /* owned; NULL: no network waits between two jobs */
    p2a_metadata *metadata;
    uint32_t metadata_count;
};

/* p2a_model_load, p2a_model_destroy and p2a_model_metadata of photo2anime.h live in model.c,
   p2a_model_blend in interpolate.c. */

#endif
