/*
 * winograd_bytes.c - 3x3 convolutions of bytes with 16 products for 4 outputs instead of 36
 *
 * Winograd's F(2x2,3x3) as in winograd.c, in whole numbers and so exact: bytes transformed are
 * within +-512, kernels transformed by 2G on both sides within +-1152, both 16 bits; the sums of
 * their products, 32 bits, transformed back are four times those of the plain convolution. A result
 * depends on nothing but its own kernel's bytes, so bands and threads change nothing.
 */
#include "nn/winograd_bytes.h"

#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/dots.h"
#include "nn/sums.h"

#define POINTS 16
#define CHANNELS_MAX 256 /* 9 sums of this many products of 512 by 1152 are below 2^31 */
#define CHANNELS_MIN 8
#define TILES 6   /* that are multiplied at once: two registers of sums a tile ... */
#define COLUMNS 8 /* ... for so many output channels */
#define PAIR 2    /* products that one lane of an instruction adds up */
#define SLOTS 4   /* pieces that run side by side, each with its own scratch */

typedef int16_t shorts __attribute__((vector_size(16)));
typedef int8_t bytes8 __attribute__((vector_size(8)));

#define WIDE (sizeof(shorts) / sizeof(int16_t)) /* channels that are transformed at once */

static inline p2a_int32x4 splat_pair(const int16_t *from)
{
#ifdef __wasm_simd128__
    return (p2a_int32x4)wasm_v128_load32_splat(from);
#else
    int32_t value;
    memcpy(&value, from, sizeof value);
    return (p2a_int32x4){value, value, value, value};
#endif
}

static inline p2a_int32x4 add_pairs(p2a_int32x4 a, p2a_int32x4 b, p2a_int32x4 sum)
{
#ifdef __wasm_simd128__
    return sum + (p2a_int32x4)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    const shorts x = (shorts)a, y = (shorts)b;
    for (int i = 0; i < LANES; i++)
        sum[i] += x[PAIR * i] * y[PAIR * i] + x[PAIR * i + 1] * y[PAIR * i + 1];
    return sum;
#endif
}

static inline void store_shorts(int16_t *to, shorts value, size_t count)
{
    memcpy(to, &value, count * sizeof(int16_t));
}

/* `count` bytes, the other lanes 0. */
static inline shorts load_bytes(const int8_t *from, size_t count)
{
    bytes8 bytes = {0};
    memcpy(&bytes, from, count);
    return __builtin_convertvector(bytes, shorts);
}

bool p2a_winograd_bytes_fits(const p2a_graph *graph, const p2a_node *node)
{
    /* XNNPACK's kernels for wide native vectors are faster than this */
#if !defined(__wasm_simd128__) && !defined(P2A_CHECKS_KERNELS)
    (void)graph;
    (void)node;
    return false;
#else
    if (node->op != P2A_OP_CONV2D || node->groups != 1 || node->padding != P2A_PADDING_ZERO)
        return false;
    const p2a_weight *weight = &graph->weights[node->weight];
    const uint32_t in = weight->shape[3], made = weight->shape[0];
    for (int i = 0; i < 2; i++)
        if (node->kernel[i] != 3 || node->stride[i] != 1 || node->dilation[i] != 1)
            return false;
    if (node->pads[1] > 2)
        return false;
#ifdef __wasm_simd128__
    if (p2a_dots_fits(graph, node))
        return false;
#endif
    return weight->bytes != NULL && in >= CHANNELS_MIN && in <= CHANNELS_MAX && in % 4 == 0 &&
           made % 4 == 0;
#endif
}

/* Output channels with those that fill up the last block. */
static size_t in_blocks(size_t made)
{
    return (made + COLUMNS - 1) / COLUMNS * COLUMNS;
}

/* Tiles that are transformed at once: they stay in the second-level cache. */
static size_t tiles_at_once(size_t in)
{
    const size_t tiles = 4096 / in / TILES * TILES;
    return tiles < TILES ? TILES : tiles > 96 ? 96 : tiles;
}

/* Pixels in a row of copied input for so many tiles. */
static size_t pixels_of(size_t tiles)
{
    return 2 * tiles + 2;
}

static size_t slot_bytes(size_t in)
{
    const size_t tiles = tiles_at_once(in);
    return POINTS * tiles * in * sizeof(int16_t) + 4 * pixels_of(tiles) * in;
}

size_t p2a_winograd_bytes_scratch(size_t in)
{
    return SLOTS * slot_bytes(in);
}

/* The kernel's transform, one number: rows of 2G are 2 0 0, 1 1 1, 1 -1 1, 0 0 2. */
static int16_t transformed(const int8_t *kernel, size_t step, int i, int j)
{
    static const int g[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};
    int sum = 0;
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            sum += g[i][y] * g[j][x] * kernel[(size_t)(y * 3 + x) * step];
    return (int16_t)sum;
}

