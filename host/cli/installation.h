// Where are the parts of this installation? All beside the executable, in the layout that the build fixes; a build tree
// has the same.
#pragma once

#include <filesystem>

namespace p2p::host {

// The parent of the executable's folder: "/usr" for /usr/bin/p2phost. Empty when the system does not tell.
std::filesystem::path installation_prefix();

// The CMake package, which find_package(p2phost) reads; may be missing, with the files for development.
std::filesystem::path cmake_package_dir(const std::filesystem::path& prefix);

// The templates of --new-plugin; missing as above.
std::filesystem::path template_dir(const std::filesystem::path& prefix);

}  // namespace p2p::host
