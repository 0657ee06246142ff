/*
 * graph.c - any text as a model's graph, with weights that it may name: a model that keeps
 * graph.h's promises, or a reason; and what it says of size and work is finite
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "model_bytes.h"
#include "model_promises.h"

/* Room for the text with every byte escaped, and for the rest of the file. */
#define TEXT_MAX (MODEL_BYTES_MAX / 3)

/* The shapes that the sample's graph needs, and one of each other rank. */
static const model_weight weights[] = {
    {"a.w", "F16", 4, {4, 3, 3, 12}}, {"a.b", "F16", 1, {4}},
    {"b.w", "F32", 4, {4, 3, 3, 1}},  {"e.w", "F16", 4, {12, 1, 1, 4}},
    {"e.b", "F16", 1, {12}},          {"f.w", "F16", 1, {1}},
    {"m.w", "F16", 2, {6, 3}},        {"w", "I8", 4, {3, 2, 2, 3}},
    {"w.scale", "F16", 1, {3}},       {.name = NULL}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char text[TEXT_MAX + 1];
    static model_bytes file;
    if (bytes > TEXT_MAX || memchr(data, '\0', bytes) != NULL)
        return 0;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    static const model_entry entries[] = {{"kind", "generator"}, {NULL, NULL}};
    model_bytes_write(&file, text, weights, entries);

    p2a_context *ctx = fuzz_context(1u << 20, 64, NULL);
    p2a_model *model = NULL;
    const p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
    MUST((status == P2A_OK) == (model != NULL));
    if (status == P2A_OK) {
        MUST(model_keeps_promises(model));
        p2a_estimate estimate;
        if (p2a_convert_estimate(ctx, model, NULL, NULL, 100, 70, NULL, &estimate) == P2A_OK)
            MUST(isfinite(estimate.peak_bytes) && isfinite(estimate.multiply_adds));
    } else {
        MUST(status == P2A_ERR_MODEL || status == P2A_ERR_MEMORY);
        MUST(p2a_context_message(ctx)[0] != '\0');
    }
    p2a_model_destroy(model);
    MUST(p2a_context_bytes(ctx) == 0);
    p2a_context_destroy(ctx);
    return 0;
}
