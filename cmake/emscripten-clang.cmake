# emscripten-clang.cmake - compile for wasm by Emscripten's clang itself, link by emcc
#
# emcc is a Python program whose start takes three times as long as compiling a small file; it is
# asked once for the flags that it gives to clang. P2A_EMSCRIPTEN is the folder that holds emcc,
# P2A_EMSCRIPTEN_SETTINGS a list of NAME=VALUE for its environment; get-emscripten.mjs gives both.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES P2A_EMSCRIPTEN P2A_EMSCRIPTEN_SETTINGS P2A_EMSCRIPTEN_CFLAGS
     P2A_EMSCRIPTEN_CXXFLAGS P2A_EMSCRIPTEN_LLVM)

set(P2A_EMSCRIPTEN_ENV "${CMAKE_COMMAND}" -E env ${P2A_EMSCRIPTEN_SETTINGS})
if(NOT P2A_EMSCRIPTEN_LLVM)
  execute_process(COMMAND ${P2A_EMSCRIPTEN_ENV} "${P2A_EMSCRIPTEN}/em-config" LLVM_ROOT
                  OUTPUT_VARIABLE llvm OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${P2A_EMSCRIPTEN_ENV} "${P2A_EMSCRIPTEN}/emcc" --cflags
                  OUTPUT_VARIABLE c OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${P2A_EMSCRIPTEN_ENV} "${P2A_EMSCRIPTEN}/em++" --cflags
                  OUTPUT_VARIABLE cxx OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE ".*\n" "" c "${c}")
  string(REGEX REPLACE ".*\n" "" cxx "${cxx}")
  set(P2A_EMSCRIPTEN_LLVM "${llvm}" CACHE INTERNAL "folder of Emscripten's clang")
  set(P2A_EMSCRIPTEN_CFLAGS "${c}" CACHE INTERNAL "flags that emcc gives to clang")
  set(P2A_EMSCRIPTEN_CXXFLAGS "${cxx} -Xclang -iwithsysroot/include/c++/v1" CACHE INTERNAL "the same for C++")
endif()

set(CMAKE_C_COMPILER "${P2A_EMSCRIPTEN_LLVM}/clang")
set(CMAKE_CXX_COMPILER "${P2A_EMSCRIPTEN_LLVM}/clang++")
set(CMAKE_AR "${P2A_EMSCRIPTEN_LLVM}/llvm-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${P2A_EMSCRIPTEN_LLVM}/llvm-ranlib" CACHE FILEPATH "")
set(CMAKE_C_FLAGS_INIT "${P2A_EMSCRIPTEN_CFLAGS}")
set(CMAKE_CXX_FLAGS_INIT "${P2A_EMSCRIPTEN_CXXFLAGS}")
