# From an IDL to C++. Part of the installed CMake package too, so nothing here may know this tree: the folder of the IDL that
# everybody may include is the global property P2P_IDL_DIR.
find_program(THRIFT_COMPILER thrift REQUIRED)

# p2p_thrift(TARGET name FILE x.thrift [SERVICES A B] [FOLDER p2p/idl] [OPTIONS cob_style,templates] [LINK other...] [VISIBLE])
# Generates C++ into the build tree and makes an OBJECT library of it; its include folder comes with the target. Without SERVICES
# they are read from the file. With FOLDER the headers can also be included as <FOLDER/A.h>. With VISIBLE the symbols are shared
# (libp2psdk only); otherwise they stay hidden in whoever links them.
function(p2p_thrift)
  cmake_parse_arguments(arg "VISIBLE" "TARGET;FILE;FOLDER;OPTIONS" "SERVICES;LINK" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "p2p_thrift: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(idl ${arg_FILE} ABSOLUTE)
  if(NOT EXISTS ${idl})
    message(FATAL_ERROR "p2p_thrift(${arg_TARGET}): there is no ${idl}")
  endif()
  get_filename_component(stem ${arg_FILE} NAME_WE)
  if(NOT arg_SERVICES)
    p2p_services_of(${idl} arg_SERVICES)
  endif()
  set(root ${CMAKE_CURRENT_BINARY_DIR}/gen/${arg_TARGET})
  set(out ${root})
  if(arg_FOLDER)
    set(out ${root}/${arg_FOLDER})
  endif()
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
  get_property(shared_idl GLOBAL PROPERTY P2P_IDL_DIR)
  file(MAKE_DIRECTORY ${out})
  # The compiler writes no X_types.cpp for an IDL without types, hence the touch.
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND ${THRIFT_COMPILER} --gen "${generator}" -I ${shared_idl} -out ${out} ${idl}
    COMMAND ${CMAKE_COMMAND} -E touch ${sources}
    DEPENDS ${idl}
    COMMENT "Generating C++ from ${stem}.thrift"
    VERBATIM)
  add_library(${arg_TARGET} OBJECT ${sources} ${headers})
  set_target_properties(${arg_TARGET} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_STANDARD 20 CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC ${out} ${root})
  target_link_libraries(${arg_TARGET} PUBLIC PkgConfig::thrift ${arg_LINK})
  target_compile_options(${arg_TARGET} PRIVATE -w)
  set_target_properties(${arg_TARGET} PROPERTIES P2P_IDL_FILE ${idl})
  if(arg_VISIBLE)
    set_target_properties(${arg_TARGET} PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  endif()
endfunction()

# The names of the services in an IDL, outside its comments. A change of the file configures anew.
function(p2p_services_of idl result)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${idl})
  file(READ ${idl} text)
  string(REGEX REPLACE "/[*]([^*]|[*]+[^*/])*[*]+/" "" text "${text}")
  string(REGEX REPLACE "(//|#)[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[;}]" "\n" text "${text}")
  string(REGEX MATCHALL "(^|\n)[ \t]*service[ \t\n]+[A-Za-z_][A-Za-z0-9_]*" found "${text}")
  set(names)
  foreach(declaration ${found})
    string(REGEX REPLACE "^.*[ \t\n]" "" name "${declaration}")
    list(APPEND names ${name})
  endforeach()
  set(${result} ${names} PARENT_SCOPE)
endfunction()
