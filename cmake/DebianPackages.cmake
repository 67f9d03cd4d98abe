# p2phost_VERSION_ARCH.deb, p2phost-dev_VERSION_ARCH.deb and python3-p2phost_VERSION_all.deb, made by cpack in the build folder, or by
# ./dev package. Needs dpkg-dev and file; nothing else of the build does.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME p2phost)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# Who answers for the packages; whoever distributes his own builds names himself. The project has no address that takes mail, and
# .invalid (RFC 2606) says so, in a form that every reader of the field accepts.
set(P2P_MAINTAINER "The p2phost authors <maintainers@p2phost.invalid>" CACHE STRING "Maintainer of the Debian packages: a name and an address")
if(NOT P2P_MAINTAINER MATCHES "^[^<>@,]+ <[^<>@ ,]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+>$")
  message(FATAL_ERROR "P2P_MAINTAINER is '${P2P_MAINTAINER}'; it must be a name and an address, as in 'Ada Lovelace <ada@example.org>'")
endif()
set(CPACK_PACKAGE_CONTACT "${P2P_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has one of its own: its description's first line
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENTS_ALL Runtime Development Python)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Plugins of others then depend on the package that has libp2psdk.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
# The plugins and the test harness use libp2psdk, which no installed package has while these are made.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME p2phost)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION net)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "host for peer-to-peer services, with a locator and a key-value store
One process loads the service plugins that its configuration names and serves
them all on one port, over Apache Thrift. Two plugins come with it: the locator
knows who is in the network and who owns a key; diststore is a distributed
key-value store on top of it.")
set(scripts ${CMAKE_CURRENT_LIST_DIR}/debian)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${scripts}/conffiles ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm ${scripts}/triggers)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME p2phost-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "p2phost (= ${PROJECT_VERSION}), libthrift-dev (>= 0.17), thrift-compiler (>= 0.17), libfmt-dev (>= 9), pkg-config, libgtest-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_CONTROL_EXTRA ${scripts}/triggers)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "g++ (>= 4:12), cmake (>= 3.25)")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "SDK for plugins and clients of the host of peer-to-peer services
Headers, CMake package, interface definitions and plugin template for services
that p2phost runs, and the client library for programs that call them.")

# libxxhash0 is loaded by name, with ctypes; Debian's python3-thrift imports six and does not name it. Needs no p2phost: it talks to nodes of other machines.
set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-p2phost)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.11), python3-thrift (>= 0.17), python3-six, libxxhash0 (>= 0.8)")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${scripts}/python/postinst ${scripts}/python/prerm)
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "client for networks of p2phost nodes, in Python
The package p2p_client learns the ring from any node and sends each call to the
node that owns its key: a plain client for threads and one for asyncio.")

include(CPack)
