/* arm_neon.h - two of XNNPACK's wasm kernels include this Arm header by mistake and use none of it */
