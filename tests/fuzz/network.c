/*
 * network.c - any bytes as a model file, and its network run at its smallest sizes: whatever the
 * checks let through runs without a fault, and in bands as it does whole
 */
#include "nn/network.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"

/* What one input may cost, so that there are many. */
#define SIDE_MAX_PX 96
#define MULTIPLY_ADDS_MAX 2e6
#define BYTES_MAX ((size_t)8 << 20)

typedef struct picture {
    size_t width, channels;
    bool bytes_in; /* the input is signed bytes, else floats */
    size_t row_bytes;
    size_t next_row, rows;
    uint8_t *first; /* of output 0 */
} picture;

static bool is_bytes(const p2a_graph *graph, uint32_t tensor)
{
    return graph->tensors[tensor].quantization.step > 0.0f;
}

static void read_rows(void *user, size_t first, size_t rows, void *out)
{
    const picture *p = user;
    const size_t row_values = p->width * p->channels;
    for (size_t i = 0; i < rows * row_values; i++) {
        const uint32_t value = (uint32_t)(first * row_values + i) * 2654435761u >> 16 & 255;
        if (p->bytes_in)
            ((int8_t *)out)[i] = (int8_t)((int)value - 128);
        else
            ((float *)out)[i] = (float)value / 128 - 1;
    }
}

static void write_rows(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    picture *p = user;
    if (output != 0)
        return;
    MUST(first == p->next_row && first + rows <= p->rows);
    p->next_row = first + rows;
    memcpy(p->first + first * p->row_bytes, values, rows * p->row_bytes);
}

/* Output 0 of one run, given: free(). NULL where the network does not fit the size. */
static uint8_t *run(p2a_network *network, const p2a_graph *graph, size_t height, size_t width,
                    size_t band_rows, size_t *out_bytes)
{
    if (p2a_network_plan(network, height, width, band_rows) != P2A_OK)
        return NULL;
    const p2a_shape shape = p2a_network_output_shape(network, 0);
    const size_t item_bytes = is_bytes(graph, graph->outputs[0]) ? 1 : sizeof(float);
    picture p = {.width = width,
                 .channels = graph->tensors[graph->input].channels,
                 .bytes_in = is_bytes(graph, graph->input),
                 .row_bytes = shape.width * shape.channels * item_bytes,
                 .rows = shape.height};
    *out_bytes = shape.height * p.row_bytes;
    p.first = calloc(*out_bytes, 1);
    MUST(p.first != NULL);
    MUST(p2a_network_run(network, read_rows, write_rows, &p) == P2A_OK);
    MUST(p.next_row == p.rows);
    return p.first;
}

/* The same bits; of floats, another NaN will do. */
static bool same(const p2a_graph *graph, const uint8_t *a, const uint8_t *b, size_t bytes)
{
    if (is_bytes(graph, graph->outputs[0]))
        return memcmp(a, b, bytes) == 0;
    for (size_t at = 0; at < bytes; at += sizeof(float)) {
        float x, y;
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        if (x != y && !(isnan(x) && isnan(y)))
            return false;
    }
    return true;
}

static bool is_cheap(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width)
{
    size_t bytes;
    double multiply_adds;
    return height <= SIDE_MAX_PX && width <= SIDE_MAX_PX &&
           p2a_network_estimate(ctx, graph, height, width, height, false, &bytes, &multiply_adds) ==
               P2A_OK &&
           bytes <= BYTES_MAX && multiply_adds <= MULTIPLY_ADDS_MAX;
}

static void run_both_ways(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width)
{
    p2a_network *network = NULL;
    const p2a_status status = p2a_network_create(ctx, graph, &network);
    MUST(status == P2A_OK || status == P2A_ERR_MEMORY);
    if (status != P2A_OK)
        return;
    size_t bytes = 0, band_bytes = 0;
    uint8_t *whole = run(network, graph, height, width, height, &bytes);
    uint8_t *bands = run(network, graph, height, width, graph->multiple_of, &band_bytes);
    if (whole != NULL && bands != NULL)
        MUST(bytes == band_bytes && same(graph, whole, bands, bytes));
    free(whole);
    free(bands);
    p2a_network_destroy(network);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    p2a_context *ctx = fuzz_context(1u << 20, 64, NULL);
    p2a_model *model = NULL;
    if (p2a_model_load(ctx, data, bytes, &model) == P2A_OK) {
        const p2a_graph *graph = &model->graph;
        const size_t height = graph->multiple_of * (bytes % 3 + 1), width = graph->multiple_of * 2;
        if (is_cheap(ctx, graph, height, width))
            run_both_ways(ctx, graph, height, width);
    }
    p2a_model_destroy(model);
    MUST(p2a_context_bytes(ctx) == 0);
    p2a_context_destroy(ctx);
    return 0;
}
