/* move.c - operators that only move values: between space and channels, together, apart, outwards,
 * into halves and out of them */
#include <string.h>

#include "base/pool.h"
#include "nn/halves.h"
#include "nn/operator.h"

#define ROWS_A_PIECE 4 /* enough work to be worth a hand-over to another thread */

/* Millions of short copies a picture: of a size known to the compiler each is a few instructions.
 */
static inline void copy_run(char *to, const char *from, size_t bytes)
{
    if (bytes == 6) /* 2 pixels of 3 bytes */
        memcpy(to, from, 6);
    else if (bytes == 24) /* or of 3 floats */
        memcpy(to, from, 24);
    else
        memcpy(to, from, bytes);
}

static void space_to_depth_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const size_t block = args->node->block, width = args->output->shape.width;
    /* one block's row: contiguous */
    const size_t run = block * args->inputs[0].shape.channels * args->output->item_bytes;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        char *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t dy = 0; dy < block; dy++) {
            const char *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)(r * block + dy));
            for (size_t x = 0; x < width; x++)
                copy_run(out + x * block * run + dy * run, in + x * run, run);
        }
    }
}

void p2a_run_space_to_depth(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, space_to_depth_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void depth_to_space_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const size_t block = args->node->block, width = args->inputs[0].shape.width;
    const size_t run = block * args->output->shape.channels * args->output->item_bytes;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const char *in = p2a_view_row(&args->inputs[0], (ptrdiff_t)(r / block));
        char *out = p2a_view_row(args->output, (ptrdiff_t)r);
        in += r % block * run;
        for (size_t x = 0; x < width; x++)
            copy_run(out + x * run, in + x * block * run, run);
    }
}

void p2a_run_depth_to_space(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, depth_to_space_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void concat_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const size_t width = args->output->shape.width, channels = args->output->shape.channels;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        size_t at = 0;
        for (uint32_t i = 0; i < args->node->input_count; i++) {
            const size_t from = args->inputs[i].shape.channels;
            const float *in = p2a_view_row(&args->inputs[i], (ptrdiff_t)r);
            float *out = (float *)p2a_view_row(args->output, (ptrdiff_t)r) + at;
            for (size_t x = 0; x < width; x++)
                memcpy(out + x * channels, in + x * from, from * sizeof(float));
            at += from;
        }
    }
}

void p2a_run_concat(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, concat_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void slice_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const size_t width = args->output->shape.width, channels = args->output->shape.channels;
    const size_t from = args->inputs[0].shape.channels;
    for (size_t r = args->first + begin; r < args->first + begin + count; r++) {
        const float *in = (float *)p2a_view_row(&args->inputs[0], (ptrdiff_t)r) + args->node->begin;
        float *out = p2a_view_row(args->output, (ptrdiff_t)r);
        for (size_t x = 0; x < width; x++)
            memcpy(out + x * channels, in + x * from, channels * sizeof(float));
    }
}

void p2a_run_slice(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, slice_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

typedef struct pad_args {
    const p2a_node *node;
    const p2a_view *input;
    ptrdiff_t first; /* in rows of the input, negative above it */
    float *out;
} pad_args;

static void pad_rows(void *user, size_t begin, size_t count)
{
    const pad_args *args = user;
    const p2a_node *node = args->node;
    const p2a_shape in = args->input->shape;
    const size_t left = node->pads[1], right = node->pads[3];
    const size_t width = in.width + left + right, channels = in.channels;
    for (size_t r = begin; r < begin + count; r++) {
        const ptrdiff_t row = args->first + (ptrdiff_t)r;
        float *out = args->out + r * width * channels;
        if (node->padding == P2A_PADDING_ZERO && (row < 0 || row >= (ptrdiff_t)in.height)) {
            memset(out, 0, width * channels * sizeof(float));
            continue;
        }
        const float *from =
            p2a_view_row(args->input, (ptrdiff_t)p2a_pad_index(node->padding, row, in.height));
        memcpy(out + left * channels, from, in.width * channels * sizeof(float));
        if (node->padding == P2A_PADDING_ZERO) {
            memset(out, 0, left * channels * sizeof(float));
            memset(out + (left + in.width) * channels, 0, right * channels * sizeof(float));
            continue;
        }
        for (size_t x = 0; x < left; x++)
            memcpy(out + x * channels,
                   from + p2a_pad_index(node->padding, (ptrdiff_t)x - (ptrdiff_t)left, in.width) *
                              channels,
                   channels * sizeof(float));
        for (size_t x = 0; x < right; x++)
            memcpy(out + (left + in.width + x) * channels,
                   from +
                       p2a_pad_index(node->padding, (ptrdiff_t)(in.width + x), in.width) * channels,
                   channels * sizeof(float));
    }
}

void p2a_pad_rows(p2a_context *ctx, const p2a_node *node, const p2a_view *input, ptrdiff_t first,
                  size_t rows, float *out)
{
    pad_args args = {node, input, first, out};
    p2a_pool_run(ctx, pad_rows, &args, rows, ROWS_A_PIECE);
}

void p2a_run_pad(const p2a_kernel_args *args)
{
    p2a_pad_rows(args->ctx, args->node, &args->inputs[0],
                 (ptrdiff_t)args->first - (ptrdiff_t)args->node->pads[0], args->rows,
                 p2a_view_row(args->output, (ptrdiff_t)args->first));
}

static void halve_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const ptrdiff_t first = (ptrdiff_t)(args->first + begin);
    const float *restrict in = p2a_view_row(&args->inputs[0], first);
    uint16_t *restrict out = p2a_view_row(args->output, first);
    const size_t values = count * shape.width * shape.channels;
    size_t i = 0;
    for (; i + P2A_HALF_LANES <= values; i += P2A_HALF_LANES) {
        const p2a_lanes_pair floats = {p2a_lanes_load(in + i), p2a_lanes_load(in + i + LANES)};
        p2a_halves_store(out + i, floats);
    }
    for (; i < values; i++)
        out[i] = p2a_half(in[i]);
}

void p2a_run_halve(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, halve_rows, (void *)args, args->rows, ROWS_A_PIECE);
}

static void widen_rows(void *user, size_t begin, size_t count)
{
    const p2a_kernel_args *args = user;
    const p2a_shape shape = args->output->shape;
    const ptrdiff_t first = (ptrdiff_t)(args->first + begin);
    const uint16_t *restrict in = p2a_view_row(&args->inputs[0], first);
    float *restrict out = p2a_view_row(args->output, first);
    const size_t values = count * shape.width * shape.channels;
    size_t i = 0;
    for (; i + P2A_HALF_LANES <= values; i += P2A_HALF_LANES) {
        const p2a_lanes_pair floats = p2a_halves_load(in + i);
        p2a_lanes_store(out + i, floats.low);
        p2a_lanes_store(out + i + LANES, floats.high);
    }
    for (; i < values; i++)
        out[i] = p2a_float_of_half(in[i]);
}

void p2a_run_widen(const p2a_kernel_args *args)
{
    p2a_pool_run(args->ctx, widen_rows, (void *)args, args->rows, ROWS_A_PIECE);
}
