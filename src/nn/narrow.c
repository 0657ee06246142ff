/*
 * narrow.c - convolutions with few channels in, or few out
 *
 * XNNPACK multiplies the channels of one tap at a time by 8 output channels: with 3 channels in,
 * the loop over them is hardly worth its start, with 3 out, 5 of 8 products are thrown away. Here
 * few channels in are taken a kernel's row at a time (its columns lie side by side), and with few
 * channels out the kernel's columns are output channels too, of a convolution with kernels of one
 * column, whose results are then added up, each from its own column.
 */
#include "nn/narrow.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/lanes.h"

#define FEW 4     /* channels */
#define COLUMNS 8 /* output channels that are made at once: two registers a pixel ... */
#define PIXELS 4  /* ... of as many pixels */
#define SLOTS 4   /* pieces that run side by side, each with its own scratch */

/* What is multiplied: kernel rows of `run` numbers, `step` apart from pixel to pixel, by `columns`.
 */
typedef struct product {
    size_t in, made, height, width; /* channels and kernel */
    bool few_out;
    size_t run, step, columns, padded_columns;
} product;

static product product_of(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    product p = {.in = weight->shape[3],
                 .made = weight->shape[0],
                 .height = node->kernel[0],
                 .width = node->kernel[1]};
    p.few_out = p.in > FEW;
    p.run = p.few_out ? p.in : p.in * p.width;
    p.step = p.few_out ? p.in : p.in * node->stride[1];
    p.columns = p.few_out ? p.made * p.width : p.made;
    p.padded_columns = (p.columns + LANES - 1) / LANES * LANES;
    return p;
}

bool p2a_narrow_fits(const p2a_graph *graph, const p2a_node *node)
{
    /* XNNPACK's kernels for wide native vectors are faster than this; under the address sanitizer
     * it runs so that it is checked there too */
#if !defined(__wasm__) && !defined(P2A_CHECKS_KERNELS)
    (void)graph;
    (void)node;
    return false;
#else
    if (node->op != P2A_OP_CONV2D || node->groups != 1 || node->kernel[1] < 3 ||
        node->dilation[0] != 1 || node->dilation[1] != 1)
        return false;
    const p2a_weight *weight = &graph->weights[node->weight];
    const uint32_t in = weight->shape[3], made = weight->shape[0];
    return weight->values != NULL &&
           (in <= FEW ? made % LANES == 0
                      : made <= FEW && node->stride[0] == 1 && node->stride[1] == 1);
#endif
}

size_t p2a_narrow_packed(const p2a_graph *graph, const p2a_node *node)
{
    const product p = product_of(graph, node);
    return p.height * p.run * p.padded_columns * sizeof(float);
}

/* Blocks of 8 columns (the last may be of 4); in each, for every number of a run, its columns. */
float *p2a_narrow_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const product p = product_of(graph, node);
    const float *values = graph->weights[node->weight].values;
    float *packed = p2a_alloc(ctx, p2a_narrow_packed(graph, node));
    if (packed == NULL)
        return NULL;
    float *to = packed;
    for (size_t block = 0; block < p.padded_columns; block += COLUMNS) {
        const size_t left = p.padded_columns - block;
        for (size_t y = 0; y < p.height; y++)
            for (size_t i = 0; i < p.run; i++)
                for (size_t n = block; n < block + (left < COLUMNS ? left : COLUMNS); n++) {
                    const size_t o = p.few_out ? n % p.made : n, x = p.few_out ? n / p.made : 0;
                    const size_t at = ((o * p.height + y) * p.width + x) * p.in + i;
                    *to++ = n < p.columns ? values[at] : 0.0f;
                }
    }
    return packed;
}

/* Numbers of a slot's scratch: input rows with their zeros, and a row of products to add up. */
static bool slot_numbers(const product *p, size_t padded_width, bool copies, size_t *rows,
                         size_t *products)
{
    *rows = *products = 0;
    return (!copies || (p2a_mul_size(padded_width, p->in * p->height, rows))) &&
           (!p->few_out || p2a_mul_size(padded_width, p->padded_columns, products));
}

size_t p2a_narrow_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width)
{
    const product p = product_of(graph, node);
    const size_t around = node->pads[1] + node->pads[3];
    const bool copies = node->padding == P2A_PADDING_ZERO && around > 0;
    size_t rows = 0, products = 0, bytes = 0;
    if (!slot_numbers(&p, in_width + around, copies, &rows, &products) ||
        !p2a_mul_size(rows + products, SLOTS * sizeof(float), &bytes) || bytes > SIZE_MAX / 4)
        return SIZE_MAX;
    return bytes;
}

typedef struct narrow_job {
    const p2a_narrow_args *args;
    product p;
    size_t padded_width, pixels; /* of the product */
    size_t row_numbers, product_numbers;
    bool copies;
    const float *bias;
} narrow_job;

