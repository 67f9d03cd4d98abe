# Where do files go, below whatever prefix is installed to? Debian's layout, on Debian; elsewhere that of GNUInstallDirs. The build
# tree mirrors it, so that programs find plugins, templates and the CMake package from their own place in both.
if(NOT DEFINED CMAKE_INSTALL_LIBDIR AND CMAKE_LIBRARY_ARCHITECTURE AND EXISTS /etc/debian_version)
  set(CMAKE_INSTALL_LIBDIR lib/${CMAKE_LIBRARY_ARCHITECTURE} CACHE PATH "Folder of libraries, below the prefix")
endif()
include(GNUInstallDirs)

set(P2P_INCLUDE_FOLDER include)
set(P2P_IDL_HEADER_FOLDER include/p2p/idl)  # generated ones, in a folder that only we use
set(P2P_PLUGIN_FOLDER lib/p2phost/plugins)  # private to the host, which looks there; no folder of an architecture
set(P2P_SHARE_FOLDER share/p2phost)
set(P2P_PYTHON_FOLDER lib/python3/dist-packages)  # where Debian's python3 looks, below /usr
set(P2P_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/p2phost)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(P2P_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${P2P_PLUGIN_FOLDER})

set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

set_property(GLOBAL PROPERTY P2P_IDL_DIR ${PROJECT_SOURCE_DIR}/idl)
set_property(GLOBAL PROPERTY P2P_PLUGIN_INSTALL_FOLDER ${P2P_PLUGIN_FOLDER})
