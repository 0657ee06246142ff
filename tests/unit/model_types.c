/* model_types.c - every rule of bytes in a model file: graphs that keep it load, others are named;
 * damage is refused */
#include "check.h"
#include "model_bytes.h"
#include "nn/model.h"

#define FLIPS 8000

static p2a_context *ctx;
static model_bytes file;

/* Nodes after the input x (f32, 8 channels) and its bytes q; the last one makes y, f32. */
typedef struct types_case {
    const char *nodes;
    const char *message; /* NULL: it loads */
    model_weight weights[3];
} types_case;

#define I8(...) {"w", "I8", 4, __VA_ARGS__}
#define SCALE(...) {"w.scale", "F16", 1, __VA_ARGS__}
#define BIAS(...) {"b", "F16", 1, __VA_ARGS__}
#define CONV "{'op':'conv2d','inputs':['q'],'output':'a','weight':'w'"
#define STEP ",'step':0.05,'zero':-128}"
#define BACK ",{'op':'dequantize','inputs':['a'],'output':'y'}"

static const types_case cases[] = {
    {CONV STEP BACK, NULL, {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'bias':'b','activation':'relu','pads':[1,1,1,1]" STEP BACK,
     NULL,
     {I8({6, 3, 3, 8}), SCALE({6}), BIAS({6})}},
    {CONV STEP BACK, "w.scale", {I8({6, 3, 3, 8})}},
    {CONV STEP BACK,
     "expected 6 numbers above 0 in the weight w.scale",
     {I8({6, 3, 3, 8}), SCALE({4})}},
    {CONV STEP BACK, "an I8 weight, step and zero", {{"w", "F16", 4, {6, 3, 3, 8}}}},
    {CONV "}" BACK, "an I8 weight, step and zero", {I8({6, 3, 3, 8}), SCALE({6})}},
    {"{'op':'conv2d','inputs':['x'],'output':'a','weight':'w'" STEP BACK,
     "an input of bytes",
     {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'pads':[1,1,1,1],'padding':'reflect'" STEP BACK,
     "padding zero",
     {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':1e-6,'zero':0}" BACK, "2^-32 to 256", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':0,'zero':0}" BACK,
     "1e-6 to 1e6 for step, got 0",
     {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':-1,'zero':0}" BACK, "for step, got -1", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':1,'zero':128}" BACK, "for zero, got 128", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':1,'zero':0.5}" BACK, "for zero, got 0.5", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':1}" BACK, "both step and zero", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'zero':1}" BACK, "both step and zero", {I8({6, 3, 3, 8}), SCALE({6})}},
    {CONV ",'step':'1','zero':1}" BACK, "both step and zero", {I8({6, 3, 3, 8}), SCALE({6})}},
    {"{'op':'add','inputs':['x'],'weight':'w','output':'y'}",
     "w.scale is used by no node",
     {{"w", "I8", 1, {8}}, SCALE({8})}},
    {"{'op':'add','inputs':['q','q'],'output':'a'" STEP BACK, NULL, {{0}}},
    {"{'op':'add','inputs':['q','q'],'output':'a','step':1e5,'zero':0}" BACK,
     "2^-10 to 256",
     {{0}}},
    {"{'op':'add','inputs':['q','x'],'output':'a'" STEP BACK, "inputs of bytes", {{0}}},
    {"{'op':'add','inputs':['q','q'],'output':'y'}", "inputs of bytes", {{0}}},
    {"{'op':'add','inputs':['q','q'],'output':'a','activation':'relu'" STEP BACK,
     "no activation",
     {{0}}},
    {"{'op':'add','inputs':['q'],'weight':'f','output':'a'" STEP BACK,
     "two inputs",
     {{"f", "F16", 1, {8}}}},
    {"{'op':'mul','inputs':['q','q'],'output':'a'" STEP BACK, NULL, {{0}}},
    {"{'op':'mul','inputs':['q','q'],'output':'a','step':1e4,'zero':0}" BACK,
     "2^-16 to 256",
     {{0}}},
    {"{'op':'sigmoid','inputs':['q'],'output':'a'" STEP BACK, NULL, {{0}}},
    {"{'op':'sigmoid','inputs':['q'],'output':'y'}", "an input of bytes", {{0}}},
    {"{'op':'sigmoid','inputs':['x'],'output':'a'" STEP BACK, "an input of bytes", {{0}}},
    {"{'op':'relu','inputs':['q'],'output':'y'}", "f32 inputs", {{0}}},
    {"{'op':'relu','inputs':['x'],'output':'a'" STEP BACK, "takes no step", {{0}}},
    {"{'op':'concat','inputs':['x','q'],'output':'y'}", "f32 inputs", {{0}}},
    {"{'op':'mean','inputs':['q'],'output':'y'}", "f32 inputs", {{0}}},
    {"{'op':'dequantize','inputs':['x'],'output':'y'}", "input of bytes", {{0}}},
    {"{'op':'quantize','inputs':['q'],'output':'a'" STEP BACK, "f32 inputs", {{0}}},
    {"{'op':'quantize','inputs':['x'],'output':'a'}" BACK, "step is missing", {{0}}},
    {"{'op':'resize','inputs':['q'],'output':'a','mode':'bilinear','scale':[2,4]}" BACK,
     NULL,
     {{0}}},
    {"{'op':'resize','inputs':['q'],'output':'a','mode':'bilinear','scale':[3,3]}" BACK,
     "1, 2 or 4",
     {{0}}},
    {"{'op':'resize','inputs':['q'],'output':'a','mode':'nearest','scale':[2,2]}" BACK,
     "bilinear and",
     {{0}}},
    {"{'op':'space_to_depth','inputs':['q'],'output':'a','block':2}" BACK, NULL, {{0}}},
};

static void load(const model_entry *entries, const char *graph, const model_weight *weights,
                 const char *message)
{
    p2a_model *model = NULL;
    model_bytes_write(&file, graph, weights, entries);
    const p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
    const char *got = status == P2A_OK ? "(it loads)" : p2a_context_message(ctx);
    const bool right = message == NULL ? status == P2A_OK && model != NULL
                                       : status == P2A_ERR_MODEL && !model && strstr(got, message);
    if (!right)
        printf("%s\n  gives: %s\n  not:   %s\n", graph, got, message ? message : "(it loads)");
    CHECK(right);
    p2a_model_destroy(model);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

static void test_rules(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char graph[1024];
        snprintf(graph, sizeof graph,
                 "{'input':{'name':'x','channels':8},'nodes':["
                 "{'op':'quantize','inputs':['x'],'output':'q','step':0.02,'zero':3},"
                 "{'op':'dequantize','inputs':['q'],'output':'u'},%s],'outputs':['y','u']}",
                 cases[i].nodes);
        model_weight weights[4] = {{.name = NULL}};
        memcpy(weights, cases[i].weights, sizeof cases[i].weights);
        load(NULL, graph, weights, cases[i].message);
    }
}

#define ENDS                                                                                       \
    "{'input':{'name':'x','channels':3,'step':0.0078,'zero':0},'nodes':[{'op':'conv2d','inputs':"  \
    "['x'],'output':'y','weight':'w','bias':'b','step':0.0078,'zero':0}],'outputs':['y']}"

static const model_weight halves[] = {
    {"b", "F16", 1, {3}}, {"w.scale", "F16", 1, {3}}, {"w", "I8", 4, {3, 1, 1, 3}}, {.name = NULL}};
static const model_entry generator[] = {{"kind", "generator"}, {NULL, NULL}};

/* Only a generator's ends may be bytes: who runs the others takes floats. */
static void test_ends(void)
{
    static const model_weight weights[] = {{"w", "I8", 4, {3, 1, 1, 3}},
                                           {"w.scale", "F32", 1, {3}},
                                           {"b", "F32", 1, {3}},
                                           {.name = NULL}};
    load(generator, ENDS, weights, "3 numbers above 0 in the weight w.scale"); /* they are 0 */
    load(generator, ENDS, halves, NULL);
    load(NULL, ENDS, halves, "f32 input and f32 outputs");
}

/* What the loader let through, of bytes: what quantized.c relies on. */
static bool keeps_promises(const p2a_model *model)
{
    const p2a_graph *g = &model->graph;
    bool good = true;
    for (uint32_t i = 0; i < g->weight_count; i++) {
        const p2a_weight *w = &g->weights[i];
        good = good && (w->values != NULL) != (w->bytes != NULL);
        if (w->bytes != NULL)
            good = good && w->scale < g->weight_count && g->weights[w->scale].values != NULL &&
                   g->weights[w->scale].count == w->shape[0];
    }
    for (uint32_t n = 0; n < g->node_count; n++) {
        const p2a_node *node = &g->nodes[n];
        if (node->op == P2A_OP_CONV2D)
            good =
                good &&
                (g->weights[node->weight].bytes != NULL) == p2a_tensor_is_bytes(g, node->output) &&
                p2a_tensor_is_bytes(g, node->inputs[0]) == p2a_tensor_is_bytes(g, node->output);
    }
    return good;
}

static void test_flipped(void)
{
    static model_bytes good;
    uint32_t seed = 1, loaded = 0;
    model_bytes_write(&good, ENDS, halves, generator);
    for (size_t count = 0; count < good.count; count++) {
        p2a_model *model = NULL;
        CHECK_EQUAL(p2a_model_load(ctx, good.bytes, count, &model), P2A_ERR_MODEL);
        CHECK(model == NULL);
    }
    for (uint32_t round = 0; round < FLIPS; round++) {
        file = good;
        for (uint32_t i = 0; i <= round % 3; i++) {
            seed = seed * 1664525u + 1013904223u;
            file.bytes[(seed >> 8) % good.count] ^= (uint8_t)(1u << (seed >> 29));
        }
        p2a_model *model = NULL;
        const p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
        CHECK(status == P2A_OK ? model != NULL && keeps_promises(model)
                               : status == P2A_ERR_MODEL && model == NULL);
        loaded += status == P2A_OK;
        p2a_model_destroy(model);
        CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    }
    printf("%u of %d files with flipped bits load with another content\n", loaded, FLIPS);
    CHECK(loaded < FLIPS / 3);
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_rules();
    test_ends();
    test_flipped();
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
