/* dot.h - the instruction that adds up four products of bytes, and what stands for it elsewhere */
#ifndef P2A_NN_DOT_H
#define P2A_NN_DOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/sums.h"

#define TERMS 4 /* bytes that one lane of a dot product takes */

/* How the instruction takes its second operand here. */
typedef enum p2a_operand { P2A_OPERAND_NONE, P2A_OPERAND_SIGNED, P2A_OPERAND_UNSIGNED } p2a_operand;

#ifdef __wasm_relaxed_simd__
static inline p2a_int32x4 p2a_splat_bytes(const void *from)
{
    return (p2a_int32x4)wasm_v128_load32_splat(from);
}

static inline p2a_int32x4 p2a_add_dots(p2a_int32x4 weights, p2a_int32x4 bytes, p2a_int32x4 sum)
{
    return (p2a_int32x4)wasm_i32x4_relaxed_dot_i8x16_i7x16_add((v128_t)weights, (v128_t)bytes,
                                                               (v128_t)sum);
}

static inline p2a_operand p2a_operand_here(void)
{
    /* volatile: what the machine does counts, not what the compiler thinks of it */
    const volatile int8_t least = INT8_MIN, ones = -1;
    const v128_t a = wasm_i8x16_splat(least), b = wasm_i8x16_splat(ones);
    const int32_t sum = wasm_i32x4_extract_lane(
        wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, wasm_i32x4_const_splat(0)), 0);
    return sum == TERMS * INT8_MIN * UINT8_MAX ? P2A_OPERAND_UNSIGNED
           : sum == TERMS * INT8_MIN * -1      ? P2A_OPERAND_SIGNED
                                               : P2A_OPERAND_NONE;
}

#else
/* Slow: so that tests and the address sanitizer see the kernels in native builds. */
static inline p2a_int32x4 p2a_splat_bytes(const void *from)
{
    int32_t value;
    memcpy(&value, from, sizeof value);
    return (p2a_int32x4){value, value, value, value};
}

static inline p2a_operand p2a_operand_here(void)
{
#ifdef P2A_CHECKS_KERNELS
    /* tests/unit/CMakeLists.txt runs all kinds */
    const char *kind = getenv("P2A_DOTS");
    if (kind == NULL)
        return P2A_OPERAND_UNSIGNED;
    return strcmp(kind, "none") == 0 ? P2A_OPERAND_NONE : P2A_OPERAND_SIGNED;
#else
    return P2A_OPERAND_NONE;
#endif
}

static inline p2a_int32x4 p2a_add_dots(p2a_int32x4 weights, p2a_int32x4 bytes, p2a_int32x4 sum)
{
    const bool is_signed = p2a_operand_here() == P2A_OPERAND_SIGNED;
    int8_t w[LANES * TERMS];
    uint8_t b[LANES * TERMS];
    memcpy(w, &weights, sizeof w);
    memcpy(b, &bytes, sizeof b);
    for (int i = 0; i < LANES * TERMS; i++)
        sum[i / TERMS] += w[i] * (is_signed ? (int8_t)b[i] : b[i]);
    return sum;
}

#endif

#endif
