/*
 * winograd.c - 3x3 convolutions with 16 products for 4 outputs instead of 36
 *
 * Winograd's F(2x2,3x3) (Lavin and Gray, 2015): a tile of 4x4 inputs and the kernel are
 * transformed, multiplied point by point (16 matrix products over the channels), and transformed
 * back to 2x2 outputs. With tiles at even rows of the picture an output depends on no row beyond
 * its own kernel, so bands change nothing.
 */
#include "nn/winograd.h"

#include <math.h>
#include <string.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include "base/alloc.h"
#include "base/pool.h"

#define POINTS 16
#define CHANNELS_MAX 1024
#define CHANNELS_MIN 16 /* below, the transforms cost more than the products that they save */
#define ROWS_A_PRODUCT 6
#define COLUMNS_A_PRODUCT 8
#define SLOTS 4 /* pieces that run side by side, each with its own scratch */

typedef float lanes __attribute__((vector_size(16)));

static inline lanes load(const float *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void store(float *to, lanes value)
{
    memcpy(to, &value, sizeof value);
}

static inline lanes multiply_add(lanes a, lanes b, lanes sum)
{
#ifdef __wasm_relaxed_simd__
    return (lanes)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)sum);
#else
    return sum + a * b;
#endif
}

bool p2a_winograd_fits(const p2a_graph *graph, const p2a_node *node)
{
    /* XNNPACK's kernels for wide native vectors are faster than this; under the address sanitizer
     * it runs so that it is checked there too */
#if !defined(__wasm__) && !defined(__SANITIZE_ADDRESS__)
    (void)graph;
    (void)node;
    return false;
#else
    if (node->op != P2A_OP_CONV2D || node->groups != 1)
        return false;
    const p2a_weight *weight = &graph->weights[node->weight];
    const uint32_t in = weight->shape[3], made = weight->shape[0];
    for (int i = 0; i < 2; i++)
        if (node->kernel[i] != 3 || node->stride[i] != 1 || node->dilation[i] != 1)
            return false;
    return weight->values != NULL && in >= CHANNELS_MIN && in <= CHANNELS_MAX && in % 4 == 0 &&
           made % COLUMNS_A_PRODUCT == 0;
#endif
}

/* Tiles that are done at once: their transforms stay in the second-level cache. */
static size_t tiles_at_once(size_t in, size_t made)
{
    const size_t tiles = 6144 / (in + made) / ROWS_A_PRODUCT * ROWS_A_PRODUCT;
    return tiles < ROWS_A_PRODUCT ? ROWS_A_PRODUCT : tiles > 96 ? 96 : tiles;
}

size_t p2a_winograd_scratch(size_t in, size_t made)
{
    return SLOTS * POINTS * tiles_at_once(in, made) * (in + made) * sizeof(float);
}

/* The kernel's transform, one number: rows of G are 1 0 0, .5 .5 .5, .5 -.5 .5, 0 0 1. */
static float transformed(const float *kernel, size_t step, int i, int j)
{
    static const double g[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
    double sum = 0;
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            sum += g[i][y] * g[j][x] * (double)kernel[(size_t)(y * 3 + x) * step];
    return (float)sum;
}

size_t p2a_winograd_packed(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    return POINTS * (size_t)weight->shape[3] * weight->shape[0] * sizeof(float);
}

float *p2a_winograd_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t in = weight->shape[3], made = weight->shape[0];
    float *packed = p2a_alloc(ctx, p2a_winograd_packed(graph, node));
    if (packed == NULL)
        return NULL;
    float *to = packed;
    for (int p = 0; p < POINTS; p++)
        for (size_t block = 0; block < made; block += COLUMNS_A_PRODUCT)
            for (size_t c = 0; c < in; c++)
                for (size_t o = block; o < block + COLUMNS_A_PRODUCT; o++)
                    *to++ = transformed(weight->values + o * 9 * in + c, in, p / 4, p % 4);
    return packed;
}

/* [rows,in] x [in,8] for 6 rows and 8 columns: 12 sums in registers. */
static void multiply_block(const float *restrict a, size_t in, const float *restrict b,
                           float *restrict out, size_t made)
{
    lanes sum[ROWS_A_PRODUCT][2] = {{{0}}};
    for (size_t c = 0; c < in; c++, b += COLUMNS_A_PRODUCT) {
        const lanes low = load(b), high = load(b + 4);
        for (size_t r = 0; r < ROWS_A_PRODUCT; r++) {
            const float v = a[r * in + c];
            const lanes value = {v, v, v, v};
            sum[r][0] = multiply_add(value, low, sum[r][0]);
            sum[r][1] = multiply_add(value, high, sum[r][1]);
        }
    }
    for (size_t r = 0; r < ROWS_A_PRODUCT; r++) {
        store(out + r * made, sum[r][0]);
        store(out + r * made + 4, sum[r][1]);
    }
}

/* B^T d B for four channels of a tile; rows of B^T are 1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1. */
static void transform_input(const float *const pixels[POINTS], size_t c, float *out, size_t step)
{
    lanes d[4][4], t[4][4];
    for (int i = 0; i < POINTS; i++)
        d[i / 4][i % 4] = load(pixels[i] + c);
    for (int j = 0; j < 4; j++) {
        t[0][j] = d[0][j] - d[2][j];
        t[1][j] = d[1][j] + d[2][j];
        t[2][j] = d[2][j] - d[1][j];
        t[3][j] = d[1][j] - d[3][j];
    }
    for (int i = 0; i < 4; i++) {
        store(out + (size_t)(4 * i) * step, t[i][0] - t[i][2]);
        store(out + (size_t)(4 * i + 1) * step, t[i][1] + t[i][2]);
        store(out + (size_t)(4 * i + 2) * step, t[i][2] - t[i][1]);
        store(out + (size_t)(4 * i + 3) * step, t[i][1] - t[i][3]);
    }
}

