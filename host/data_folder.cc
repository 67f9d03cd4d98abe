#include "data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace p2p::host {
namespace {

std::filesystem::path state_folder() {
  // systemd lists several folders separated by ':'; the first is ours.
  if (const char* given = std::getenv("STATE_DIRECTORY"))
    return std::string(given).substr(0, std::string(given).find(':'));
  if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && *given == '/') {
    return std::filesystem::path(given) / "p2phost";
  }
  if (::geteuid() == 0) return "/var/lib/p2phost";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home == '/' ? home : "/tmp") / ".local/state/p2phost";
}

Error cannot(const std::string& what, const std::filesystem::path& path) {
  return Error{ErrorKind::refused, "cannot " + what + " the data folder " + path.native() + ": " +
                                       std::strerror(errno) +
                                       "; set [host] data_dir or --data-dir to a folder that this user may write"};
}

}  // namespace

std::filesystem::path default_data_dir(std::uint16_t port) { return state_folder() / std::to_string(port); }

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  std::error_code failure;
  const bool is_new = !std::filesystem::exists(path, failure);
  std::filesystem::create_directories(path, failure);
  if (failure) {
    errno = failure.value();
    return cannot("make", path);
  }
  if (is_new && ::chmod(path.c_str(), 0700) != 0) return cannot("protect", path);
  const std::filesystem::path file = path / "node.lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return cannot("write into", path);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return DataFolder(std::filesystem::absolute(path), lock);
  ::close(lock);
  return Error{ErrorKind::refused,
               "the data folder " + path.native() + " is in use by another node; give each node its own --data-dir"};
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace p2p::host
