/* statistics.c - a picture's sums for its norms and those of other pictures -> smoothed or mixed
 * sums */
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

void p2a_operator_mix(p2a_operator *op, double weight)
{
    for (uint32_t i = 0; i < op->node->input_count; i++) {
        const size_t channels = op->graph->tensors[op->node->inputs[i]].channels;
        const double *first = op->statistics + i * 2 * channels, *second = first + channels;
        double *to = op->mixed + i * 2 * channels;
        for (size_t c = 0; c < channels; c++) {
            const double a = first[c], b = second[c] / op->counted_px[i];
            if (op->node->op == P2A_OP_SPATIAL_SOFTMAX) {
                to[c] += weight * (a + log(b));
                continue;
            }
            const double mean = a / op->counted_px[i];
            to[c] += weight * mean;
            to[channels + c] += weight * log(fmax(b - mean * mean, LEAST_VARIANCE));
        }
    }
}

void p2a_operator_take_mixed(p2a_operator *op)
{
    for (uint32_t i = 0; i < op->node->input_count; i++) {
        const size_t channels = op->graph->tensors[op->node->inputs[i]].channels;
        const double *from = op->mixed + i * 2 * channels, count = op->counted_px[i];
        double *first = op->statistics + i * 2 * channels, *second = first + channels;
        for (size_t c = 0; c < channels; c++) {
            const bool softmax = op->node->op == P2A_OP_SPATIAL_SOFTMAX;
            first[c] = softmax ? from[c] : from[c] * count;
            second[c] = softmax ? count : (exp(from[channels + c]) + from[c] * from[c]) * count;
        }
    }
}
