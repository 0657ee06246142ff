/*
 * pairs.c - 3x3 convolutions of small bytes: two outputs of a row from four products instead of six
 *
 * Winograd's F(2,3) (Lavin and Gray 2016, section 4.1) along rows, in whole numbers and so exact.
 * With four neighbours d and a kernel's row g, both as they are:
 *     m = (d0 - d2) g0, (d1 + d2) (g0 + g1 + g2), (d2 - d1) (g0 - g1 + g2), (d1 - d3) g2
 *     2 y = 2 m0 + m1 + m2, m1 - m2 - 2 m3
 * Factors have to be bytes for the instruction that multiplies bytes: the kernels' sums are where
 * training saw to it (models/train/quantise.py), and pixels' sums are where pixels are bytes below
 * 0, less than -128: 0..127. A row with others is made by dots.c, to the same bytes.
 */
#include "nn/pairs.h"

#include <string.h>

#include "nn/dot.h"

#define POINTS 4
#define ROWS 3
#define PAIRS 6     /* of outputs that are made at once: two registers of sums each ... */
#define COLUMNS 8   /* ... for so many output channels */
#define REGISTERS 2 /* of COLUMNS sums */

/* The first column's share of a transformed kernel's row and so on. */
static const int8_t transform[POINTS][3] = {{1, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 1}};

/* Point p of a kernel's row, pixels `in` bytes apart. */
static int transformed(const int8_t *row, size_t in, int p)
{
    return transform[p][0] * row[0] + transform[p][1] * row[in] + transform[p][2] * row[2 * in];
}

bool p2a_pairs_suit(const p2a_weight *weight)
{
    if (weight->bytes == NULL || weight->rank != 4 || weight->shape[1] != ROWS ||
        weight->shape[2] != 3)
        return false;
    const size_t in = weight->shape[3], rows = (size_t)weight->shape[0] * ROWS;
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < in; c++)
            for (int p = 1; p < 3; p++) {
                const int value = transformed(weight->bytes + row * 3 * in + c, in, p);
                if (value < INT8_MIN || value > INT8_MAX)
                    return false;
            }
    return true;
}

bool p2a_pairs_fits(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    return weight->paired && node->stride[0] == 1 && node->stride[1] == 1 &&
           weight->shape[0] % COLUMNS == 0;
}

/* Bytes of a block's weights for one point. */
static size_t point_bytes(size_t in)
{
    return ROWS * in * COLUMNS;
}

size_t p2a_pairs_packed(const p2a_graph *graph, const p2a_node *node)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t count = weight->shape[0];
    return (1 + POINTS) * count * sizeof(int32_t) +
           count / COLUMNS * POINTS * point_bytes(weight->shape[3]);
}

/* Transformed pixels as the instruction takes them: differences and, the second point, a sum. */
static int32_t shift_of(int p)
{
    const bool sum = p == 1;
    return p2a_operand_here() == P2A_OPERAND_UNSIGNED ? (sum ? 0 : 128) : (sum ? -128 : 0);
}

static int32_t sum_of(const int8_t *kernel, size_t in, int p)
{
    int32_t sum = 0;
    for (size_t ky = 0; ky < ROWS; ky++)
        for (size_t c = 0; c < in; c++)
            sum += transformed(kernel + ky * 3 * in + c, in, p);
    return sum;
}

/* What outputs start from, then what each point's sums do, then weights: for each block of 8
 * channels all points, four bytes of each channel in turn. */
void p2a_pairs_pack(const p2a_graph *graph, const p2a_node *node, const p2a_sums *sums,
                    void *packed)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const size_t in = weight->shape[3], count = weight->shape[0], all = ROWS * 3 * in;
    const int32_t shift = p2a_operand_here() == P2A_OPERAND_UNSIGNED ? 0 : 128;
    int32_t *start = packed;
    int8_t *to = (int8_t *)(start + (1 + POINTS) * count);
    for (size_t o = 0; o < count; o++) {
        int32_t sum = 0;
        for (size_t i = 0; i < all; i++)
            sum += weight->bytes[o * all + i];
        start[o] = sums->start[o] - shift * sum;
        for (int p = 0; p < POINTS; p++)
            start[(size_t)(1 + p) * count + o] =
                -shift_of(p) * sum_of(weight->bytes + o * all, in, p);
    }
    for (size_t block = 0; block < count; block += COLUMNS)
        for (int p = 0; p < POINTS; p++)
            for (size_t ky = 0; ky < ROWS; ky++)
                for (size_t c = 0; c < in; c += TERMS)
                    for (size_t i = 0; i < COLUMNS * TERMS; i++) {
                        const size_t o = block + i / TERMS;
                        const int8_t *kernel = weight->bytes + o * all + ky * 3 * in;
                        *to++ = (int8_t)transformed(kernel + c + i % TERMS, in, p);
                    }
}

/* Made in twos: the smallest piece that is multiplied at once. */
static size_t pairs_of(size_t out_width)
{
    return (out_width + 3) / 4 * 2;
}

size_t p2a_pairs_row_bytes(size_t out_width, size_t in)
{
    return POINTS * pairs_of(out_width) * in;
}

