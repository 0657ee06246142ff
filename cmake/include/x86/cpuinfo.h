/* cpuinfo.h - the processor's abilities, as XNNPACK asks for them, from the compiler's own test */
#ifndef CPUINFO_H
#define CPUINFO_H

/*
 * XNNPACK asks a library named cpuinfo. On x86 gcc and clang answer the same questions, so that
 * library is not needed. Kernels that this build leaves out (cmake/xnnpack.cmake) are not asked
 * for.
 */
#include <stdbool.h>

static inline bool cpuinfo_initialize(void)
{
    __builtin_cpu_init();
    return true;
}

#define P2A_CPU_HAS(name, feature)                                                                 \
    static inline bool cpuinfo_has_x86_##name(void)                                                \
    {                                                                                              \
        return __builtin_cpu_supports(feature) != 0;                                               \
    }

P2A_CPU_HAS(sse2, "sse2")
P2A_CPU_HAS(ssse3, "ssse3")
P2A_CPU_HAS(sse4_1, "sse4.1")
P2A_CPU_HAS(avx, "avx")
P2A_CPU_HAS(fma3, "fma")
P2A_CPU_HAS(avx2, "avx2")
P2A_CPU_HAS(avx512f, "avx512f")
P2A_CPU_HAS(avx512bw, "avx512bw")
P2A_CPU_HAS(avx512dq, "avx512dq")
P2A_CPU_HAS(avx512vl, "avx512vl")
P2A_CPU_HAS(avx512vbmi, "avx512vbmi")
P2A_CPU_HAS(avx512vnni, "avx512vnni")
P2A_CPU_HAS(gfni, "gfni")

/* gcc 10 has no word for f16c. Every processor with AVX2 has it; without it AVX kernels are used.
 */
static inline bool cpuinfo_has_x86_f16c(void)
{
    return cpuinfo_has_x86_avx2();
}

#undef P2A_CPU_HAS

/* First-generation Zen splits 256-bit operations in two, so XNNPACK gives it smaller tiles. */
enum cpuinfo_uarch {
    cpuinfo_uarch_unknown,
    cpuinfo_uarch_zen,
    cpuinfo_uarch_dhyana,
    cpuinfo_uarch_zen4
};

struct cpuinfo_core {
    enum cpuinfo_uarch uarch;
};

static inline const struct cpuinfo_core *cpuinfo_get_core(unsigned int index)
{
    static const struct cpuinfo_core zen = {cpuinfo_uarch_zen}, other = {cpuinfo_uarch_unknown};
    (void)index;
    return __builtin_cpu_is("znver1") ? &zen : &other;
}

#endif
