#include "cli/installation.h"

namespace p2p::host {

namespace fs = std::filesystem;

fs::path installation_prefix() {
  std::error_code failure;
  const fs::path executable = fs::read_symlink("/proc/self/exe", failure);
  return failure ? fs::path() : executable.parent_path().parent_path();
}

fs::path cmake_package_dir(const fs::path& prefix) { return prefix / P2P_CMAKE_FOLDER; }

fs::path template_dir(const fs::path& prefix) { return prefix / P2P_SHARE_FOLDER / "template"; }

}  // namespace p2p::host
