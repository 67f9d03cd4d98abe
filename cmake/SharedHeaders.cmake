# Headers of others that most of our files read, parsed once for all of them: for a third of the time to compile a file they were
# what it waited for. Only where files are compiled together anyway; the presets `dev` and `tidy` find what a file forgot to include.
#
# Nor <filesystem>, which brings std::quoted() to whoever calls a quoted() of its own. None of ours stands here: g++ includes a
# `#pragma once` header of a precompiled one again when a byte of it has changed since, and ccache may serve one that was made before
# a comment of it changed; everything is then defined twice.
set(P2P_SHARED_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <deque> <fstream> <functional> <future> <map> <memory> <mutex>
  <optional> <random> <ranges> <set> <sstream> <string> <string_view> <thread> <unordered_map> <unordered_set> <variant> <vector>
  <boost/asio/generic/stream_protocol.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/local/stream_protocol.hpp>
  <boost/asio/signal_set.hpp> <boost/asio/steady_timer.hpp> <boost/asio/write.hpp>
  <fmt/format.h>
  <thrift/async/TAsyncProcessor.h> <thrift/protocol/TBinaryProtocol.h> <thrift/protocol/TCompactProtocol.h>
  <thrift/transport/TBufferTransports.h>)

# g++ takes them only where these are defined, and by the same options as to warnings.
if(CMAKE_UNITY_BUILD)
  add_compile_definitions(BOOST_ALL_NO_LIB FMT_SHARED)
endif()

# p2p_shared_headers(NAME LINK library... [HEADERS header...]): precompiles them, and these too, as the folder's options have it.
# What is made of programs is compiled like programs.
function(p2p_shared_headers name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "FOR_PROGRAMS" "" "LINK;HEADERS")
  if(NOT CMAKE_UNITY_BUILD)
    return()
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Only its headers count.\n")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE Boost::headers fmt::fmt PkgConfig::thrift p2p_warnings ${arg_LINK})
  target_precompile_headers(${name} PRIVATE ${P2P_SHARED_HEADERS} ${arg_HEADERS})
  if(arg_FOR_PROGRAMS)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIE)
  endif()
endfunction()

# p2p_reuse_headers(NAME TARGET...): compiled by the same options, they take what p2p_shared_headers(NAME) has made.
function(p2p_reuse_headers name)
  if(TARGET ${name})
    foreach(target ${ARGN})
      target_precompile_headers(${target} REUSE_FROM ${name})
    endforeach()
  endif()
endfunction()

# p2p_targets_below(FOLDER RESULT): every target that the folder and those below it define.
function(p2p_targets_below folder result)
  get_property(found DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subfolders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder ${subfolders})
    p2p_targets_below(${subfolder} below)
    list(APPEND found ${below})
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()
