# Language, warnings and sanitizers, for every target of the tree.
option(P2P_TESTS "Build the tests" ON)
option(P2P_TIDY "Run clang-tidy over our sources" OFF)
option(P2P_CHECK_THREADS "Assert in methods tagged [own strand], [own loop] or [control] that they are called there" OFF)
set(P2P_SANITIZER "" CACHE STRING "address (with undefined), thread, fuzzer (with address), or empty; takes Clang")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Our own code is compiled with these; generated code is not ours to mend.
add_library(p2p_warnings INTERFACE)
target_compile_options(p2p_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)

# The same templates come out of every file of a target: compiled together, they are made once, in half to a fifth of the time. The
# presets `dev` and `tidy` compile file by file: that finds what a file forgot to include, and has a changed one ready soonest.
if(P2P_SANITIZER)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 24)
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)  # 16 s of g++ at most for a changed file
endif()
# Lines are what reports and cores need; full debug information is the `dev` preset's and would double the time to build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
if(P2P_SANITIZER)
  set(CMAKE_CXX_FLAGS_DEBUG "-g1")
endif()

# Clang instruments: it takes a third of the time of g++, and the tests go through two compilers. What is pure and computes much is
# optimised all the same, see p2p_optimise().
set(P2P_SANITIZERS_address address,undefined)
set(P2P_SANITIZERS_thread thread)
set(P2P_SANITIZERS_fuzzer address,undefined)
if(P2P_SANITIZER)
  if(NOT DEFINED P2P_SANITIZERS_${P2P_SANITIZER})
    message(FATAL_ERROR "P2P_SANITIZER is '${P2P_SANITIZER}'; known are address, thread and fuzzer")
  elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "P2P_SANITIZER takes Clang, not ${CMAKE_CXX_COMPILER_ID}: say --preset asan, tsan or fuzz in a new build folder")
  endif()
  set(sanitizers ${P2P_SANITIZERS_${P2P_SANITIZER}})
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer $<IF:$<STREQUAL:${P2P_SANITIZER},fuzzer>,-O1,-O0>)
  add_link_options(-fsanitize=${sanitizers})
  if(sanitizers MATCHES undefined)
    # Not enum: Thrift's headers cast a type byte from the wire to their enum before they reject what is unknown. Nor what looks at
    # types across libraries: Thrift's are not instrumented.
    add_compile_options(-fno-sanitize=enum,vptr,function -fno-sanitize-recover=undefined)
  endif()
  if(P2P_SANITIZER STREQUAL "fuzzer")
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()
function(p2p_optimise target)
  target_compile_options(${target} PRIVATE $<$<BOOL:${P2P_SANITIZER}>:-O1>)
  set_target_properties(${target} PROPERTIES P2P_OWN_OPTIONS TRUE)
endfunction()

# What is installed names no folder of the machine that built it. Debug builds keep them, for debuggers.
foreach(folder ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${folder}=.>)
endforeach()

if(P2P_CHECK_THREADS)
  add_compile_definitions(P2P_CHECK_THREADS)  # see <p2p/thread_check.h>
endif()

if(P2P_TIDY)
  find_program(CLANG_TIDY clang-tidy REQUIRED)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)  # clang-tidy cannot read those that g++ makes
endif()
function(p2p_tidy target)
  if(P2P_TIDY)
    set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "${CLANG_TIDY};--warnings-as-errors=*")
  endif()
endfunction()
