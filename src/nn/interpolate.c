/* interpolate.c - models of one graph, and a share of each -> a model between them */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/idle.h"
#include "nn/model.h"

/* Shares that add up to this much less or more than 1 are taken as rounding. */
#define SUM_TOLERANCE 1e-3
#define MODELS_MAX 16

static char *copy_text(p2a_context *ctx, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = p2a_alloc(ctx, bytes);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

static bool same_node(const p2a_node *a, const p2a_node *b)
{
    return a->op == b->op && a->input_count == b->input_count &&
           memcmp(a->inputs, b->inputs, a->input_count * sizeof *a->inputs) == 0 &&
           a->output == b->output && a->weight == b->weight && a->bias == b->bias &&
           memcmp(a->kernel, b->kernel, sizeof a->kernel) == 0 &&
           memcmp(a->stride, b->stride, sizeof a->stride) == 0 &&
           memcmp(a->dilation, b->dilation, sizeof a->dilation) == 0 &&
           memcmp(a->pads, b->pads, sizeof a->pads) == 0 && a->padding == b->padding &&
           a->groups == b->groups && a->block == b->block && a->begin == b->begin &&
           a->size == b->size && memcmp(a->scale, b->scale, sizeof a->scale) == 0 &&
           a->mode == b->mode && a->align_corners == b->align_corners && a->min == b->min &&
           a->max == b->max && a->alpha == b->alpha && a->eps == b->eps;
}

/* Weights may stand in another order in another file: they are found by name. */
static const p2a_weight *find_weight(const p2a_graph *graph, const p2a_weight *wanted)
{
    for (uint32_t i = 0; i < graph->weight_count; i++) {
        const p2a_weight *weight = &graph->weights[i];
        if (strcmp(weight->name, wanted->name) == 0)
            return weight->rank == wanted->rank && memcmp(weight->shape, wanted->shape,
                                                          wanted->rank * sizeof *weight->shape) == 0
                       ? weight
                       : NULL;
    }
    return NULL;
}

static bool same_graph(const p2a_graph *a, const p2a_graph *b)
{
    if (a->tensor_count != b->tensor_count || a->node_count != b->node_count ||
        a->weight_count != b->weight_count || a->output_count != b->output_count ||
        a->input != b->input || a->multiple_of != b->multiple_of || a->range[0] != b->range[0] ||
        a->range[1] != b->range[1] ||
        memcmp(a->outputs, b->outputs, a->output_count * sizeof *a->outputs) != 0)
        return false;
    for (uint32_t i = 0; i < a->weight_count; i++)
        if (find_weight(b, &a->weights[i]) == NULL)
            return false;
    for (uint32_t i = 0; i < a->node_count; i++) {
        p2a_node other = b->nodes[i];
        /* compared by name above; the order in the file does not matter */
        for (int k = 0; k < 2; k++) {
            const uint32_t from = k ? a->nodes[i].bias : a->nodes[i].weight;
            uint32_t *to = k ? &other.bias : &other.weight;
            if ((from == P2A_NO_WEIGHT) != (*to == P2A_NO_WEIGHT))
                return false;
            if (from != P2A_NO_WEIGHT && strcmp(a->weights[from].name, b->weights[*to].name) != 0)
                return false;
            *to = from;
        }
        if (!same_node(&a->nodes[i], &other))
            return false;
    }
    return true;
}

static p2a_status check(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                        uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (models[i] == NULL)
            return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a model for models[%u], got NULL", i);
        if (!(shares[i] >= 0.0f && shares[i] <= 1.0f))
            return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                            "expected a number from 0 to 1 for shares[%u], got %g", i,
                            (double)shares[i]);
        sum += (double)shares[i];
        for (uint32_t w = 0; w < models[i]->graph.weight_count; w++)
            if (models[i]->graph.weights[w].bytes != NULL)
                return p2a_fail(ctx, P2A_ERR_MODEL,
                                "expected models of f32 weights to blend, got '%.40s' in int8",
                                p2a_model_metadata(models[i], "name"));
        if (!same_graph(&models[0]->graph, &models[i]->graph))
            return p2a_fail(ctx, P2A_ERR_MODEL,
                            "expected models of one graph to blend, got '%.40s' and '%.40s' whose "
                            "graphs differ",
                            p2a_model_metadata(models[0], "name"),
                            p2a_model_metadata(models[i], "name"));
    }
    if (fabs(sum - 1.0) > SUM_TOLERANCE)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected shares that add up to 1, got %g", sum);
    return P2A_OK;
}

static bool copy_structure(const p2a_graph *from, p2a_context *ctx, p2a_graph *to)
{
    *to = *from;
    to->weight_count = to->tensor_count = 0; /* grow as their parts are made */
    to->nodes = p2a_alloc(ctx, from->node_count * sizeof *to->nodes);
    to->tensors = p2a_alloc_zeroed(ctx, from->tensor_count, sizeof *to->tensors);
    to->weights = p2a_alloc_zeroed(ctx, from->weight_count, sizeof *to->weights);
    if (!to->nodes || !to->tensors || !to->weights)
        return false;
    memcpy(to->nodes, from->nodes, from->node_count * sizeof *to->nodes);
    for (uint32_t i = 0; i < from->tensor_count; i++) {
        to->tensors[i].channels = from->tensors[i].channels;
        to->tensors[i].name = copy_text(ctx, from->tensors[i].name);
        to->tensor_count = i + 1;
        if (to->tensors[i].name == NULL)
            return false;
    }
    return true;
}

