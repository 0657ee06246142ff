/* model_load.c - p2a_model_load() on good files gives what they say; one wrong value each is named
 */
#include "check.h"
#include "model_bytes.h"
#include "nn/model.h"

static p2a_context *ctx;
static model_bytes file;

static p2a_model *load(void)
{
    p2a_model *model = NULL;
    p2a_status status = p2a_model_load(ctx, file.bytes, file.count, &model);
    if (status != P2A_OK)
        printf("refused: %s\n", p2a_context_message(ctx));
    CHECK_EQUAL(status, P2A_OK);
    return model;
}

/* The file is refused, and the message names what is wrong. */
static void expect_message(const char *part)
{
    p2a_model *model = (p2a_model *)&file;
    CHECK_EQUAL(p2a_model_load(ctx, file.bytes, file.count, &model), P2A_ERR_MODEL);
    CHECK(model == NULL);
    const char *message = p2a_context_message(ctx);
    if (strstr(message, part) == NULL)
        printf("expected \"%s\" in \"%s\"\n", part, message);
    CHECK(strstr(message, part) != NULL);
    p2a_model_destroy(model);
}

static void test_good_file(void)
{
    model_bytes_sample(&file);
    p2a_model *model = load();
    if (model == NULL)
        return;
    const p2a_graph *graph = &model->graph;
    CHECK_EQUAL(graph->node_count, 11);
    CHECK_EQUAL(graph->tensor_count, 12);
    CHECK_EQUAL(graph->weight_count, 6);
    CHECK_EQUAL(graph->output_count, 1);
    CHECK_EQUAL(graph->multiple_of, 4);
    CHECK_EQUAL(graph->receptive_field_px, 18);
    CHECK_NEAR(graph->range[0], -1, 0);
    CHECK_NEAR(graph->range[1], 1, 0);
    static const uint32_t channels[] = {3, 12, 4, 4, 4, 4, 12, 12, 24, 12, 12, 3};
    for (uint32_t i = 0; i < 12; i++)
        CHECK_EQUAL(graph->tensors[i].channels, channels[i]);
    CHECK(strcmp(graph->tensors[graph->outputs[0]].name, "painting") == 0);
    CHECK(strcmp(graph->tensors[graph->input].name, "image") == 0);

    const p2a_node *a = &graph->nodes[1], *b = &graph->nodes[2], *add = &graph->nodes[3];
    CHECK_EQUAL(a->op, P2A_OP_CONV2D);
    CHECK_EQUAL(a->kernel[0], 3);
    CHECK_EQUAL(a->stride[1], 2);
    CHECK_EQUAL(a->pads[3], 1);
    CHECK(a->min == 0.0f && a->max == INFINITY);
    CHECK(strcmp(graph->weights[a->bias].name, "a.b") == 0);
    CHECK_EQUAL(b->groups, 4);
    CHECK_EQUAL(b->padding, P2A_PADDING_REPLICATE);
    CHECK_EQUAL(b->bias, P2A_NO_WEIGHT);
    CHECK(b->min == -1.5f && b->max == 6.0f);
    CHECK(add->min == -INFINITY && add->max == INFINITY);
    CHECK_EQUAL(add->input_count, 2);
    CHECK_EQUAL(add->inputs[1], b->output);
    CHECK_EQUAL(graph->nodes[8].begin, 4);
    CHECK_NEAR(graph->nodes[9].alpha, 0.2f, 0);

    CHECK(strcmp(p2a_model_metadata(model, "kind"), "generator") == 0);
    CHECK(strcmp(p2a_model_metadata(model, "teachers"), "\xc3\xa9\\cole") == 0);
    CHECK(p2a_model_metadata(model, "absent") == NULL);
    CHECK(p2a_model_metadata(model, NULL) == NULL);
    CHECK(p2a_model_metadata(NULL, "kind") == NULL);
    p2a_model_destroy(model);
    p2a_model_destroy(NULL);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
}

/* Halves of every kind: 1, the largest, the smallest normal, the smallest subnormal, -2, -0. */
static void test_half_floats(void)
{
    static const uint16_t halves[] = {0x3c00, 0x7bff, 0x0400, 0x0001, 0xc000, 0x8000, 0x03ff};
    static const float values[] = {1, 65504, 0x1p-14f, 0x1p-24f, -2, -0.0f, 0x1.ff8p-15f};
    static const model_weight weights[] = {{"w", "F16", 1, {7}}, {.name = NULL}};
    model_bytes_write(&file,
                      "{'input':{'name':'x','channels':7},'nodes':[{'op':'add','inputs':['x'],"
                      "'output':'y','weight':'w'}],'outputs':['y']}",
                      weights, NULL);
    memcpy(file.bytes + file.count - sizeof halves, halves, sizeof halves);
    p2a_model *model = load();
    if (model != NULL)
        CHECK(memcmp(model->graph.weights[0].values, values, sizeof values) == 0);
    p2a_model_destroy(model);

    static const uint16_t bad[] = {0x7c00, 0xfc00, 0x7e00};
    for (size_t i = 0; i < 3; i++) {
        memcpy(file.bytes + file.count - 6, &bad[i], 2);
        expect_message("number 4");
    }
}

static void test_arguments(void)
{
    p2a_model *model = (p2a_model *)&file;
    CHECK_EQUAL(p2a_model_load(NULL, file.bytes, file.count, &model), P2A_ERR_ARGUMENT);
    CHECK(model == NULL);
    CHECK_EQUAL(p2a_model_load(ctx, NULL, 10, &model), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_load(ctx, file.bytes, file.count, NULL), P2A_ERR_ARGUMENT);
    CHECK(p2a_context_message(ctx)[0] != '\0');
}

