# xnnpack.cmake - builds the parts of XNNPACK and pthreadpool that src/nn uses; the same list for
# native and wasm. XNNPACK's own CMake knows no wasm and builds three times as much.
#
# Targets: p2a_xnnpack, p2a_pthreadpool (threads) and p2a_pthreadpool_single (the caller's thread only).

# On: XNNPACK picks another kernel for one row of pixels than for many. Both give the same sums in
# the same order, see tests/unit.
option(P2A_XNNPACK_M_SPECIALIZATION "XNNPACK kernels for few rows" ON)
# Every kernel of this processor instead of the ones in cmake/xnnpack/*.txt: for making those lists.
option(P2A_XNNPACK_ALL_KERNELS "compile every production kernel" OFF)
# Sanitizers are not applied to XNNPACK, so builds that differ only in them share one library. A path
# at which there is no file yet means: build it here.
set(P2A_XNNPACK_LIBRARY "" CACHE FILEPATH "libp2a_xnnpack.a of another build to use")

set(xnn_include "${P2A_XNNPACK_SOURCE}/include" "${P2A_FP16_SOURCE}/include"
                "${P2A_FXDIV_SOURCE}/include" "${P2A_PTHREADPOOL_SOURCE}/include")

file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/xnnpack/core.txt" xnn_sources REGEX "^src/")

# Kernels by instruction set, each with the flags that it needs. XNNPACK's own lists name the files.
if(P2A_WASM)
  set(xnn_sets scalar wasm wasmsimd)
  if(P2A_WASM_SIMD STREQUAL "relaxed")
    list(APPEND xnn_sets wasmrelaxedsimd)
  endif()
  set(xnn_keep "wasm-${P2A_WASM_SIMD}")
  list(APPEND xnn_include "${CMAKE_CURRENT_LIST_DIR}/include/wasm")
  set(xnn_cpuinfo 0)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(avx512 -mf16c -mfma -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl)
  set(xnn_flags_sse -msse -mno-sse2)
  set(xnn_flags_sse2 -msse2 -mno-sse3)
  set(xnn_flags_ssse3 -mssse3 -mno-sse4.1)
  set(xnn_flags_sse41 -msse4.1 -mno-sse4.2)
  set(xnn_flags_avx -mavx -mno-avx2 -mno-fma -mno-f16c)
  set(xnn_flags_f16c -mf16c -mno-avx2 -mno-fma)
  set(xnn_flags_fma3 -mf16c -mfma -mno-avx2)
  set(xnn_flags_avx2 -mf16c -mfma -mavx2)
  set(xnn_flags_avx512f -mavx512f)
  set(xnn_flags_avx512skx ${avx512})
  set(xnn_flags_avx512vbmi ${avx512} -mavx512vbmi)
  set(xnn_flags_avx512vnni ${avx512} -mavx512vnni)
  set(xnn_sets scalar sse sse2 ssse3 sse41 avx f16c fma3 avx2 avx512f avx512skx avx512vbmi avx512vnni)
  set(xnn_on AVX512F AVX512SKX AVX512VBMI AVX512VNNI)
  set(xnn_keep x86)
  list(APPEND xnn_include "${CMAKE_CURRENT_LIST_DIR}/include/x86")
  set(xnn_cpuinfo 1)
else()
  message(FATAL_ERROR "expected x86_64 for a native build, got ${CMAKE_SYSTEM_PROCESSOR}. The wasm "
                      "variants (npm start) build and run on any processor.")
endif()

if(NOT P2A_XNNPACK_ALL_KERNELS)
  file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/xnnpack/${xnn_keep}.txt" xnn_kept REGEX "^src/")
endif()
foreach(set IN LISTS xnn_sets)
  string(TOUPPER "PROD_${set}_MICROKERNEL_SRCS" variable)
  include("${P2A_XNNPACK_SOURCE}/cmake/gen/${set}_microkernels.cmake")
  foreach(file IN LISTS ${variable})
    if(P2A_XNNPACK_ALL_KERNELS OR file IN_LIST xnn_kept)
      list(APPEND xnn_sources "${file}")
      set_source_files_properties("${P2A_XNNPACK_SOURCE}/${file}" PROPERTIES COMPILE_OPTIONS
                                  "-O3;${xnn_flags_${set}}")
    endif()
  endforeach()
endforeach()
list(TRANSFORM xnn_sources PREPEND "${P2A_XNNPACK_SOURCE}/")

