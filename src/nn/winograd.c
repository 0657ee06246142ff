/*
 * winograd.c - 3x3 convolutions with 24 products for 8 outputs instead of 72
 *
 * Winograd's F(2x4,3x3) (Lavin and Gray, 2015): a tile of 4 rows x 6 columns of the input and the
 * kernel are transformed, multiplied point by point (24 matrix products over the channels), and
 * transformed back to 2x4 outputs. Downwards it is F(2,3), whose outputs depend on no row beyond
 * their own kernel's: with tiles at even rows of the picture, bands change nothing. Along the rows,
 * which are always whole, it is F(4,3).
 */
#include "nn/winograd.h"

#include <math.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/lanes.h"

#define DOWN 4   /* points of a tile: rows of the input, for 2 of the output ... */
#define ACROSS 6 /* ... and columns, for 4 */
#define MADE_DOWN 2
#define MADE_ACROSS 4
#define MADE (MADE_DOWN * MADE_ACROSS)
#define POINTS (DOWN * ACROSS)
#define CHANNELS_MAX 1024
#define CHANNELS_MIN 12  /* below, the transforms cost more than the products that they save */
#define ROWS_A_PRODUCT 4 /* with 6, V8 keeps sums in memory: slower */
#define COLUMNS_A_PRODUCT 8
#define SCRATCH_NUMBERS 98304 /* of a slot: its transforms stay in the second-level cache */
#define SLOTS 4               /* pieces that run side by side, each with its own scratch */

bool p2a_winograd_fits(const p2a_graph *graph, const p2a_node *node)
{
    /* XNNPACK's kernels for wide native vectors are faster than this; under the address sanitizer
     * it runs so that it is checked there too */
#if !defined(__wasm__) && !defined(P2A_CHECKS_KERNELS)
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
           made % LANES == 0;
#endif
}

/* Tiles that are done at once. */
static size_t tiles_at_once(size_t in, size_t made)
{
    const size_t tiles = SCRATCH_NUMBERS / POINTS / (in + made) / ROWS_A_PRODUCT * ROWS_A_PRODUCT;
    return tiles < ROWS_A_PRODUCT ? ROWS_A_PRODUCT : tiles > 96 ? 96 : tiles;
}

size_t p2a_winograd_scratch(size_t in, size_t made)
{
    return SLOTS * POINTS * tiles_at_once(in, made) * (in + made) * sizeof(float);
}

size_t p2a_winograd_packed(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    return POINTS * (size_t)weight->shape[3] * weight->shape[0] * sizeof(float);
}

/* G k G^T for four channels of a kernel, whose numbers lie `step` apart. The rows of G downwards
 * are 1 0 0, .5 .5 .5, .5 -.5 .5, 0 0 1; across 1/4 0 0, -1/6 -1/6 -1/6, -1/6 1/6 -1/6, 1/24 1/12
 * 1/6, 1/24 -1/12 1/6, 0 0 1. */
static void transform_kernel(const float *kernel, size_t step, p2a_lanes out[POINTS])
{
    p2a_lanes t[DOWN][3];
    for (size_t x = 0; x < 3; x++) {
        const p2a_lanes a = p2a_lanes_load(kernel + x * step),
                        b = p2a_lanes_load(kernel + (3 + x) * step);
        const p2a_lanes c = p2a_lanes_load(kernel + (6 + x) * step);
        t[0][x] = a;
        t[1][x] = (a + b + c) * 0.5f;
        t[2][x] = (a - b + c) * 0.5f;
        t[3][x] = c;
    }
    for (int i = 0; i < DOWN; i++, out += ACROSS) {
        const p2a_lanes ends = (t[i][0] + t[i][2]) / -6.0f, middle = t[i][1] / -6.0f;
        const p2a_lanes wide = t[i][0] / 24.0f + t[i][2] / 6.0f, half = t[i][1] / 12.0f;
        out[0] = t[i][0] / 4.0f;
        out[1] = ends + middle;
        out[2] = ends - middle;
        out[3] = wide + half;
        out[4] = wide - half;
        out[5] = t[i][2];
    }
}

float *p2a_winograd_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t in = weight->shape[3], made = weight->shape[0];
    float *packed = p2a_alloc(ctx, p2a_winograd_packed(graph, node));
    if (packed == NULL)
        return NULL;
    for (size_t o = 0; o < made; o++) {
        const size_t block = o - o % COLUMNS_A_PRODUCT;
        const size_t columns = made - block < COLUMNS_A_PRODUCT ? LANES : COLUMNS_A_PRODUCT;
        for (size_t c = 0; c < in; c += LANES) {
            p2a_lanes points[POINTS];
            transform_kernel(weight->values + o * 9 * in + c, in, points);
            for (size_t p = 0; p < POINTS; p++)
                for (size_t i = 0; i < LANES; i++)
                    packed[(p * made + block) * in + (c + i) * columns + o - block] = points[p][i];
        }
    }
    return packed;
}

