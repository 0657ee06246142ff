/* model_graph.c - the metadata's graph text to nodes: names resolved, attributes checked */
#include "nn/model_graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/model_json.h"

typedef enum attribute {
    A_OP,
    A_INPUTS,
    A_OUTPUT,
    A_WEIGHT,
    A_BIAS,
    A_KERNEL,
    A_STRIDE,
    A_DILATION,
    A_PADS,
    A_PADDING,
    A_GROUPS,
    A_BLOCK,
    A_BEGIN,
    A_SIZE,
    A_SCALE,
    A_MODE,
    A_ALIGN_CORNERS,
    A_ASYMMETRIC,
    A_ACTIVATION,
    A_MIN,
    A_MAX,
    A_ALPHA,
    A_EPS,
    A_STEP,
    A_ZERO,
    A_COUNT
} attribute;

#define BIT(a) (1u << (a))

static const char *const attribute_names[A_COUNT] = {
    [A_OP] = "op",
    [A_INPUTS] = "inputs",
    [A_OUTPUT] = "output",
    [A_WEIGHT] = "weight",
    [A_BIAS] = "bias",
    [A_KERNEL] = "kernel",
    [A_STRIDE] = "stride",
    [A_DILATION] = "dilation",
    [A_PADS] = "pads",
    [A_PADDING] = "padding",
    [A_GROUPS] = "groups",
    [A_BLOCK] = "block",
    [A_BEGIN] = "begin",
    [A_SIZE] = "size",
    [A_SCALE] = "scale",
    [A_MODE] = "mode",
    [A_ALIGN_CORNERS] = "align_corners",
    [A_ASYMMETRIC] = "asymmetric",
    [A_ACTIVATION] = "activation",
    [A_MIN] = "min",
    [A_MAX] = "max",
    [A_ALPHA] = "alpha",
    [A_EPS] = "eps",
    [A_STEP] = "step",
    [A_ZERO] = "zero",
};

#define COMMON (BIT(A_OP) | BIT(A_INPUTS) | BIT(A_OUTPUT))
#define FUSED (BIT(A_ACTIVATION) | BIT(A_MIN) | BIT(A_MAX))
#define AFFINE (BIT(A_WEIGHT) | BIT(A_BIAS))
#define QUANTIZED (BIT(A_STEP) | BIT(A_ZERO))
#define STEP_MIN 1e-6f
#define STEP_MAX 1e6f

