/* gather.c - rows of a tensor, as they come -> sums over all of its pixels, for global operators */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "nn/halves.h"
#include "nn/operator.h"

/* Rows that are summed side by side, each for itself; then they are added in their order. So the
 * sums are the same whatever the bands and the threads. */
#define ROWS_AT_ONCE 32
/* Pixels that are summed as floats before they are added to doubles: enough to be quick, few
 * enough that a float's rounding does not show in a variance. */
#define PIXELS_A_RUN 32
#define SUMMED 16 /* channels that are summed in registers */

typedef struct gathered_rows {
    const p2a_kernel_args *args;
    const p2a_view *input;
    size_t first;
} gathered_rows;

size_t p2a_gather_scratch(size_t channels)
{
    return ROWS_AT_ONCE * 2 * channels * (sizeof(double) / sizeof(float));
}

/* SUMMED channels of `count` pixels; its own function so that compilers keep the sums in registers.
 */
static void add_lanes(const float *restrict in, size_t count, size_t channels, double *restrict sum,
                      double *restrict square)
{
    float s[SUMMED] = {0}, q[SUMMED] = {0};
    for (size_t x = 0; x < count; x++, in += channels)
        for (size_t c = 0; c < SUMMED; c++) {
            s[c] += in[c];
            q[c] += in[c] * in[c];
        }
    for (size_t c = 0; c < SUMMED; c++) {
        sum[c] += (double)s[c];
        square[c] += (double)q[c];
    }
}

static void add_tail(const float *restrict in, size_t count, size_t channels, size_t lanes,
                     double *restrict sum, double *restrict square)
{
    for (size_t c = 0; c < lanes; c++) {
        float s = 0, q = 0;
        for (size_t x = 0; x < count; x++) {
            const float v = in[x * channels + c];
            s += v;
            q += v * v;
        }
        sum[c] += (double)s;
        square[c] += (double)q;
    }
}

/* The same of channels that are stored as halves. */
static void add_halves(const uint16_t *restrict in, size_t count, size_t channels,
                       double *restrict sum, double *restrict square)
{
    float floats[PIXELS_A_RUN * SUMMED];
    for (size_t x = 0; x < count; x++)
        for (size_t c = 0; c < SUMMED; c += P2A_HALF_LANES) {
            const p2a_lanes_pair pair = p2a_halves_load(in + x * channels + c);
            p2a_lanes_store(floats + x * SUMMED + c, pair.low);
            p2a_lanes_store(floats + x * SUMMED + c + LANES, pair.high);
        }
    add_lanes(floats, count, SUMMED, sum, square);
}

static void add_tail_of_halves(const uint16_t *restrict in, size_t count, size_t channels,
                               size_t lanes, double *restrict sum, double *restrict square)
{
    float floats[PIXELS_A_RUN * SUMMED];
    for (size_t x = 0; x < count; x++)
        for (size_t c = 0; c < lanes; c++)
            floats[x * lanes + c] = p2a_float_of_half(in[x * channels + c]);
    add_tail(floats, count, lanes, lanes, sum, square);
}

static void sum_row_of_halves(const uint16_t *in, size_t width, size_t channels, double *sum)
{
    double *square = sum + channels;
    memset(sum, 0, 2 * channels * sizeof *sum);
    for (size_t x = 0; x < width; x += PIXELS_A_RUN) {
        const size_t count = width - x < PIXELS_A_RUN ? width - x : PIXELS_A_RUN;
        const uint16_t *run = in + x * channels;
        size_t c = 0;
        for (; c + SUMMED <= channels; c += SUMMED)
            add_halves(run + c, count, channels, sum + c, square + c);
        if (c < channels)
            add_tail_of_halves(run + c, count, channels, channels - c, sum + c, square + c);
    }
}

static void sum_row(const float *in, size_t width, size_t channels, double *sum)
{
    double *square = sum + channels;
    memset(sum, 0, 2 * channels * sizeof *sum);
    for (size_t x = 0; x < width; x += PIXELS_A_RUN) {
        const size_t count = width - x < PIXELS_A_RUN ? width - x : PIXELS_A_RUN;
        const float *run = in + x * channels;
        size_t c = 0;
        for (; c + SUMMED <= channels; c += SUMMED)
            add_lanes(run + c, count, channels, sum + c, square + c);
        if (c < channels)
            add_tail(run + c, count, channels, channels - c, sum + c, square + c);
    }
}

/* The row's largest values, and the sums of exp(value - largest). */
static void softmax_row(const float *in, size_t width, size_t channels, double *largest)
{
    double *sum = largest + channels;
    for (size_t c = 0; c < channels; c++) {
        float most = in[c];
        for (size_t x = 1; x < width; x++)
            most = fmaxf(most, in[x * channels + c]);
        largest[c] = (double)most;
        sum[c] = 0;
    }
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < channels; c++)
            sum[c] += (double)expf(in[x * channels + c] - (float)largest[c]);
}

static void gather_rows(void *user, size_t begin, size_t count)
{
    const gathered_rows *rows = user;
    const p2a_shape shape = rows->input->shape;
    for (size_t r = begin; r < begin + count; r++) {
        double *to = (double *)rows->args->scratch + r * 2 * shape.channels;
        const void *in = p2a_view_row(rows->input, (ptrdiff_t)(rows->first + r));
        if (rows->args->node->op == P2A_OP_SPATIAL_SOFTMAX)
            softmax_row(in, shape.width, shape.channels, to);
        else if (rows->input->item_bytes == sizeof(uint16_t))
            sum_row_of_halves(in, shape.width, shape.channels, to);
        else
            sum_row(in, shape.width, shape.channels, to);
    }
}

static void add_softmax(double *total, const double *row, size_t channels)
{
    for (size_t c = 0; c < channels; c++) {
        const double most = fmax(total[c], row[c]);
        const double *sum = row + channels;
        total[channels + c] =
            total[channels + c] * exp(total[c] - most) + sum[c] * exp(row[c] - most);
        total[c] = most;
    }
}

void p2a_run_gather(const p2a_kernel_args *args, uint32_t input, size_t first, size_t rows)
{
    const p2a_view *view = &args->inputs[input];
    const size_t channels = view->shape.channels;
    const bool softmax = args->node->op == P2A_OP_SPATIAL_SOFTMAX;
    double *total = args->statistics + input * 2 * channels;
    if (first == 0)
        for (size_t i = 0; i < 2 * channels; i++)
            total[i] = softmax && i < channels ? -INFINITY : 0.0;
    for (size_t done = 0; done < rows; done += ROWS_AT_ONCE) {
        const size_t count = rows - done < ROWS_AT_ONCE ? rows - done : ROWS_AT_ONCE;
        gathered_rows piece = {args, view, first + done};
        p2a_pool_run(args->ctx, gather_rows, &piece, count, 1);
        for (size_t r = 0; r < count; r++) {
            const double *row = (const double *)args->scratch + r * 2 * channels;
            if (softmax)
                add_softmax(total, row, channels);
            else
                for (size_t i = 0; i < 2 * channels; i++)
                    total[i] += row[i];
        }
    }
}
