/* model_container.c - safetensors bytes to metadata strings and weights, f32 or bytes with scales
 */
#include "nn/model_container.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/model_json.h"
#include "nn/pairs.h"
#include "nn/sums.h"

typedef struct reader {
    p2a_model *model;
    p2a_context *ctx;
    p2a_names *names;
    p2a_json json;
    const uint8_t *data; /* behind the header */
    size_t data_bytes;
    size_t read_bytes; /* of the data: the next weight has to begin here */
} reader;

static uint64_t read_le64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 8; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* IEEE 754 half to single: exact, subnormals included. */
static float widen_f16(uint32_t half)
{
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 0) {
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7f800000 : (exponent + 112) << 23) | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float read_f32(const uint8_t *bytes)
{
    uint32_t bits = 0;
    for (int i = 4; i-- > 0;)
        bits = bits << 8 | bytes[i];
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The value token of a member of an object, and its key; the next member's key is returned. */
static uint32_t next_member(const p2a_json *json, uint32_t key, uint32_t *value)
{
    *value = key + 1;
    return json->tokens[key].next;
}

static p2a_status read_metadata(reader *r, uint32_t object)
{
    const p2a_json_token *t = &r->json.tokens[object];
    if (t->kind != P2A_JSON_OBJECT || t->size > P2A_MODEL_METADATA_MAX)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "expected an object of at most %u strings for "
                        "__metadata__",
                        P2A_MODEL_METADATA_MAX);
    r->model->metadata = p2a_alloc_zeroed(r->ctx, t->size, sizeof *r->model->metadata);
    if (r->model->metadata == NULL)
        return p2a_fail_memory(r->ctx, t->size * sizeof *r->model->metadata, "metadata");

    for (uint32_t i = 0, key = object + 1, value; i < t->size; i++) {
        uint32_t next = next_member(&r->json, key, &value);
        char name[P2A_NAME_BYTES];
        if (p2a_json_string(&r->json, key, name, sizeof name) == SIZE_MAX ||
            !p2a_name_is_valid(name))
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "expected 1 to 128 printable ASCII characters for a metadata key");
        if (p2a_model_metadata(r->model, name) != NULL)
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "metadata %.60s stands twice", name);
        const p2a_json_token *v = &r->json.tokens[value];
        size_t room = (size_t)(v->end - v->start) + 1; /* undoing escapes only shortens */
        p2a_metadata *entry = &r->model->metadata[i];
        entry->value = p2a_alloc(r->ctx, room);
        entry->key = p2a_name_copy(r->ctx, name);
        r->model->metadata_count = i + 1;
        if (entry->key == NULL || entry->value == NULL)
            return p2a_fail_memory(r->ctx, room + sizeof name, "metadata");
        if (p2a_json_string(&r->json, value, entry->value, room) == SIZE_MAX) {
            entry->value[0] = '\0';
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "expected a string of Unicode text without NUL for metadata %.60s",
                            name);
        }
        key = next;
    }
    return P2A_OK;
}

static p2a_status read_shape(reader *r, uint32_t token, p2a_weight *weight)
{
    const p2a_json_token *t = &r->json.tokens[token];
    if (t->kind != P2A_JSON_ARRAY || t->size < 1 || t->size > 4)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "weight %.60s: expected 1 to 4 numbers for shape",
                        weight->name);
    weight->rank = t->size;
    weight->count = 1;
    for (uint32_t i = 0; i < t->size; i++) {
        uint64_t side;
        if (!p2a_json_uint(&r->json, token + 1 + i, UINT32_MAX, &side) || side == 0 ||
            !p2a_mul_size(weight->count, (size_t)side, &weight->count))
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "weight %.60s: expected whole numbers from 1 for shape, with a product "
                            "that fits the file",
                            weight->name);
        weight->shape[i] = (uint32_t)side;
    }
    return P2A_OK;
}

static p2a_status widen_values(reader *r, const uint8_t *bytes, size_t item_bytes,
                               p2a_weight *weight)
{
    weight->values = p2a_alloc_zeroed(r->ctx, weight->count, sizeof *weight->values);
    if (weight->values == NULL)
        return p2a_fail_memory(r->ctx, weight->count * sizeof *weight->values, weight->name);
    for (size_t i = 0; i < weight->count; i++) {
        float value = item_bytes == 2
                          ? widen_f16((uint32_t)bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8)
                          : read_f32(bytes + 4 * i);
        if (!isfinite(value))
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "weight %.60s: expected finite numbers, number %zu is not one",
                            weight->name, i);
        weight->values[i] = value;
    }
    return P2A_OK;
}

