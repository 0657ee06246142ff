/*
 * moments.c - rows of a tensor, as they come -> sums of its channels and of their products
 *
 * An adaptive norm wants the mean and deviation of y = W x + b, a 1x1 convolution that nobody else
 * reads. With m the mean of x and S the mean of x x^T, that of y is W m + b, and its variance the
 * diagonal of W (S - m m^T) W^T. S is symmetric, so this takes little more than half of the
 * convolution's products, and y need not be made at all.
 */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "nn/lanes.h"
#include "nn/operator.h"

/* Rows that are summed side by side, each for itself; then they are added in their order. So the
 * sums are the same whatever the bands and the threads. */
#define ROWS_AT_ONCE 8
/* Pixels that are summed as floats before they are added to doubles. */
#define PIXELS_A_RUN 64
#define BLOCK_ROWS 4 /* of the products that are summed in registers: 4 x 8 */
#define BLOCK_COLUMNS 8

size_t p2a_moments_count(size_t channels)
{
    return channels + channels * channels;
}

size_t p2a_moments_scratch(size_t channels)
{
    return ROWS_AT_ONCE * p2a_moments_count(channels) * (sizeof(double) / sizeof(float));
}

bool p2a_moments_fit(size_t channels)
{
    return channels % BLOCK_COLUMNS == 0;
}

static void add_to_doubles(double *to, p2a_lanes values)
{
    for (size_t i = 0; i < LANES; i++)
        to[i] += (double)values[i];
}

/* Products of 4 channels with 8, over `count` pixels. */
static void add_block(const float *restrict left, const float *restrict right, size_t count,
                      size_t channels, double *restrict to)
{
    p2a_lanes low[BLOCK_ROWS], high[BLOCK_ROWS];
    for (size_t k = 0; k < BLOCK_ROWS; k++)
        low[k] = high[k] = p2a_lanes_splat(0.0f);
    for (size_t x = 0; x < count; x++, left += channels, right += channels) {
        const p2a_lanes a = p2a_lanes_load(right), b = p2a_lanes_load(right + LANES);
        for (size_t k = 0; k < BLOCK_ROWS; k++) {
            const p2a_lanes value = p2a_lanes_splat(left[k]);
            low[k] = p2a_lanes_multiply_add(value, a, low[k]);
            high[k] = p2a_lanes_multiply_add(value, b, high[k]);
        }
    }
    for (size_t k = 0; k < BLOCK_ROWS; k++) {
        add_to_doubles(to + k * channels, low[k]);
        add_to_doubles(to + k * channels + LANES, high[k]);
    }
}

static void add_sums(const float *restrict in, size_t count, size_t channels, double *restrict to)
{
    for (size_t c = 0; c < channels; c += LANES) {
        p2a_lanes sum = p2a_lanes_splat(0.0f);
        for (size_t x = 0; x < count; x++)
            sum += p2a_lanes_load(in + x * channels + c);
        add_to_doubles(to + c, sum);
    }
}

typedef struct moment_rows {
    const p2a_kernel_args *args;
    const p2a_view *input;
    size_t first;
} moment_rows;

static void sum_rows(void *user, size_t begin, size_t count)
{
    const moment_rows *rows = user;
    const size_t width = rows->input->shape.width, channels = rows->input->shape.channels;
    for (size_t r = begin; r < begin + count; r++) {
        double *sums = (double *)rows->args->scratch + r * p2a_moments_count(channels);
        double *products = sums + channels;
        const float *in = p2a_view_row(rows->input, (ptrdiff_t)(rows->first + r));
        memset(sums, 0, p2a_moments_count(channels) * sizeof *sums);
        for (size_t x = 0; x < width; x += PIXELS_A_RUN) {
            const size_t pixels = width - x < PIXELS_A_RUN ? width - x : PIXELS_A_RUN;
            const float *run = in + x * channels;
            add_sums(run, pixels, channels, sums);
            for (size_t i = 0; i < channels; i += BLOCK_ROWS) /* j < i: the same as i, j */
                for (size_t j = i / BLOCK_COLUMNS * BLOCK_COLUMNS; j < channels; j += BLOCK_COLUMNS)
                    add_block(run + i, run + j, pixels, channels, products + i * channels + j);
        }
    }
}

void p2a_run_moments(const p2a_kernel_args *args, double *moments, uint32_t input, size_t first,
                     size_t rows)
{
    const p2a_view *view = &args->inputs[input];
    const size_t count = p2a_moments_count(view->shape.channels);
    if (first == 0)
        memset(moments, 0, count * sizeof *moments);
    for (size_t done = 0; done < rows; done += ROWS_AT_ONCE) {
        const size_t now = rows - done < ROWS_AT_ONCE ? rows - done : ROWS_AT_ONCE;
        moment_rows piece = {args, view, first + done};
        p2a_pool_run(args->ctx, sum_rows, &piece, now, 1);
        for (size_t r = 0; r < now; r++) {
            const double *row = (const double *)args->scratch + r * count;
            for (size_t i = 0; i < count; i++)
                moments[i] += row[i];
        }
    }
}

/* The mean of (w x)^2 less its mean squared. */
static double variance_of(const float *w, const double *sums, const double *products,
                          size_t channels, double pixels)
{
    double variance = 0;
    for (size_t i = 0; i < channels; i++) {
        double row = 0;
        for (size_t j = i + 1; j < channels; j++)
            row += (double)w[j] * (products[i * channels + j] - sums[i] * sums[j] / pixels);
        const double own = products[i * channels + i] - sums[i] * sums[i] / pixels;
        variance += (double)w[i] * ((double)w[i] * own + 2 * row);
    }
    return fmax(variance / pixels, 0);
}

void p2a_moments_take(const p2a_graph *graph, const p2a_node *node, const double *moments,
                      double pixels, double *statistics)
{
    const size_t channels = graph->tensors[node->inputs[1]].channels;
    const float *w = graph->weights[node->weight].values;
    const float *bias = node->bias == P2A_NO_WEIGHT ? NULL : graph->weights[node->bias].values;
    const double *sums = moments, *products = moments + channels;
    for (size_t c = 0; c < channels; c++) {
        statistics[c] = sums[c];
        statistics[channels + c] = products[c * channels + c];
        double mean = 0;
        for (size_t i = 0; i < channels; i++)
            mean += (double)w[c * channels + i] * sums[i] / pixels;
        const double variance = variance_of(w + c * channels, sums, products, channels, pixels);
        mean += bias ? (double)bias[c] : 0;
        statistics[2 * channels + c] = mean * pixels;
        statistics[3 * channels + c] = (variance + mean * mean) * pixels;
    }
}
