/*
 * winograd_bytes.c - 3x3 convolutions of bytes with 24 products for 8 outputs instead of 72
 *
 * Winograd's F(2x4,3x3) as in winograd.c, in whole numbers and so exact: bytes transformed are
 * within +-2560, kernels transformed by 2G downwards and 24G across within +-9216, both 16 bits.
 * Sums of their products, transformed back, are 48 times those of the plain convolution; they are
 * in 32 bits even where sums before them wrapped round, which is why those are unsigned. A result
 * depends on nothing but its own kernel's bytes, so bands and threads change nothing.
 */
#include "nn/winograd_bytes.h"

#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/dots.h"
#include "nn/sums.h"

#define DOWN 4   /* points of a tile: rows of the input, for 2 of the output ... */
#define ACROSS 6 /* ... and columns, for 4 */
#define MADE_DOWN 2
#define MADE_ACROSS 4
#define MADE (MADE_DOWN * MADE_ACROSS)
#define POINTS (DOWN * ACROSS)
#define CHANNELS_MAX 256 /* 48 sums of 9 times as many products of 128 by 128 are below 2^31 */
#define CHANNELS_MIN WIDE
#define TILES 4   /* that are multiplied at once (with 6, V8 keeps sums in memory): two registers */
#define COLUMNS 8 /* of sums a tile, for so many output channels */
#define PAIR 2    /* products that one lane of an instruction adds up */
#define SLOTS 4   /* pieces that run side by side, each with its own scratch */
#define SCRATCH_NUMBERS 65536 /* of a slot's transformed pixels: they stay in the L2 cache */

typedef int16_t shorts __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));
typedef int8_t bytes8 __attribute__((vector_size(8)));

#define WIDE (sizeof(shorts) / sizeof(int16_t)) /* channels that are transformed at once */