/* What each operator takes: inputs from..to, attributes it needs and attributes it may have. */
static const struct op_rule {
    const char *name;
    uint32_t inputs_min, inputs_max;
    uint32_t needs, may_have;
} op_rules[P2A_OP_COUNT] = {
    [P2A_OP_CONV2D] = {"conv2d", 1, 1, BIT(A_WEIGHT),
                       BIT(A_BIAS) | BIT(A_STRIDE) | BIT(A_DILATION) | BIT(A_PADS) |
                           BIT(A_PADDING) | BIT(A_GROUPS) | FUSED | QUANTIZED},
    [P2A_OP_FULLY_CONNECTED] = {"fully_connected", 1, 1, BIT(A_WEIGHT), BIT(A_BIAS) | FUSED},
    [P2A_OP_SPACE_TO_DEPTH] = {"space_to_depth", 1, 1, BIT(A_BLOCK), 0},
    [P2A_OP_DEPTH_TO_SPACE] = {"depth_to_space", 1, 1, BIT(A_BLOCK), 0},
    [P2A_OP_RESIZE] = {"resize", 1, 2, BIT(A_MODE),
                       BIT(A_SCALE) | BIT(A_ALIGN_CORNERS) | BIT(A_ASYMMETRIC)},
    [P2A_OP_ADD] = {"add", 1, 2, 0, BIT(A_WEIGHT) | FUSED | QUANTIZED},
    [P2A_OP_SUB] = {"sub", 1, 2, 0, BIT(A_WEIGHT) | FUSED},
    [P2A_OP_MUL] = {"mul", 1, 2, 0, BIT(A_WEIGHT) | FUSED | QUANTIZED},
    [P2A_OP_CONCAT] = {"concat", 2, P2A_NODE_INPUTS_MAX, 0, 0},
    [P2A_OP_SLICE] = {"slice", 1, 1, BIT(A_BEGIN) | BIT(A_SIZE), 0},
    [P2A_OP_PAD] = {"pad", 1, 1, BIT(A_PADS), BIT(A_PADDING)},
    [P2A_OP_MEAN] = {"mean", 1, 1, 0, 0},
    [P2A_OP_INSTANCE_NORM] = {"instance_norm", 1, 1, BIT(A_EPS), AFFINE},
    [P2A_OP_GROUP_NORM] = {"group_norm", 1, 1, BIT(A_EPS) | BIT(A_GROUPS), AFFINE},
    [P2A_OP_LAYER_NORM] = {"layer_norm", 1, 1, BIT(A_EPS), AFFINE},
    [P2A_OP_ADAPTIVE_NORM] = {"adaptive_norm", 2, 2, BIT(A_EPS), 0},
    [P2A_OP_SUM_NORM] = {"sum_norm", 1, 1, BIT(A_EPS), 0},
    [P2A_OP_RELU] = {"relu", 1, 1, 0, 0},
    [P2A_OP_LEAKY_RELU] = {"leaky_relu", 1, 1, BIT(A_ALPHA), 0},
    [P2A_OP_PRELU] = {"prelu", 1, 1, BIT(A_WEIGHT), 0},
    [P2A_OP_CLAMP] = {"clamp", 1, 1, BIT(A_MIN) | BIT(A_MAX), 0},
    [P2A_OP_SIGMOID] = {"sigmoid", 1, 1, 0, QUANTIZED},
    [P2A_OP_TANH] = {"tanh", 1, 1, 0, 0},
    [P2A_OP_HARD_SWISH] = {"hard_swish", 1, 1, 0, 0},
    [P2A_OP_SOFTMAX] = {"softmax", 1, 1, 0, 0},
    [P2A_OP_SPATIAL_SOFTMAX] = {"spatial_softmax", 1, 1, 0, 0},
    [P2A_OP_MAX_POOL] = {"max_pool", 1, 1, BIT(A_KERNEL), BIT(A_STRIDE) | BIT(A_PADS)},
    [P2A_OP_ARGMAX] = {"argmax", 1, 1, 0, 0},
    [P2A_OP_QUANTIZE] = {"quantize", 1, 1, QUANTIZED, 0},
    [P2A_OP_DEQUANTIZE] = {"dequantize", 1, 1, 0, 0},
};

const char *p2a_op_name(p2a_op op)
{
    return op_rules[op].name;
}

typedef struct reader {
    p2a_context *ctx;
    p2a_graph *graph;
    const p2a_names *weight_names;
    p2a_names tensor_names;
    p2a_json json;
    uint32_t node;            /* the one that is read, for messages */
    const char *op;           /* its operator's name, "?" before it is known */
    uint32_t values[A_COUNT]; /* tokens of its attributes; 0: not there */
} reader;

/* "node 3 (conv2d): expected 1 to 64 for stride, got [0,1]" */
static p2a_status refuse(reader *r, attribute a, const char *expected)
{
    const p2a_json_token *t = &r->json.tokens[r->values[a]];
    int shown = t->end - t->start < 40 ? (int)(t->end - t->start) : 40;
    while (shown > 0 && (r->json.text[t->start + (uint32_t)shown] & 0xc0) == 0x80)
        shown--; /* not half of a character */
    return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u (%s): expected %s for %s, got %.*s",
                    r->node, r->op, expected, attribute_names[a], shown, r->json.text + t->start);
}

static p2a_status read_uints(reader *r, attribute a, uint32_t count, uint32_t min, uint32_t max,
                             const char *expected, uint32_t *out)
{
    uint32_t token = r->values[a];
    if (token == 0)
        return P2A_OK; /* the default stays */
    const p2a_json_token *t = &r->json.tokens[token];
    if (count > 1 && (t->kind != P2A_JSON_ARRAY || t->size != count))
        return refuse(r, a, expected);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value;
        if (!p2a_json_uint(&r->json, token + i + (count > 1), max, &value) || value < min)
            return refuse(r, a, expected);
        out[i] = (uint32_t)value;
    }
    return P2A_OK;
}

static p2a_status read_number(reader *r, attribute a, float *out)
{
    uint32_t token = r->values[a];
    if (token == 0)
        return P2A_OK;
    const p2a_json_token *t = &r->json.tokens[token];
    if (t->kind != P2A_JSON_PRIMITIVE ||
        !p2a_json_float(r->json.text + t->start, t->end - t->start, out))
        return refuse(r, a, "a number in float's range");
    return P2A_OK;
}

