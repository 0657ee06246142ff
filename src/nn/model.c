/* model.c - a model file's bytes to a checked model: the steps in order, metadata, release */
#include "nn/model.h"

#include <string.h>

#include "base/alloc.h"
#include "nn/idle.h"
#include "nn/model_container.h"
#include "nn/model_graph.h"
#include "nn/model_json.h"

/* The metadata that every file carries; docs/model-file.md says what stands in them. */
static const char *const required_keys[] = {"format_version",
                                            "name",
                                            "kind",
                                            "graph",
                                            "range",
                                            "multiple_of",
                                            "license",
                                            "teachers",
                                            "commercial_use",
                                            "metrics",
                                            "training_commit",
                                            "receptive_field_px"};

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(value, words[i]) == 0)
            return true;
    return false;
}

/* A whole number, as text: metadata values are all strings. */
static p2a_status read_uint(p2a_model *model, const char *key, uint32_t min, uint32_t max,
                            uint32_t *out)
{
    const char *text = p2a_model_metadata(model, key);
    p2a_json_token token = {.kind = P2A_JSON_PRIMITIVE, .end = (uint32_t)strlen(text)};
    p2a_json json = {.text = text, .tokens = &token, .count = 1};
    uint64_t value;
    if (!p2a_json_uint(&json, 0, max, &value) || value < min)
        return p2a_fail(model->ctx, P2A_ERR_MODEL, "expected %u to %u for metadata %s, got %.40s",
                        min, max, key, text);
    *out = (uint32_t)value;
    return P2A_OK;
}

static p2a_status read_range(p2a_model *model)
{
    const char *text = p2a_model_metadata(model, "range"), *comma = strchr(text, ',');
    float *range = model->graph.range;
    if (comma == NULL || !p2a_json_float(text, (size_t)(comma - text), &range[0]) ||
        !p2a_json_float(comma + 1, strlen(comma + 1), &range[1]) || !(range[0] < range[1]))
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "expected two rising numbers like -1,1 for metadata range, got %.40s",
                        text);
    return P2A_OK;
}

static p2a_status read_terms(p2a_model *model)
{
    static const char *const kinds[] = {"generator", "detector", "parser"};
    static const char *const answers[] = {"yes", "no"};
    for (size_t i = 0; i < sizeof required_keys / sizeof *required_keys; i++)
        if (p2a_model_metadata(model, required_keys[i]) == NULL)
            return p2a_fail(model->ctx, P2A_ERR_MODEL, "metadata %s is missing", required_keys[i]);

    const char *version = p2a_model_metadata(model, "format_version");
    if (strcmp(version, "1") != 0)
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "expected 1 for metadata format_version, got %.40s", version);
    const char *kind = p2a_model_metadata(model, "kind");
    if (!is_one_of(kind, kinds, 3))
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "expected generator, detector or parser for metadata kind, got %.40s",
                        kind);
    const char *answer = p2a_model_metadata(model, "commercial_use");
    if (!is_one_of(answer, answers, 2))
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "expected yes or no for metadata commercial_use, got %.40s", answer);
    if (p2a_model_metadata(model, "name")[0] == '\0' ||
        p2a_model_metadata(model, "license")[0] == '\0')
        return p2a_fail(model->ctx, P2A_ERR_MODEL,
                        "expected some text for metadata name and license");
    p2a_status status = read_uint(model, "multiple_of", 1, 256, &model->graph.multiple_of);
    if (status == P2A_OK)
        status = read_uint(model, "receptive_field_px", 0, 65535, &model->graph.receptive_field_px);
    return status == P2A_OK ? read_range(model) : status;
}

p2a_status p2a_model_load(p2a_context *ctx, const void *file, size_t file_bytes, p2a_model **out)
{
    if (out != NULL)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (file == NULL || out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for %s, got NULL",
                        file == NULL ? "file" : "out");
    p2a_model *model = p2a_alloc_zeroed(ctx, 1, sizeof *model);
    if (model == NULL)
        return p2a_fail_memory(ctx, sizeof *model, "a model");
    model->ctx = ctx;
    model->graph.halves = true;

    p2a_names weight_names;
    p2a_status status = p2a_model_read_container(model, file, file_bytes, &weight_names);
    if (status == P2A_OK)
        status = read_terms(model);
    if (status == P2A_OK)
        status = p2a_model_read_graph(model, &weight_names);
    p2a_names_release(ctx, &weight_names);
    if (status == P2A_OK)
        status = p2a_model_check_graph(model);
    if (status == P2A_OK)
        status = p2a_model_check_types(model);
    if (status == P2A_OK) {
        model->idle = p2a_alloc_zeroed(ctx, 1, sizeof *model->idle);
        if (model->idle == NULL)
            status = p2a_fail_memory(ctx, sizeof *model->idle, "a model");
    }
    if (status != P2A_OK) {
        p2a_model_destroy(model);
        return status;
    }
    *out = model;
    return P2A_OK;
}

void p2a_model_destroy(p2a_model *model)
{
    if (model == NULL)
        return;
    p2a_context *ctx = model->ctx;
    p2a_graph *graph = &model->graph;
    if (model->idle)
        p2a_network_destroy(model->idle->network);
    p2a_free(ctx, model->idle);
    for (uint32_t i = 0; i < graph->weight_count; i++) {
        p2a_free(ctx, graph->weights[i].name);
        p2a_free(ctx, graph->weights[i].values);
        p2a_free(ctx, graph->weights[i].bytes);
    }
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        p2a_free(ctx, graph->tensors[i].name);
    for (uint32_t i = 0; i < model->metadata_count; i++) {
        p2a_free(ctx, model->metadata[i].key);
        p2a_free(ctx, model->metadata[i].value);
    }
    p2a_free(ctx, graph->weights);
    p2a_free(ctx, graph->tensors);
    p2a_free(ctx, graph->nodes);
    p2a_free(ctx, model->metadata);
    p2a_free(ctx, model);
}

const char *p2a_model_metadata(const p2a_model *model, const char *key)
{
    if (model == NULL || key == NULL)
        return NULL;
    for (uint32_t i = 0; i < model->metadata_count; i++)
        if (strcmp(model->metadata[i].key, key) == 0)
            return model->metadata[i].value;
    return NULL;
}
