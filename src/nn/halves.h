/*
 * halves.h - floats in 16 bits: a sign, 5 bits of exponent and 10 of fraction
 *
 * As IEEE 754's binary16 but for what a held tensor never needs: no infinities (131,008 is the
 * largest), and what is not above 2^-15 is 0. So both ways are a few whole-number operations.
 */
#ifndef P2A_NN_HALVES_H
#define P2A_NN_HALVES_H

#include <stdint.h>

#include "nn/lanes.h"

#define P2A_HALF_BIAS (112u << 23) /* a float's exponent less a half's, where a float has it */
#define P2A_HALF_MOST (P2A_HALF_BIAS + (0x7fffu << 13))
#define P2A_HALF_ROUND 0x1000u /* half of a half's last place */
#define P2A_HALF_LANES 8

/* Neighbouring values, in one register of halves or two of floats. */
typedef struct p2a_lanes_pair {
    p2a_lanes low, high;
} p2a_lanes_pair;

static inline uint16_t p2a_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t size = bits & 0x7fffffffu;
    size = size > P2A_HALF_MOST - P2A_HALF_ROUND ? P2A_HALF_MOST : size + P2A_HALF_ROUND;
    const int32_t above = (int32_t)size - (int32_t)P2A_HALF_BIAS;
    return (uint16_t)((bits >> 16 & 0x8000u) | (uint32_t)(above < 0 ? 0 : above) >> 13);
}

static inline float p2a_float_of_half(uint16_t half)
{
    const uint32_t above = (uint32_t)(half & 0x7fffu) << 13;
    const uint32_t bits =
        (uint32_t)(half & 0x8000u) << 16 | (above == 0 ? 0 : above + P2A_HALF_BIAS);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#ifdef __wasm_simd128__
static inline v128_t p2a_half_sizes(v128_t floats)
{
    const v128_t size = wasm_i32x4_min(wasm_v128_and(floats, wasm_i32x4_splat(0x7fffffff)),
                                       wasm_i32x4_splat(P2A_HALF_MOST - P2A_HALF_ROUND));
    const v128_t above = wasm_i32x4_sub(size, wasm_i32x4_splat(P2A_HALF_BIAS - P2A_HALF_ROUND));
    return wasm_u32x4_shr(wasm_i32x4_max(above, wasm_i32x4_splat(0)), 13);
}

static inline p2a_lanes p2a_floats_of_sizes(v128_t sizes, v128_t signs)
{
    const v128_t bits = wasm_i32x4_add(wasm_i32x4_shl(sizes, 13), wasm_i32x4_splat(P2A_HALF_BIAS));
    const v128_t size = wasm_v128_and(bits, wasm_i32x4_ne(sizes, wasm_i32x4_splat(0)));
    return (p2a_lanes)wasm_v128_or(size, wasm_i32x4_shl(signs, 16));
}
#endif

static inline void p2a_halves_store(uint16_t *to, p2a_lanes_pair floats)
{
#ifdef __wasm_simd128__
    const v128_t low = (v128_t)floats.low, high = (v128_t)floats.high;
    const v128_t sizes = wasm_u16x8_narrow_i32x4(p2a_half_sizes(low), p2a_half_sizes(high));
    const v128_t tops = wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
    wasm_v128_store(to, wasm_v128_or(sizes, wasm_v128_and(tops, wasm_i16x8_splat(INT16_MIN))));
#else
    for (size_t i = 0; i < LANES; i++) {
        to[i] = p2a_half(floats.low[i]);
        to[LANES + i] = p2a_half(floats.high[i]);
    }
#endif
}

static inline p2a_lanes_pair p2a_halves_load(const uint16_t *from)
{
#ifdef __wasm_simd128__
    const v128_t halves = wasm_v128_load(from), top = wasm_i16x8_splat(INT16_MIN);
    const v128_t signs = wasm_v128_and(halves, top), sizes = wasm_v128_andnot(halves, top);
    return (p2a_lanes_pair){
        p2a_floats_of_sizes(wasm_u32x4_extend_low_u16x8(sizes), wasm_u32x4_extend_low_u16x8(signs)),
        p2a_floats_of_sizes(wasm_u32x4_extend_high_u16x8(sizes),
                            wasm_u32x4_extend_high_u16x8(signs))};
#else
    p2a_lanes_pair floats;
    for (size_t i = 0; i < LANES; i++) {
        floats.low[i] = p2a_float_of_half(from[i]);
        floats.high[i] = p2a_float_of_half(from[LANES + i]);
    }
    return floats;
#endif
}

#endif
