/* arm_neon.h - two of XNNPACK's wasm kernels ask for Arm's header, and mean wasm's */
#include <wasm_simd128.h>