static void test_metadata(void)
{
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"format_version", "2", "expected 1 for metadata format_version, got 2"},
        {"format_version", NULL, "format_version is missing"},
        {"kind", "painter", "metadata kind"},
        {"name", "", "some text for metadata name"},
        {"license", NULL, "license is missing"},
        {"commercial_use", "perhaps", "yes or no"},
        {"teachers", NULL, "teachers is missing"},
        {"multiple_of", "0", "1 to 256 for metadata multiple_of, got 0"},
        {"multiple_of", "257", "multiple_of"},
        {"multiple_of", "4.0", "multiple_of"},
        {"multiple_of", "", "multiple_of"},
        {"multiple_of", "2", "multiple_of"},
        {"receptive_field_px", "65536", "receptive_field_px"},
        {"receptive_field_px", "-1", "receptive_field_px"},
        {"receptive_field_px", "2", "at least 3 for metadata receptive_field_px, got 2"},
        {"range", "1,-1", "metadata range"},
        {"range", "-1", "metadata range"},
        {"range", "-1,1,", "metadata range"},
        {"range", "-1,nan", "metadata range"},
        {"range", "0,1e39", "metadata range"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const model_entry entries[] = {{cases[i].key, cases[i].value}, {NULL, NULL}};
        model_bytes_write(&file,
                          "{'input':{'name':'x','channels':3},'nodes':[{'op':'space_to_depth',"
                          "'inputs':['x'],'output':'y','block':4}],'outputs':['y']}",
                          NULL, entries);
        expect_message(cases[i].message);
    }
}

static void test_container(void)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *message;
    } cases[] = {
        {"[]", 0, "expected a JSON object"},
        {"{} ", 0, "__metadata__ is missing"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "stands twice"},
        {"{\"__metadata__\":[]}", 0, "for __metadata__"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "expected a string"},
        {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "without NUL"},
        {"{\"__metadata__\":{\"a\":\"\\ud800\"}}", 0, "Unicode"},
        {"{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"2\"}}", 0, "metadata a stands twice"},
        {"{\"__metadata__\":{\"\":\"1\"}}", 0, "metadata key"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
         "\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,4]}}",
         4, "w stands twice"},
        {"{\"w w\":{}}", 0, "weight's name"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1]}}", 2, "expected dtype, shape and data_offsets"},
        {"{\"w\":{\"dtype\":\"F16\",\"dtype\":\"F16\",\"shape\":[1]}}", 2,
         "data_offsets is missing"},
        {"{\"__metadata__\":{},\"w\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "expected 1 numbers above 0 in the weight w.scale"},
        {"{\"w\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2, "F16, F32 or I8"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}", 2, "shape"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "shape"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,2]}}", 2, "shape"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[4294967295,4294967295,4294967295],"
         "\"data_offsets\":[0,2]}}",
         2, "shape"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[4294967296],\"data_offsets\":[0,2]}}", 2, "shape"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[4294967295,2147483649],\"data_offsets\":[0,2]}}", 2,
         "do not fit"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "do not fit"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}", 2, "two rising"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,0]}}", 2, "two rising"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2e0]}}", 2, "two rising"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,4]}}", 4, "begin at 0"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
         "\"v\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}",
         2, "begin at 2"},
        {"{\"__metadata__\":{}}", 3, "weights of 3 bytes in all, got 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model_bytes_raw(&file, cases[i].header, strlen(cases[i].header), cases[i].data_bytes);
        expect_message(cases[i].message);
    }
    static const uint64_t lengths[] = {0, 1, (4u << 20) + 1, UINT64_MAX, 1000, 0x8000000000000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t k = 0; k < 8; k++)
            file.bytes[k] = (uint8_t)(lengths[i] >> (8 * k));
        expect_message(lengths[i] == 1000 ? "ends early" : "header's length");
    }
}

static void test_limits(void)
{
    p2a_model *model = NULL;
    CHECK_EQUAL(p2a_model_load(ctx, file.bytes, ((size_t)512 << 20) + 1, &model), P2A_ERR_MODEL);
    CHECK(strstr(p2a_context_message(ctx), "at most 536870912 bytes, got 536870913") != NULL);

    enum { WEIGHTS = 8193, ENTRY_BYTES = 80 };
    uint8_t *many = calloc(WEIGHTS, ENTRY_BYTES);
    if (many == NULL)
        abort();
    size_t bytes = 9;
    many[8] = '{';
    for (uint32_t i = 0; i < WEIGHTS; i++)
        bytes +=
            (size_t)snprintf((char *)many + bytes, ENTRY_BYTES,
                             "%s\"w%u\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
                             i > 0 ? "," : "", i, 2 * i, 2 * i + 2);
    many[bytes++] = '}';
    for (size_t i = 0; i < 4; i++)
        many[i] = (uint8_t)((bytes - 8) >> (8 * i));
    CHECK_EQUAL(p2a_model_load(ctx, many, bytes, &model), P2A_ERR_MODEL);
    CHECK(strstr(p2a_context_message(ctx), "at most 8192 weights, got 8193") != NULL);
    free(many);
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    test_good_file();
    test_half_floats();
    test_arguments();
    test_metadata();
    test_container();
    test_limits();
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
