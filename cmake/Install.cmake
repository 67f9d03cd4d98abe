# What is installed where, in three components: Runtime (package p2phost) runs nodes, Development (package p2phost-dev) builds plugins,
# Python (package python3-p2phost) calls nodes; clients/python says what is in it.
#
#   cmake --build build/release --target installable      all that is installed, and nothing else
#   cmake --install build/release --prefix PREFIX [--component Runtime]
#   cd build/release && cpack                             the three .deb files; also ./dev package

# --- Runtime --------------------------------------------------------------------------------------------------------------
set_target_properties(p2phost PROPERTIES EXPORT_NAME host)
install(TARGETS p2phost EXPORT p2phostTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Runtime)
install(TARGETS p2pctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Runtime)
install(TARGETS p2psdk EXPORT p2phostTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Runtime NAMELINK_COMPONENT Development
  FILE_SET HEADERS DESTINATION ${P2P_INCLUDE_FOLDER} COMPONENT Development)
install(TARGETS p2pclient EXPORT p2phostTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Runtime NAMELINK_COMPONENT Development
  FILE_SET HEADERS DESTINATION ${P2P_INCLUDE_FOLDER} COMPONENT Development)
# The plugins say INSTALL where they are built.

# The configuration and the unit depend on the prefix that is installed to, which is known only then.
install(CODE "
  set(p2p_etc \"${PROJECT_SOURCE_DIR}/etc\")
  set(p2p_scratch \"${CMAKE_BINARY_DIR}\")" COMPONENT Runtime)
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/InstallConfiguration.cmake COMPONENT Runtime)

install(FILES docs/man/p2phost.1 docs/man/p2pctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT Runtime)
install(FILES docs/man/p2phost.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT Runtime)
foreach(completion host/ctl/completion/p2pctl host/cli/completion/p2phost)
  get_filename_component(program ${completion} NAME)
  install(FILES ${completion}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program}
    COMPONENT Runtime)
endforeach()
install(DIRECTORY etc/prometheus DESTINATION ${P2P_SHARE_FOLDER} COMPONENT Runtime)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/p2phost RENAME copyright COMPONENT Runtime)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/p2phost COMPONENT Runtime)

# --- Development ----------------------------------------------------------------------------------------------------------
get_target_property(generated idl_locator INTERFACE_INCLUDE_DIRECTORIES)
list(GET generated 0 generated)
install(DIRECTORY ${generated}/ DESTINATION ${P2P_IDL_HEADER_FOLDER} COMPONENT Development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.tcc")
install(DIRECTORY idl DESTINATION ${P2P_SHARE_FOLDER} COMPONENT Development FILES_MATCHING PATTERN "*.thrift")
install(DIRECTORY sdk/template DESTINATION ${P2P_SHARE_FOLDER} COMPONENT Development)

if(TARGET p2phost_testing)
  # It finds libp2psdk beside itself.
  set_target_properties(p2phost_testing PROPERTIES EXPORT_NAME testing INSTALL_RPATH "$ORIGIN")
  install(TARGETS p2phost_testing EXPORT p2phostTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development)
  get_target_property(folder p2phost_testing SOURCE_DIR)
  install(DIRECTORY ${folder}/include/ DESTINATION ${P2P_INCLUDE_FOLDER} COMPONENT Development FILES_MATCHING PATTERN "*.h")
endif()

install(EXPORT p2phostTargets NAMESPACE p2phost:: DESTINATION ${P2P_CMAKE_FOLDER} COMPONENT Development)
export(EXPORT p2phostTargets NAMESPACE p2phost:: FILE ${CMAKE_BINARY_DIR}/${P2P_CMAKE_FOLDER}/p2phostTargets.cmake)
foreach(file p2phostConfig p2phostConfigVersion P2PPlugin ThriftCode IdlDescriptor)
  install(FILES ${CMAKE_BINARY_DIR}/${P2P_CMAKE_FOLDER}/${file}.cmake DESTINATION ${P2P_CMAKE_FOLDER} COMPONENT Development)
endforeach()

file(RELATIVE_PATH prefix_from_here /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/p2psdk.pc.in ${CMAKE_BINARY_DIR}/p2psdk.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/p2pclient.pc.in ${CMAKE_BINARY_DIR}/p2pclient.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/p2psdk.pc ${CMAKE_BINARY_DIR}/p2pclient.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT Development)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/p2phost-dev RENAME copyright COMPONENT Development)
install(FILES docs/plugins.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/p2phost-dev COMPONENT Development)

add_custom_target(installable DEPENDS p2phost p2pctl p2psdk p2pclient locator diststore python_client)
if(TARGET p2phost_testing)
  add_dependencies(installable p2phost_testing)
endif()

include(DebianPackages)
