/*
 * dots.c - convolutions of bytes by an instruction that adds up four products
 *
 * Relaxed SIMD's i32x4.relaxed_dot_i8x16_i7x16_add_s is that instruction, exactly, on processors
 * with dot products (x86: unsigned by signed bytes, ARM: signed ones), and something slower on
 * others, where XNNPACK does the work. Rows are copied once with their padding, so that a kernel's
 * row is one run of bytes; sums are whole numbers, and rounded as XNNPACK rounds them.
 */
#include "nn/dots.h"

#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/dot.h"
#include "nn/pairs.h"

#define COLUMNS 8     /* output channels that are made at once: two registers a pixel ... */
#define PIXELS 6      /* ... of as many pixels: 12 sums in registers, of the 15 that V8 has */
#define SUMS 12       /* and as many pixels where only one register of channels is left */
#define SLOTS 8       /* pieces that run side by side, each with its own rows */
#define ROWS_MIN 4    /* of a piece: rows that two of them need are copied twice */
#define KERNEL_MAX 64 /* the tallest kernel that graph.h allows */

typedef p2a_int32x4 sums;

static size_t channels_in(const p2a_graph *graph, const p2a_node *node)
{
    return graph->tensors[node->inputs[0]].channels;
}

static size_t channels_out(const p2a_graph *graph, const p2a_node *node)
{
    return graph->tensors[node->output].channels;
}

bool p2a_dots_fits(const p2a_graph *graph, const p2a_node *node)
{
    if (node->op != P2A_OP_CONV2D || node->groups != 1 || node->padding != P2A_PADDING_ZERO ||
        node->dilation[0] != 1 || node->dilation[1] != 1)
        return false;
    return graph->weights[node->weight].bytes != NULL && channels_in(graph, node) % TERMS == 0 &&
           channels_out(graph, node) % LANES == 0 && p2a_operand_here() != P2A_OPERAND_NONE;
}

/* Bytes of a pixel's weights for one output channel. */
static size_t terms_of(const p2a_graph *graph, const p2a_node *node)
{
    return node->kernel[0] * node->kernel[1] * channels_in(graph, node);
}

/* Bytes of what pairs.c does not take. */
static size_t plain_packed(const p2a_graph *graph, const p2a_node *node)
{
    const size_t count = channels_out(graph, node);
    return p2a_sums_packed(count) + count * terms_of(graph, node);
}

size_t p2a_dots_packed(const p2a_graph *graph, const p2a_node *node)
{
    return plain_packed(graph, node) +
           (p2a_pairs_fits(graph, node) ? p2a_pairs_packed(graph, node) : 0);
}

/* Weights in blocks of 8 channels (the last may be of 4), four bytes of each in turn, and behind
 * them those of pairs.c. */
void *p2a_dots_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t count = channels_out(graph, node), terms = terms_of(graph, node);
    const int32_t shift = p2a_operand_here() == P2A_OPERAND_UNSIGNED ? 128 : 0;
    void *packed = p2a_alloc(ctx, p2a_dots_packed(graph, node));
    if (packed == NULL)
        return NULL;
    int8_t *to = p2a_sums_pack(graph, node, shift, count, packed);
    for (size_t block = 0; block < count; block += COLUMNS) {
        const size_t end = count - block < COLUMNS ? count : block + COLUMNS;
        for (size_t i = 0; i < terms; i += TERMS)
            for (size_t o = block; o < end; o++, to += TERMS)
                memcpy(to, weight->bytes + o * terms + i, TERMS);
    }
    if (p2a_pairs_fits(graph, node)) {
        const p2a_sums made = p2a_sums_of(graph, node, count, packed);
        p2a_pairs_pack(graph, node, &made, to);
    }
    return packed;
}

/* Pixels of a copied row: what the last tile of a row reads, too. */
static size_t row_pixels(const p2a_node *node, size_t in_width)
{
    const size_t padded = in_width + node->pads[1] + node->pads[3];
    return padded + SUMS * node->stride[1];
}

/* The same, transformed, for pairs.c. */
static size_t transformed_bytes(const p2a_graph *graph, const p2a_node *node, size_t in_width)
{
    const size_t out_width = in_width + node->pads[1] + node->pads[3] + 1 - node->kernel[1];
    return p2a_pairs_fits(graph, node) ? p2a_pairs_row_bytes(out_width, channels_in(graph, node))
                                       : 0;
}

size_t p2a_dots_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width)
{
    size_t bytes = 0; /* a transformed row is about twice as long as a copied one */
    if (!p2a_mul_size(row_pixels(node, in_width), channels_in(graph, node), &bytes) ||
        bytes > SIZE_MAX / 16)
        return SIZE_MAX;
    bytes += transformed_bytes(graph, node, in_width);
    if (!p2a_mul_size(bytes, (size_t)SLOTS * node->kernel[0], &bytes) || bytes > SIZE_MAX / 4)
        return SIZE_MAX;
    return bytes;
}

