# p2p_add_plugin(NAME SOURCES a.cc ... [LINK targets...] [IDL generated-object-targets...])
# Makes NAME_objs (OBJECT, for tests) and the loadable NAME.so, which exports exactly the entry symbol p2p_plugin_v1.
function(p2p_add_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;IDL" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "p2p_add_plugin(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "p2p_add_plugin: '${name}' must match [a-z][a-z0-9_]*")
  endif()

  add_library(${name}_objs OBJECT ${arg_SOURCES})
  target_include_directories(${name}_objs PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name}_objs PUBLIC p2psdk ${arg_IDL} ${arg_LINK} PRIVATE p2p_warnings)
  p2p_tidy(${name}_objs)

  add_library(${name} MODULE)
  # Objects of an OBJECT library reach only who links it directly.
  target_link_libraries(${name} PRIVATE ${name}_objs ${arg_IDL})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${P2P_PLUGIN_OUTPUT_DIRECTORY})
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}.exports)
  file(WRITE ${exports} "{ global: p2p_plugin_v1; local: *; };\n")
  target_link_options(${name} PRIVATE
    LINKER:--version-script=${exports} LINKER:-z,now LINKER:--build-id LINKER:--gc-sections)
  if(NOT P2P_SANITIZER)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
