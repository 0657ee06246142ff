/* idle.c - a model's network between two jobs */
#include "nn/idle.h"

/* A larger workspace is given back: it is cheap to make for a picture of that size. */
#define WORKSPACE_KEPT_BYTES (16u << 20)

p2a_status p2a_network_borrow(p2a_context *ctx, const p2a_model *model, p2a_network **out)
{
    p2a_idle *idle = model->idle;
    if (idle == NULL || idle->network == NULL || model->ctx != ctx)
        return p2a_network_create(ctx, &model->graph, out);
    *out = idle->network;
    idle->network = NULL;
    return P2A_OK;
}

void p2a_network_give_back(const p2a_model *model, p2a_network *network)
{
    if (network == NULL)
        return;
    p2a_idle *idle = model->idle;
    /* a model may be used by another context, and thread, than its own; its cell may not */
    if (idle == NULL || !idle->keeps || p2a_network_context(network) != model->ctx) {
        p2a_network_destroy(network);
        return;
    }
    p2a_network_destroy(idle->network);
    (void)p2a_network_set_gathering(network, P2A_GATHER); /* cannot fail */
    (void)p2a_network_smooth(network, 1);                 /* takes no memory */
    p2a_network_trim(network, WORKSPACE_KEPT_BYTES);
    idle->network = network;
}

void p2a_model_keep_network(p2a_model *model, uint32_t keep)
{
    if (model == NULL || model->idle == NULL)
        return;
    model->idle->keeps = keep != 0;
    if (!keep) {
        p2a_network_destroy(model->idle->network);
        model->idle->network = NULL;
    }
}