typedef struct dots_job {
    const p2a_bytes_args *args;
    p2a_sums sums;
    size_t in, made, run, row_bytes; /* channels, bytes of a kernel's row and of a copied row */
    size_t slots;
    uint8_t flip;      /* 0x80: bytes are made unsigned */
    const void *pairs; /* weights for pairs.c, else NULL */
    size_t transformed_bytes;
} dots_job;

/* The input's rows that a slot has copied, each in the place of its number modulo the kernel's
 * height. */
typedef struct dots_rows {
    uint8_t *copied, *transformed;
    bool small[KERNEL_MAX]; /* bytes below 0 only, and transformed */
} dots_rows;

/* Sums of `pixels` pixels from `x` on and `registers` x 4 channels from `o` on. */
static inline void add_up(const dots_job *job, const uint8_t *const *rows, size_t x, size_t o,
                          const size_t pixels, const size_t registers,
                          sums sum[SUMS][COLUMNS / LANES])
{
    const p2a_node *node = job->args->node;
    const size_t step = node->stride[1] * job->in;
    const int8_t *w = (const int8_t *)job->sums.weights + o * job->run * node->kernel[0];
    for (size_t p = 0; p < pixels; p++)
        for (size_t v = 0; v < registers; v++)
            sum[p][v] = p2a_load_int32x4(job->sums.start + o + v * LANES);
    for (size_t ky = 0; ky < node->kernel[0]; ky++) {
        const uint8_t *a = rows[ky] + x * step;
        for (size_t i = 0; i < job->run; i += TERMS, a += TERMS) {
            sums weights[COLUMNS / LANES];
            for (size_t v = 0; v < registers; v++, w += sizeof(sums))
                weights[v] = p2a_load_int32x4(w);
            for (size_t p = 0; p < pixels; p++) {
                const sums bytes = p2a_splat_bytes(a + p * step);
                for (size_t v = 0; v < registers; v++)
                    sum[p][v] = p2a_add_dots(weights[v], bytes, sum[p][v]);
            }
        }
    }
}

/* One tile of 8 channels, pixels `pitch` bytes apart. No branch between pixels: with one, V8 keeps
 * sums in memory all the way. */
static inline void make_tile(const dots_job *job, const uint8_t *const *rows, size_t x, size_t o,
                             int8_t *out, size_t pitch)
{
    const p2a_lanes low = p2a_lanes_load(job->sums.scales + o);
    const p2a_lanes high = p2a_lanes_load(job->sums.scales + o + LANES);
    sums sum[SUMS][COLUMNS / LANES];
    add_up(job, rows, x, o, PIXELS, 2, sum);
    for (size_t p = 0; p < PIXELS; p += 2) {
        const p2a_bytes bytes =
            p2a_sums_narrow(&job->sums, p2a_sums_round(&job->sums, low, sum[p][0]),
                            p2a_sums_round(&job->sums, high, sum[p][1]),
                            p2a_sums_round(&job->sums, low, sum[p + 1][0]),
                            p2a_sums_round(&job->sums, high, sum[p + 1][1]));
        memcpy(out + p * pitch, &bytes, COLUMNS);
        memcpy(out + (p + 1) * pitch, (const int8_t *)&bytes + COLUMNS, COLUMNS);
    }
}

/* The same of 4 channels, and of twice as many pixels. */
static inline void make_narrow_tile(const dots_job *job, const uint8_t *const *rows, size_t x,
                                    size_t o, int8_t *out, size_t pitch)
{
    const p2a_lanes scale = p2a_lanes_load(job->sums.scales + o);
    sums sum[SUMS][COLUMNS / LANES];
    add_up(job, rows, x, o, SUMS, 1, sum);
    for (size_t p = 0; p < SUMS; p += LANES) {
        const p2a_bytes bytes =
            p2a_sums_narrow(&job->sums, p2a_sums_round(&job->sums, scale, sum[p][0]),
                            p2a_sums_round(&job->sums, scale, sum[p + 1][0]),
                            p2a_sums_round(&job->sums, scale, sum[p + 2][0]),
                            p2a_sums_round(&job->sums, scale, sum[p + 3][0]));
        for (size_t i = 0; i < LANES; i++)
            memcpy(out + (p + i) * pitch, (const int8_t *)&bytes + i * LANES, LANES);
    }
}

/* The last tile of a row is made whole in a place of its own, and copied as far as it is wanted. */
static void make_row(const dots_job *job, const uint8_t *const *rows, int8_t *out)
{
    const size_t width = job->args->out_width, made = job->made;
    int8_t own[PIXELS * COLUMNS];
    for (size_t o = 0; o < made; o += COLUMNS) {
        const bool narrow = made - o < COLUMNS;
        const size_t pixels = narrow ? SUMS : PIXELS, columns = narrow ? LANES : COLUMNS;
        for (size_t x = 0; x < width; x += pixels) {
            const bool whole = width - x >= pixels;
            int8_t *to = whole ? out + x * made + o : own;
            if (narrow)
                make_narrow_tile(job, rows, x, o, to, whole ? made : columns);
            else
                make_tile(job, rows, x, o, to, whole ? made : columns);
            for (size_t p = 0; !whole && p < width - x; p++)
                memcpy(out + (x + p) * made + o, own + p * columns, columns);
        }
    }
}

