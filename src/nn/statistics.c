/* statistics.c - a picture's sums for its norms and those of other pictures -> smoothed or
 * corrected sums */
#include <math.h>

#include "nn/operator.h"

size_t p2a_operator_statistics_count(const p2a_graph *graph, const p2a_node *node)
{
    return 2 * node->input_count * (size_t)graph->tensors[node->inputs[0]].channels;
}

/* Sums of exponentials are over exp(value - largest): both are brought to one largest value. */
static void smooth_softmax(double *now, double *before, size_t channels, double share)
{
    for (size_t c = 0; c < channels; c++) {
        double *sum = now + channels + c, *sum_before = before + channels + c;
        const double most = fmax(now[c], before[c]);
        *sum =
            share * *sum * exp(now[c] - most) + (1 - share) * *sum_before * exp(before[c] - most);
        now[c] = most;
    }
}

void p2a_operator_smooth(p2a_operator *op, uint32_t i, double share)
{
    const size_t channels = op->graph->tensors[op->node->inputs[i]].channels;
    if (op->before == NULL)
        return;
    double *now = op->statistics + i * 2 * channels, *before = op->before + i * 2 * channels;
    if (op->before_px[i] == op->counted_px[i]) {
        if (op->node->op == P2A_OP_SPATIAL_SOFTMAX)
            smooth_softmax(now, before, channels, share);
        else
            for (size_t c = 0; c < 2 * channels; c++)
                now[c] = share * now[c] + (1 - share) * before[c];
    }
    for (size_t c = 0; c < 2 * channels; c++)
        before[c] = now[c];
    op->before_px[i] = op->counted_px[i];
}

/* A variance that is not there at all would be an infinite logarithm. */
#define LEAST_VARIANCE 1e-20

/* Sums -> what does not depend on the number of pixels, as op->correction has it. */
static void describe(const p2a_operator *op, const double *sums, const double *counted_px,
                     uint32_t i, double *out)
{
    const size_t channels = op->graph->tensors[op->node->inputs[i]].channels;
    const double *first = sums + i * 2 * channels, *second = first + channels;
    for (size_t c = 0; c < channels; c++) {
        const double a = first[c], b = second[c] / counted_px[i];
        if (op->node->op == P2A_OP_SPATIAL_SOFTMAX) {
            out[c] = a + log(b);
            out[channels + c] = 0;
            continue;
        }
        const double mean = a / counted_px[i];
        out[c] = mean;
        out[channels + c] = log(fmax(b - mean * mean, LEAST_VARIANCE));
    }
}

void p2a_operator_compare(p2a_operator *op)
{
    for (uint32_t i = 0; i < op->node->input_count; i++) {
        const size_t count = 2 * (size_t)op->graph->tensors[op->node->inputs[i]].channels;
        double *seen = op->seen + i * count, *correction = op->correction + i * count;
        describe(op, op->statistics, op->counted_px, i, correction);
        for (size_t c = 0; c < count; c++)
            correction[c] = -correction[c];
        describe(op, op->seen, op->seen_px, i, seen); /* in its place: a channel at a time */
        for (size_t c = 0; c < count; c++)
            correction[c] += seen[c];
    }
}

void p2a_operator_correct(p2a_operator *op, uint32_t i)
{
    const size_t channels = op->graph->tensors[op->node->inputs[i]].channels;
    const double *by = op->correction + i * 2 * channels, count = op->counted_px[i];
    double *first = op->statistics + i * 2 * channels, *second = first + channels;
    for (size_t c = 0; c < channels; c++) {
        if (op->node->op == P2A_OP_SPATIAL_SOFTMAX) {
            first[c] += by[c];
            continue;
        }
        const double was = first[c] / count, mean = was + by[c];
        const double variance = fmax(second[c] / count - was * was, 0) * exp(by[channels + c]);
        first[c] = mean * count;
        second[c] = (variance + mean * mean) * count;
    }
}
