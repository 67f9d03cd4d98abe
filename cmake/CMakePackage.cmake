# What find_package(p2phost) reads. Written into the build tree in the layout of an installation, so that one set of files serves
# three: projects inside this tree, projects that use its build tree, and projects that use what was installed.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_BINARY_DIR}/${P2P_CMAKE_FOLDER})

# Whether p2phost knows --validate, which p2p_add_plugin makes a test of.
file(STRINGS ${PROJECT_SOURCE_DIR}/host/cli/command_line.cc validates REGEX "\"--validate\"")
if(validates)
  set(validates TRUE)
else()
  set(validates FALSE)
endif()
set_property(GLOBAL PROPERTY P2P_HOST_VALIDATES ${validates})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/p2phostConfig.cmake.in ${package}/p2phostConfig.cmake
  INSTALL_DESTINATION ${P2P_CMAKE_FOLDER} PATH_VARS P2P_SHARE_FOLDER)
# While the version is 0.x, each minor version may break what was built before.
write_basic_package_version_file(${package}/p2phostConfigVersion.cmake COMPATIBILITY SameMinorVersion)
foreach(module P2PPlugin ThriftCode IdlDescriptor)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${module}.cmake ${package}/${module}.cmake COPYONLY)
endforeach()

# What the programs and the package look for beside themselves.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/${P2P_SHARE_FOLDER})
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/idl ${CMAKE_BINARY_DIR}/${P2P_SHARE_FOLDER}/idl SYMBOLIC)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/sdk/template ${CMAKE_BINARY_DIR}/${P2P_SHARE_FOLDER}/template SYMBOLIC)

# Projects inside this tree find the package, and with it the targets that are there already.
set(p2phost_DIR ${package})
