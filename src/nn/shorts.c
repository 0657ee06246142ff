/*
 * shorts.c - convolutions of bytes by products of 16-bit numbers
 *
 * Tiles of the input and kernels are transformed as tiles.h says, downwards and across, multiplied
 * point by point (36 matrix products over the channels for 4x4 outputs of a 3x3 kernel), and
 * transformed back: 2.25 products an output instead of 9, of stride 2 6.25. Bytes grow to +-12800
 * at most, kernels to +-18432: 16 bits. Sums wrap round in 32 bits, but what they end in is known
 * modulo 2^32, and is 576 (2^6 * 9) times a plain sum, which is below 2^25 (of stride 2 the sum
 * itself): times what 9 times is 1 it is 2^6 times the plain sum, exactly. So results depend on
 * nothing but their own kernel's bytes, and bands and threads change nothing.
 */
#include "nn/shorts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/dots.h"
#include "nn/tiles.h"

#define CHANNELS_MIN 8
#define CHANNELS_MAX 1024
#define SUM_MAX 33554431 /* 2^25 - 1: of plain sums, see above */
#define NINTH 0x38E38E39 /* 9 times this is 1 in 32 bits */
#define TILES 4          /* of a group, multiplied at once (with 6, V8 keeps sums in memory) ... */
#define COLUMNS 8        /* ... for so many output channels: two registers a tile */
#define PAIR 2           /* products that one lane of an instruction adds up */
#define PAIRS (TILES * PAIR)  /* numbers of a pair of channels in a group: a register */
#define SLOTS 4               /* pieces that run side by side, each with its own scratch */
#define SCRATCH_NUMBERS 65536 /* of a slot's transformed pixels: they stay in the L2 cache */
#define POINTS_MAX ((size_t)P2A_POINTS_MAX * P2A_POINTS_MAX)

/* V8 takes code as it comes: loops, and values that are alive at once and for which it has no
 * registers. What is in memory where this stands is read from there after it. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED
#endif
#define SETTLE(from) __asm__ volatile("" : : "r"(from) : "memory")

typedef int8_t bytes8 __attribute__((vector_size(8)));

static inline p2a_shorts load_shorts(const int16_t *from)
{
    p2a_shorts value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline p2a_shorts splat_pair(const int16_t *from)
{
#ifdef __wasm_simd128__
    return (p2a_shorts)wasm_v128_load32_splat(from);
#else
    return (p2a_shorts){from[0], from[1], from[0], from[1], from[0], from[1], from[0], from[1]};
#endif
}

static inline p2a_words add_pairs(p2a_shorts a, p2a_shorts b, p2a_words sum)
{
#ifdef __wasm_simd128__
    return sum + (p2a_words)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    for (int i = 0; i < LANES; i++)
        sum[i] += (uint32_t)(a[PAIR * i] * b[PAIR * i] + a[PAIR * i + 1] * b[PAIR * i + 1]);
    return sum;
#endif
}

static inline void store_shorts(int16_t *to, p2a_shorts value)
{
    memcpy(to, &value, sizeof value);
}

static inline p2a_shorts load_bytes(const int8_t *from)
{
    bytes8 bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, p2a_shorts);
}

/* Both halves of a register, to two pixels. */
static inline void store_two(p2a_bytes bytes, int8_t *to, size_t step)
{
#ifdef __wasm_simd128__
    wasm_v128_store64_lane(to, (v128_t)bytes, 0);
    wasm_v128_store64_lane(to + step, (v128_t)bytes, 1);
#else
    memcpy(to, &bytes, COLUMNS);
    memcpy(to + step, (const int8_t *)&bytes + COLUMNS, COLUMNS);
#endif
}

static p2a_tiling tiling_of(const p2a_node *node)
{
    for (int i = 0; i < 2; i++)
        if (node->kernel[i] != node->kernel[0] || node->stride[i] != node->stride[0] ||
            node->dilation[i] != 1)
            return P2A_TILING_NONE;
    if (node->kernel[0] != P2A_TAPS || node->stride[0] > 2)
        return P2A_TILING_NONE;
    return node->stride[0] == 1 ? P2A_TILING_3X3 : P2A_TILING_3X3_STRIDE_2;
}

static size_t channels_in(const p2a_graph *graph, const p2a_node *node)
{
    return graph->weights[node->weight].shape[3];
}

static size_t channels_out(const p2a_graph *graph, const p2a_node *node)
{
    return graph->weights[node->weight].shape[0];
}