void p2a_pairs_transform(const uint8_t *restrict row, size_t out_width, size_t in,
                         uint8_t *restrict out)
{
    const uint8_t difference = p2a_operand_here() == P2A_OPERAND_UNSIGNED ? 0x80 : 0;
    const uint8_t sum = difference ^ 0x80;
    const size_t pairs = pairs_of(out_width), plane = pairs * in;
    for (size_t i = 0; i < pairs; i++, row += 2 * in, out += in)
        for (size_t c = 0; c < in; c++) {
            const uint8_t d0 = row[c], d1 = row[in + c], d2 = row[2 * in + c], d3 = row[3 * in + c];
            out[c] = (uint8_t)(d0 - d2) ^ difference;
            out[plane + c] = (uint8_t)(d1 + d2) ^ sum;
            out[2 * plane + c] = (uint8_t)(d2 - d1) ^ difference;
            out[3 * plane + c] = (uint8_t)(d1 - d3) ^ difference;
        }
}

/* Sums of one point, `pairs` pairs from `x` on and 8 channels from `o` on. */
static inline void add_up(const p2a_pairs_args *args, int p, size_t x, size_t o, const size_t pairs,
                          p2a_int32x4 out[PAIRS][REGISTERS])
{
    const size_t in = args->in;
    const int32_t *start = (const int32_t *)args->packed + (size_t)(1 + p) * args->made + o;
    const int8_t *w = (const int8_t *)args->packed + (1 + POINTS) * args->made * sizeof(int32_t) +
                      (o / COLUMNS * POINTS + (size_t)p) * point_bytes(in);
    const size_t at = ((size_t)p * pairs_of(args->out_width) + x) * in;
    p2a_int32x4 sum[PAIRS][REGISTERS];
    for (size_t i = 0; i < pairs; i++)
        for (size_t v = 0; v < REGISTERS; v++)
            sum[i][v] = p2a_load_int32x4(start + v * LANES);
    for (size_t ky = 0; ky < ROWS; ky++) {
        const uint8_t *a = args->rows[ky] + at;
        for (size_t c = 0; c < in; c += TERMS, a += TERMS, w += COLUMNS * TERMS) {
            const p2a_int32x4 low = p2a_load_int32x4(w);
            const p2a_int32x4 high = p2a_load_int32x4(w + sizeof low);
            for (size_t i = 0; i < pairs; i++) {
                const p2a_int32x4 bytes = p2a_splat_bytes(a + i * in);
                sum[i][0] = p2a_add_dots(low, bytes, sum[i][0]);
                sum[i][1] = p2a_add_dots(high, bytes, sum[i][1]);
            }
        }
    }
    for (size_t i = 0; i < pairs; i++)
        for (size_t v = 0; v < REGISTERS; v++)
            out[i][v] = sum[i][v];
}

/* One tile, pixels `pitch` bytes apart. */
static inline void make_tile(const p2a_pairs_args *args, size_t x, size_t o, const size_t pairs,
                             int8_t *out, size_t pitch)
{
    const p2a_sums *sums = args->sums;
    p2a_int32x4 m[POINTS][PAIRS][REGISTERS], start[REGISTERS];
    p2a_lanes scales[REGISTERS];
    for (int p = 0; p < POINTS; p++)
        add_up(args, p, x, o, pairs, m[p]);
    for (size_t v = 0; v < REGISTERS; v++) {
        start[v] = p2a_load_int32x4((const int32_t *)args->packed + o + v * LANES);
        scales[v] = p2a_lanes_load(sums->scales + o + v * LANES);
    }
    for (size_t i = 0; i < pairs; i++) {
        p2a_int32x4 made[2][REGISTERS];
        for (size_t v = 0; v < REGISTERS; v++) {
            const p2a_int32x4 m1 = m[1][i][v], m2 = m[2][i][v];
            const p2a_int32x4 first = m[0][i][v] + ((m1 + m2) >> 1);
            const p2a_int32x4 second = ((m1 - m2) >> 1) - m[3][i][v];
            made[0][v] = p2a_sums_round(sums, scales[v], first + start[v]);
            made[1][v] = p2a_sums_round(sums, scales[v], second + start[v]);
        }
        const p2a_bytes bytes =
            p2a_sums_narrow(sums, made[0][0], made[0][1], made[1][0], made[1][1]);
        memcpy(out + 2 * i * pitch, &bytes, COLUMNS);
        memcpy(out + (2 * i + 1) * pitch, (const int8_t *)&bytes + COLUMNS, COLUMNS);
    }
}

void p2a_pairs_make_row(const p2a_pairs_args *args)
{
    const size_t width = args->out_width, made = args->made, all = pairs_of(width);
    int8_t own[2 * PAIRS * COLUMNS]; /* of a tile that reaches past the row's end */
    for (size_t o = 0; o < made; o += COLUMNS)
        for (size_t x = 0; x < all;) {
            const size_t left = all - x, pairs = left >= PAIRS ? PAIRS : left >= 4 ? 4 : 2;
            const size_t there = width - 2 * x < 2 * pairs ? width - 2 * x : 2 * pairs;
            const bool whole = there == 2 * pairs;
            int8_t *to = whole ? args->out + 2 * x * made + o : own;
            const size_t pitch = whole ? made : COLUMNS;
            if (pairs == PAIRS)
                make_tile(args, x, o, PAIRS, to, pitch);
            else if (pairs == 4)
                make_tile(args, x, o, 4, to, pitch);
            else
                make_tile(args, x, o, 2, to, pitch);
            for (size_t i = 0; !whole && i < there; i++)
                memcpy(args->out + (2 * x + i) * made + o, own + i * COLUMNS, COLUMNS);
            x += pairs;
        }
}
