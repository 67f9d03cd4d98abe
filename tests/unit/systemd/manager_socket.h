// The other end of sd_notify(3): a datagram socket, as a service manager has one.
#pragma once

#include "systemd/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

namespace p2p::host::test {

inline constexpr pid_t kSelf = 42;

class ManagerSocket {
 public:
  // A file, or, for a name that begins with '@', an abstract one.
  explicit ManagerSocket(const std::string& name = "") {
    std::string folder = (std::filesystem::temp_directory_path() / "p2p_notify_XXXXXX").string();
    folder_ = mkdtemp(folder.data());
    name_ = name.empty() ? (folder_ / "notify").string() : name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_[0] == '@') address.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), bytes) != 0) std::abort();
  }
  ManagerSocket(const ManagerSocket&) = delete;
  ManagerSocket& operator=(const ManagerSocket&) = delete;
  ~ManagerSocket() {
    ::close(socket_);
    std::filesystem::remove_all(folder_);
  }

  const std::string& name() const { return name_; }

  // The next message; waits for it.
  std::string receive() const { return receive(0); }
  // The next message that is there already; "" when there is none.
  std::string take() const { return receive(MSG_DONTWAIT); }

 private:
  std::string receive(int flags) const {
    std::string message(4096, '\0');
    const ssize_t bytes = ::recv(socket_, message.data(), message.size(), flags);
    message.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    return message;
  }

  std::filesystem::path folder_;
  std::string name_;
  int socket_ = -1;
};

// What the process `kSelf` makes of such an environment.
inline ServiceManager manager_of(std::map<std::string, std::string> variables) {
  return ServiceManager(
      [&variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      kSelf);
}

}  // namespace p2p::host::test