/* True where no sum may be beyond SUM_MAX. */
static bool sums_fit(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const p2a_quantization in = graph->tensors[node->inputs[0]].quantization;
    const float *scales = graph->weights[weight->scale].values;
    float bias = 0;
    for (size_t o = 0; node->bias != P2A_NO_WEIGHT && o < weight->shape[0]; o++)
        bias = fmaxf(bias, fabsf(graph->weights[node->bias].values[o]) / (in.step * scales[o]));
    return bias + (float)weight->reach * (float)(128 + abs(in.zero)) < (float)SUM_MAX;
}

bool p2a_shorts_fits(const p2a_graph *graph, const p2a_node *node)
{
    /* XNNPACK's kernels for wide native vectors are faster than this */
#if defined(__wasm_simd128__) || defined(P2A_CHECKS_KERNELS)
    const bool here = true;
#else
    const bool here = false;
#endif
    if (!here || node->op != P2A_OP_CONV2D || node->groups != 1 ||
        node->padding != P2A_PADDING_ZERO || graph->weights[node->weight].bytes == NULL ||
        tiling_of(node) == P2A_TILING_NONE || node->pads[1] >= P2A_TAPS ||
        p2a_dots_fits(graph, node))
        return false;
    const size_t in = channels_in(graph, node), made = channels_out(graph, node);
    return in >= CHANNELS_MIN && in <= CHANNELS_MAX && in % 4 == 0 && made % 4 == 0 &&
           sums_fit(graph, node);
}

static size_t points_of(const p2a_node *node)
{
    const size_t points = p2a_tile_points(tiling_of(node));
    return points * points;
}

/* Output channels with those that fill up the last block. */
static size_t in_blocks(size_t made)
{
    return (made + COLUMNS - 1) / COLUMNS * COLUMNS;
}

/* Groups that are transformed at once. */
static size_t groups_at_once(size_t points, size_t in)
{
    const size_t groups = SCRATCH_NUMBERS / points / in / TILES;
    return groups < 1 ? 1 : groups;
}

/* Numbers of a group. */
static size_t group_numbers(size_t points, size_t in)
{
    return points * in * TILES;
}

/* Transformed groups, and one arranged, the rows of whose tiles are copied behind it. */
static size_t slot_bytes(size_t points, size_t in)
{
    const size_t numbers = group_numbers(points, in);
    return groups_at_once(points, in) * numbers * sizeof(int16_t) + 2 * numbers;
}

size_t p2a_shorts_scratch(const p2a_graph *graph, const p2a_node *node)
{
    return SLOTS * slot_bytes(points_of(node), channels_in(graph, node));
}

size_t p2a_shorts_packed(const p2a_graph *graph, const p2a_node *node)
{
    const size_t count = in_blocks(channels_out(graph, node));
    return p2a_sums_packed(count) +
           points_of(node) * channels_in(graph, node) * count * sizeof(int16_t);
}

/* 8 channels of a kernel, whose bytes lie `step` apart, downwards and across. */
static void transform_kernel(p2a_tiling tiling, const int8_t *kernel, size_t step,
                             p2a_shorts out[POINTS_MAX])
{
    const size_t points = p2a_tile_points(tiling);
    p2a_shorts down[P2A_TAPS][P2A_POINTS_MAX];
    for (size_t x = 0; x < P2A_TAPS; x++) {
        p2a_shorts column[P2A_TAPS];
        for (size_t y = 0; y < P2A_TAPS; y++)
            column[y] = load_bytes(kernel + (y * P2A_TAPS + x) * step);
        p2a_tile_transform_kernel(tiling, column, down[x]);
    }
    for (size_t i = 0; i < points; i++, out += points) {
        p2a_shorts row[P2A_TAPS];
        for (size_t x = 0; x < P2A_TAPS; x++)
            row[x] = down[x][i];
        p2a_tile_transform_kernel(tiling, row, out);
    }
}