size_t p2a_winograd_bytes_packed(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t count = in_blocks(weight->shape[0]);
    return p2a_sums_packed(count) + POINTS * (size_t)weight->shape[3] * count * sizeof(int16_t);
}

/* For each block of output channels all points, pairs of input channels of each output in turn. */
void *p2a_winograd_bytes_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t in = weight->shape[3], made = weight->shape[0], count = in_blocks(made);
    void *packed = p2a_alloc(ctx, p2a_winograd_bytes_packed(graph, node));
    if (packed == NULL)
        return NULL;
    int16_t *to = p2a_sums_pack(graph, node, 0, count, packed);
    for (size_t block = 0; block < count; block += COLUMNS)
        for (int p = 0; p < POINTS; p++)
            for (size_t c = 0; c < in; c += PAIR)
                for (size_t i = 0; i < COLUMNS * PAIR; i++) {
                    const size_t o = block + i / PAIR;
                    const int8_t *kernel = weight->bytes + o * 9 * in + c + i % PAIR;
                    *to++ = o < made ? transformed(kernel, in, p / 4, p % 4) : 0;
                }
    return packed;
}

typedef struct winograd_job {
    const p2a_winograd_bytes_args *args;
    p2a_sums sums;
    size_t in, made; /* channels */
    size_t tile_columns, chunk, chunks;
    size_t left; /* columns before the input's */
    int8_t zero; /* of the input */
} winograd_job;

/* Sums of 6 tiles and 8 output channels at one point: [6,in] x [in,8], 12 sums in registers. */
static inline void multiply(const int16_t *restrict a, size_t in, const int16_t *restrict b,
                            p2a_int32x4 out[TILES][2])
{
    p2a_int32x4 sum[TILES][2] = {{{0}}};
    for (size_t c = 0; c < in; c += PAIR, b += COLUMNS * PAIR) {
        const p2a_int32x4 low = p2a_load_int32x4(b), high = p2a_load_int32x4(b + COLUMNS);
        for (size_t r = 0; r < TILES; r++) {
            const p2a_int32x4 value = splat_pair(a + r * in + c);
            sum[r][0] = add_pairs(value, low, sum[r][0]);
            sum[r][1] = add_pairs(value, high, sum[r][1]);
        }
    }
    for (size_t r = 0; r < TILES; r++)
        for (size_t v = 0; v < 2; v++)
            out[r][v] = sum[r][v];
}

/* A^T m A for four channels of a tile, a quarter of it; rows of A^T are 1 1 1 0, 0 1 -1 -1. */
static inline void transform_output(p2a_int32x4 m[POINTS][TILES][2], size_t r, size_t v,
                                    p2a_int32x4 out[4])
{
    p2a_int32x4 t[2][4];
    for (int j = 0; j < 4; j++) {
        const p2a_int32x4 middle = m[4 + j][r][v], next = m[8 + j][r][v];
        t[0][j] = m[j][r][v] + middle + next;
        t[1][j] = middle - next - m[12 + j][r][v];
    }
    for (int i = 0; i < 2; i++) {
        out[2 * i] = (t[i][0] + t[i][1] + t[i][2]) >> 2;
        out[2 * i + 1] = (t[i][1] - t[i][2] - t[i][3]) >> 2;
    }
}

/* 6 tiles and 8 output channels from `o` on, of which `registers` x 4 are there: from transformed
 * pixels to bytes. */
static void make_tiles(const winograd_job *job, const int16_t *v, size_t o, size_t registers,
                       size_t row, size_t column, size_t count)
{
    const p2a_winograd_bytes_args *args = job->args;
    const int16_t *weights = (const int16_t *)job->sums.weights + o * POINTS * job->in;
    p2a_int32x4 m[POINTS][TILES][2];
    for (size_t p = 0; p < POINTS; p++)
        multiply(v + p * job->chunk * job->in, job->in, weights + p * COLUMNS * job->in, m[p]);
    for (size_t r = 0; r < count && r < TILES; r++)
        for (size_t k = 0; k < registers; k++) {
            const p2a_int32x4 start = p2a_load_int32x4(job->sums.start + o + k * LANES);
            const p2a_lanes scale = p2a_lanes_load(job->sums.scales + o + k * LANES);
            p2a_int32x4 out[4];
            transform_output(m, r, k, out);
            for (size_t i = 0; i < 4; i++)
                out[i] = p2a_sums_round(&job->sums, scale, out[i] + start);
            const p2a_bytes bytes = p2a_sums_narrow(&job->sums, out[0], out[1], out[2], out[3]);
            for (size_t i = 0; i < 4; i++) {
                const size_t y = 2 * row + i / 2, x = 2 * (column + r) + i % 2;
                if (y < args->rows && x < args->out_width)
                    memcpy(args->out + (y * args->out_width + x) * job->made + o + k * LANES,
                           (const int8_t *)&bytes + i * LANES, LANES);
            }
        }
}

