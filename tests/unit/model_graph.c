/* model_graph.c - every rule of graph.h: graphs that keep it load, graphs that break it are named
 */
#include "nn/model_graph.h"
#include "check.h"
#include "model_bytes.h"
#include "nn/model.h"

static p2a_context *ctx;
static model_bytes file;

/* One node after an input x of 8 channels (and m, its mean); its output is y. */
typedef struct node_case {
    const char *node;    /* attributes behind op, inputs and output */
    const char *message; /* NULL: it loads */
    model_weight weights[2];
} node_case;

static p2a_model *load_graph(const char *graph, const model_weight *weights,
                             const model_entry *entries, const char *message)
{
    model_bytes_write(&file, graph, weights, entries);
    p2a_model *model = NULL;
    p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
    const char *got = status == P2A_OK ? "(it loads)" : p2a_context_message(ctx);
    bool right = message == NULL ? status == P2A_OK && model != NULL
                                 : status == P2A_ERR_MODEL && model == NULL && strstr(got, message);
    if (!right)
        printf("%s\n  gives: %s\n  not:   %s\n", graph, got,
               message != NULL ? message : "(it loads)");
    CHECK(right);
    return model;
}

static void run_nodes(const node_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char graph[1024];
        snprintf(graph, sizeof graph,
                 "{'input':{'name':'x','channels':8},'nodes':[{'output':'y',%s}],'outputs':['y']}",
                 cases[i].node);
        const model_weight weights[3] = {cases[i].weights[0], cases[i].weights[1], {.name = NULL}};
        p2a_model_destroy(load_graph(graph, weights, NULL, cases[i].message));
    }
}

#define W(...) {"w", "F16", __VA_ARGS__}
#define B(...) {"b", "F32", __VA_ARGS__}
#define X "'inputs':['x']"
#define CONV "'op':'conv2d','inputs':['x'],'weight':'w'"