/* For each block of output channels all points, pairs of input channels of each output in turn. */
void *p2a_shorts_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t in = channels_in(graph, node), made = channels_out(graph, node);
    const size_t count = in_blocks(made), points = points_of(node);
    void *packed = p2a_alloc(ctx, p2a_shorts_packed(graph, node));
    if (packed == NULL)
        return NULL;
    int16_t *to = p2a_sums_pack(graph, node, 0, count, packed);
    if (tiling_of(node) == P2A_TILING_3X3) { /* as the sums are: 576 times, and then 64 times */
        float *scales = packed;
        uint32_t *starts = (uint32_t *)(scales + count);
        for (size_t o = 0; o < count; o++) {
            scales[o] /= 64;
            starts[o] *= 576;
        }
    }
    if (count > made) /* the last block is not full */
        memset(to + (count - COLUMNS) * points * in, 0, COLUMNS * points * in * sizeof *to);
    for (size_t o = 0; o < made; o++) {
        const size_t block = o - o % COLUMNS;
        for (size_t done = 0; done < in; done += PAIRS) {
            const size_t c = done + PAIRS <= in ? done : in - PAIRS; /* some are done again */
            p2a_shorts made_points[POINTS_MAX];
            transform_kernel(tiling_of(node), weight->bytes + o * (weight->count / made) + c, in,
                             made_points);
            for (size_t p = 0; p < points; p++) {
                int16_t *pairs = to + (block * points + p * COLUMNS) * in + c * COLUMNS;
                for (size_t i = 0; i < PAIRS; i += PAIR)
                    memcpy(pairs + i * COLUMNS + o % COLUMNS * PAIR, (int16_t *)&made_points[p] + i,
                           PAIR * sizeof *pairs);
            }
        }
    }
    return packed;
}

typedef struct shorts_job {
    const p2a_bytes_args *args;
    p2a_sums sums;
    size_t in, made;      /* channels */
    size_t in_rows;       /* that are there */
    size_t across;        /* tiles of a row */
    size_t tiles;         /* of all rows, one row after the other */
    size_t groups, chunk; /* of which so many are transformed at once */
    size_t left;          /* columns before the input's */
    int8_t zero;          /* of the input */
} shorts_job;

/* Sums of a group and 8 output channels at one point: [4,in] x [in,8], 8 sums in registers. */
static inline void multiply(const int16_t *restrict a, size_t in, const int16_t *restrict b,
                            p2a_words out[TILES][2])
{
    p2a_words sum[TILES][2] = {{{0}}};
    for (const int16_t *end = a + in * TILES; a < end; a += PAIRS, b += COLUMNS * PAIR) {
        const p2a_shorts low = load_shorts(b), high = load_shorts(b + COLUMNS);
        for (size_t r = 0; r < TILES; r++) {
            const p2a_shorts value = splat_pair(a + r * PAIR);
            sum[r][0] = add_pairs(value, low, sum[r][0]);
            sum[r][1] = add_pairs(value, high, sum[r][1]);
        }
    }
    for (size_t r = 0; r < TILES; r++)
        for (size_t v = 0; v < 2; v++)
            out[r][v] = sum[r][v];
}

/* A^T m A of a tile, rounded, to 8 channels of its outputs, which lie `row_step` and `step` bytes
 * apart. m: its sums at the first point. */
static inline void make_tile(const p2a_sums *sums, p2a_tiling tiling, const p2a_words *m, size_t o,
                             int8_t *out, size_t row_step, size_t step)
{
    const size_t points = p2a_tile_points(tiling), made = p2a_tile_made(tiling);
    const p2a_lanes scales[2] = {p2a_lanes_load(sums->scales + o),
                                 p2a_lanes_load(sums->scales + o + LANES)};
    p2a_words down[2][P2A_POINTS_MAX][P2A_MADE_MAX];
    UNROLLED
    for (size_t v = 0; v < 2; v++) {
        UNROLLED
        for (size_t j = 0; j < points; j++) {
            p2a_tile_transform_sums(tiling, m + j * TILES * 2 + v, points * TILES * 2, down[v][j]);
            SETTLE(down);
        }
    }
    UNROLLED
    for (size_t i = 0; i < made; i++) {
        p2a_int32x4 row[2][P2A_MADE_MAX];
        UNROLLED
        for (size_t v = 0; v < 2; v++) {
            p2a_words across[P2A_MADE_MAX];
            p2a_tile_transform_sums(tiling, &down[v][0][i], P2A_MADE_MAX, across);
            UNROLLED
            for (size_t j = 0; j < made; j++) {
                if (tiling == P2A_TILING_3X3)
                    across[j] *= NINTH;
                row[v][j] = p2a_sums_round(sums, scales[v], (p2a_int32x4)across[j]);
            }
        }
        UNROLLED
        for (size_t j = 0; j < made; j += 2) {
            const p2a_bytes bytes =
                p2a_sums_narrow(sums, row[0][j], row[1][j], row[0][j + 1], row[1][j + 1]);
            store_two(bytes, out + i * row_step + j * step, step);
        }
        SETTLE(down);
    }
}

