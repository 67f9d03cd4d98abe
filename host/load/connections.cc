#include "load/connections.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace p2p::load {
namespace {

constexpr timeval kConnectTimeout{.tv_sec = 3,
                                  .tv_usec = 0};  // three times what p2pctl gives any other verb: there are many
constexpr std::size_t kOtherFiles = 32;           // standard streams, libraries, the poll itself

Error reason(const NodeAddress& to, const char* words) {
  return {ErrorKind::refused, fmt::format("no node reached at {}: {}", to.name(), words)};
}

}  // namespace

Result<Socket> connect_to(const NodeAddress& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
  if (code != 0) return reason(to, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> candidates(found, &::freeaddrinfo);
  int failure = 0;
  for (const addrinfo* at = candidates.get(); at != nullptr; at = at->ai_next) {
    Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    // A limit for sending is one for connecting too (socket(7)).
    ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &kConnectTimeout, sizeof kConnectTimeout);
    if (socket.number() >= 0 && ::connect(socket.number(), at->ai_addr, at->ai_addrlen) == 0) {
      const int on = 1;
      ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
    failure = errno == EINPROGRESS ? ETIMEDOUT : errno;
  }
  return reason(to, std::strerror(failure));
}

Result<Done> make_room_for(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return Done{};
  const rlim_t wanted = connections + kOtherFiles;
  if (limit.rlim_cur >= wanted) return Done{};
  if (limit.rlim_max < wanted) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} connections need more open files than this process may have ({}); raise it "
                             "with `ulimit -n`, or ask for fewer connections",
                             connections, limit.rlim_max)};
  }
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return Done{};
}

}  // namespace p2p::load
