# compile.cmake - how our own C is compiled: warnings are errors, unused functions are dropped

add_library(p2a_compile INTERFACE)
target_compile_options(
  p2a_compile
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror
            -ffunction-sections -fdata-sections -fno-math-errno
            # a*b+c is fused or not as the compiler likes, so that results would differ by build
            -ffp-contract=off)

if(NOT P2A_WASM)
  # Threads of pthreadpool, and the file functions of the tests.
  target_compile_definitions(p2a_compile INTERFACE _POSIX_C_SOURCE=200809L)
  # Kernels that no operator of ours reaches are not compiled: without this the link would miss them.
  target_link_options(p2a_compile INTERFACE -Wl,--gc-sections)
endif()

if(P2A_SANITIZE)
  target_compile_options(p2a_compile INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(p2a_compile INTERFACE -fsanitize=address,undefined)
endif()
