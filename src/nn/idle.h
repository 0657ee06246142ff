/*
 * idle.h - a model's network between two jobs
 *
 * Packing weights costs a sixth of painting a picture of 256x256 pixels, so a network that has done
 * its work waits in its model for the next one; planned for the same size, it need not even be
 * planned again. One waits at most, and only where p2a_model_keep_network() asked for it; the model
 * destroys it with itself.
 */
#ifndef P2A_NN_IDLE_H
#define P2A_NN_IDLE_H

#include "nn/network.h"

/* Where the network waits: one cell a model, so that a model stays immutable to its readers. */
typedef struct p2a_idle {
    p2a_network *network; /* owned; NULL: none waits */
    bool keeps;           /* p2a_model_keep_network() asked for it */
} p2a_idle;

/*
 * The network that waits, or a new one.
 *
 * model: kept until the network is given back.
 * out: given: give it back with p2a_network_give_back().
 * Errors: as p2a_network_create.
 */
p2a_status p2a_network_borrow(p2a_context *ctx, const p2a_model *model, p2a_network **out);

/* Takes the place of the network that waits there. NULL does nothing. */
void p2a_network_give_back(const p2a_model *model, p2a_network *network);

#endif