/* B^T d B for `count` channels of a row of tiles, rows `row_bytes` apart; rows of B^T are 1 0 -1 0,
 * 0 1 1 0, 0 -1 1 0, 0 1 0 -1. */
static inline void transform_row(const int8_t *d, size_t row_bytes, size_t in, size_t tiles,
                                 int16_t *out, size_t step, const size_t count)
{
    shorts t[4][4] = {{{0}}};
    for (size_t tile = 0; tile <= tiles; tile++) {
        for (int j = 2; j < 4; j++, d += in) { /* two columns are the last tile's */
            const shorts a = load_bytes(d, count), b = load_bytes(d + row_bytes, count);
            const shorts c = load_bytes(d + 2 * row_bytes, count);
            const shorts e = load_bytes(d + 3 * row_bytes, count);
            t[0][j] = a - c;
            t[1][j] = b + c;
            t[2][j] = c - b;
            t[3][j] = b - e;
        }
        if (tile > 0) {
            for (int i = 0; i < 4; i++) {
                int16_t *to = out + (size_t)(4 * i) * step;
                store_shorts(to, t[i][0] - t[i][2], count);
                store_shorts(to + step, t[i][1] + t[i][2], count);
                store_shorts(to + 2 * step, t[i][2] - t[i][1], count);
                store_shorts(to + 3 * step, t[i][1] - t[i][3], count);
            }
            out += in;
        }
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 2; j++)
                t[i][j] = t[i][j + 2];
    }
}

/* The four rows of input under a row of tiles, with what lies outside. */
static void copy_rows(const winograd_job *job, size_t row, size_t column, size_t tiles, int8_t *to)
{
    const p2a_winograd_bytes_args *args = job->args;
    const size_t in = job->in, pixels = pixels_of(tiles), first = 2 * column;
    /* columns of the input in it: from `first + before - left` on */
    const size_t before = first < job->left ? job->left - first : 0;
    const size_t from = first + before - job->left;
    size_t there = from < args->in_width ? args->in_width - from : 0;
    if (there > pixels - before)
        there = pixels - before;
    for (size_t y = 2 * row; y < 2 * row + 4; y++, to += pixels * in) {
        /* a row below the last is needed only by outputs that are not kept */
        const int8_t *line = args->in + ((y < args->rows + 2 ? y : 0) * args->in_width + from) * in;
        memset(to, job->zero, before * in);
        memcpy(to + before * in, line, there * in);
        memset(to + (before + there) * in, job->zero, (pixels - before - there) * in);
    }
}

static void run_slot(void *user, size_t slot, size_t count)
{
    const winograd_job *job = user;
    const size_t in = job->in, chunk = job->chunk;
    const size_t items = (job->args->rows + 1) / 2 * job->chunks;
    for (; count; slot++, count--) {
        int16_t *v = (int16_t *)((char *)job->args->scratch + slot * slot_bytes(in));
        int8_t *copied = (int8_t *)(v + POINTS * chunk * in);
        for (size_t item = slot * items / SLOTS; item < (slot + 1) * items / SLOTS; item++) {
            const size_t row = item / job->chunks, column = item % job->chunks * chunk;
            const size_t left = job->tile_columns - column;
            const size_t tiles = left < chunk ? left : chunk, row_bytes = pixels_of(tiles) * in;
            size_t c = 0;
            copy_rows(job, row, column, tiles, copied);
            for (; c + WIDE <= in; c += WIDE)
                transform_row(copied + c, row_bytes, in, tiles, v + c, chunk * in, WIDE);
            if (c < in)
                transform_row(copied + c, row_bytes, in, tiles, v + c, chunk * in, WIDE / 2);
            for (size_t o = 0; o < job->made; o += COLUMNS)
                for (size_t t = 0; t < tiles; t += TILES)
                    make_tiles(job, v + t * in, o, job->made - o < COLUMNS ? 1 : 2, row, column + t,
                               tiles - t);
        }
    }
}

void p2a_winograd_bytes_run(p2a_context *ctx, const p2a_winograd_bytes_args *args)
{
    const p2a_graph *graph = args->graph;
    const p2a_node *node = args->node;
    const p2a_weight *weight = &graph->weights[node->weight];
    winograd_job job = {.args = args,
                        .in = weight->shape[3],
                        .made = weight->shape[0],
                        .tile_columns = (args->out_width + 1) / 2,
                        .left = node->pads[1],
                        .zero = graph->tensors[node->inputs[0]].quantization.zero};
    job.sums = p2a_sums_of(graph, node, in_blocks(job.made), args->packed);
    job.chunk = tiles_at_once(job.in);
    job.chunks = (job.tile_columns + job.chunk - 1) / job.chunk;
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
