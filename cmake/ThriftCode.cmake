# p2p_thrift(TARGET name FILE idl/x.thrift SERVICES A B [OPTIONS cob_style,templates] [LINK other...] [VISIBLE])
# Generates C++ into the build tree and makes an OBJECT library of it; its include folder comes with the target.
# With VISIBLE its symbols are shared (libp2psdk only); otherwise they stay hidden in whoever links it.
find_program(THRIFT_COMPILER thrift REQUIRED)

function(p2p_thrift)
  cmake_parse_arguments(arg "VISIBLE" "TARGET;FILE;OPTIONS" "SERVICES;LINK" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "p2p_thrift: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(idl ${arg_FILE} ABSOLUTE)
  get_filename_component(stem ${arg_FILE} NAME_WE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/gen/${arg_TARGET})
  set(sources ${out}/${stem}_types.cpp)
  set(headers ${out}/${stem}_types.h)
  foreach(service ${arg_SERVICES})
    list(APPEND sources ${out}/${service}.cpp)
    list(APPEND headers ${out}/${service}.h)
  endforeach()
  set(generator cpp)
  if(arg_OPTIONS)
    set(generator "cpp:${arg_OPTIONS}")
  endif()
  file(MAKE_DIRECTORY ${out})
  # The compiler writes no X_types.cpp for an IDL without types, hence the touch.
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND ${THRIFT_COMPILER} --gen "${generator}" -I ${PROJECT_SOURCE_DIR}/idl -out ${out} ${idl}
    COMMAND ${CMAKE_COMMAND} -E touch ${sources}
    DEPENDS ${idl}
    COMMENT "Generating C++ from ${stem}.thrift"
    VERBATIM)
  add_library(${arg_TARGET} OBJECT ${sources} ${headers})
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(${arg_TARGET} PUBLIC PkgConfig::thrift ${arg_LINK})
  target_compile_options(${arg_TARGET} PRIVATE -w)
  if(arg_VISIBLE)
    set_target_properties(${arg_TARGET} PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  endif()
endfunction()
