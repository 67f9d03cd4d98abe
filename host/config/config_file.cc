#include "config/config_file.h"

#include "files/owned_descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace p2p::host {
namespace {

using Clock = std::chrono::steady_clock;

Error refused(std::string why) { return {ErrorKind::invalid, std::move(why)}; }
Error of_the_system() { return refused(std::strerror(errno)); }
Error too_large() {
  return refused(
      fmt::format("the files of a configuration must not be larger than {} bytes together", kConfigBytesMax));
}

Result<Done> check_kind(mode_t mode, ConfigRole role) {
  if (S_ISREG(mode)) return Done{};
  if (S_ISDIR(mode)) return refused("it is a folder");
  if (S_ISSOCK(mode)) return refused("it is a socket");
  if (S_ISCHR(mode) || S_ISBLK(mode)) return refused("it is a device");
  if (!S_ISFIFO(mode)) return refused("it is no regular file");
  switch (role) {
    case ConfigRole::main:
      return Done{};
    case ConfigRole::main_again:
      return refused(
          "it is a pipe, which was read when the node started and cannot be read again; to change the configuration of "
          "a running node, start it from a regular file");
    case ConfigRole::included:
      return refused("it is a pipe; only the file that --config names may be one");
  }
  return Done{};
}

// Waits for bytes, or for the writer to close. A named pipe without a writer reports neither.
Result<Done> await_bytes(int pipe, Clock::time_point end, std::chrono::milliseconds patience) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd asked{pipe, POLLIN, 0};
    const int ready = ::poll(&asked, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return Done{};
    if (ready < 0 && errno != EINTR) return of_the_system();
    if (Clock::now() >= end) {
      return refused(fmt::format("it is a pipe whose writer has not come to its end within {} s",
                                 std::chrono::duration<double>(patience).count()));
    }
  }
}

Result<std::string> read_all(int file, bool is_pipe, std::size_t bytes_max, std::chrono::milliseconds patience) {
  const auto end = Clock::now() + patience;
  std::string text;
  std::array<char, 64 * 1024> block{};
  for (;;) {
    if (is_pipe) {
      if (const auto waited = await_bytes(file, end, patience); !waited.ok()) return waited.error();
    }
    const ssize_t count = ::read(file, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && is_pipe && errno == EAGAIN) continue;  // another reader was faster; the deadline holds
    if (count < 0) return of_the_system();
    if (count == 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > bytes_max) return too_large();
  }
  if (is_pipe && text.empty()) return refused("it is a pipe that has ended without a byte");
  return text;
}

}  // namespace

Result<std::string> read_config_file(const std::string& path, ConfigRole role, std::size_t bytes_max,
                                     std::chrono::milliseconds pipe_patience) {
  // Before it is opened: opening a device may do something, and opening a socket says little.
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) return of_the_system();
  if (const auto fits = check_kind(before.st_mode, role); !fits.ok()) return fits.error();
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) return of_the_system();
  struct stat opened {};
  if (::fstat(file.number(), &opened) != 0) return of_the_system();
  if (const auto fits = check_kind(opened.st_mode, role); !fits.ok()) return fits.error();
  return read_all(file.number(), S_ISFIFO(opened.st_mode), bytes_max, pipe_patience);
}

}  // namespace p2p::host
