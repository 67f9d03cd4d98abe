// Where are the parts of this installation? At fixed places relative to the executable, the same as in a build
// tree.
#pragma once

#include <filesystem>

namespace p2p::host {

// The parent of the executable's folder: "/usr" for /usr/bin/p2phost. Empty if the system cannot say.
std::filesystem::path installation_prefix();

// The CMake package, which find_package(p2phost) reads; may be missing, with the files for development.
std::filesystem::path cmake_package_dir(const std::filesystem::path& prefix);

// The templates of --new-plugin; missing as above.
std::filesystem::path template_dir(const std::filesystem::path& prefix);

}  // namespace p2p::host
