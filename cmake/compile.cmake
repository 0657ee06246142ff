# compile.cmake - how our own C is compiled: warnings are errors, unused functions are dropped

add_library(p2a_compile INTERFACE)
target_compile_options(
  p2a_compile
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror
            -ffunction-sections -fdata-sections -fno-math-errno
            # a*b+c is fused or not as the compiler likes, so that results would differ by build
            -ffp-contract=off)
# The clock, and the file functions of the tests.
target_compile_definitions(p2a_compile INTERFACE _POSIX_C_SOURCE=200809L)

if(P2A_WASM)
  # Applied to XNNPACK too. Its objects are shared by the variants with and without threads, so they
  # carry the features that shared memory needs; every engine with SIMD has them.
  add_compile_options(-msimd128 -matomics -mbulk-memory)
  if(P2A_WASM_SIMD STREQUAL "relaxed")
    add_compile_options(-mrelaxed-simd)
  endif()
  set(P2A_WASM_THREAD_FLAGS -pthread -D__EMSCRIPTEN_SHARED_MEMORY__=1)
else()
  # Kernels that no operator of ours reaches are not compiled: without this the link would miss them.
  target_link_options(p2a_compile INTERFACE -Wl,--gc-sections)
endif()

set(p2a_sanitizers_address address,undefined)
set(p2a_sanitizers_thread thread)
set(p2a_sanitizers_fuzzer fuzzer-no-link,address,undefined)
if(P2A_SANITIZE)
  set(sanitizers -fsanitize=${p2a_sanitizers_${P2A_SANITIZE}})
  target_compile_options(p2a_compile INTERFACE ${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(p2a_compile INTERFACE ${sanitizers})
endif()
