#include "peers/connect_failures.h"

#include <cerrno>

namespace p2p::host {

ConnectVerdict verdict_of(const error_code& failure) noexcept {
  if (failure.category() != boost::system::system_category()) return ConnectVerdict::local;
  switch (failure.value()) {
    // It listens on no such port, or its listener went away while we connected.
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return ConnectVerdict::refused;
    // Nobody has answered: neither it, nor (EHOSTUNREACH, 3 s later) anybody for its address.
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETRESET:
      return ConnectVerdict::silent;
    // The address is of a kind that this machine cannot reach at present: no route, no such family, its network is
    // down. Ephemeral ports that are used up are told as EADDRNOTAVAIL, too.
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EADDRNOTAVAIL:
    case EINVAL:
      return ConnectVerdict::no_way;
    // Descriptors, memory, ports, permission (a packet filter of this machine says EPERM).
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
    case EADDRINUSE:
    case EACCES:
    case EPERM:
    default:
      return ConnectVerdict::local;
  }
}

ErrorKind kind_of(ConnectVerdict verdict) noexcept {
  switch (verdict) {
    case ConnectVerdict::no_way:
    case ConnectVerdict::local:
      return ErrorKind::local;
    case ConnectVerdict::refused:
      return ErrorKind::refused;
    case ConnectVerdict::silent:
      return ErrorKind::silent;
  }
  return ErrorKind::local;
}

}  // namespace p2p::host
