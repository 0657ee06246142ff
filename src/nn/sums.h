/* sums.h - a convolution's sums of products of bytes, whole numbers -> bytes, rounded as XNNPACK
 * rounds them */
#ifndef P2A_NN_SUMS_H
#define P2A_NN_SUMS_H

#include "nn/graph.h"
#include "nn/lanes.h"

typedef int32_t p2a_int32x4 __attribute__((vector_size(16)));

/* What makes sums into bytes: pointers into packed weights, and the result's bounds less its zero.
 */
typedef struct p2a_sums {
    const float *scales;  /* [out_channels] */
    const int32_t *start; /* [out_channels]: what a sum starts from */
    const void *weights;  /* what is packed behind them */
    float least, most;
    int32_t zero;
} p2a_sums;

/* Bytes of scales and starts, for `count` output channels. */
static inline size_t p2a_sums_packed(size_t count)
{
    return count * (sizeof(float) + sizeof(int32_t));
}

/* sums.c: writes them for sums of (byte + shift) * weight, of which (byte - zero of the input) *
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

/* A value to a byte: the sum of it and 1.5 * 2^23 has the nearest whole number in its last bits. */
#define P2A_SUM_MAGIC 12582912.0f
#define P2A_SUM_MAGIC_BITS 0x4B400000

/* Four sums of channels from `o` on to four bytes, each in 32 bits. */
static inline p2a_int32x4 p2a_sums_round(const p2a_sums *sums, size_t o, p2a_int32x4 sum)
{
    const p2a_lanes scale = p2a_lanes_load(sums->scales + o);
    const p2a_lanes value =
        p2a_lanes_limit(__builtin_convertvector(sum, p2a_lanes) * scale, sums->least, sums->most);
    return (p2a_int32x4)(value + P2A_SUM_MAGIC) - (P2A_SUM_MAGIC_BITS - sums->zero);
}

/* Four bytes from 32 bits each. */
static inline void p2a_store_bytes(int8_t *to, p2a_int32x4 bytes)
{
#ifdef __wasm_simd128__
    const v128_t narrow = wasm_i16x8_narrow_i32x4((v128_t)bytes, (v128_t)bytes);
    wasm_v128_store32_lane(to, wasm_i8x16_narrow_i16x8(narrow, narrow), 0);
#else
    for (int i = 0; i < LANES; i++)
        to[i] = (int8_t)bytes[i];
#endif
}

#endif