/* A row of the input with its padding, unsigned where the instruction wants it so. True: all bytes
 * are below 0. */
static bool copy_row(const dots_job *job, size_t row, uint8_t *restrict to)
{
    const p2a_bytes_args *args = job->args;
    const p2a_node *node = args->node;
    const size_t before = node->pads[1] * job->in, bytes = args->in_width * job->in;
    const uint8_t *restrict from = (const uint8_t *)args->in + row * bytes;
    const int8_t zero = args->graph->tensors[node->inputs[0]].quantization.zero;
    const uint8_t flip = job->flip;
    uint8_t all = (uint8_t)zero;
    memset(to, (uint8_t)zero ^ flip, before);
    for (size_t i = 0; i < bytes; i++) {
        to[before + i] = from[i] ^ flip;
        all &= from[i];
    }
    memset(to + before + bytes, (uint8_t)zero ^ flip, job->row_bytes - before - bytes);
    return all >> 7;
}

static void take_row(const dots_job *job, size_t row, dots_rows *rows)
{
    const size_t place = row % job->args->node->kernel[0];
    uint8_t *to = rows->copied + place * job->row_bytes;
    const bool below_0 = copy_row(job, row, to);
    rows->small[place] = below_0 && job->pairs;
    if (rows->small[place])
        p2a_pairs_transform(to, job->args->out_width, job->in,
                            rows->transformed + place * job->transformed_bytes);
}

/* From the rows that were taken last. */
static void make_output(const dots_job *job, const dots_rows *rows, size_t y)
{
    const size_t kernel = job->args->node->kernel[0], stride = job->args->node->stride[0];
    int8_t *out = job->args->out + y * job->args->out_width * job->made;
    const uint8_t *copied[KERNEL_MAX];
    bool small = true;
    for (size_t k = 0; k < kernel; k++) {
        const size_t place = (y * stride + k) % kernel;
        copied[k] = rows->copied + place * job->row_bytes;
        small = small && rows->small[place];
    }
    if (!small) {
        make_row(job, copied, out);
        return;
    }
    p2a_pairs_args args = {.packed = job->pairs,
                           .sums = &job->sums,
                           .out = out,
                           .out_width = job->args->out_width,
                           .in = job->in,
                           .made = job->made};
    for (size_t k = 0; k < kernel; k++)
        args.rows[k] = rows->transformed + (y + k) % kernel * job->transformed_bytes;
    p2a_pairs_make_row(&args);
}

/* One slot's share of the rows: each input row is copied once, over the one that is not needed any
 * more. */
static void run_slot(void *user, size_t slot, size_t count)
{
    const dots_job *job = user;
    const p2a_bytes_args *args = job->args;
    const size_t kernel = args->node->kernel[0], stride = args->node->stride[0];
    for (; count; slot++, count--) {
        dots_rows rows;
        rows.copied =
            (uint8_t *)args->scratch + slot * kernel * (job->row_bytes + job->transformed_bytes);
        rows.transformed = rows.copied + kernel * job->row_bytes;
        const size_t begin = slot * args->rows / job->slots;
        const size_t end = (slot + 1) * args->rows / job->slots;
        size_t copied = begin * stride;
        for (size_t y = begin; y < end; y++) {
            if (copied < y * stride)
                copied = y * stride;
            for (; copied < y * stride + kernel; copied++)
                take_row(job, copied, &rows);
            make_output(job, &rows, y);
        }
    }
}

void p2a_dots_run(p2a_context *ctx, const p2a_bytes_args *args)
{
    const p2a_node *node = args->node;
    dots_job job = {.args = args};
    job.in = channels_in(args->graph, node);
    job.made = channels_out(args->graph, node);
    job.run = node->kernel[1] * job.in;
    job.row_bytes = row_pixels(node, args->in_width) * job.in;
    job.sums = p2a_sums_of(args->graph, node, job.made, args->packed);
    job.flip = p2a_operand_here() == P2A_OPERAND_UNSIGNED ? 0x80 : 0;
    job.slots = args->rows / ROWS_MIN < 1       ? 1
                : args->rows / ROWS_MIN < SLOTS ? args->rows / ROWS_MIN
                                                : SLOTS;
    if (p2a_pairs_fits(args->graph, node))
        job.pairs = (const char *)args->packed + plain_packed(args->graph, node);
    job.transformed_bytes = transformed_bytes(args->graph, node, args->in_width);
    p2a_pool_run(ctx, run_slot, &job, job.slots, 1);
}
