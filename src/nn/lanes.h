/* lanes.h - four floats at a time: one register of WebAssembly's SIMD, or what the compiler makes
 * of it */
#ifndef P2A_NN_LANES_H
#define P2A_NN_LANES_H

#include <stddef.h>
#include <string.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

/* Kernels that are for wasm run under the address sanitizer too, gcc's and clang's, so that they
 * are checked there. */
#ifdef __SANITIZE_ADDRESS__
#define P2A_CHECKS_KERNELS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define P2A_CHECKS_KERNELS 1
#endif
#endif

#define LANES 4

typedef float p2a_lanes __attribute__((vector_size(16)));

static inline p2a_lanes p2a_lanes_load(const float *from)
{
    p2a_lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void p2a_lanes_store(float *to, p2a_lanes value)
{
    memcpy(to, &value, sizeof value);
}

static inline p2a_lanes p2a_lanes_splat(float value)
{
    return (p2a_lanes){value, value, value, value};
}

/* sum + a * b, rounded once where that is one instruction. */
static inline p2a_lanes p2a_lanes_multiply_add(p2a_lanes a, p2a_lanes b, p2a_lanes sum)
{
#ifdef __wasm_relaxed_simd__
    return (p2a_lanes)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)sum);
#else
    return sum + a * b;
#endif
}

static inline p2a_lanes p2a_lanes_max(p2a_lanes a, p2a_lanes b)
{
#ifdef __wasm_simd128__
    return (p2a_lanes)wasm_f32x4_pmax((v128_t)a, (v128_t)b);
#else
    for (size_t i = 0; i < LANES; i++)
        a[i] = a[i] < b[i] ? b[i] : a[i];
    return a;
#endif
}

static inline p2a_lanes p2a_lanes_limit(p2a_lanes value, float min, float max)
{
#ifdef __wasm_simd128__
    return (p2a_lanes)wasm_f32x4_pmin(wasm_f32x4_pmax((v128_t)value, wasm_f32x4_splat(min)),
                                      wasm_f32x4_splat(max));
#else
    for (size_t i = 0; i < LANES; i++)
        value[i] = value[i] < min ? min : value[i] > max ? max : value[i];
    return value;
#endif
}

#endif
