# sources.cmake - where the third-party sources lie: .toolchain/sources, or the folders named by P2A_<NAME>
#
# `node wasm/toolchain/get-sources.mjs` fills .toolchain/sources and checks every checksum.

if(DEFINED ENV{P2A_TOOLCHAIN} AND NOT "$ENV{P2A_TOOLCHAIN}" STREQUAL "")
  set(p2a_sources "$ENV{P2A_TOOLCHAIN}/sources")
else()
  set(p2a_sources "${PROJECT_SOURCE_DIR}/.toolchain/sources")
endif()

function(p2a_find_source variable folder probe what)
  if(DEFINED ENV{${variable}} AND NOT "$ENV{${variable}}" STREQUAL "")
    set(path "$ENV{${variable}}")
  else()
    set(path "${p2a_sources}/${folder}")
  endif()
  set(${variable} "${path}" CACHE PATH "${what}")
  if(NOT EXISTS "${${variable}}/${probe}")
    message(FATAL_ERROR "expected ${probe} of ${what} in \"${${variable}}\", found none. Run "
                        "`node wasm/toolchain/get-sources.mjs`, or set ${variable} to a folder that has it.")
  endif()
endfunction()

p2a_find_source(P2A_XNNPACK_SOURCE xnnpack include/xnnpack.h "XNNPACK")
p2a_find_source(P2A_PTHREADPOOL_SOURCE pthreadpool include/pthreadpool.h "pthreadpool")
p2a_find_source(P2A_FP16_SOURCE fp16 include/fp16.h "FP16")
p2a_find_source(P2A_FXDIV_SOURCE fxdiv include/fxdiv.h "FXdiv")
p2a_find_source(P2A_STB_INCLUDE stb stb_image.h "stb")
p2a_find_source(P2A_JSMN_INCLUDE jsmn jsmn.h "jsmn")
