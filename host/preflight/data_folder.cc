#include "preflight/data_folder.h"

#include "text/foreign_text.h"

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

// The room in sockaddr_un, with the closing NUL.
constexpr std::size_t kSocketPathBytesMax = 107;

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

Result<Done> check_socket_place(const std::filesystem::path& path, const std::filesystem::path& data_folder) {
  const auto wrong = [&](const std::string& why) {
    return Error{ErrorKind::invalid, "the admin socket cannot be " + path.native() + ": " + why};
  };
  if (!path.has_filename()) return wrong("it names no file; set [host] admin to a file's name");
  if (path.native().size() > kSocketPathBytesMax) {
    return wrong("its path has " + std::to_string(path.native().size()) + " bytes, and the system takes " +
                 std::to_string(kSocketPathBytesMax) + "; set [host] data_dir or admin to a shorter one");
  }
  std::error_code failure;
  const auto there = std::filesystem::symlink_status(path, failure);
  if (std::filesystem::exists(there) && !std::filesystem::is_socket(there)) {
    return wrong("there is something else; set [host] admin to another name");
  }
  const std::filesystem::path folder = path.parent_path();
  if (folder != data_folder && !std::filesystem::is_directory(folder, failure)) {
    return wrong(folder.native() + " is no folder; set [host] admin to a name in the data folder");
  }
  return Done{};
}

std::filesystem::path default_data_dir(std::uint16_t port) { return state_folder() / std::to_string(port); }

Result<Done> DataFolder::check(const std::filesystem::path& path) {
  if (const std::string fault = fault_of_text(path.native()); !fault.empty())
    return Error{ErrorKind::invalid, "the name of the data folder, " + foreign_text(path.native()) + ", " + fault};
  std::error_code failure;
  std::filesystem::path there = std::filesystem::absolute(path);
  const auto is_missing = [&] { return !std::filesystem::exists(std::filesystem::symlink_status(there, failure)); };
  while (is_missing() && there.has_relative_path()) there = there.parent_path();
  const bool is_new = there != std::filesystem::absolute(path);
  if (!std::filesystem::is_directory(there, failure)) {
    errno = ENOTDIR;
    return cannot(is_new ? "make" : "use", path);
  }
  if (::faccessat(AT_FDCWD, there.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return cannot(is_new ? "make" : "write into", path);
  return Done{};
}

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
  if (const auto usable = check(path); !usable.ok()) return usable.error();
  std::error_code failure;
  const bool is_new = !std::filesystem::exists(path, failure);
  std::filesystem::create_directories(path, failure);
  if (failure) {
    errno = failure.value();
    return cannot("make", path);
  }
  if (is_new && ::chmod(path.c_str(), 0700) != 0) return cannot("protect", path);
  const std::filesystem::path file = path / "node.lock";
  OwnedDescriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return cannot("write into", path);
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) == 0) {
    return DataFolder(std::filesystem::absolute(path), std::move(lock));
  }
  return Error{ErrorKind::refused,
               "the data folder " + path.native() + " is in use by another node; give each node its own --data-dir"};
}

}  // namespace p2p::host
