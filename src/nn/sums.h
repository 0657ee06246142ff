/* sums.h - a convolution's sums of products of bytes, whole numbers -> bytes, rounded as XNNPACK
 * rounds them */
#ifndef P2A_NN_SUMS_H
#define P2A_NN_SUMS_H

#include "nn/graph.h"
#include "nn/lanes.h"

typedef int32_t p2a_int32x4 __attribute__((vector_size(16)));
typedef int8_t p2a_bytes __attribute__((vector_size(16)));

/* What makes sums into bytes: pointers into packed weights, and the activation's bounds. */
typedef struct p2a_sums {
    const float *scales;  /* [out_channels] */
    const int32_t *start; /* [out_channels]: what a sum starts from */
    const void *weights;  /* what is packed behind them */
    int32_t least;        /* bits of a rounded value, see below */
    int32_t zero;         /* bits of the value whose byte is 0 */
    int8_t most;          /* a byte */
} p2a_sums;

/* A convolution of bytes as dots.c and shorts.c run it. */
typedef struct p2a_bytes_args {
    const p2a_graph *graph;
    const p2a_node *node;
    const int8_t *in;   /* [.., in_width, in_channels]: the rows that the first output row needs,
                           and on */
    const void *packed; /* p2a_dots_pack() or p2a_shorts_pack() */
    int8_t *out;        /* [rows, out_width, out_channels] */
    void *scratch;
    size_t in_width, out_width, rows;
} p2a_bytes_args;

/* Bytes of scales and starts, for `count` output channels. */
static inline size_t p2a_sums_packed(size_t count)
{
    return count * (sizeof(float) + sizeof(int32_t));
}

/* sums.c: what p2a_weight.reach says. */
uint32_t p2a_sums_reach(const p2a_weight *weight);

/* Writes them for sums of (byte + shift) * weight, of which (byte - zero of the input) *
 * weight is meant; gives where the weights go. `count`: the output channels and those that fill up
 * the last block, which are 0. */
void *p2a_sums_pack(const p2a_graph *graph, const p2a_node *node, int32_t shift, size_t count,
                    void *packed);
p2a_sums p2a_sums_of(const p2a_graph *graph, const p2a_node *node, size_t count,
                     const void *packed);

static inline p2a_int32x4 p2a_load_int32x4(const void *from)
{
    p2a_int32x4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* A value to a whole number: the sum of it and 1.5 * 2^23 has the nearest one in its last bits, and
 * larger values have larger bits, those that no byte stands for too. */
#define P2A_SUM_MAGIC 12582912.0f
#define P2A_SUM_MAGIC_BITS 0x4B400000

/* Four sums to four bytes in 32 bits each, which may still be too large: storing limits them. */
static inline p2a_int32x4 p2a_sums_round(const p2a_sums *sums, p2a_lanes scale, p2a_int32x4 sum)
{
    const p2a_lanes value = __builtin_convertvector(sum, p2a_lanes) * scale;
    p2a_int32x4 bits = (p2a_int32x4)(value + P2A_SUM_MAGIC);
#ifdef __wasm_simd128__
    bits = (p2a_int32x4)wasm_i32x4_max((v128_t)bits, wasm_i32x4_splat(sums->least));
#else
    for (int i = 0; i < LANES; i++)
        bits[i] = bits[i] > sums->least ? bits[i] : sums->least;
#endif
    return bits - sums->zero;
}

/* 16 rounded sums to bytes of at most sums->most. */
static inline p2a_bytes p2a_sums_narrow(const p2a_sums *sums, p2a_int32x4 a, p2a_int32x4 b,
                                        p2a_int32x4 c, p2a_int32x4 d)
{
#ifdef __wasm_simd128__
    const v128_t low = wasm_i16x8_narrow_i32x4((v128_t)a, (v128_t)b);
    const v128_t high = wasm_i16x8_narrow_i32x4((v128_t)c, (v128_t)d);
    return (p2a_bytes)wasm_i8x16_min(wasm_i8x16_narrow_i16x8(low, high),
                                     wasm_i8x16_splat(sums->most));
#else
    p2a_bytes bytes;
    for (int i = 0; i < LANES; i++) {
        bytes[i] = (int8_t)(a[i] < sums->most ? a[i] : sums->most);
        bytes[LANES + i] = (int8_t)(b[i] < sums->most ? b[i] : sums->most);
        bytes[2 * LANES + i] = (int8_t)(c[i] < sums->most ? c[i] : sums->most);
        bytes[3 * LANES + i] = (int8_t)(d[i] < sums->most ? d[i] : sums->most);
    }
    return bytes;
#endif
}

#endif