static inline shorts load_shorts(const int16_t *from)
{
    shorts value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline shorts splat_pair(const int16_t *from)
{
#ifdef __wasm_simd128__
    return (shorts)wasm_v128_load32_splat(from);
#else
    return (shorts){from[0], from[1], from[0], from[1], from[0], from[1], from[0], from[1]};
#endif
}

static inline words add_pairs(shorts a, shorts b, words sum)
{
#ifdef __wasm_simd128__
    return sum + (words)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    for (int i = 0; i < LANES; i++)
        sum[i] += (uint32_t)(a[PAIR * i] * b[PAIR * i] + a[PAIR * i + 1] * b[PAIR * i + 1]);
    return sum;
#endif
}

static inline void store_shorts(int16_t *to, shorts value)
{
    memcpy(to, &value, sizeof value);
}

static inline shorts load_bytes(const int8_t *from)
{
    bytes8 bytes;
    memcpy(&bytes, from, sizeof bytes);
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

/* Tiles that are transformed at once. */
static size_t tiles_at_once(size_t in)
{
    const size_t tiles = SCRATCH_NUMBERS / POINTS / in / TILES * TILES;
    return tiles < TILES ? TILES : tiles > 96 ? 96 : tiles;
}

/* Pixels in a row of copied input for so many tiles. */
static size_t pixels_of(size_t tiles)
{
    return MADE_ACROSS * tiles + ACROSS - MADE_ACROSS;
}

static size_t slot_bytes(size_t in)
{
    const size_t tiles = tiles_at_once(in);
    return POINTS * tiles * in * sizeof(int16_t) + DOWN * pixels_of(tiles) * in;
}

size_t p2a_winograd_bytes_scratch(size_t in)
{
    return SLOTS * slot_bytes(in);
}

/* 2G k (24G)^T for 8 channels of a kernel, whose bytes lie `step` apart. The rows of 2G downwards
 * are 2 0 0, 1 1 1, 1 -1 1, 0 0 2; of 24G across 6 0 0, -4 -4 -4, -4 4 -4, 1 2 4, 1 -2 4, 0 0 24.
 */
static void transform_kernel(const int8_t *kernel, size_t step, shorts out[POINTS])
{
    shorts t[DOWN][3];
    for (size_t x = 0; x < 3; x++) {
        const shorts a = load_bytes(kernel + x * step), b = load_bytes(kernel + (3 + x) * step);
        const shorts c = load_bytes(kernel + (6 + x) * step);
        t[0][x] = a + a;
        t[1][x] = a + b + c;
        t[2][x] = a - b + c;
        t[3][x] = c + c;
    }
    for (int i = 0; i < DOWN; i++, out += ACROSS) {
        const shorts ends = (t[i][0] + t[i][2]) * -4, middle = t[i][1] * -4;
        const shorts wide = t[i][0] + t[i][2] * 4, half = t[i][1] * 2;
        out[0] = t[i][0] * 6;
        out[1] = ends + middle;
        out[2] = ends - middle;
        out[3] = wide + half;
        out[4] = wide - half;
        out[5] = t[i][2] * 24;
    }
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
    if (count > made) /* the last block is not full */
        memset(to + (count - COLUMNS) * POINTS * in, 0, COLUMNS * POINTS * in * sizeof *to);
    for (size_t o = 0; o < made; o++) {
        const size_t block = o - o % COLUMNS;
        for (size_t done = 0; done < in; done += WIDE) {
            const size_t c = done + WIDE <= in ? done : in - WIDE; /* some are done again */
            shorts points[POINTS];
            transform_kernel(weight->bytes + o * 9 * in + c, in, points);
            for (size_t p = 0; p < POINTS; p++) {
                int16_t *pairs = to + (block * POINTS + p * COLUMNS) * in + c * COLUMNS;
                for (size_t i = 0; i < WIDE; i += PAIR)
                    memcpy(pairs + i * COLUMNS + o % COLUMNS * PAIR, (int16_t *)&points[p] + i,
                           PAIR * sizeof *pairs);
            }
        }
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

/* Sums of 4 tiles and 8 output channels at one point: [4,in] x [in,8], 8 sums in registers. */
static inline void multiply(const int16_t *restrict a, size_t in, const int16_t *restrict b,
                            words out[TILES][2])
{
    words sum[TILES][2] = {{{0}}};
    for (size_t c = 0; c < in; c += PAIR, b += COLUMNS * PAIR) {
        const shorts low = load_shorts(b), high = load_shorts(b + COLUMNS);
        for (size_t r = 0; r < TILES; r++) {
            const shorts value = splat_pair(a + r * in + c);
            sum[r][0] = add_pairs(value, low, sum[r][0]);
            sum[r][1] = add_pairs(value, high, sum[r][1]);
        }
    }
    for (size_t r = 0; r < TILES; r++)
        for (size_t v = 0; v < 2; v++)
            out[r][v] = sum[r][v];
}

/* 48 times a sum -> the sum: a multiple of 3 is divided by what 3 times is 1 in 32 bits. */
static inline p2a_int32x4 divide(words sum)
{
    return (p2a_int32x4)((words)((p2a_int32x4)sum >> 4) * 0xAAAAAAABu);
}

/* A^T m A for four channels of a tile, a 48th of it; rows of A^T downwards are 1 1 1 0, 0 1 -1 -1;
 * across 1 1 1 1 1 0, 0 1 -1 2 -2 0, 0 1 1 4 4 0, 0 1 -1 8 -8 1. */
static inline void transform_output(words m[POINTS][TILES][2], size_t r, size_t v,
                                    p2a_int32x4 out[MADE])
{
    for (int i = 0; i < MADE_DOWN; i++, out += MADE_ACROSS) {
        words t[ACROSS];
        for (int j = 0; j < ACROSS; j++) {
            const words middle = m[ACROSS + j][r][v], next = m[2 * ACROSS + j][r][v];
            t[j] = i == 0 ? m[j][r][v] + middle + next : middle - next - m[3 * ACROSS + j][r][v];
        }
        const words sum = t[1] + t[2], difference = t[1] - t[2];
        const words sum2 = t[3] + t[4], difference2 = t[3] - t[4];
        out[0] = divide(t[0] + sum + sum2);
        out[1] = divide(difference + (difference2 << 1));
        out[2] = divide(sum + (sum2 << 2));
        out[3] = divide(difference + (difference2 << 3) + t[5]);
    }
}

/* 4 tiles and 8 output channels from `o` on, of which `registers` x 4 are there: from transformed
 * pixels to bytes. */
static void make_tiles(const winograd_job *job, const int16_t *v, size_t o, size_t registers,
                       size_t row, size_t column, size_t count)
{
    const p2a_winograd_bytes_args *args = job->args;
    const int16_t *weights = (const int16_t *)job->sums.weights + o * POINTS * job->in;
    words m[POINTS][TILES][2];
    for (size_t p = 0; p < POINTS; p++)
        multiply(v + p * job->chunk * job->in, job->in, weights + p * COLUMNS * job->in, m[p]);
    for (size_t r = 0; r < count && r < TILES; r++)
        for (size_t k = 0; k < registers; k++) {
            const p2a_int32x4 start = p2a_load_int32x4(job->sums.start + o + k * LANES);
            const p2a_lanes scale = p2a_lanes_load(job->sums.scales + o + k * LANES);
            p2a_int32x4 out[MADE];
            transform_output(m, r, k, out);
            for (size_t i = 0; i < MADE; i++)
                out[i] = p2a_sums_round(&job->sums, scale, out[i] + start);
            for (size_t y = 0; y < MADE_DOWN && MADE_DOWN * row + y < args->rows; y++) {
                const p2a_int32x4 *line = out + y * MADE_ACROSS;
                const p2a_bytes bytes =
                    p2a_sums_narrow(&job->sums, line[0], line[1], line[2], line[3]);
                const size_t x = MADE_ACROSS * (column + r);
                int8_t *to = args->out + ((MADE_DOWN * row + y) * args->out_width + x) * job->made +
                             o + k * LANES;
                for (size_t i = 0; i < MADE_ACROSS && x + i < args->out_width; i++)
                    memcpy(to + i * job->made, (const int8_t *)&bytes + i * LANES, LANES);
            }
        }
}

/* B^T d B for 8 channels of a row of tiles, rows `row_bytes` apart. Rows of B^T downwards are
 * 1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1; across as in winograd.c. */
static inline void transform_row(const int8_t *d, size_t row_bytes, size_t in, size_t tiles,
                                 int16_t *out, size_t step)
{
    for (size_t tile = 0; tile < tiles; tile++, d += MADE_ACROSS * in, out += in) {
        shorts t[DOWN][ACROSS];
        for (size_t j = 0; j < ACROSS; j++) {
            const int8_t *from = d + j * in;
            const shorts a = load_bytes(from), b = load_bytes(from + row_bytes);
            const shorts c = load_bytes(from + 2 * row_bytes);
            const shorts e = load_bytes(from + 3 * row_bytes);
            t[0][j] = a - c;
            t[1][j] = b + c;
            t[2][j] = c - b;
            t[3][j] = b - e;
        }
        int16_t *to = out;
        for (size_t i = 0; i < DOWN; i++, to += ACROSS * step) {
            const shorts *x = t[i];
            const shorts even = x[4] - (x[2] << 2), odd = x[3] - (x[1] << 2);
            const shorts near = x[4] - x[2], far = x[3] - x[1];
            store_shorts(to, ((x[0] - x[2]) << 2) + near);
            store_shorts(to + step, even + odd);
            store_shorts(to + 2 * step, even - odd);
            store_shorts(to + 3 * step, near + (far << 1));
            store_shorts(to + 4 * step, near - (far << 1));
            store_shorts(to + 5 * step, x[5] - x[3] - (far << 2));
        }
    }
}

/* The four rows of input under a row of tiles, with what lies outside. */
static void copy_rows(const winograd_job *job, size_t row, size_t column, size_t tiles, int8_t *to)
{
    const p2a_winograd_bytes_args *args = job->args;
    const size_t in = job->in, pixels = pixels_of(tiles), first = MADE_ACROSS * column;
    /* columns of the input in it: from `first + before - left` on */
    const size_t before = first < job->left ? job->left - first : 0;
    const size_t from = first + before - job->left;
    size_t there = from < args->in_width ? args->in_width - from : 0;
    if (there > pixels - before)
        there = pixels - before;
    for (size_t y = MADE_DOWN * row; y < MADE_DOWN * row + DOWN; y++, to += pixels * in) {
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
    const size_t items = (job->args->rows + MADE_DOWN - 1) / MADE_DOWN * job->chunks;
    for (; count; slot++, count--) {
        int16_t *v = (int16_t *)((char *)job->args->scratch + slot * slot_bytes(in));
        int8_t *copied = (int8_t *)(v + POINTS * chunk * in);
        for (size_t item = slot * items / SLOTS; item < (slot + 1) * items / SLOTS; item++) {
            const size_t row = item / job->chunks, column = item % job->chunks * chunk;
            const size_t left = job->tile_columns - column;
            const size_t tiles = left < chunk ? left : chunk, row_bytes = pixels_of(tiles) * in;
            copy_rows(job, row, column, tiles, copied);
            for (size_t done = 0; done < in; done += WIDE) {
                const size_t c = done + WIDE <= in ? done : in - WIDE; /* some are done again */
                transform_row(copied + c, row_bytes, in, tiles, v + c, chunk * in);
            }
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
                        .tile_columns = (args->out_width + MADE_ACROSS - 1) / MADE_ACROSS,
                        .left = node->pads[1],
                        .zero = graph->tensors[node->inputs[0]].quantization.zero};
    job.sums = p2a_sums_of(graph, node, in_blocks(job.made), args->packed);
    job.chunk = tiles_at_once(job.in);
    job.chunks = (job.tile_columns + job.chunk - 1) / job.chunk;
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
