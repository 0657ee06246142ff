/* nn_run.c - run a graph on made-up input with p2a_network and with the reference */
#include "nn_run.h"

#include <stdlib.h>
#include <string.h>

#include "nn/network.h"
#include "reference.h"

typedef struct picture {
    size_t width, channels;
    float *out;
    size_t out_row_floats;
    size_t next_row;
    bool in_order;
} picture;

float input_value(size_t row, size_t column, size_t channel)
{
    uint32_t h = (uint32_t)(row * 7919 + column * 104729 + channel * 1299709 + 1);
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    h ^= h >> 16;
    return (float)((int32_t)(h >> 8) - (1 << 23)) / (float)(1 << 23);
}

static void fill_rows(size_t first, size_t rows, size_t width, size_t channels, float *out)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < channels; c++)
                out[(r * width + x) * channels + c] = input_value(first + r, x, c);
}

static void read_rows(void *user, size_t first, size_t rows, void *out)
{
    const picture *p = user;
    fill_rows(first, rows, p->width, p->channels, out);
}

static void write_rows(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    picture *p = user;
    p->in_order = p->in_order && output == 0 && first == p->next_row;
    p->next_row = first + rows;
    memcpy(p->out + first * p->out_row_floats, values, rows * p->out_row_floats * sizeof(float));
}

float *run_network(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                   size_t band_rows, p2a_shape *shape, p2a_status *status)
{
    p2a_network *network = NULL;
    picture p = {width, graph->tensors[graph->input].channels, NULL, 0, 0, true};
    *status = p2a_network_create(ctx, graph, &network);
    if (*status == P2A_OK)
        *status = p2a_network_plan(network, height, width, band_rows);
    if (*status == P2A_OK) {
        *shape = p2a_network_output_shape(network, 0);
        p.out_row_floats = shape->width * shape->channels;
        p.out = malloc(shape->height * p.out_row_floats * sizeof(float));
        *status = p2a_network_run(network, read_rows, write_rows, &p);
    }
    p2a_network_destroy(network);
    if (*status == P2A_OK && (!p.in_order || p.next_row != shape->height))
        *status = P2A_ERR_INTERNAL; /* rows came out of order, or not all */
    if (*status != P2A_OK) {
        free(p.out);
        return NULL;
    }
    return p.out;
}

double *run_reference(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                      p2a_shape *shape)
{
    p2a_shape *shapes = calloc(graph->tensor_count, sizeof *shapes);
    double **values = calloc(graph->tensor_count, sizeof *values);
    double *out = NULL;
    if (p2a_infer_shapes(ctx, graph, height, width, shapes) == P2A_OK) {
        const p2a_shape in = shapes[graph->input];
        const size_t count = in.height * in.width * in.channels;
        float *input = malloc(count * sizeof *input);
        fill_rows(0, in.height, in.width, in.channels, input);
        values[graph->input] = malloc(count * sizeof **values);
        for (size_t i = 0; i < count; i++)
            values[graph->input][i] = (double)input[i];
        free(input);
        reference_run(graph, shapes, values);
        out = values[graph->outputs[0]];
        *shape = shapes[graph->outputs[0]];
        for (uint32_t t = 0; t < graph->tensor_count; t++)
            if (values[t] != out)
                free(values[t]);
    }
    free(values);
    free(shapes);
    return out;
}
