/* pick.c - the largest value in a window, and the channel that holds the largest value */
#include <math.h>

#include "base/pool.h"
#include "nn/operator.h"

#define ROWS_A_PIECE 4

static void keep_larger(float *restrict out, const float *restrict in, size_t channels)
{
    for (size_t c = 0; c < channels; c++)
        out[c] = in[c] > out[c] ? in[c] : out[c];
}

static void max_pool_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_node *node = args->node;
    const p2a_shape in = args->inputs[0].shape, made = args->output->shape;
    const size_t channels = in.channels;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t i = 0; i < made.width * channels; i++)
            out[i] = -INFINITY;
        for (uint32_t ky = 0; ky < node->kernel[0]; ky++) {
            const ptrdiff_t y = (ptrdiff_t)(r * node->stride[0] + ky * node->dilation[0]) -
                                (ptrdiff_t)node->pads[0];
            if (y < 0 || y >= (ptrdiff_t)in.height)
                continue;
            const float *row = p2a_view_row(&args->inputs[0], y);
            for (size_t x = 0; x < made.width; x++)
                for (uint32_t kx = 0; kx < node->kernel[1]; kx++) {
                    const ptrdiff_t column =
                        (ptrdiff_t)(x * node->stride[1] + kx * node->dilation[1]) -
                        (ptrdiff_t)node->pads[1];
                    if (column >= 0 && column < (ptrdiff_t)in.width)
                        keep_larger(out + x * channels, row + (size_t)column * channels, channels);
                }
        }
    }
}

void p2a_run_max_pool(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, max_pool_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void argmax_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape in = args->inputs[0].shape;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *values = p2a_view_row(&args->inputs[0], (ptrdiff_t)r);
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < in.width; x++, values += in.channels) {
            size_t best = 0;
            for (size_t c = 1; c < in.channels; c++)
                if (values[c] > values[best])
                    best = c;
            out[x] = (float)best;
        }
    }
}

void p2a_run_argmax(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, argmax_rows, (void *)args, args->rows, ROWS_A_PIECE);
}
