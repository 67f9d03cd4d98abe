# Runs at install time: puts the configuration where the prefix has it, and a systemd unit with the paths of that prefix. What
# belongs to the system (/usr) is configured in /etc, as the file hierarchy standard wants.
# Given: p2p_etc, the folder of the files; p2p_scratch, where files may be written on their way.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(p2p_config_folder /etc/p2phost)
  set(p2p_unit_folder /lib/systemd/system)
else()
  set(p2p_config_folder ${CMAKE_INSTALL_PREFIX}/etc/p2phost)
  set(p2p_unit_folder ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endif()

# An operator's changes are kept: the new file is put beside the changed one, for comparison.
function(p2p_install_configuration file)
  get_filename_component(name ${file} NAME)
  set(there $ENV{DESTDIR}${p2p_config_folder}/${name})
  if(EXISTS ${there})
    file(SHA256 ${file} new)
    file(SHA256 ${there} old)
    if(NOT new STREQUAL old)
      message(STATUS "Keeping: ${there}, which was changed; the new one is ${name}.new")
      configure_file(${file} ${p2p_scratch}/new/${name}.new COPYONLY)
      set(file ${p2p_scratch}/new/${name}.new)
    endif()
  endif()
  file(INSTALL ${file} DESTINATION ${p2p_config_folder})
  set(CMAKE_INSTALL_MANIFEST_FILES ${CMAKE_INSTALL_MANIFEST_FILES} PARENT_SCOPE)
endfunction()

file(GLOB p2p_files ${p2p_etc}/*.toml)
foreach(p2p_file ${p2p_files})
  p2p_install_configuration(${p2p_file})
endforeach()

file(READ ${p2p_etc}/p2phost.service p2p_unit)
string(REPLACE "/usr/" "${CMAKE_INSTALL_PREFIX}/" p2p_unit "${p2p_unit}")
string(REPLACE "/etc/p2phost/" "${p2p_config_folder}/" p2p_unit "${p2p_unit}")
file(WRITE ${p2p_scratch}/unit/p2phost.service "${p2p_unit}")
file(INSTALL ${p2p_scratch}/unit/p2phost.service DESTINATION ${p2p_unit_folder})