/* What a byte stands for: both attributes, or neither and f32. `place` names it in messages. */
static p2a_status read_quantization(reader *r, uint32_t step, uint32_t zero, const char *place,
                                    p2a_quantization *out)
{
    const p2a_json_token *tokens = r->json.tokens;
    float number[2] = {0};
    if (step == 0 && zero == 0)
        return P2A_OK;
    for (uint32_t i = 0; i < 2; i++) {
        const p2a_json_token *t = &tokens[i ? zero : step];
        if (step == 0 || zero == 0 || t->kind != P2A_JSON_PRIMITIVE ||
            !p2a_json_float(r->json.text + t->start, t->end - t->start, &number[i]))
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "graph %s: expected numbers for both step and zero", place);
    }
    if (!(number[0] >= STEP_MIN && number[0] <= STEP_MAX))
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph %s: expected 1e-6 to 1e6 for step, got %g",
                        place, (double)number[0]);
    if (!(number[1] >= -128.0f && number[1] <= 127.0f) || number[1] != floorf(number[1]))
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "graph %s: expected a whole number from -128 to 127 for zero, got %g",
                        place, (double)number[1]);
    *out = (p2a_quantization){number[0], (int8_t)number[1]};
    return P2A_OK;
}

/* One of `count` words; its place in the list is stored. */
static p2a_status read_word(reader *r, attribute a, const char *const *words, uint32_t count,
                            const char *expected, uint32_t *out)
{
    if (r->values[a] == 0)
        return P2A_OK;
    for (uint32_t i = 0; i < count; i++)
        if (p2a_json_equals(&r->json, r->values[a], words[i])) {
            *out = i;
            return P2A_OK;
        }
    return refuse(r, a, expected);
}

static bool read_name(const p2a_json *json, uint32_t token, char name[P2A_NAME_BYTES])
{
    return p2a_json_string(json, token, name, P2A_NAME_BYTES) != SIZE_MAX &&
           p2a_name_is_valid(name);
}

static p2a_status read_weight(reader *r, attribute a, uint32_t *out)
{
    char name[P2A_NAME_BYTES];
    if (r->values[a] == 0)
        return P2A_OK;
    if (!read_name(&r->json, r->values[a], name) || !p2a_names_find(r->weight_names, name, out))
        return refuse(r, a, "the name of a weight in this file");
    return P2A_OK;
}

/* A new tensor: the input or a node's output. */
static p2a_status add_tensor(reader *r, const char *name)
{
    uint32_t index = r->graph->tensor_count++;
    p2a_tensor_info *tensor = &r->graph->tensors[index];
    tensor->name = p2a_name_copy(r->ctx, name);
    if (tensor->name == NULL)
        return p2a_fail_memory(r->ctx, strlen(name) + 1, "a tensor's name");
    if (!p2a_names_add(&r->tensor_names, tensor->name, index))
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph: tensor %.60s is made twice", name);
    return P2A_OK;
}

/* Only tensors that stand before this node are known: so no cycle gets through. */
static p2a_status read_inputs(reader *r, const struct op_rule *rule, p2a_node *node)
{
    uint32_t list = r->values[A_INPUTS];
    const p2a_json_token *t = &r->json.tokens[list];
    if (t->kind != P2A_JSON_ARRAY || t->size < rule->inputs_min || t->size > rule->inputs_max)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "graph node %u (%s): expected a list of %u to %u "
                        "names for inputs, got %u",
                        r->node, r->op, rule->inputs_min, rule->inputs_max,
                        t->kind == P2A_JSON_ARRAY ? t->size : 0);
    node->input_count = t->size;
    for (uint32_t i = 0; i < t->size; i++) {
        char name[P2A_NAME_BYTES];
        if (!read_name(&r->json, list + 1 + i, name) ||
            !p2a_names_find(&r->tensor_names, name, &node->inputs[i]))
            return refuse(r, A_INPUTS, "tensors that are made before it");
    }
    return P2A_OK;
}