/* A^T m A for four channels of a tile; rows of A^T are 1 1 1 0, 0 1 -1 -1. */
static void transform_output(const float *m, size_t step, lanes out[4])
{
    lanes t[2][4];
    for (int j = 0; j < 4; j++) {
        const lanes a = load(m + (size_t)j * step), b = load(m + (size_t)(4 + j) * step);
        const lanes c = load(m + (size_t)(8 + j) * step), d = load(m + (size_t)(12 + j) * step);
        t[0][j] = a + b + c;
        t[1][j] = b - c - d;
    }
    for (int i = 0; i < 2; i++) {
        out[2 * i] = t[i][0] + t[i][1] + t[i][2];
        out[2 * i + 1] = t[i][1] - t[i][2] - t[i][3];
    }
}

static inline lanes limit(lanes value, float min, float max)
{
#ifdef __wasm_simd128__
    const v128_t least = wasm_f32x4_splat(min), most = wasm_f32x4_splat(max);
    return (lanes)wasm_f32x4_pmin(wasm_f32x4_pmax((v128_t)value, least), most);
#else
    for (int i = 0; i < 4; i++)
        value[i] = value[i] < min ? min : value[i] > max ? max : value[i];
    return value;
#endif
}

typedef struct winograd_job {
    const p2a_winograd_args *args;
    size_t first_tile, tile_rows, tile_columns, chunk, chunks;
} winograd_job;

static void gather_tiles(const winograd_job *job, size_t row, size_t column, size_t count, float *v)
{
    static const float zeros[CHANNELS_MAX];
    const p2a_winograd_args *args = job->args;
    const size_t step = job->chunk * args->in_channels;
    for (size_t t = 0; t < count; t++) {
        const float *pixels[POINTS];
        for (size_t i = 0; i < POINTS; i++) {
            /* rows and columns that only outputs outside this run would need are zeros */
            const ptrdiff_t y = (ptrdiff_t)(2 * row + i / 4) - (ptrdiff_t)args->first;
            const size_t x = 2 * (column + t) + i % 4 - args->left; /* below 0: wraps round */
            const bool there = y >= 0 && y < (ptrdiff_t)(args->rows + 2) && x < args->in_width;
            pixels[i] =
                there ? args->in + ((size_t)y * args->in_width + x) * args->in_channels : zeros;
        }
        for (size_t c = 0; c < args->in_channels; c += 4)
            transform_input(pixels, c, v + t * args->in_channels + c, step);
    }
}

static void scatter_tiles(const winograd_job *job, size_t row, size_t column, size_t count,
                          const float *m)
{
    const p2a_winograd_args *args = job->args;
    const size_t made = args->out_channels, width = args->out_width;
    const bool clamps = args->min > -INFINITY || args->max < INFINITY;
    for (size_t t = 0; t < count; t++)
        for (size_t o = 0; o < made; o += 4) {
            lanes out[4];
            transform_output(m + t * made + o, job->chunk * made, out);
            for (size_t i = 0; i < 4; i++) {
                const size_t y = 2 * row + i / 2, x = 2 * (column + t) + i % 2;
                if (y < args->first || y >= args->first + args->rows || x >= width)
                    continue;
                lanes value = args->bias ? out[i] + load(args->bias + o) : out[i];
                if (clamps)
                    value = limit(value, args->min, args->max);
                store(args->out + ((y - args->first) * width + x) * made + o, value);
            }
        }
}

static void run_slot(void *user, size_t slot, size_t count)
{
    const winograd_job *job = user;
    const p2a_winograd_args *args = job->args;
    const size_t in = args->in_channels, made = args->out_channels, chunk = job->chunk;
    const size_t items = job->tile_rows * job->chunks;
    for (; count; slot++, count--) {
        float *v = args->scratch + slot * POINTS * chunk * (in + made);
        float *m = v + POINTS * chunk * in;
        for (size_t item = slot * items / SLOTS; item < (slot + 1) * items / SLOTS; item++) {
            const size_t row = job->first_tile + item / job->chunks;
            const size_t column = item % job->chunks * chunk;
            const size_t left = job->tile_columns - column;
            const size_t tiles = left < chunk ? left : chunk;
            gather_tiles(job, row, column, tiles, v);
            for (size_t p = 0; p < POINTS; p++)
                for (size_t o = 0; o < made; o += COLUMNS_A_PRODUCT)
                    for (size_t t = 0; t < tiles; t += ROWS_A_PRODUCT)
                        multiply_block(v + (p * chunk + t) * in, in,
                                       args->packed + (p * made + o) * in,
                                       m + (p * chunk + t) * made + o, made);
            scatter_tiles(job, row, column, tiles, m);
        }
    }
}

void p2a_winograd_run(p2a_context *ctx, const p2a_winograd_args *args)
{
    winograd_job job = {.args = args, .first_tile = args->first / 2};
    job.tile_rows = (args->first + args->rows + 1) / 2 - job.first_tile;
    job.tile_columns = (args->out_width + 1) / 2;
    job.chunk = tiles_at_once(args->in_channels, args->out_channels);
    job.chunks = (job.tile_columns + job.chunk - 1) / job.chunk;
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