/* [rows,in] x [in,registers * 4] for 4 rows: 8 sums in registers where there are two. */
static inline void multiply_block(const float *restrict a, size_t in, const float *restrict b,
                                  const size_t registers, float *restrict out, size_t made)
{
    p2a_lanes sum[ROWS_A_PRODUCT][COLUMNS_A_PRODUCT / LANES] = {{{0}}};
    for (size_t c = 0; c < in; c++, b += registers * LANES) {
        p2a_lanes columns[COLUMNS_A_PRODUCT / LANES];
        for (size_t v = 0; v < registers; v++)
            columns[v] = p2a_lanes_load(b + v * LANES);
        for (size_t r = 0; r < ROWS_A_PRODUCT; r++) {
            const p2a_lanes value = p2a_lanes_splat(a[r * in + c]);
            for (size_t v = 0; v < registers; v++)
                sum[r][v] = p2a_lanes_multiply_add(value, columns[v], sum[r][v]);
        }
    }
    for (size_t r = 0; r < ROWS_A_PRODUCT; r++)
        for (size_t v = 0; v < registers; v++)
            p2a_lanes_store(out + r * made + v * LANES, sum[r][v]);
}

/* One point of `tiles` tiles: [tiles,in] x [in,made]. */
static void multiply_point(const float *v, size_t tiles, size_t in, const float *packed, float *m,
                           size_t made)
{
    size_t o = 0;
    for (; o + COLUMNS_A_PRODUCT <= made; o += COLUMNS_A_PRODUCT)
        for (size_t t = 0; t < tiles; t += ROWS_A_PRODUCT)
            multiply_block(v + t * in, in, packed + o * in, COLUMNS_A_PRODUCT / LANES,
                           m + t * made + o, made);
    for (size_t t = 0; o < made && t < tiles; t += ROWS_A_PRODUCT)
        multiply_block(v + t * in, in, packed + o * in, 1, m + t * made + o, made);
}

static inline p2a_lanes times(float factor, p2a_lanes value, p2a_lanes sum)
{
    return p2a_lanes_multiply_add(p2a_lanes_splat(factor), value, sum);
}

/*
 * B^T d B for four channels of a tile. Downwards the rows of B^T are 1 0 -1 0, 0 1 1 0, 0 -1 1 0,
 * 0 1 0 -1; across 4 0 -5 0 1 0, 0 -4 -4 1 1 0, 0 4 -4 -1 1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0,
 * 0 4 0 -5 0 1.
 */
static inline void transform_input(const float *const pixels[POINTS], size_t c, float *out,
                                   size_t step)
{
    p2a_lanes t[DOWN][ACROSS];
    for (int j = 0; j < ACROSS; j++) {
        const p2a_lanes a = p2a_lanes_load(pixels[j] + c),
                        b = p2a_lanes_load(pixels[ACROSS + j] + c);
        const p2a_lanes d = p2a_lanes_load(pixels[2 * ACROSS + j] + c),
                        e = p2a_lanes_load(pixels[3 * ACROSS + j] + c);
        t[0][j] = a - d;
        t[1][j] = b + d;
        t[2][j] = d - b;
        t[3][j] = b - e;
    }
    for (int i = 0; i < DOWN; i++, out += ACROSS * step) {
        const p2a_lanes *d = t[i];
        const p2a_lanes even = times(-4, d[2], d[4]), odd = times(-4, d[1], d[3]);
        const p2a_lanes near = d[4] - d[2], far = d[3] - d[1];
        p2a_lanes_store(out, times(4, d[0], times(-5, d[2], d[4])));
        p2a_lanes_store(out + step, even + odd);
        p2a_lanes_store(out + 2 * step, even - odd);
        p2a_lanes_store(out + 3 * step, times(2, far, near));
        p2a_lanes_store(out + 4 * step, times(-2, far, near));
        p2a_lanes_store(out + 5 * step, times(4, d[1], times(-5, d[3], d[5])));
    }
}

/* A^T m A for four channels of a tile. Downwards the rows of A^T are 1 1 1 0, 0 1 -1 -1; across
 * 1 1 1 1 1 0, 0 1 -1 2 -2 0, 0 1 1 4 4 0, 0 1 -1 8 -8 1. */