/* PIXELS pixels, the last of them more than once where the row ends, of `registers` x 4 columns. */
static inline void make_tile(const narrow_job *job, const float *const *rows, size_t x,
                             const float *restrict w, const size_t registers, float *out,
                             const float *bias)
{
    const product *p = &job->p;
    size_t at[PIXELS];
    for (size_t i = 0; i < PIXELS; i++)
        at[i] = (x + i < job->pixels ? x + i : job->pixels - 1) * p->step;
    p2a_lanes sum[PIXELS][COLUMNS / LANES];
    for (size_t i = 0; i < PIXELS; i++)
        for (size_t v = 0; v < registers; v++)
            sum[i][v] = bias ? p2a_lanes_load(bias + v * LANES) : (p2a_lanes){0};
    for (size_t y = 0; y < p->height; y++) {
        const float *a0 = rows[y] + at[0], *a1 = rows[y] + at[1];
        const float *a2 = rows[y] + at[2], *a3 = rows[y] + at[3];
        for (size_t k = 0; k < p->run; k++, w += registers * LANES) {
            p2a_lanes columns[COLUMNS / LANES];
            for (size_t v = 0; v < registers; v++)
                columns[v] = p2a_lanes_load(w + v * LANES);
            const p2a_lanes values[PIXELS] = {p2a_lanes_splat(a0[k]), p2a_lanes_splat(a1[k]),
                                              p2a_lanes_splat(a2[k]), p2a_lanes_splat(a3[k])};
            for (size_t i = 0; i < PIXELS; i++)
                for (size_t v = 0; v < registers; v++)
                    sum[i][v] = p2a_lanes_multiply_add(values[i], columns[v], sum[i][v]);
        }
    }
    for (size_t i = 0; i < PIXELS && x + i < job->pixels; i++)
        for (size_t v = 0; v < registers; v++)
            p2a_lanes_store(out + i * p->padded_columns + v * LANES, sum[i][v]);
}

/* A row of products: [pixels, padded_columns]. */
static void make_products(const narrow_job *job, const float *const *rows, const float *bias,
                          float *out)
{
    const product *p = &job->p;
    const size_t weights = p->height * p->run;
    for (size_t x = 0; x < job->pixels; x += PIXELS) {
        size_t n = 0;
        float *to = out + x * p->padded_columns;
        for (; n + COLUMNS <= p->padded_columns; n += COLUMNS)
            make_tile(job, rows, x, job->args->packed + n * weights, COLUMNS / LANES, to + n,
                      bias ? bias + n : NULL);
        if (n < p->padded_columns)
            make_tile(job, rows, x, job->args->packed + n * weights, 1, to + n,
                      bias ? bias + n : NULL);
    }
}

/* Every output pixel from the products of the pixels that its kernel's columns lie on. */
static void add_columns(const narrow_job *job, const float *products, float *out)
{
    const product *p = &job->p;
    for (size_t x = 0; x < job->args->out_width; x++, products += p->padded_columns)
        for (size_t o = 0; o < p->made; o++) {
            float sum = job->bias ? job->bias[o] : 0.0f;
            for (size_t k = 0; k < p->width; k++)
                sum += products[k * (p->padded_columns + p->made) + o];
            *out++ = sum;
        }
}

static void clamp(const p2a_node *node, float *values, size_t count)
{
    if (node->min > -INFINITY || node->max < INFINITY)
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] < node->min   ? node->min
                        : values[i] > node->max ? node->max
                                                : values[i];
}

static void make_row(const narrow_job *job, const float *const *rows, float *products, float *out)
{
    const size_t count = job->args->out_width * job->p.made;
    if (job->p.few_out) {
        make_products(job, rows, NULL, products);
        add_columns(job, products, out);
    } else {
        make_products(job, rows, job->bias, out);
    }
    clamp(job->args->node, out, count);
}

static void copy_row(const narrow_job *job, size_t row, float *to)
{
    const p2a_narrow_args *args = job->args;
    const size_t in = job->p.in, count = args->in_width * in;
    memset(to, 0, args->left * in * sizeof *to);
    memcpy(to + args->left * in, args->in + row * count, count * sizeof *to);
    memset(to + args->left * in + count, 0, args->right * in * sizeof *to);
}

/* One slot's share of the rows: each input row is copied once, over the one that is not needed any
 * more; rows that need no zeros around them are read where they are. */
static void run_slot(void *user, size_t slot, size_t count)
{
    const narrow_job *job = user;
    const p2a_narrow_args *args = job->args;
    const size_t kernel = job->p.height, stride = args->node->stride[0];
    const size_t row = job->padded_width * job->p.in;
    const float *rows[64]; /* the tallest kernel that graph.h allows */
    for (; count; slot++, count--) {
        float *own = args->scratch + slot * (job->row_numbers + job->product_numbers);
        const size_t begin = slot * args->rows / SLOTS, end = (slot + 1) * args->rows / SLOTS;
        size_t copied = begin * stride;
        for (size_t y = begin; y < end; y++) {
            if (copied < y * stride)
                copied = y * stride;
            for (; job->copies && copied < y * stride + kernel; copied++)
                copy_row(job, copied, own + copied % kernel * row);
            for (size_t k = 0; k < kernel; k++)
                rows[k] = job->copies ? own + (y * stride + k) % kernel * row
                                      : args->in + (y * stride + k) * row;
            make_row(job, rows, own + job->row_numbers,
                     args->out + y * args->out_width * job->p.made);
        }
    }
}

void p2a_narrow_run(p2a_context *ctx, const p2a_narrow_args *args)
{
    narrow_job job = {.args = args, .p = product_of(args->graph, args->node)};
    job.padded_width = args->in_width + args->left + args->right;
    job.copies = args->left + args->right > 0;
    job.pixels = job.p.few_out ? job.padded_width : args->out_width;
    job.bias =
        args->node->bias == P2A_NO_WEIGHT ? NULL : args->graph->weights[args->node->bias].values;
    if (slot_numbers(&job.p, job.padded_width, job.copies, &job.row_numbers, &job.product_numbers))
        p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
