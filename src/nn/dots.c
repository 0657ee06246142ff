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
#ifdef __wasm_relaxed_simd__
#include <wasm_simd128.h>
#endif

#include "base/alloc.h"
#include "base/pool.h"
#include "nn/sums.h"

#define TERMS 4   /* bytes that one lane of a dot product takes */
#define COLUMNS 8 /* output channels that are made at once: two registers a pixel ... */
#define PIXELS 6  /* ... of as many pixels: 12 sums in registers, of the 15 that V8 has */
#define SUMS 12   /* and as many pixels where only one register of channels is left */
#define SLOTS 8   /* pieces that run side by side, each with its own rows */

typedef p2a_int32x4 sums;

/* How the instruction takes its second operand here. */
typedef enum operand { OPERAND_NONE, OPERAND_SIGNED, OPERAND_UNSIGNED } operand;

#ifdef __wasm_relaxed_simd__
static inline sums splat_bytes(const void *from)
{
    return (sums)wasm_v128_load32_splat(from);
}

static inline sums add_dots(sums weights, sums bytes, sums sum)
{
    return (sums)wasm_i32x4_relaxed_dot_i8x16_i7x16_add((v128_t)weights, (v128_t)bytes,
                                                        (v128_t)sum);
}

static operand operand_here(void)
{
    /* volatile: what the machine does counts, not what the compiler thinks of it */
    const volatile int8_t least = INT8_MIN, ones = -1;
    const v128_t a = wasm_i8x16_splat(least), b = wasm_i8x16_splat(ones);
    const int32_t sum = wasm_i32x4_extract_lane(
        wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, wasm_i32x4_const_splat(0)), 0);
    return sum == TERMS * INT8_MIN * UINT8_MAX ? OPERAND_UNSIGNED
           : sum == TERMS * INT8_MIN * -1      ? OPERAND_SIGNED
                                               : OPERAND_NONE;
}

#else
/* Slow: so that tests and the address sanitizer see the rest of this file in native builds. */
static inline sums splat_bytes(const void *from)
{
    int32_t value;
    memcpy(&value, from, sizeof value);
    return (sums){value, value, value, value};
}

static inline sums add_dots(sums weights, sums bytes, sums sum)
{
    int8_t w[LANES * TERMS];
    uint8_t b[LANES * TERMS];
    memcpy(w, &weights, sizeof w);
    memcpy(b, &bytes, sizeof b);
    for (int i = 0; i < LANES * TERMS; i++)
        sum[i / TERMS] += w[i] * b[i];
    return sum;
}

static operand operand_here(void)
{
#ifdef P2A_CHECKS_KERNELS
    return OPERAND_UNSIGNED;
#else
    return OPERAND_NONE;
#endif
}

#endif

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
           channels_out(graph, node) % LANES == 0 && operand_here() != OPERAND_NONE;
}

/* Bytes of a pixel's weights for one output channel. */
static size_t terms_of(const p2a_graph *graph, const p2a_node *node)
{
    return node->kernel[0] * node->kernel[1] * channels_in(graph, node);
}

size_t p2a_dots_packed(const p2a_graph *graph, const p2a_node *node)
{
    const size_t count = channels_out(graph, node);
    return p2a_sums_packed(count) + count * terms_of(graph, node);
}

/* Weights in blocks of 8 channels (the last may be of 4), four bytes of each in turn. */
void *p2a_dots_pack(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t count = channels_out(graph, node), terms = terms_of(graph, node);
    const int32_t shift = operand_here() == OPERAND_UNSIGNED ? 128 : 0;
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
    return packed;
}

/* Pixels of a copied row: what the last tile of a row reads, too. */
static size_t row_pixels(const p2a_node *node, size_t in_width)
{
    const size_t padded = in_width + node->pads[1] + node->pads[3];
    return padded + SUMS * node->stride[1];
}

size_t p2a_dots_scratch(const p2a_graph *graph, const p2a_node *node, size_t in_width)
{
    size_t bytes = 0;
    if (!p2a_mul_size(row_pixels(node, in_width), channels_in(graph, node), &bytes) ||
        !p2a_mul_size(bytes, (size_t)SLOTS * node->kernel[0], &bytes) || bytes > SIZE_MAX / 4)
        return SIZE_MAX;
    return bytes;
}

typedef struct dots_job {
    const p2a_dots_args *args;
    p2a_sums sums;
    size_t in, made, run, row_bytes; /* channels, bytes of a kernel's row and of a copied row */
    uint8_t flip;                    /* 0x80: bytes are made unsigned */
} dots_job;

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
                const sums bytes = splat_bytes(a + p * step);
                for (size_t v = 0; v < registers; v++)
                    sum[p][v] = add_dots(weights[v], bytes, sum[p][v]);
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

/* A row of the input with its padding, unsigned where the instruction wants it so. */
static void copy_row(const dots_job *job, size_t row, uint8_t *to)
{
    const p2a_dots_args *args = job->args;
    const p2a_node *node = args->node;
    const size_t before = node->pads[1] * job->in, bytes = args->in_width * job->in;
    const uint8_t *from = (const uint8_t *)args->in + row * bytes;
    const int8_t zero = args->graph->tensors[node->inputs[0]].quantization.zero;
    const uint8_t flip = job->flip;
    memset(to, (uint8_t)zero ^ flip, before);
    for (size_t i = 0; i < bytes; i++)
        to[before + i] = from[i] ^ flip;
    memset(to + before + bytes, (uint8_t)zero ^ flip, job->row_bytes - before - bytes);
}

/* One slot's share of the rows: each input row is copied once, over the one that is not needed any
 * more. */
static void run_slot(void *user, size_t slot, size_t count)
{
    const dots_job *job = user;
    const p2a_dots_args *args = job->args;
    const size_t kernel = args->node->kernel[0], stride = args->node->stride[0];
    const uint8_t *rows[64]; /* the tallest kernel that graph.h allows */
    for (; count; slot++, count--) {
        uint8_t *own = (uint8_t *)args->scratch + slot * kernel * job->row_bytes;
        const size_t begin = slot * args->rows / SLOTS, end = (slot + 1) * args->rows / SLOTS;
        size_t copied = begin * stride;
        for (size_t y = begin; y < end; y++) {
            if (copied < y * stride)
                copied = y * stride;
            for (; copied < y * stride + kernel; copied++)
                copy_row(job, copied, own + copied % kernel * job->row_bytes);
            for (size_t k = 0; k < kernel; k++)
                rows[k] = own + (y * stride + k) % kernel * job->row_bytes;
            make_row(job, rows, args->out + y * args->out_width * job->made);
        }
    }
}

void p2a_dots_run(p2a_context *ctx, const p2a_dots_args *args)
{
    const p2a_node *node = args->node;
    dots_job job = {.args = args};
    job.in = channels_in(args->graph, node);
    job.made = channels_out(args->graph, node);
    job.run = node->kernel[1] * job.in;
    job.row_bytes = row_pixels(node, args->in_width) * job.in;
    job.sums = p2a_sums_of(args->graph, node, job.made, args->packed);
    job.flip = operand_here() == OPERAND_UNSIGNED ? 0x80 : 0;
    p2a_pool_run(ctx, run_slot, &job, SLOTS, 1);
}
