# How is a plugin built? The functions that find_package(p2phost) gives to authors, and with which this tree builds its own plugins.
# Nothing here may know this tree; what differs is asked of targets and global properties.
include(${CMAKE_CURRENT_LIST_DIR}/ThriftCode.cmake)

# p2p_add_plugin(NAME SOURCES a.cc... [IDL a.thrift...] [LINK targets...] [INSTALL])
#
# Makes NAME_objs (OBJECT, which tests link) and the loadable NAME.so, which exports exactly the entry symbol p2p_plugin_v1.
# From each IDL, C++ is generated and compiled hidden inside the plugin; its includes are looked for beside it and among the
# SDK's (locator.thrift). An IDL may also be a target of p2p_thrift. What the IDLs say of methods and fields goes into NAME.so, as
# text that the host reads when an operator shards the service by its configuration. INSTALL: into lib/p2phost/plugins below the prefix.
# With tests enabled, NAME.validate lets the host judge the file.
function(p2p_add_plugin name)
  cmake_parse_arguments(arg "INSTALL" "" "SOURCES;LINK;IDL" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "p2p_add_plugin(${name}): unknown or empty arguments: ${arg_UNPARSED_ARGUMENTS} "
      "${arg_KEYWORDS_MISSING_VALUES}; it takes SOURCES, IDL, LINK and INSTALL")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "p2p_add_plugin: the name '${name}' must match [a-z][a-z0-9_]*")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "p2p_add_plugin(${name}): SOURCES are missing")
  endif()

  add_library(${name}_objs OBJECT ${arg_SOURCES})
  target_include_directories(${name}_objs PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name}_objs PUBLIC p2phost::sdk ${arg_LINK})
  set_target_properties(${name}_objs PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(TARGET p2p_warnings)
    target_link_libraries(${name}_objs PRIVATE p2p_warnings)
  endif()
  if(COMMAND p2p_tidy)
    p2p_tidy(${name}_objs)
  endif()
  p2p_plugin_idl(${name} generated ${arg_IDL})

  add_library(${name} MODULE)
  # Objects of an OBJECT library reach only who links it directly.
  target_link_libraries(${name} PRIVATE ${name}_objs ${generated})
  p2p_describe_idl(${name} ${arg_IDL})
  # The host has loaded libp2psdk before: an installed plugin needs no path to it.
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so LINKER_LANGUAGE CXX INSTALL_RPATH "")
  if(P2P_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${P2P_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}.exports)
  file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: p2p_plugin_v1; local: *; };\n")
  # Symbolic: what it says of its entry is of its own, also in a test program that has another plugin inside.
  target_link_options(${name} PRIVATE
    LINKER:--version-script=${exports} LINKER:-Bsymbolic LINKER:-z,now LINKER:--build-id LINKER:--gc-sections)
  if(NOT P2P_SANITIZER)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
  if(arg_INSTALL)
    get_property(folder GLOBAL PROPERTY P2P_PLUGIN_INSTALL_FOLDER)
    install(TARGETS ${name} LIBRARY DESTINATION ${folder} COMPONENT Runtime)
  endif()
  p2p_add_validation(${name})
endfunction()

# Compiles the IDLs of a plugin into NAME_idl, whose objects come with NAME_objs; `result` names targets to link as well.
function(p2p_plugin_idl name result)
  set(targets)
  foreach(idl ${ARGN})
    if(TARGET ${idl})
      target_link_libraries(${name}_objs PUBLIC ${idl})
      list(APPEND targets ${idl})
      continue()
    endif()
    if(NOT idl MATCHES "[.]thrift$")
      message(FATAL_ERROR "p2p_add_plugin(${name}): IDL '${idl}' is neither a .thrift file nor a target of p2p_thrift")
    endif()
    get_filename_component(stem ${idl} NAME_WE)
    set(target ${name}_idl_${stem})
    p2p_thrift(TARGET ${target} FILE ${idl} OPTIONS cob_style,templates LINK p2phost::sdk)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    target_include_directories(${name}_objs SYSTEM PUBLIC ${folders})
    target_sources(${name}_objs INTERFACE $<TARGET_OBJECTS:${target}>)
    add_dependencies(${name}_objs ${target})
  endforeach()
  set(${result} ${targets} PARENT_SCOPE)
endfunction()

# Puts the section .p2p.idl into NAME.so: methods and fields of its IDLs.
function(p2p_describe_idl name)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/IdlDescriptor.cmake)
  get_property(shared_idl GLOBAL PROPERTY P2P_IDL_DIR)
  foreach(idl ${ARGN})
    if(TARGET ${idl})
      get_target_property(idl ${idl} P2P_IDL_FILE)
    endif()
    get_filename_component(idl ${idl} ABSOLUTE)
    get_filename_component(stem ${idl} NAME_WE)
    string(MAKE_C_IDENTIFIER ${stem} identifier)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/gen/${name}_described)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
      OUTPUT ${folder}/${stem}.cc
      COMMAND ${THRIFT_COMPILER} --gen json:merge -I ${shared_idl} -out ${folder} ${idl}
      COMMAND ${CMAKE_COMMAND} -DJSON=${folder}/${stem}.json -DNAME=${identifier} -DOUT=${folder}/${stem}.cc
        -P ${script}
      DEPENDS ${idl} ${script}
      COMMENT "Describing ${stem}.thrift for ${name}"
      VERBATIM)
    target_sources(${name} PRIVATE ${folder}/${stem}.cc)
  endforeach()
endfunction()

# NAME.validate: `p2phost --validate` on the plugin's file. None where P2P_VALIDATE_PLUGINS is OFF: for plugins that break rules on
# purpose.
function(p2p_add_validation name)
  if(DEFINED P2P_VALIDATE_PLUGINS AND NOT P2P_VALIDATE_PLUGINS)
    return()
  endif()
  get_property(validates GLOBAL PROPERTY P2P_HOST_VALIDATES)
  if(validates AND TARGET p2phost::host AND (NOT DEFINED BUILD_TESTING OR BUILD_TESTING))
    add_test(NAME ${name}.validate COMMAND p2phost::host --validate $<TARGET_FILE:${name}>)
  endif()
endfunction()

# p2p_add_plugin_test(NAME SOURCES a_test.cc... PLUGIN p [LINK targets...])
#
# A GoogleTest program with the plugin p inside and the harness of <p2p/testing.h>; each of its tests becomes one of ctest.
function(p2p_add_plugin_test name)
  cmake_parse_arguments(arg "" "PLUGIN" "SOURCES;LINK" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "p2p_add_plugin_test(${name}): unknown or empty arguments: ${arg_UNPARSED_ARGUMENTS} "
      "${arg_KEYWORDS_MISSING_VALUES}; it takes SOURCES, PLUGIN and LINK")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "p2p_add_plugin_test(${name}): SOURCES are missing")
  endif()
  if(NOT TARGET ${arg_PLUGIN}_objs)
    message(FATAL_ERROR "p2p_add_plugin_test(${name}): '${arg_PLUGIN}' is no plugin of p2p_add_plugin; say PLUGIN and its name")
  endif()
  if(DEFINED BUILD_TESTING AND NOT BUILD_TESTING)
    return()
  endif()
  if(NOT TARGET p2phost::testing)
    message(FATAL_ERROR "p2p_add_plugin_test(${name}): this p2phost was installed without its test harness (p2phost::testing); "
      "install it, or configure with -DBUILD_TESTING=OFF")
  endif()
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_PLUGIN}_objs p2phost::testing GTest::gtest_main ${arg_LINK})
  set_target_properties(${name} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST)
endfunction()
