#include "net/connect_failures.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace p2p::net {
namespace {

// The port for a route lookup: any will do.
constexpr unsigned short kDiscardPort = 9;

// Whether this machine has a local address from which it would send to `address`. Connecting a datagram socket looks
// one up, and sends nothing. Its ports are separate from TCP's.
bool has_address_towards(const asio::ip::address& address) noexcept {
  const asio::ip::tcp::endpoint there(address, kDiscardPort);
  const int family = address.is_v6() ? AF_INET6 : AF_INET;
  const int socket = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return true;
  const int outcome = ::connect(socket, there.data(), static_cast<socklen_t>(there.size()));
  const bool has_none = outcome != 0 && errno == EADDRNOTAVAIL;
  ::close(socket);
  return !has_none;
}

}  // namespace

ConnectVerdict verdict_of(const error_code& failure, const asio::ip::address& address) noexcept {
  if (failure.category() != boost::system::system_category()) return ConnectVerdict::local;
  switch (failure.value()) {
    // Nothing listens on that port, or the listener went away while we connected.
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return ConnectVerdict::refused;
    // No answer, or (EHOSTUNREACH, after 3 s) no host at its address.
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETRESET:
      return ConnectVerdict::silent;
    // This machine cannot reach such an address at present: no route, no such family, network down.
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EINVAL:
      return ConnectVerdict::no_way;
    // An address that was not tried for want of a port may be where the node is.
    case EADDRNOTAVAIL:
      return has_address_towards(address) ? ConnectVerdict::local : ConnectVerdict::no_way;
    // Descriptors, memory, ports, permission (a packet filter of this machine says EPERM): EMFILE, ENFILE, ENOBUFS,
    // ENOMEM, EAGAIN, EADDRINUSE, EACCES, EPERM; and what is not known.
    default:
      return ConnectVerdict::local;
  }
}

ErrorKind kind_of(ConnectVerdict verdict) noexcept {
  // In the order of ConnectVerdict: no_way, refused, silent, full, local.
  static constexpr ErrorKind kKinds[] = {ErrorKind::local, ErrorKind::refused, ErrorKind::silent, ErrorKind::overloaded,
                                         ErrorKind::local};
  static_assert(std::size(kKinds) == static_cast<std::size_t>(ConnectVerdict::local) + 1);
  return kKinds[static_cast<std::size_t>(verdict)];
}

}  // namespace p2p::net