/* The same, to where it belongs. */
static inline void put_tile(const shorts_job *job, const p2a_sums *sums, p2a_tiling tiling,
                            const p2a_words *m, size_t tile, size_t o)
{
    const p2a_bytes_args *args = job->args;
    const size_t made = p2a_tile_made(tiling), step = job->made;
    const size_t x = made * (tile % job->across), y = made * (tile / job->across);
    const size_t width = args->out_width - x, height = args->rows - y;
    const size_t row_step = args->out_width * step;
    int8_t *to = args->out + (y * args->out_width + x) * step + o;
    int8_t kept[P2A_MADE_MAX * P2A_MADE_MAX * COLUMNS];
    const bool whole = width >= made && height >= made && step - o >= COLUMNS;
    make_tile(sums, tiling, m, o, whole ? to : kept, whole ? row_step : made * COLUMNS,
              whole ? step : COLUMNS);
    if (whole)
        return;
    for (size_t i = 0; i < made && i < height; i++)
        for (size_t j = 0; j < made && j < width; j++)
            memcpy(to + i * row_step + j * step, kept + (i * made + j) * COLUMNS,
                   step - o < COLUMNS ? LANES : COLUMNS);
}

/* A group and 8 output channels: from transformed pixels to bytes. */
static inline void make_group(const shorts_job *job, p2a_tiling tiling, const int16_t *pixels,
                              size_t o, size_t group)
{
    const p2a_sums sums = job->sums;
    const size_t points = p2a_tile_points(tiling), in = job->in;
    const int16_t *weights = (const int16_t *)sums.weights + o * points * points * in;
    p2a_words m[POINTS_MAX][TILES][2];
    for (size_t p = 0; p < points * points; p++)
        multiply(pixels + p * in * TILES, in, weights + p * COLUMNS * in, m[p]);
    for (size_t r = 0; r < TILES; r++) /* the second point counts once in every output */
        for (size_t v = 0; v < 2; v++)
            m[points + 1][r][v] += (p2a_words)p2a_load_int32x4(sums.start + o + v * LANES);
    for (size_t r = 0; r < TILES && group * TILES + r < job->tiles; r++)
        put_tile(job, &sums, tiling, m[0][r], group * TILES + r, o);
}

/* 8 channels of the four tiles' pixels: pairs of channels of each tile in turn. */
static inline void arrange_pixels(const int8_t *const from[TILES], size_t at, int8_t *to)
{
    p2a_bytes pixel[TILES] = {{0}};
    for (size_t r = 0; r < TILES; r++)
        memcpy(&pixel[r], from[r] + at, PAIRS);
    const p2a_bytes a = __builtin_shufflevector(pixel[0], pixel[1], 0, 1, 16, 17, 2, 3, 18, 19, 4,
                                                5, 20, 21, 6, 7, 22, 23);
    const p2a_bytes b = __builtin_shufflevector(pixel[2], pixel[3], 0, 1, 16, 17, 2, 3, 18, 19, 4,
                                                5, 20, 21, 6, 7, 22, 23);
    const p2a_bytes low =
        __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const p2a_bytes high =
        __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    memcpy(to, &low, sizeof low);
    memcpy(to + sizeof low, &high, sizeof high);
}

/* One row of the input under a tile, `row` of those under it: where it lies, or `copied` with what
 * lies outside. */
static inline const int8_t *row_under(const shorts_job *job, size_t points, size_t tile, size_t row,
                                      int8_t *copied)
{
    const p2a_bytes_args *args = job->args;
    const size_t in = job->in, first = tile % job->across * P2A_TILE_STEP;
    const size_t before = first < job->left ? job->left - first : 0;
    const size_t from = first + before - job->left;
    size_t there = from < args->in_width ? args->in_width - from : 0;
    there = there > points - before ? points - before : there;
    /* a row below the last is needed only by outputs that are not kept */
    const size_t y = tile / job->across * P2A_TILE_STEP + row;
    const int8_t *line = args->in + ((y < job->in_rows ? y : 0) * args->in_width + from) * in;
    if (there == points)
        return line;
    memset(copied, job->zero, points * in);
    memcpy(copied + before * in, line, there * in);
    return copied;
}

/* The pixels under a group as they are arranged, [points,points,in / 2,4,2]. copied: room for the
 * tiles' rows. */