static inline void transform_output(const float *m, size_t step, p2a_lanes out[MADE])
{
    p2a_lanes t[MADE_DOWN][ACROSS];
    for (size_t j = 0; j < ACROSS; j++) {
        const p2a_lanes a = p2a_lanes_load(m + j * step),
                        b = p2a_lanes_load(m + (ACROSS + j) * step);
        const p2a_lanes c = p2a_lanes_load(m + (2 * ACROSS + j) * step),
                        d = p2a_lanes_load(m + (3 * ACROSS + j) * step);
        t[0][j] = a + b + c;
        t[1][j] = b - c - d;
    }
    for (int i = 0; i < MADE_DOWN; i++, out += MADE_ACROSS) {
        const p2a_lanes sum = t[i][1] + t[i][2], difference = t[i][1] - t[i][2];
        const p2a_lanes sum2 = t[i][3] + t[i][4], difference2 = t[i][3] - t[i][4];
        out[0] = t[i][0] + sum + sum2;
        out[1] = times(2, difference2, difference);
        out[2] = times(4, sum2, sum);
        out[3] = times(8, difference2, difference) + t[i][5];
    }
}

typedef struct winograd_job {
    const p2a_winograd_args *args;
    size_t first_tile, tile_rows, tile_columns, chunk, chunks;
} winograd_job;

static void gather_tiles(const winograd_job *job, size_t row, size_t column, size_t count, float *v)
{
    static const float zeros[CHANNELS_MAX];
    const p2a_winograd_args *args = job->args;
    const size_t in = args->in_channels, step = job->chunk * in;
    for (size_t t = 0; t < count; t++) {
        const float *pixels[POINTS];
        for (size_t i = 0; i < POINTS; i++) {
            /* rows and columns that only outputs outside this run would need are zeros */
            const ptrdiff_t y = (ptrdiff_t)(MADE_DOWN * row + i / ACROSS) - (ptrdiff_t)args->first;
            const size_t x =
                MADE_ACROSS * (column + t) + i % ACROSS - args->left; /* below 0: wraps round */
            const bool there = y >= 0 && y < (ptrdiff_t)(args->rows + 2) && x < args->in_width;
            pixels[i] = there ? args->in + ((size_t)y * args->in_width + x) * in : zeros;
        }
        for (size_t c = 0; c < in; c += LANES)
            transform_input(pixels, c, v + t * in + c, step);
    }
}

static void scatter_tiles(const winograd_job *job, size_t row, size_t column, size_t count,
                          const float *m)
{
    const p2a_winograd_args *args = job->args;
    const size_t made = args->out_channels, width = args->out_width;
    const bool clamps = args->min > -INFINITY || args->max < INFINITY;
    for (size_t t = 0; t < count; t++) {
        float *pixels[MADE];
        for (size_t i = 0; i < MADE; i++) {
            const size_t y = MADE_DOWN * row + i / MADE_ACROSS - args->first;
            const size_t x = MADE_ACROSS * (column + t) + i % MADE_ACROSS;
            const bool there = y < args->rows && x < width; /* above first: wraps round */
            pixels[i] = there ? args->out + (y * width + x) * made : NULL;
        }
        for (size_t o = 0; o < made; o += LANES) {
            p2a_lanes out[MADE];
            transform_output(m + t * made + o, job->chunk * made, out);
            for (size_t i = 0; i < MADE; i++) {
                if (pixels[i] == NULL)
                    continue;
                p2a_lanes value = args->bias ? out[i] + p2a_lanes_load(args->bias + o) : out[i];
                if (clamps)
                    value = p2a_lanes_limit(value, args->min, args->max);
                p2a_lanes_store(pixels[i] + o, value);
            }
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
                multiply_point(v + p * chunk * in, tiles, in, args->packed + p * made * in,
                               m + p * chunk * made, made);
            scatter_tiles(job, row, column, tiles, m);
        }
    }
}

void p2a_winograd_run(p2a_context *ctx, const p2a_winograd_args *args)
{
    winograd_job job = {.args = args, .first_tile = args->first / MADE_DOWN};
    job.tile_rows = (args->first + args->rows + MADE_DOWN - 1) / MADE_DOWN - job.first_tile;
    job.tile_columns = (args->out_width + MADE_ACROSS - 1) / MADE_ACROSS;
    job.chunk = tiles_at_once(args->in_channels, args->out_channels);
    job.chunks = (job.tile_columns + job.chunk - 1) / job.chunk;
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