static p2a_status read_activation(reader *r, p2a_node *node)
{
    static const char *const words[] = {"none", "relu", "relu6", "clamp"};
    uint32_t word = 0;
    p2a_status status = read_word(r, A_ACTIVATION, words, 4, "none, relu, relu6 or clamp", &word);
    if (status != P2A_OK)
        return status;
    bool clamps = node->op == P2A_OP_CLAMP || word == 3;
    if (!clamps && (r->values[A_MIN] != 0 || r->values[A_MAX] != 0))
        return refuse(r, r->values[A_MIN] != 0 ? A_MIN : A_MAX, "activation clamp where it stands");
    if (clamps && (r->values[A_MIN] == 0 || r->values[A_MAX] == 0))
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u (%s): clamp needs min and max",
                        r->node, r->op);
    if (word == 1 || word == 2)
        node->min = 0.0f;
    if (word == 2)
        node->max = 6.0f;
    status = read_number(r, A_MIN, &node->min);
    if (status == P2A_OK)
        status = read_number(r, A_MAX, &node->max);
    if (status == P2A_OK && !(node->min < node->max))
        return refuse(r, A_MAX, "more than min");
    return status;
}

/* Find each attribute's value; refuse what this operator does not take, and what is missing. */
static p2a_status find_attributes(reader *r, uint32_t object)
{
    const p2a_json_token *t = &r->json.tokens[object];
    memset(r->values, 0, sizeof r->values);
    r->op = "?";
    if (t->kind != P2A_JSON_OBJECT)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u: expected an object", r->node);
    for (uint32_t i = 0, key = object + 1; i < t->size; i++) {
        uint32_t a = 0;
        while (a < A_COUNT && !p2a_json_equals(&r->json, key, attribute_names[a]))
            a++;
        const p2a_json_token *k = &r->json.tokens[key];
        int shown = k->end - k->start < 40 ? (int)(k->end - k->start) : 40;
        if (a == A_COUNT || r->values[a] != 0)
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u: attribute %.*s %s", r->node,
                            shown, r->json.text + k->start,
                            a == A_COUNT ? "is not known" : "stands twice");
        r->values[a] = key + 1;
        key = k->next;
    }
    return P2A_OK;
}

static p2a_status read_op(reader *r, p2a_node *node)
{
    if (r->values[A_OP] == 0)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u: op is missing", r->node);
    uint32_t op = 0;
    while (op < P2A_OP_COUNT && !p2a_json_equals(&r->json, r->values[A_OP], op_rules[op].name))
        op++;
    if (op == P2A_OP_COUNT)
        return refuse(r, A_OP, "an operator of this version");
    node->op = (p2a_op)op;
    r->op = op_rules[op].name;
    const uint32_t needs = op_rules[op].needs | COMMON, may_have = needs | op_rules[op].may_have;
    for (uint32_t a = 0; a < A_COUNT; a++) {
        if (r->values[a] != 0 && !(may_have & BIT(a)))
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u (%s): takes no %s", r->node,
                            r->op, attribute_names[a]);
        if (r->values[a] == 0 && (needs & BIT(a)))
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph node %u (%s): %s is missing", r->node,
                            r->op, attribute_names[a]);
    }
    return P2A_OK;
}

