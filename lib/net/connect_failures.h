// What does a failed connect say about the other side? One table for every error of the system: what this machine could
// not do counts against nobody.
#pragma once

#include "net/asio.h"

#include <p2p/result.h>

#include <cstdint>

namespace p2p::net {

// In this order: of the verdicts on a name's addresses, the last in it is the node's.
enum class ConnectVerdict : std::uint8_t {
  no_way,   // no route from this machine: it may have no IPv6. Says nothing; another address may work
  refused,  // by the other side
  silent,   // no answer in time, or the network found no host there
  full,     // no answer in time, but its machine answers: the queue of its listener is full
  local,    // this machine could not try: no descriptor, memory or permission. Says nothing about any node
};

// The verdict for an error of socket(), connect() or a wait for them. `address` is the target: when no local address is
// available, this machine may have none of that kind, or has used up its ports to there; the latter is `local`. So is
// what the table does not name: removing a node too late costs less than removing it wrongly. Resolver errors do not
// belong here: all are this machine's, although some share the numbers of others (its name server may have "refused"
// it).
ConnectVerdict verdict_of(const error_code& failure, const asio::ip::address& address) noexcept;

// The kind of error that callers see.
ErrorKind kind_of(ConnectVerdict verdict) noexcept;

}  // namespace p2p::net