static p2a_status copy_bytes(reader *r, const uint8_t *bytes, p2a_weight *weight)
{
    weight->bytes = p2a_alloc(r->ctx, weight->count);
    if (weight->bytes == NULL)
        return p2a_fail_memory(r->ctx, weight->count, weight->name);
    memcpy(weight->bytes, bytes, weight->count);
    weight->paired = p2a_pairs_suit(weight);
    weight->reach = p2a_sums_reach(weight);
    return P2A_OK;
}

/* {"dtype": "F16", "shape": [..], "data_offsets": [begin, end]}, each of the three once. */
static p2a_status read_weight(reader *r, uint32_t object, p2a_weight *weight)
{
    const p2a_json_token *t = &r->json.tokens[object];
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    uint32_t found[3] = {0};
    if (t->kind != P2A_JSON_OBJECT || t->size != 3)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "weight %.60s: expected dtype, shape and data_offsets", weight->name);
    for (uint32_t i = 0, key = object + 1, value; i < 3; i++) {
        uint32_t next = next_member(&r->json, key, &value);
        for (uint32_t k = 0; k < 3; k++)
            if (p2a_json_equals(&r->json, key, keys[k]))
                found[k] = value;
        key = next;
    }
    for (uint32_t k = 0; k < 3; k++)
        if (found[k] == 0)
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "weight %.60s: %s is missing", weight->name,
                            keys[k]);

    size_t item_bytes = p2a_json_equals(&r->json, found[0], "F16")   ? 2
                        : p2a_json_equals(&r->json, found[0], "F32") ? 4
                        : p2a_json_equals(&r->json, found[0], "I8")  ? 1
                                                                     : 0;
    if (item_bytes == 0)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "weight %.60s: expected F16, F32 or I8 for dtype",
                        weight->name);
    p2a_status status = read_shape(r, found[1], weight);
    if (status != P2A_OK)
        return status;

    uint64_t begin = 0, end = 0;
    const p2a_json_token *offsets = &r->json.tokens[found[2]];
    size_t bytes;
    if (offsets->kind != P2A_JSON_ARRAY || offsets->size != 2 ||
        !p2a_json_uint(&r->json, found[2] + 1, r->data_bytes, &begin) ||
        !p2a_json_uint(&r->json, found[2] + 2, r->data_bytes, &end) || begin > end)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "weight %.60s: expected two rising numbers up to %zu for data_offsets",
                        weight->name, r->data_bytes);
    if (begin != r->read_bytes)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "weight %.60s: expected data_offsets to begin at %zu, where the weight "
                        "before ends, got %zu",
                        weight->name, r->read_bytes, (size_t)begin);
    if (!p2a_mul_size(weight->count, item_bytes, &bytes) || bytes != end - begin)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "weight %.60s: its shape and dtype do not fit the %zu bytes of its "
                        "data_offsets",
                        weight->name, (size_t)(end - begin));
    r->read_bytes = (size_t)end;
    return item_bytes == 1 ? copy_bytes(r, r->data + begin, weight)
                           : widen_values(r, r->data + begin, item_bytes, weight);
}

/* Each weight of bytes finds NAME.scale: numbers above 0, one for each of its first side. */
static p2a_status find_scales(reader *r)
{
    p2a_graph *graph = &r->model->graph;
    for (uint32_t w = 0; w < graph->weight_count; w++) {
        p2a_weight *weight = &graph->weights[w];
        if (weight->bytes == NULL)
            continue;
        char name[P2A_NAME_BYTES + sizeof ".scale"];
        snprintf(name, sizeof name, "%s.scale", weight->name);
        const p2a_weight *scale =
            p2a_names_find(r->names, name, &weight->scale) ? &graph->weights[weight->scale] : NULL;
        bool good = scale != NULL && scale->values != NULL && scale->rank == 1 &&
                    scale->count == weight->shape[0];
        for (size_t i = 0; good && i < scale->count; i++)
            good = scale->values[i] > 0.0f && isnormal(scale->values[i]);
        if (!good)
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "weight %.60s: expected %u numbers above 0 in the weight %.70s, for "
                            "its bytes",
                            weight->name, weight->shape[0], name);
    }
    return P2A_OK;
}