static p2a_status read_node(reader *r, uint32_t object, p2a_node *node)
{
    static const char *const paddings[] = {"zero", "reflect", "replicate"};
    static const char *const modes[] = {"bilinear", "nearest"};
    *node = (p2a_node){.weight = P2A_NO_WEIGHT,
                       .bias = P2A_NO_WEIGHT,
                       .kernel = {1, 1},
                       .stride = {1, 1},
                       .dilation = {1, 1},
                       .groups = 1,
                       .block = 1,
                       .scale = {1, 1},
                       .min = -INFINITY,
                       .max = INFINITY};
    uint32_t padding = P2A_PADDING_ZERO, mode = P2A_RESIZE_BILINEAR;
    char output[P2A_NAME_BYTES];
    p2a_status s = find_attributes(r, object);
    if (s == P2A_OK)
        s = read_op(r, node);
    if (s == P2A_OK)
        s = read_inputs(r, &op_rules[node->op], node);
    if (s == P2A_OK)
        s = read_weight(r, A_WEIGHT, &node->weight);
    if (s == P2A_OK)
        s = read_weight(r, A_BIAS, &node->bias);
    if (s == P2A_OK)
        s = read_uints(r, A_KERNEL, 2, 1, 64, "two numbers from 1 to 64", node->kernel);
    if (s == P2A_OK)
        s = read_uints(r, A_STRIDE, 2, 1, 64, "two numbers from 1 to 64", node->stride);
    if (s == P2A_OK)
        s = read_uints(r, A_DILATION, 2, 1, 64, "two numbers from 1 to 64", node->dilation);
    if (s == P2A_OK)
        s = read_uints(r, A_PADS, 4, 0, 64, "four numbers from 0 to 64", node->pads);
    if (s == P2A_OK)
        s = read_word(r, A_PADDING, paddings, 3, "zero, reflect or replicate", &padding);
    if (s == P2A_OK)
        s = read_uints(r, A_GROUPS, 1, 1, P2A_GRAPH_CHANNELS_MAX, "1 to 65536", &node->groups);
    if (s == P2A_OK)
        s = read_uints(r, A_BLOCK, 1, 2, 16, "2 to 16", &node->block);
    if (s == P2A_OK)
        s = read_uints(r, A_BEGIN, 1, 0, P2A_GRAPH_CHANNELS_MAX, "0 to 65536", &node->begin);
    if (s == P2A_OK)
        s = read_uints(r, A_SIZE, 1, 1, P2A_GRAPH_CHANNELS_MAX, "1 to 65536", &node->size);
    if (s == P2A_OK)
        s = read_uints(r, A_SCALE, 2, 1, 16, "two numbers from 1 to 16", node->scale);
    if (s == P2A_OK)
        s = read_word(r, A_MODE, modes, 2, "bilinear or nearest", &mode);
    if (s == P2A_OK && r->values[A_ALIGN_CORNERS] != 0 &&
        !p2a_json_bool(&r->json, r->values[A_ALIGN_CORNERS], &node->align_corners))
        s = refuse(r, A_ALIGN_CORNERS, "true or false");
    if (s == P2A_OK && r->values[A_ASYMMETRIC] != 0 &&
        !p2a_json_bool(&r->json, r->values[A_ASYMMETRIC], &node->asymmetric))
        s = refuse(r, A_ASYMMETRIC, "true or false");
    if (s == P2A_OK)
        s = read_activation(r, node);
    if (s == P2A_OK)
        s = read_number(r, A_ALPHA, &node->alpha);
    if (s == P2A_OK)
        s = read_number(r, A_EPS, &node->eps);
    if (s == P2A_OK && r->values[A_EPS] != 0 && !(node->eps > 0))
        s = refuse(r, A_EPS, "a number above 0");
    if (s == P2A_OK && !read_name(&r->json, r->values[A_OUTPUT], output))
        s = refuse(r, A_OUTPUT, "1 to 128 printable ASCII characters");
    node->padding = (p2a_padding)padding;
    node->mode = (p2a_resize_mode)mode;
    node->output = r->graph->tensor_count;
    if (s == P2A_OK)
        s = add_tensor(r, output);
    char place[48];
    snprintf(place, sizeof place, "node %u (%s)", r->node, r->op);
    return s == P2A_OK ? read_quantization(r, r->values[A_STEP], r->values[A_ZERO], place,
                                           &r->graph->tensors[node->output].quantization)
                       : s;
}

/* {"name": "image", "channels": 3}, with step and zero for bytes: the first tensor. */
static p2a_status read_input(reader *r, uint32_t object)
{
    const p2a_json_token *t = &r->json.tokens[object];
    uint64_t channels = 0;
    char name[P2A_NAME_BYTES] = "";
    uint32_t step = 0, zero = 0;
    bool good = t->kind == P2A_JSON_OBJECT && (t->size == 2 || t->size == 4);
    for (uint32_t i = 0, key = object + 1; good && i < t->size; i++) {
        if (p2a_json_equals(&r->json, key, "name"))
            good = read_name(&r->json, key + 1, name);
        else if (p2a_json_equals(&r->json, key, "step"))
            step = key + 1;
        else if (p2a_json_equals(&r->json, key, "zero"))
            zero = key + 1;
        else
            good = p2a_json_equals(&r->json, key, "channels") &&
                   p2a_json_uint(&r->json, key + 1, P2A_GRAPH_CHANNELS_MAX, &channels);
        key = r->json.tokens[key].next;
    }
    if (!good || name[0] == '\0' || channels == 0)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "graph: expected a name and 1 to 65536 channels for input");
    r->graph->input = 0;
    r->graph->tensors[0].channels = (uint32_t)channels;
    p2a_status status = add_tensor(r, name);
    return status == P2A_OK
               ? read_quantization(r, step, zero, "input", &r->graph->tensors[0].quantization)
               : status;
}

