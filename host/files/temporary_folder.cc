#include "files/temporary_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace p2p::host {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(std::string_view name) {
  std::string path = (fs::temp_directory_path() / fmt::format("{}-XXXXXX", name)).string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw std::runtime_error(fmt::format("cannot make a folder {}: {}; set TMPDIR", path, std::strerror(errno)));
  }
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code failure;  // a process that could not be killed may still write there
  fs::remove_all(path_, failure);
}

}  // namespace p2p::host