# XNNPACK reads every one of these switches.
set(xnn_switches
    ARM_FP16_VECTOR ARM_FP16_SCALAR ARM_BF16 ARM_DOTPROD ARM_I8MM ARM_SME ARM_SME2 RISCV_VECTOR
    AVXVNNI AVXVNNIINT8 AVX256SKX AVX256VNNI AVX256VNNIGFNI AVX512F AVX512SKX AVX512VBMI AVX512VNNI
    AVX512VNNIGFNI AVX512AMX AVX512FP16 VSX ASSEMBLY SPARSE DWCONV_MULTIPASS HVX KLEIDIAI)
foreach(switch IN LISTS xnn_switches)
  if(switch IN_LIST xnn_on)
    list(APPEND xnn_definitions "XNN_ENABLE_${switch}=1")
  else()
    list(APPEND xnn_definitions "XNN_ENABLE_${switch}=0")
  endif()
endforeach()
list(APPEND xnn_definitions XNN_ENABLE_MEMOPT=1 XNN_LOG_LEVEL=0 XNN_ENABLE_CPUINFO=${xnn_cpuinfo}
     XNN_ENABLE_GEMM_M_SPECIALIZATION=$<BOOL:${P2A_XNNPACK_M_SPECIALIZATION}>
     FXDIV_USE_INLINE_ASSEMBLY=0 PTHREADPOOL_NO_DEPRECATED_API=1)

# Third-party code: our warnings, coverage and sanitizers are not applied to it.
add_library(p2a_third_party INTERFACE)
target_compile_options(p2a_third_party INTERFACE -w -O2 -DNDEBUG -fno-math-errno -ffunction-sections
                       -fdata-sections $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti>)
target_compile_definitions(p2a_third_party INTERFACE _GNU_SOURCE=1)

if(P2A_XNNPACK_LIBRARY AND EXISTS "${P2A_XNNPACK_LIBRARY}")
  add_library(p2a_xnnpack STATIC IMPORTED GLOBAL)
  set_target_properties(p2a_xnnpack PROPERTIES IMPORTED_LOCATION "${P2A_XNNPACK_LIBRARY}")
  target_include_directories(p2a_xnnpack SYSTEM INTERFACE "${P2A_XNNPACK_SOURCE}/include"
                             "${P2A_PTHREADPOOL_SOURCE}/include")
  set_target_properties(p2a_xnnpack PROPERTIES IMPORTED_LINK_INTERFACE_LANGUAGES CXX)
else()
  add_library(p2a_xnnpack STATIC ${xnn_sources} "${CMAKE_CURRENT_LIST_DIR}/xnnpack/build-identifier.c")
  set_target_properties(p2a_xnnpack PROPERTIES C_STANDARD 11 C_EXTENSIONS ON CXX_STANDARD 17)
  target_include_directories(p2a_xnnpack SYSTEM PUBLIC "${P2A_XNNPACK_SOURCE}/include"
                             "${P2A_PTHREADPOOL_SOURCE}/include")
  target_include_directories(p2a_xnnpack PRIVATE "${P2A_XNNPACK_SOURCE}/src" ${xnn_include})
  target_compile_definitions(p2a_xnnpack PRIVATE ${xnn_definitions})
  target_link_libraries(p2a_xnnpack PRIVATE p2a_third_party)
endif()

function(p2a_add_pthreadpool target)
  list(TRANSFORM ARGN PREPEND "${P2A_PTHREADPOOL_SOURCE}/src/")
  add_library(${target} STATIC ${ARGN})
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_include_directories(${target} SYSTEM PUBLIC "${P2A_PTHREADPOOL_SOURCE}/include")
  target_include_directories(${target} PRIVATE "${P2A_FXDIV_SOURCE}/include")
  target_compile_definitions(${target} PRIVATE PTHREADPOOL_USE_CPUINFO=0 PTHREADPOOL_USE_FASTPATH=0
                             PTHREADPOOL_USE_FUTEX=1 PTHREADPOOL_USE_CONDVAR=0
                             PTHREADPOOL_NO_DEPRECATED_API=1 FXDIV_USE_INLINE_ASSEMBLY=0)
  target_link_libraries(${target} PRIVATE p2a_third_party)
  if(P2A_SANITIZE STREQUAL "thread")
    # What its threads hand each other is seen only where its own atomics are.
    target_compile_options(${target} PRIVATE -fsanitize=thread)
  endif()
endfunction()
p2a_add_pthreadpool(p2a_pthreadpool portable-api.c memory.c pthreads.c)
target_compile_options(p2a_pthreadpool PRIVATE ${P2A_WASM_THREAD_FLAGS})
p2a_add_pthreadpool(p2a_pthreadpool_single shim.c)