/* The next free weight takes its name and what the header says about it. */
static p2a_status read_named_weight(reader *r, uint32_t key, uint32_t value)
{
    char name[P2A_NAME_BYTES];
    if (p2a_json_string(&r->json, key, name, sizeof name) == SIZE_MAX || !p2a_name_is_valid(name))
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "expected 1 to 128 printable ASCII characters for a weight's name");
    p2a_graph *graph = &r->model->graph;
    uint32_t index = graph->weight_count++;
    p2a_weight *weight = &graph->weights[index];
    weight->name = p2a_name_copy(r->ctx, name);
    if (weight->name == NULL)
        return p2a_fail_memory(r->ctx, strlen(name) + 1, "a weight's name");
    if (!p2a_names_add(r->names, weight->name, index))
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "weight %.60s stands twice", name);
    return read_weight(r, value, weight);
}

static p2a_status read_header(reader *r)
{
    uint32_t members = r->json.tokens[0].size;
    if (members > P2A_MODEL_WEIGHTS_MAX)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "expected at most %u weights, got %u",
                        P2A_MODEL_WEIGHTS_MAX, members);
    p2a_status status = p2a_names_create(r->ctx, members, r->names);
    if (status != P2A_OK)
        return status;
    p2a_graph *graph = &r->model->graph;
    graph->weights = p2a_alloc_zeroed(r->ctx, members, sizeof *graph->weights);
    if (graph->weights == NULL)
        return p2a_fail_memory(r->ctx, members * sizeof *graph->weights, "the list of weights");

    bool metadata_seen = false;
    for (uint32_t i = 0, key = 1, value; i < members; i++) {
        uint32_t next = next_member(&r->json, key, &value);
        bool is_metadata = p2a_json_equals(&r->json, key, "__metadata__");
        if (!is_metadata)
            status = read_named_weight(r, key, value);
        else if (metadata_seen)
            status = p2a_fail(r->ctx, P2A_ERR_MODEL, "__metadata__ stands twice");
        else
            status = read_metadata(r, value);
        if (status != P2A_OK)
            return status;
        metadata_seen |= is_metadata;
        key = next;
    }
    if (!metadata_seen)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "__metadata__ is missing: a safetensors file, but no model of this format");
    if (r->read_bytes != r->data_bytes)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "expected weights of %zu bytes in all, got %zu",
                        r->data_bytes, r->read_bytes);
    return find_scales(r);
}

p2a_status p2a_model_read_container(p2a_model *model, const void *file, size_t file_bytes,
                                    p2a_names *weight_names)
{
    reader r = {.model = model, .ctx = model->ctx, .names = weight_names};
    *weight_names = (p2a_names){0};
    if (file_bytes > P2A_MODEL_FILE_BYTES_MAX)
        return p2a_fail(r.ctx, P2A_ERR_MODEL, "expected a model file of at most %zu bytes, got %zu",
                        P2A_MODEL_FILE_BYTES_MAX, file_bytes);
    if (file_bytes < 10)
        return p2a_fail(r.ctx, P2A_ERR_MODEL, "expected a model file, got %zu bytes", file_bytes);
    uint64_t header_bytes = read_le64(file);
    if (header_bytes < 2 || header_bytes > P2A_MODEL_HEADER_BYTES_MAX)
        return p2a_fail(r.ctx, P2A_ERR_MODEL,
                        "not a model file: expected 2 to %zu for the header's length, got %llu",
                        P2A_MODEL_HEADER_BYTES_MAX, (unsigned long long)header_bytes);
    if (header_bytes > file_bytes - 8)
        return p2a_fail(r.ctx, P2A_ERR_MODEL,
                        "the file ends early: its header has %zu bytes, %zu are there",
                        (size_t)header_bytes, file_bytes - 8);
    r.data = (const uint8_t *)file + 8 + header_bytes;
    r.data_bytes = file_bytes - 8 - (size_t)header_bytes;
    p2a_status status = p2a_json_read(r.ctx, (const char *)file + 8, (size_t)header_bytes,
                                      "the file's header", &r.json);
    if (status == P2A_OK)
        status = read_header(&r);
    p2a_json_release(r.ctx, &r.json);
    return status;
}
