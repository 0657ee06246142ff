/* normalize.c - global means and softmax, and instance, group, adaptive, layer and sum norm */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "nn/halves.h"
#include "nn/operator.h"

#define ROWS_A_PIECE 4

/* scratch: C scales and C shifts, after the place that gathering takes */
size_t p2a_normalize_scratch(size_t channels)
{
    return p2a_gather_scratch(channels) + 2 * channels;
}

static const float *weight_values(const p2a_kernel_args *args, uint32_t weight)
{
    return weight == P2A_NO_WEIGHT ? NULL : args->graph->weights[weight].values;
}

static double pixels_of(const p2a_shape *shape)
{
    return (double)shape->height * (double)shape->width;
}

void p2a_run_mean(const p2a_kernel_args *args)
{
    float *out = p2a_view_row(args->output, 0);
    for (size_t c = 0; c < args->output->shape.channels; c++)
        out[c] = (float)(args->statistics[c] / args->counted_px[0]);
}

/* Mean and variance over all pixels and over channels [begin, begin + size) of an input. */
static void moments(const p2a_kernel_args *args, uint32_t input, size_t begin, size_t size,
                    double *mean, double *variance)
{
    const p2a_shape shape = args->inputs[input].shape;
    const double *sum = args->statistics + input * 2 * shape.channels;
    const double *square = sum + shape.channels;
    const double count = args->counted_px[input] * (double)size;
    double s = 0, q = 0;
    for (size_t c = begin; c < begin + size; c++) {
        s += sum[c];
        q += square[c];
    }
    *mean = s / count;
    *variance = fmax(q / count - *mean * *mean, 0); /* rounding, where all values are equal */
}

/* One run of values -> value * scale + shift, and the leaky ReLU behind it (slope 1: none). */
static inline void scale_values(const float *floats, const uint16_t *halves, size_t count,
                                const float *scale, const float *shift, float slope, float *out)
{
    const p2a_lanes slopes = p2a_lanes_splat(slope);
    size_t c = 0;
    for (; c + P2A_HALF_LANES <= count; c += P2A_HALF_LANES) {
        p2a_lanes_pair in;
        if (halves)
            in = p2a_halves_load(halves + c);
        else
            in = (p2a_lanes_pair){p2a_lanes_load(floats + c), p2a_lanes_load(floats + c + LANES)};
        const p2a_lanes low = in.low * p2a_lanes_load(scale + c) + p2a_lanes_load(shift + c);
        const p2a_lanes high =
            in.high * p2a_lanes_load(scale + c + LANES) + p2a_lanes_load(shift + c + LANES);
        p2a_lanes_store(out + c, p2a_lanes_max(low, low * slopes));
        p2a_lanes_store(out + c + LANES, p2a_lanes_max(high, high * slopes));
    }
    for (; c < count; c++) {
        const float in = halves ? p2a_float_of_half(halves[c]) : floats[c];
        const float value = in * scale[c] + shift[c];
        out[c] = value < value * slope ? value * slope : value;
    }
}

static void scale_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const size_t channels = shape.channels, values = shape.width * channels;
    const float *scale = args->scratch + p2a_gather_scratch(channels), *shift = scale + channels;
    const float slope = args->node->leaky ? args->node->alpha : 1.0f;
    const bool half = args->inputs[0].item_bytes == sizeof(uint16_t);
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const void *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t i = 0; i < values; i += channels)
            if (half)
                scale_values(NULL, (const uint16_t *)in + i, channels, scale, shift, slope,
                             out + i);
            else
                scale_values((const float *)in + i, NULL, channels, scale, shift, slope, out + i);
    }
}

void p2a_run_group_norm(const p2a_kernel_args *args)
{
    const p2a_node *node = args->node;
    const size_t channels = args->output->shape.channels;
    const size_t groups = node->op == P2A_OP_GROUP_NORM ? node->groups : channels;
    const size_t size = channels / groups;
    const float *weight = node->of_product ? NULL : weight_values(args, node->weight);
    const float *bias = node->of_product ? NULL : weight_values(args, node->bias);
    float *scale = args->scratch + p2a_gather_scratch(channels), *shift = scale + channels;
    for (size_t g = 0; g < groups; g++) {
        double mean, variance, new_mean = 0, new_deviation = 1;
        moments(args, 0, g * size, size, &mean, &variance);
        if (node->op == P2A_OP_ADAPTIVE_NORM) {
            moments(args, 1, g, 1, &new_mean, &new_deviation);
            new_deviation = sqrt(new_deviation + (double)node->eps);
        }
        const double factor = new_deviation / sqrt(variance + (double)node->eps);
        for (size_t c = g * size; c < (g + 1) * size; c++) {
            const double k = factor * (weight ? (double)weight[c] : 1.0);
            scale[c] = (float)k;
            shift[c] = (float)(new_mean + (bias ? (double)bias[c] : 0.0) - mean * k);
        }
    }
    p2a_pool_run(args->ctx, scale_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void softmax_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const double *largest = args->statistics, *sum = largest + shape.channels;
    /* frozen statistics are of a picture of another size */
    const double share = args->counted_px[0] / pixels_of(&args->inputs[0].shape);
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < shape.width; x++, in += shape.channels, out += shape.channels)
            for (size_t c = 0; c < shape.channels; c++)
                out[c] = (float)((double)expf(in[c] - (float)largest[c]) / sum[c] * share);
    }
}

void p2a_run_spatial_softmax(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, softmax_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void sum_norm_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < shape.width; x++, in += shape.channels, out += shape.channels) {
            double sum = (double)args->node->eps;
            for (size_t c = 0; c < shape.channels; c++)
                sum += (double)in[c];
            const float factor = (float)(1.0 / sum);
            for (size_t c = 0; c < shape.channels; c++)
                out[c] = in[c] * factor;
        }
    }
}

void p2a_run_sum_norm(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, sum_norm_rows, (void *)args, args->rows, ROWS_A_PIECE);
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