static bool mix_weights(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                        uint32_t count, p2a_graph *to)
{
    const p2a_graph *first = &models[0]->graph;
    for (uint32_t w = 0; w < first->weight_count; w++) {
        p2a_weight *made = &to->weights[w];
        *made = first->weights[w];
        made->name = copy_text(ctx, first->weights[w].name);
        made->values = p2a_alloc_zeroed(ctx, made->count + P2A_ALIGN_BYTES / sizeof(float),
                                        sizeof(float)); /* XNNPACK reads a little past the end */
        to->weight_count = w + 1;
        if (!made->name || !made->values)
            return false;
        for (uint32_t m = 0; m < count; m++) {
            const float *from = find_weight(&models[m]->graph, &first->weights[w])->values;
            for (size_t i = 0; i < made->count; i++)
                made->values[i] += shares[m] * from[i];
        }
    }
    return true;
}

/* "anime=0.4,shinkai=0.6", or the models' values of another key joined by "; ", each once. */
static bool join_text(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                      uint32_t count, const char *key, char **out)
{
    const bool is_name = strcmp(key, "name") == 0;
    size_t bytes = 1;
    for (uint32_t m = 0; m < count; m++)
        bytes += strlen(p2a_model_metadata(models[m], key)) + 32;
    char *text = p2a_alloc_zeroed(ctx, bytes, 1);
    if (text == NULL)
        return false;
    for (uint32_t m = 0; m < count; m++) {
        const char *value = p2a_model_metadata(models[m], key);
        const size_t used = strlen(text);
        if (shares[m] == 0.0f || (!is_name && strstr(text, value)))
            continue;
        const char *comma = used == 0 ? "" : is_name ? "," : "; ";
        if (is_name)
            snprintf(text + used, bytes - used, "%s%s=%g", comma, value, (double)shares[m]);
        else
            snprintf(text + used, bytes - used, "%s%s", comma, value);
    }
    *out = text;
    return true;
}

/* The terms of all models hold for the blend. */
static bool join_metadata(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                          uint32_t count, p2a_model *made)
{
    const p2a_model *first = models[0];
    bool commercial = true;
    for (uint32_t m = 0; m < count; m++)
        if (shares[m] > 0.0f && strcmp(p2a_model_metadata(models[m], "commercial_use"), "yes") != 0)
            commercial = false;
    made->metadata = p2a_alloc_zeroed(ctx, first->metadata_count, sizeof *made->metadata);
    if (made->metadata == NULL)
        return false;
    for (uint32_t i = 0; i < first->metadata_count; i++) {
        const char *key = first->metadata[i].key;
        p2a_metadata *entry = &made->metadata[i];
        made->metadata_count = i + 1;
        entry->key = copy_text(ctx, key);
        bool ok = entry->key != NULL;
        if (strcmp(key, "commercial_use") == 0)
            ok = (entry->value = copy_text(ctx, commercial ? "yes" : "no")) != NULL && ok;
        else if (strcmp(key, "name") == 0 || strcmp(key, "license") == 0 ||
                 strcmp(key, "teachers") == 0)
            ok = join_text(ctx, models, shares, count, key, &entry->value) && ok;
        else
            ok = (entry->value = copy_text(ctx, first->metadata[i].value)) != NULL && ok;
        if (!ok)
            return false;
    }
    return true;
}

p2a_status p2a_model_blend(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                           uint32_t count, p2a_model **out)
{
    if (out)
        *out = NULL;
    if (ctx == NULL)
        return P2A_ERR_ARGUMENT;
    if (models == NULL || shares == NULL || out == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a pointer for %s, got NULL",
                        !models   ? "models"
                        : !shares ? "shares"
                                  : "out");
    if (count < 1 || count > MODELS_MAX)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected 1 to %d for count, got %u", MODELS_MAX,
                        count);
    p2a_status status = check(ctx, models, shares, count);
    if (status != P2A_OK)
        return status;
    p2a_model *made = p2a_alloc_zeroed(ctx, 1, sizeof *made);
    if (made == NULL)
        return p2a_fail_memory(ctx, sizeof *made, "a model");
    made->ctx = ctx;
    made->idle = p2a_alloc_zeroed(ctx, 1, sizeof *made->idle);
    if (!made->idle || !copy_structure(&models[0]->graph, ctx, &made->graph) ||
        !mix_weights(ctx, models, shares, count, &made->graph) ||
        !join_metadata(ctx, models, shares, count, made)) {
        p2a_model_destroy(made);
        return p2a_fail_memory(ctx, 0, "blending models");
    }
    *out = made;
    return P2A_OK;
}