static p2a_status read_outputs(reader *r, uint32_t list)
{
    const p2a_json_token *t = &r->json.tokens[list];
    if (t->kind != P2A_JSON_ARRAY || t->size < 1 || t->size > P2A_GRAPH_OUTPUTS_MAX)
        return p2a_fail(r->ctx, P2A_ERR_MODEL,
                        "graph: expected a list of 1 to %u names for "
                        "outputs",
                        P2A_GRAPH_OUTPUTS_MAX);
    for (uint32_t i = 0; i < t->size; i++) {
        char name[P2A_NAME_BYTES];
        uint32_t index = 0;
        bool good = read_name(&r->json, list + 1 + i, name) &&
                    p2a_names_find(&r->tensor_names, name, &index) && index != r->graph->input;
        for (uint32_t k = 0; k < i; k++)
            good = good && r->graph->outputs[k] != index;
        if (!good)
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "graph: expected different tensors that nodes make for outputs");
        r->graph->outputs[i] = index;
        r->graph->output_count = i + 1;
    }
    return P2A_OK;
}

static p2a_status read_parts(reader *r)
{
    static const char *const keys[] = {"input", "nodes", "outputs"};
    uint32_t parts[3] = {0};
    const p2a_json_token *root = &r->json.tokens[0];
    for (uint32_t i = 0, key = 1; i < root->size; i++) {
        uint32_t k = 0;
        while (k < 3 && !p2a_json_equals(&r->json, key, keys[k]))
            k++;
        if (k == 3 || parts[k] != 0)
            return p2a_fail(r->ctx, P2A_ERR_MODEL,
                            "graph: expected input, nodes and outputs, each once");
        parts[k] = key + 1;
        key = r->json.tokens[key].next;
    }
    for (uint32_t k = 0; k < 3; k++)
        if (parts[k] == 0)
            return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph: %s is missing", keys[k]);

    const p2a_json_token *nodes = &r->json.tokens[parts[1]];
    if (nodes->kind != P2A_JSON_ARRAY || nodes->size < 1 || nodes->size > P2A_GRAPH_NODES_MAX)
        return p2a_fail(r->ctx, P2A_ERR_MODEL, "graph: expected a list of 1 to %u nodes, got %u",
                        P2A_GRAPH_NODES_MAX, nodes->kind == P2A_JSON_ARRAY ? nodes->size : 0);
    p2a_graph *graph = r->graph;
    graph->tensors = p2a_alloc_zeroed(r->ctx, nodes->size + 1, sizeof *graph->tensors);
    graph->nodes = p2a_alloc_zeroed(r->ctx, nodes->size, sizeof *graph->nodes);
    if (graph->tensors == NULL || graph->nodes == NULL)
        return p2a_fail_memory(r->ctx, nodes->size * sizeof *graph->nodes, "the graph's nodes");
    p2a_status status = p2a_names_create(r->ctx, nodes->size + 1, &r->tensor_names);
    if (status == P2A_OK)
        status = read_input(r, parts[0]);
    for (uint32_t object = parts[1] + 1; status == P2A_OK && r->node < nodes->size; r->node++) {
        status = read_node(r, object, &graph->nodes[r->node]);
        graph->node_count = r->node + 1;
        object = r->json.tokens[object].next;
    }
    return status == P2A_OK ? read_outputs(r, parts[2]) : status;
}

p2a_status p2a_model_read_graph(p2a_model *model, const p2a_names *weight_names)
{
    reader r = {.ctx = model->ctx, .graph = &model->graph, .weight_names = weight_names};
    const char *text = p2a_model_metadata(model, "graph"); /* model.c saw that it is there */
    p2a_status status = p2a_json_read(r.ctx, text, strlen(text), "the graph", &r.json);
    if (status == P2A_OK)
        status = read_parts(&r);
    p2a_names_release(r.ctx, &r.tensor_names);
    p2a_json_release(r.ctx, &r.json);
    return status;
}
