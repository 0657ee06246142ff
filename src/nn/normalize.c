/* normalize.c - global means, and instance, group and layer norm */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "nn/operator.h"

/* Sums are made in this many fixed pieces and added in order: the same whatever the threads. */
#define PIECES 32

static size_t pieces_of(size_t height)
{
    return height < PIECES ? height : PIECES;
}

/* scratch: for each piece C sums and C sums of squares (double), then C scales and C shifts */
size_t p2a_normalize_scratch(size_t channels)
{
    return PIECES * 2 * channels * (sizeof(double) / sizeof(float)) + 2 * channels;
}

static void sum_pieces(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->inputs[0].shape;
    const size_t pieces = pieces_of(shape.height), channels = shape.channels;
    for (size_t p = begin; p < begin + count; p++) {
        double *restrict sum = (double *)args->scratch + p * 2 * channels;
        double *restrict square = sum + channels;
        memset(sum, 0, 2 * channels * sizeof(double));
        for (size_t r = p * shape.height / pieces; r < (p + 1) * shape.height / pieces; r++) {
            const float *restrict in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
            for (size_t x = 0; x < shape.width; x++, in += channels)
                for (size_t c = 0; c < channels; c++) {
                    const double v = in[c];
                    sum[c] += v;
                    square[c] += v * v;
                }
        }
    }
}

/* Sums and sums of squares of every channel, in the first piece's place. */
static double *sum_channels(const p2a_kernel_args *args)
{
    const size_t pieces = pieces_of(args->inputs[0].shape.height);
    const size_t channels = args->inputs[0].shape.channels;
    p2a_pool_run(args->ctx, sum_pieces, (void *)args, pieces, 1);
    double *total = (double *)args->scratch;
    for (size_t p = 1; p < pieces; p++)
        for (size_t i = 0; i < 2 * channels; i++)
            total[i] += total[p * 2 * channels + i];
    return total;
}

void p2a_run_mean(const p2a_kernel_args *args)
{
    const p2a_shape shape = args->inputs[0].shape;
    const double *sum = sum_channels(args);
    float *out = p2a_view_row(args->output, 0);
    for (size_t c = 0; c < shape.channels; c++)
        out[c] = (float)(sum[c] / ((double)shape.height * (double)shape.width));
}

static void scale_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const size_t channels = shape.channels;
    const float *restrict scale = args->scratch + PIECES * 2 * channels * 2;
    const float *restrict shift = scale + channels;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *restrict in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *restrict out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < shape.width; x++, in += channels, out += channels)
            for (size_t c = 0; c < channels; c++)
                out[c] = in[c] * scale[c] + shift[c];
    }
}

static const float *weight_values(const p2a_kernel_args *args, uint32_t weight)
{
    return weight == P2A_NO_WEIGHT ? NULL : args->graph->weights[weight].values;
}

void p2a_run_group_norm(const p2a_kernel_args *args)
{
    const p2a_node *node = args->node;
    const p2a_shape shape = args->inputs[0].shape;
    const size_t channels = shape.channels;
    const size_t groups = node->op == P2A_OP_INSTANCE_NORM ? channels : node->groups;
    const size_t in_group = channels / groups;
    const double *sum = sum_channels(args), *square = sum + channels;
    const double count = (double)shape.height * (double)shape.width * (double)in_group;
    const float *weight = weight_values(args, node->weight);
    const float *bias = weight_values(args, node->bias);
    float *scale = args->scratch + PIECES * 2 * channels * 2, *shift = scale + channels;
    for (size_t g = 0; g < groups; g++) {
        double s = 0, q = 0;
        for (size_t c = g * in_group; c < (g + 1) * in_group; c++) {
            s += sum[c];
            q += square[c];
        }
        const double mean = s / count;
        double variance = q / count - mean * mean;
        if (variance < 0) /* rounding, where all values are equal */
            variance = 0;
        const double factor = 1.0 / sqrt(variance + (double)node->eps);
        for (size_t c = g * in_group; c < (g + 1) * in_group; c++) {
            const double k = factor * (weight ? (double)weight[c] : 1.0);
            scale[c] = (float)k;
            shift[c] = (float)((bias ? (double)bias[c] : 0.0) - mean * k);
        }
    }
    p2a_pool_run(args->ctx, scale_rows, (void *)args, args->rows, 4);
}

static void layer_norm_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const size_t channels = shape.channels;
    const float *weight = weight_values(args, args->node->weight);
    const float *bias = weight_values(args, args->node->bias);
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < shape.width; x++, in += channels, out += channels) {
            double sum = 0, square = 0;
            for (size_t c = 0; c < channels; c++) {
                sum += (double)in[c];
                square += (double)in[c] * (double)in[c];
            }
            const double mean = sum / (double)channels;
            double variance = square / (double)channels - mean * mean;
            if (variance < 0)
                variance = 0;
            const double factor = 1.0 / sqrt(variance + (double)args->node->eps);
            for (size_t c = 0; c < channels; c++)
                out[c] =
                    (float)(((double)in[c] - mean) * factor * (weight ? (double)weight[c] : 1.0) +
                            (bias ? (double)bias[c] : 0.0));
        }
    }
}

void p2a_run_layer_norm(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, layer_norm_rows, (void *)args, args->rows, 4);
}
