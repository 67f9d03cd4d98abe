#include "preflight/this_machine.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace p2p::host {

std::string machine_name() {
  std::array<char, 256> name{};
  // The last byte stays NUL, even if the name is longer.
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::vector<std::string> resolved_addresses() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(machine_name().c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (; found != nullptr; found = found->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    const int failure =
        ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    if (failure == 0) addresses.emplace_back(text.data());
  }
  return addresses;
}

}  // namespace p2p::host
