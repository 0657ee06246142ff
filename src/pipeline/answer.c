/* answer.c - a picture -> all outputs of a network, whole */
#include "pipeline/answer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/idle.h"
#include "nn/infer.h"
#include "tensor/pixels.h"

struct p2a_answer {
    p2a_context *ctx;
    const p2a_model *model;
    p2a_network *network;
    const p2a_image *image;
    p2a_frame frame;
    size_t planned_height;
    float *outputs[P2A_GRAPH_OUTPUTS_MAX]; /* owned */
};

p2a_status p2a_answer_create(p2a_context *ctx, const p2a_model *model, p2a_answer **out)
{
    *out = NULL;
    p2a_answer *answer = p2a_alloc_zeroed(ctx, 1, sizeof *answer);
    if (answer == NULL)
        return p2a_fail_memory(ctx, sizeof *answer, "a network's answer");
    answer->ctx = ctx;
    answer->model = model;
    const p2a_status status = p2a_network_borrow(ctx, model, &answer->network);
    if (status != P2A_OK) {
        p2a_answer_destroy(answer);
        return status;
    }
    *out = answer;
    return P2A_OK;
}

static void forget_outputs(p2a_answer *answer)
{
    for (uint32_t i = 0; i < P2A_GRAPH_OUTPUTS_MAX; i++) {
        p2a_free(answer->ctx, answer->outputs[i]);
        answer->outputs[i] = NULL;
    }
    answer->planned_height = 0;
}

void p2a_answer_destroy(p2a_answer *answer)
{
    if (answer == NULL)
        return;
    forget_outputs(answer);
    p2a_network_give_back(answer->model, answer->network);
    p2a_free(answer->ctx, answer);
}

/* Rows of the picture that become floats, shared by the threads. */
typedef struct read_job {
    const p2a_answer *answer;
    size_t first;
    float *out;
} read_job;

#define ROWS_A_PIECE 8

static void read_piece(void *user, size_t begin, size_t count)
{
    const read_job *job = user;
    const p2a_answer *answer = job->answer;
    p2a_floats_from_pixels(answer->image, &answer->frame, job->first + begin, count,
                           answer->model->graph.range,
                           job->out + begin * answer->frame.width_px * 3);
}

static void read_rows(void *user, size_t first, size_t rows, void *out)
{
    const p2a_answer *answer = user;
    read_job job = {answer, first, out};
    p2a_pool_run(answer->ctx, read_piece, &job, rows, ROWS_A_PIECE);
}

static void write_rows(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    const p2a_answer *answer = user;
    const p2a_shape shape = p2a_network_output_shape(answer->network, output);
    const size_t row_floats = shape.width * shape.channels;
    memcpy(answer->outputs[output] + first * row_floats, values, rows * row_floats * sizeof(float));
}

static p2a_status plan(p2a_answer *answer, size_t height, size_t width)
{
    forget_outputs(answer);
    p2a_status status = p2a_network_plan(answer->network, height, width, 0);
    for (uint32_t i = 0; status == P2A_OK && i < answer->model->graph.output_count; i++) {
        const p2a_shape shape = p2a_network_output_shape(answer->network, i);
        answer->outputs[i] = p2a_alloc_zeroed(answer->ctx, shape.height * shape.width,
                                              shape.channels * sizeof(float));
        if (answer->outputs[i] == NULL)
            status = p2a_fail_memory(answer->ctx,
                                     shape.height * shape.width * shape.channels * sizeof(float),
                                     "a network's answer");
    }
    if (status != P2A_OK) {
        forget_outputs(answer);
        return status;
    }
    answer->frame.width_px = width;
    answer->planned_height = height;
    return P2A_OK;
}

/* What the network sees of `px` pixels. */
static size_t rounded(size_t px, const p2a_graph *graph)
{
    const size_t multiple = graph->multiple_of;
    return (px + multiple - 1) / multiple * multiple;
}

p2a_status p2a_answer_estimate(p2a_context *ctx, const p2a_model *model, size_t height_px,
                               size_t width_px, size_t *bytes, double *multiply_adds)
{
    const p2a_graph *graph = &model->graph;
    const size_t height = rounded(height_px, graph), width = rounded(width_px, graph);
    p2a_status status =
        p2a_network_estimate(ctx, graph, height, width, 0, false, bytes, multiply_adds);
    if (status != P2A_OK)
        return status;
    p2a_shape *shapes = p2a_alloc_zeroed(ctx, graph->tensor_count, sizeof *shapes);
    if (shapes == NULL)
        return p2a_fail_memory(ctx, graph->tensor_count * sizeof *shapes, "an estimate");
    status = p2a_infer_shapes(ctx, graph, height, width, shapes);
    for (uint32_t i = 0; status == P2A_OK && i < graph->output_count; i++) {
        const p2a_shape shape = shapes[graph->outputs[i]];
        *bytes += shape.height * shape.width * shape.channels * sizeof(float);
    }
    p2a_free(ctx, shapes);
    return status;
}

p2a_status p2a_answer_start(p2a_answer *answer, const p2a_image *image)
{
    const p2a_graph *graph = &answer->model->graph;
    const size_t height = rounded(image->height_px, graph);
    const size_t width = rounded(image->width_px, graph);
    if (answer->planned_height != height || answer->frame.width_px != width) {
        const p2a_status status = plan(answer, height, width);
        if (status != P2A_OK)
            return status;
    }
    answer->image = image;
    p2a_network_start(answer->network, read_rows, write_rows, answer);
    return P2A_OK;
}

p2a_status p2a_answer_step(p2a_answer *answer, double budget, double *out_done)
{
    return p2a_network_step(answer->network, budget, out_done);
}

const float *p2a_answer_values(const p2a_answer *answer, uint32_t index)
{
    return answer->outputs[index];
}

p2a_shape p2a_answer_shape(const p2a_answer *answer, uint32_t index)
{
    return p2a_network_output_shape(answer->network, index);
}
