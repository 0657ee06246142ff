/* model.c - any bytes as a model file: a model that keeps graph.h's promises, or a reason */
#include "nn/model.h"

#include "fuzz.h"
#include "model_promises.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    p2a_context *ctx = fuzz_context(1u << 20, 64, NULL);
    p2a_model *model = NULL;
    const p2a_status status = p2a_model_load(ctx, data, bytes, &model);
    MUST((status == P2A_OK) == (model != NULL));
    if (status == P2A_OK)
        MUST(model_keeps_promises(model));
    else
        MUST(p2a_context_message(ctx)[0] != '\0' &&
             (status == P2A_ERR_MODEL || status == P2A_ERR_MEMORY));
    p2a_model_destroy(model);
    MUST(p2a_context_bytes(ctx) == 0);
    p2a_context_destroy(ctx);
    return 0;
}