static void test_conv2d(void)
{
    static const node_case cases[] = {
        {CONV, NULL, {W(4, {5, 3, 3, 8})}},
        {CONV ",'bias':'b'", NULL, {W(4, {5, 1, 1, 8}), B(1, {5})}},
        {CONV ",'groups':8", NULL, {W(4, {8, 3, 3, 1})}},
        {CONV ",'groups':8,'pads':[2,2,2,2],'stride':[2,2]", NULL, {W(4, {16, 5, 5, 1})}},
        {CONV ",'dilation':[2,2],'pads':[2,2,2,2],'padding':'replicate'",
         NULL,
         {W(4, {2, 3, 3, 8})}},
        {CONV ",'pads':[3,3,3,3],'padding':'reflect'", NULL, {W(4, {2, 7, 7, 8})}},
        {CONV ",'pads':[4,3,3,3],'padding':'reflect'", NULL, {W(4, {2, 7, 7, 8})}},
        {CONV, "[O,KH,KW,I/groups]", {W(3, {5, 3, 8})}},
        {CONV, "weight's last side", {W(4, {5, 3, 3, 7})}},
        {CONV ",'groups':2", "weight's last side", {W(4, {4, 3, 3, 8})}},
        {CONV ",'groups':3", "groups to divide", {W(4, {3, 3, 3, 2})}},
        {CONV ",'groups':2", "groups to divide", {W(4, {5, 3, 3, 4})}},
        {CONV ",'groups':0", "for groups, got 0", {W(4, {5, 3, 3, 8})}},
        {CONV ",'bias':'b'", "bias of shape [O]", {W(4, {5, 1, 1, 8}), B(1, {8})}},
        {CONV ",'bias':'b'", "bias of shape [O]", {W(4, {5, 1, 1, 8}), B(2, {1, 5})}},
        {CONV ",'bias':'c'", "for bias, got c", {W(4, {5, 1, 1, 8})}},
        {CONV ",'bias':7", "for bias, got 7", {W(4, {5, 1, 1, 8})}},
        {CONV ",'kernel':[1,1]", "takes no kernel", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[3,1]", "multiple_of that its stride", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[0,1]", "64 for stride, got [0,1]", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[65,1]", "64 for stride", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[1]", "64 for stride", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[1,1,1]", "64 for stride", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':2", "64 for stride, got 2", {W(4, {5, 1, 1, 8})}},
        {CONV ",'stride':[[1],1]", "64 for stride", {W(4, {5, 1, 1, 8})}},
        {CONV ",'dilation':[1,1.0]", "64 for dilation", {W(4, {5, 1, 1, 8})}},
        {CONV ",'pads':[0,0,0,-1]", "64 for pads", {W(4, {5, 3, 3, 8})}},
        {CONV ",'pads':[0,0,3,0]", "below kernel * dilation", {W(4, {5, 3, 3, 8})}},
        {CONV ",'padding':'mirror'", "for padding, got mirror", {W(4, {5, 3, 3, 8})}},
        {CONV ",'dilation':[3,3]", "larger than the padded smallest", {W(4, {5, 3, 3, 8})}},
        {CONV, "1 to 64 rows and columns", {W(4, {1, 65, 1, 8})}},
        {CONV, NULL, {W(4, {1, 4, 4, 8})}},
        {CONV, "larger than the padded smallest", {W(4, {1, 4, 5, 8})}},
        {"'op':'conv2d'," X, "weight is missing", {{.name = NULL}}},
        {"'op':'conv2d'," X ",'weight':'z'", "for weight, got z", {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'relu6'", NULL, {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'tanh'", "for activation, got tanh", {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'clamp','min':-1,'max':1", NULL, {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'clamp','min':-1", "needs min and max", {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'clamp','min':1,'max':1",
         "more than min for max",
         {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'relu','max':1", "clamp where it stands", {W(4, {1, 1, 1, 8})}},
        {CONV ",'min':0,'max':1", "clamp where it stands", {W(4, {1, 1, 1, 8})}},
        {CONV ",'activation':'clamp','min':-1,'max':1e60", "float's range", {W(4, {1, 1, 1, 8})}},
        {CONV, "is used by no node", {W(4, {1, 1, 1, 8}), B(1, {1})}},
    };
    run_nodes(cases, sizeof cases / sizeof *cases);
}

static void test_other_ops(void)
{
    static const node_case cases[] = {
        {"'op':'space_to_depth'," X ",'block':4", NULL, {{.name = NULL}}},
        {"'op':'space_to_depth'," X ",'block':3", "its block divides", {{.name = NULL}}},
        {"'op':'space_to_depth'," X ",'block':1", "2 to 16 for block", {{.name = NULL}}},
        {"'op':'space_to_depth'," X ",'block':17", "2 to 16 for block", {{.name = NULL}}},
        {"'op':'space_to_depth'," X, "block is missing", {{.name = NULL}}},
        {"'op':'depth_to_space'," X ",'block':2", NULL, {{.name = NULL}}},
        {"'op':'depth_to_space'," X ",'block':3", "block * block to divide", {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'bilinear','scale':[2,3]", NULL, {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'nearest','scale':[16,1]", NULL, {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'nearest','scale':[17,1]", "16 for scale", {{.name = NULL}}},
        {"'op':'resize','inputs':['x','x'],'mode':'bilinear','align_corners':true",
         NULL,
         {{.name = NULL}}},
        {"'op':'resize','inputs':['x','x'],'mode':'bilinear','scale':[2,2]",
         "not both",
         {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'cubic','scale':[2,2]",
         "for mode, got cubic",
         {{.name = NULL}}},
        {"'op':'resize'," X ",'scale':[2,2]", "mode is missing", {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'nearest','align_corners':true",
         "bilinear only",
         {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'bilinear','align_corners':1",
         "true or false",
         {{.name = NULL}}},
        {"'op':'add','inputs':['x','x'],'activation':'relu'", NULL, {{.name = NULL}}},
        {"'op':'sub'," X ",'weight':'w'", NULL, {W(1, {8})}},
        {"'op':'mul'," X ",'weight':'w'", NULL, {W(1, {1})}},
        {"'op':'mul'," X ",'weight':'w'", "[C] or [1]", {W(1, {7})}},
        {"'op':'mul'," X ",'weight':'w'", "[C] or [1]", {W(2, {1, 8})}},
        {"'op':'mul'," X, "two inputs, or one input and a weight", {{.name = NULL}}},
        {"'op':'mul','inputs':['x','x'],'weight':'w'", "two inputs, or one", {W(1, {8})}},
        {"'op':'add','inputs':['x','x','x']", "list of 1 to 2 names", {{.name = NULL}}},
        {"'op':'concat','inputs':['x','x','x']", NULL, {{.name = NULL}}},
        {"'op':'concat'," X, "list of 2 to 16 names", {{.name = NULL}}},
        {"'op':'slice'," X ",'begin':7,'size':1", NULL, {{.name = NULL}}},
        {"'op':'slice'," X ",'begin':7,'size':2", "begin + size", {{.name = NULL}}},
        {"'op':'slice'," X ",'begin':0,'size':0", "for size, got 0", {{.name = NULL}}},
        {"'op':'slice'," X ",'begin':65536,'size':65536", "begin + size", {{.name = NULL}}},
        {"'op':'slice'," X ",'size':1", "begin is missing", {{.name = NULL}}},
        {"'op':'pad'," X ",'pads':[3,0,64,0]", NULL, {{.name = NULL}}},
        {"'op':'pad'," X ",'pads':[3,0,0,4],'padding':'reflect'", NULL, {{.name = NULL}}},
        {"'op':'pad'," X ",'pads':[3,0,65,0]", "64 for pads", {{.name = NULL}}},
        {"'op':'mean'," X, NULL, {{.name = NULL}}},
        {"'op':'fully_connected'," X ",'weight':'w'", "one pixel", {W(2, {4, 8})}},
        {"'op':'instance_norm'," X ",'eps':1e-5", NULL, {{.name = NULL}}},
        {"'op':'instance_norm'," X ",'eps':1e-5,'weight':'w','bias':'b'",
         NULL,
         {W(1, {8}), B(1, {8})}},
        {"'op':'instance_norm'," X ",'eps':1e-5,'weight':'w'", "weight of shape [C]", {W(1, {1})}},
        {"'op':'instance_norm'," X ",'eps':0", "above 0 for eps", {{.name = NULL}}},
        {"'op':'instance_norm'," X ",'eps':-1", "above 0 for eps", {{.name = NULL}}},
        {"'op':'instance_norm'," X, "eps is missing", {{.name = NULL}}},
        {"'op':'group_norm'," X ",'eps':1,'groups':4", NULL, {{.name = NULL}}},
        {"'op':'adaptive_norm','inputs':['x','x'],'eps':1", NULL, {{.name = NULL}}},
        {"'op':'adaptive_norm'," X ",'eps':1", "2 to 2 names", {{.name = NULL}}},
        {"'op':'sum_norm'," X ",'eps':0", "above 0 for eps", {{.name = NULL}}},
        {"'op':'spatial_softmax'," X, NULL, {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'bilinear','asymmetric':true", NULL, {{.name = NULL}}},
        {"'op':'resize'," X ",'mode':'nearest','asymmetric':true",
         "asymmetric is for bilinear",
         {{.name = NULL}}},
        {"'op':'group_norm'," X ",'eps':1,'groups':3", "groups to divide", {{.name = NULL}}},
        {"'op':'group_norm'," X ",'eps':1", "groups is missing", {{.name = NULL}}},
        {"'op':'layer_norm'," X ",'eps':1,'bias':'b'", NULL, {B(1, {8})}},
        {"'op':'layer_norm'," X ",'eps':1,'bias':'b'", "bias of shape [C]", {B(1, {9})}},
        {"'op':'relu'," X, NULL, {{.name = NULL}}},
        {"'op':'relu'," X ",'activation':'relu'", "takes no activation", {{.name = NULL}}},
        {"'op':'relu','inputs':['x','x']", "list of 1 to 1 names", {{.name = NULL}}},
        {"'op':'leaky_relu'," X ",'alpha':0.2", NULL, {{.name = NULL}}},
        {"'op':'leaky_relu'," X ",'alpha':'0.2'",
         "a number in float's range for alpha",
         {{.name = NULL}}},
        {"'op':'leaky_relu'," X ",'alpha':true",
         "a number in float's range for alpha",
         {{.name = NULL}}},
        {"'op':'leaky_relu'," X, "alpha is missing", {{.name = NULL}}},
        {"'op':'prelu'," X ",'weight':'w'", NULL, {W(1, {8})}},
        {"'op':'prelu'," X ",'weight':'w'", "[C] or [1]", {W(1, {4})}},
        {"'op':'clamp'," X ",'min':-1,'max':1", NULL, {{.name = NULL}}},
        {"'op':'clamp'," X ",'min':-1", "max is missing", {{.name = NULL}}},
        {"'op':'clamp'," X ",'min':2,'max':1", "more than min", {{.name = NULL}}},
        {"'op':'sigmoid'," X, NULL, {{.name = NULL}}},
        {"'op':'tanh'," X, NULL, {{.name = NULL}}},
        {"'op':'hard_swish'," X, NULL, {{.name = NULL}}},
        {"'op':'softmax'," X, NULL, {{.name = NULL}}},
        {"'op':'max_pool'," X ",'kernel':[3,3],'stride':[2,2],'pads':[1,1,1,1]",
         NULL,
         {{.name = NULL}}},
        {"'op':'max_pool'," X ",'kernel':[2,2],'pads':[0,2,0,0]",
         "pads below kernel",
         {{.name = NULL}}},
        {"'op':'max_pool'," X ",'kernel':[65,2]", "64 for kernel", {{.name = NULL}}},
        {"'op':'max_pool'," X, "kernel is missing", {{.name = NULL}}},
        {"'op':'argmax'," X, NULL, {{.name = NULL}}},
        {"'op':'gelu'," X, "an operator of this version for op, got gelu", {{.name = NULL}}},
        {"'op':3," X, "for op, got 3", {{.name = NULL}}},
        {X, "op is missing", {{.name = NULL}}},
        {"'op':'relu'", "inputs is missing", {{.name = NULL}}},
        {"'op':'relu','inputs':'x'", "list of 1 to 1", {{.name = NULL}}},
        {"'op':'relu','inputs':[]", "list of 1 to 1", {{.name = NULL}}},
        {"'op':'relu','inputs':[1]", "made before it", {{.name = NULL}}},
        {"'op':'relu','inputs':['z']", "made before it for inputs", {{.name = NULL}}},
        {"'op':'relu','inputs':['y']", "made before it", {{.name = NULL}}},
        {"'op':'relu'," X ",'colour':1", "colour is not known", {{.name = NULL}}},
        {"'op':'relu'," X ",'op':'tanh'", "op stands twice", {{.name = NULL}}},
    };
    run_nodes(cases, sizeof cases / sizeof *cases);
}

#define INPUT "'input':{'name':'x','channels':8}"
#define MEAN "{'op':'mean','inputs':['x'],'output':'a'}"
#define RELU(from, to) "{'op':'relu','inputs':['" from "'],'output':'" to "'}"

/* What holds between nodes, and the graph's own parts. */
static void test_graphs(void)
{
    static const struct {
        const char *graph, *message;
    } cases[] = {
        {"{" INPUT ",'nodes':[" RELU("x", "a") "," RELU("a", "y") "],'outputs':['y','a']}", NULL},
        {"{" INPUT ",'nodes':[" RELU("b", "a") "," RELU("a", "b") "],'outputs':['b']}",
         "made before it"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "," RELU("x", "a") "],'outputs':['a']}",
         "a is made twice"},
        {"{" INPUT ",'nodes':[" RELU("x", "x") "],'outputs':['x']}", "x is made twice"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "," RELU("x", "b") "],'outputs':['a']}",
         "b is made and never"},
        {"{" INPUT ",'nodes':[" RELU("x", "a b") "],'outputs':['a b']}", "for output"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':['b']}", "for outputs"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':['x']}", "for outputs"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':['a','a']}", "for outputs"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':[]}", "1 to 16 names"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':'a'}", "1 to 16 names"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "]}", "outputs is missing"},
        {"{'nodes':[" RELU("x", "a") "],'outputs':['a']}", "input is missing"},
        {"{" INPUT ",'nodes':[],'outputs':['x']}", "1 to 4096 nodes, got 0"},
        {"{" INPUT ",'nodes':{},'outputs':['x']}", "1 to 4096 nodes"},
        {"{" INPUT ",'nodes':[7],'outputs':['x']}", "node 0: expected an object"},
        {"{" INPUT ",'nodes':[" RELU("x", "a") "],'outputs':['a'],'more':1}", "each once"},
        {"{" INPUT "," INPUT ",'nodes':[" RELU("x", "a") "],'outputs':['a']}", "each once"},
        {"{'input':'x','nodes':[" RELU("x", "a") "],'outputs':['a']}", "channels for input"},
        {"{'input':{'name':'x'},'nodes':[" RELU("x", "a") "],'outputs':['a']}",
         "channels for input"},
        {"{'input':{'name':'x','channels':0},'nodes':[" RELU("x", "a") "],'outputs':['a']}",
         "channels for input"},
        {"{'input':{'name':'x','channels':65537},'nodes':[" RELU("x", "a") "],'outputs':['a']}",
         "channels for input"},
        {"{'input':{'name':'x','name':'x'},'nodes':[" RELU("x", "a") "],'outputs':['a']}",
         "channels for input"},
        {"[]", "a JSON object for the graph"},
        {"{", "the graph is not JSON"},
        {"", "the graph is not JSON"},
        /* sizes that differ */
        {"{" INPUT
         ",'nodes':[{'op':'max_pool','inputs':['x'],'output':'a','kernel':[2,2],'stride':[2,2]},"
         "{'op':'add','inputs':['x','a'],'output':'y'}],'outputs':['y']}",
         "first one's size"},
        {"{" INPUT ",'nodes':[{'op':'max_pool','inputs':['x'],'output':'a','kernel':[2,2]},"
         "{'op':'concat','inputs':['x','a'],'output':'y'}],'outputs':['y']}",
         "inputs of one size"},
        {"{" INPUT ",'nodes':[{'op':'slice','inputs':['x'],'output':'a','begin':1,'size':4},"
         "{'op':'add','inputs':['x','a'],'output':'y'}],'outputs':['y']}",
         "the same channels"},
        {"{" INPUT ",'nodes':[{'op':'mean','inputs':['x'],'output':'a'},"
         "{'op':'mul','inputs':['x','a'],'output':'y'}],'outputs':['y']}",
         NULL},
        {"{" INPUT ",'nodes':[{'op':'mean','inputs':['x'],'output':'a'},"
         "{'op':'mul','inputs':['a','x'],'output':'y'}],'outputs':['y']}",
         "first one's size"},
        {"{" INPUT ",'nodes':[{'op':'mean','inputs':['x'],'output':'a'},"
         "{'op':'resize','inputs':['a','x'],'output':'y','mode':'nearest'}],'outputs':['y']}",
         NULL},
        /* a stride that the picture allows, but not what is left of it */
        {"{" INPUT
         ",'nodes':[{'op':'max_pool','inputs':['x'],'output':'a','kernel':[2,2],'stride':[4,4]},"
         "{'op':'max_pool','inputs':['a'],'output':'y','kernel':[1,1],'stride':[2,2]}],'outputs':['"
         "y']}",
         "its stride divides"},
        /* 8 * 16 * 16 * 16 * 16 channels; 16 * 16 times the rows */
        {"{'input':{'name':'x','channels':300},'nodes':[{'op':'space_to_depth','inputs':['x'],'"
         "output':'a',"
         "'block':4},{'op':'concat','inputs':['a','a','a','a','a','a','a','a','a','a','a','a','a','"
         "a'],"
         "'output':'y'}],'outputs':['y']}",
         "at most 65536 channels"},
        {"{'input':{'name':'x','channels':5000},'nodes':[{'op':'space_to_depth','inputs':['x'],'"
         "output':'y',"
         "'block':4}],'outputs':['y']}",
         "at most 65536 channels"},
        {"{" INPUT
         ",'nodes':[{'op':'resize','inputs':['x'],'output':'a','mode':'nearest','scale':[16,16]},"
         "{'op':'resize','inputs':['a'],'output':'y','mode':'nearest','scale':[2,1]}],'outputs':['"
         "y']}",
         "16 times the picture's rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        p2a_model_destroy(load_graph(cases[i].graph, NULL, NULL, cases[i].message));
}

static void test_fully_connected(void)
{
    static const char graph[] = "{" INPUT ",'nodes':[" MEAN
                                ",{'op':'fully_connected','inputs':['a'],'output':'y','weight':'w',"
                                "'bias':'b','activation':'relu'}],'outputs':['y']}";
    static const struct {
        model_weight weights[3];
        const char *message;
    } cases[] = {{{W(2, {5, 8}), B(1, {5}), {.name = NULL}}, NULL},
                 {{W(2, {8, 5}), B(1, {8}), {.name = NULL}}, "weight of shape [O,C]"},
                 {{W(4, {5, 1, 1, 8}), B(1, {5}), {.name = NULL}}, "weight of shape [O,C]"},
                 {{W(2, {5, 8}), B(1, {8}), {.name = NULL}}, "bias of shape [O]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        p2a_model_destroy(load_graph(graph, cases[i].weights, NULL, cases[i].message));
}

static void test_kind_generator(void)
{
    static const model_entry entries[] = {{"kind", "generator"}, {NULL, NULL}};
    static const struct {
        const char *graph, *message;
    } cases[] = {
        {"{'input':{'name':'x','channels':3},'nodes':[" RELU("x", "y") "],'outputs':['y']}", NULL},
        {"{'input':{'name':'x','channels':4},'nodes':[" RELU("x", "y") "],'outputs':['y']}",
         "kind generator"},
        {"{'input':{'name':'x','channels':3},'nodes':[" RELU("x", "a") "," RELU(
             "x", "y") "],'outputs':['y','a']}",
         "kind generator"},
        {"{'input':{'name':'x','channels':3},'nodes':[{'op':'mean','inputs':['x'],'output':'y'}],"
         "'outputs':['y']}",
         "kind generator"},
        {"{'input':{'name':'x','channels':3},'nodes':[{'op':'argmax','inputs':['x'],'output':'y'}],"
         "'outputs':['y']}",
         "kind generator"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        p2a_model_destroy(load_graph(cases[i].graph, NULL, entries, cases[i].message));
}

/* A radius one below what the graph sees is refused, and so is any where it sees everything. */
static void test_receptive_field(void)
{
    static const struct {
        const char *node;
        uint32_t radius; /* 0: the whole picture */
    } cases[] = {
        {"'op':'pad'," X ",'pads':[2,0,0,0],'padding':'replicate'", 2},
        {"'op':'max_pool'," X ",'kernel':[3,5],'pads':[1,1,1,1]", 3},
        {"'op':'space_to_depth'," X ",'block':4", 3},
        {"'op':'resize'," X ",'mode':'bilinear','scale':[2,2]", 2}, /* 1.25, rounded up */
        {"'op':'resize'," X ",'mode':'nearest','scale':[2,2]", 1},
        {"'op':'resize'," X ",'mode':'bilinear','scale':[2,2],'align_corners':true", 0},
        {"'op':'instance_norm'," X ",'eps':1", 0},
        {"'op':'group_norm'," X ",'eps':1,'groups':1", 0},
        {"'op':'adaptive_norm','inputs':['x','x'],'eps':1", 0},
        {"'op':'spatial_softmax'," X, 0},
        {"'op':'mean'," X, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char graph[1024], text[16];
        const model_entry entries[] = {{"receptive_field_px", text}, {NULL, NULL}};
        snprintf(graph, sizeof graph, "{" INPUT ",'nodes':[{'output':'y',%s}],'outputs':['y']}",
                 cases[i].node);
        snprintf(text, sizeof text, "%u", cases[i].radius);
        p2a_model_destroy(load_graph(graph, NULL, entries, NULL));
        snprintf(text, sizeof text, "%u", cases[i].radius == 0 ? 65535 : cases[i].radius - 1);
        p2a_model_destroy(
            load_graph(graph, NULL, entries, text[0] == '0' ? NULL : "receptive_field_px"));
    }
}

/* Each op has a name, and no two the same. */
static void test_names(void)
{
    for (int a = 0; a < P2A_OP_COUNT; a++) {
        CHECK(p2a_op_name((p2a_op)a) != NULL);
        for (int b = 0; b < a; b++)
            CHECK(strcmp(p2a_op_name((p2a_op)a), p2a_op_name((p2a_op)b)) != 0);
    }
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_conv2d();
    test_other_ops();
    test_graphs();
    test_fully_connected();
    test_kind_generator();
    test_receptive_field();
    test_names();
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