static inline void arrange_group(const shorts_job *job, p2a_tiling tiling, size_t group,
                                 int8_t *copied, int8_t *to)
{
    const size_t points = p2a_tile_points(tiling), in = job->in;
    for (size_t i = 0; i < points; i++) {
        const int8_t *rows[TILES];
        for (size_t r = 0; r < TILES; r++) { /* behind the last tile the last again */
            const size_t tile = group * TILES + r;
            rows[r] = row_under(job, points, tile < job->tiles ? tile : job->tiles - 1, i,
                                copied + r * points * in);
        }
        for (size_t j = 0; j < points; j++, to += in * TILES)
            for (size_t done = 0; done < in; done += PAIRS) {
                const size_t c = done + PAIRS <= in ? done : in - PAIRS; /* some are done again */
                arrange_pixels(rows, j * in + c, to + c * TILES);
            }
    }
}

/* B^T d B of a group's pixels: all points, one after the other. */
static inline void transform_group(p2a_tiling tiling, const int8_t *arranged, size_t in,
                                   int16_t *out)
{
    const size_t points = p2a_tile_points(tiling), numbers = in * TILES;
    for (size_t at = 0; at < numbers; at += PAIRS) {
        p2a_shorts down[P2A_POINTS_MAX][P2A_POINTS_MAX]; /* [column][point] */
        UNROLLED
        for (size_t j = 0; j < points; j++) {
            p2a_shorts column[P2A_POINTS_MAX];
            UNROLLED
            for (size_t i = 0; i < points; i++)
                column[i] = load_bytes(arranged + (i * points + j) * numbers + at);
            p2a_tile_transform_input(tiling, column, down[j]);
            SETTLE(down);
        }
        int16_t *to = out + at;
        UNROLLED
        for (size_t i = 0; i < points; i++) {
            p2a_shorts row[P2A_POINTS_MAX], across[P2A_POINTS_MAX];
            UNROLLED
            for (size_t j = 0; j < points; j++)
                row[j] = down[j][i];
            p2a_tile_transform_input(tiling, row, across);
            UNROLLED
            for (size_t j = 0; j < points; j++, to += numbers)
                store_shorts(to, across[j]);
            SETTLE(down);
        }
    }
}

/* `count` groups from `first` on. */
static inline __attribute__((always_inline)) void
make_groups(const shorts_job *job, p2a_tiling tiling, size_t first, size_t count, char *scratch)
{
    const size_t points = p2a_tile_points(tiling) * p2a_tile_points(tiling), in = job->in;
    const size_t numbers = group_numbers(points, in);
    int16_t *pixels = (int16_t *)scratch;
    int8_t *arranged = (int8_t *)(pixels + job->chunk * numbers);
    for (size_t g = 0; g < count; g++) {
        arrange_group(job, tiling, first + g, arranged + numbers, arranged);
        transform_group(tiling, arranged, in, pixels + g * numbers);
    }
    for (size_t o = 0; o < job->made; o += COLUMNS)
        for (size_t g = 0; g < count; g++)
            make_group(job, tiling, pixels + g * numbers, o, first + g);
}

static void run_slot(void *user, size_t slot, size_t count)
{
    const shorts_job *job = user;
    const p2a_tiling tiling = tiling_of(job->args->node);
    const size_t bytes = slot_bytes(points_of(job->args->node), job->in);
    for (; count; slot++, count--) {
        char *scratch = (char *)job->args->scratch + slot * bytes;
        const size_t end = (slot + 1) * job->groups / SLOTS;
        for (size_t first = slot * job->groups / SLOTS; first < end; first += job->chunk) {
            const size_t groups = end - first < job->chunk ? end - first : job->chunk;
            /* a copy of the code for each, in which the loops over a tile's points are unrolled */
            if (tiling == P2A_TILING_3X3)
                make_groups(job, P2A_TILING_3X3, first, groups, scratch);
            else
                make_groups(job, P2A_TILING_3X3_STRIDE_2, first, groups, scratch);
        }
    }
}

void p2a_shorts_run(p2a_context *ctx, const p2a_bytes_args *args)
{
    const p2a_graph *graph = args->graph;
    const p2a_node *node = args->node;
    const size_t made = p2a_tile_made(tiling_of(node));
    shorts_job job = {.args = args,
                      .in = channels_in(graph, node),
                      .made = channels_out(graph, node),
                      .in_rows = (args->rows - 1) * node->stride[0] + node->kernel[0],
                      .across = (args->out_width + made - 1) / made,
                      .left = node->pads[1],
                      .zero = graph->tensors[node->inputs[0]].quantization.zero};
    job.sums = p2a_sums_of(graph, node, in_blocks(job.made), args->packed);
    job.tiles = job.across * ((args->rows + made - 1) / made);
    job.groups = (job.tiles + TILES - 1) / TILES;
    job.chunk = groups_at_once(points_of(node), job.in);
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
