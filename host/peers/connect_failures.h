// What does a failed connect say about the other side? One table for every error that the system and the resolver know:
// what this machine could not do counts against nobody.
#pragma once

#include "serving/asio.h"

#include <p2p/result.h>

#include <cstdint>

namespace p2p::host {

// In this order: of the addresses of one name, the verdict that stands last is that of the node.
enum class ConnectVerdict : std::uint8_t {
  no_way,   // from this machine to such an address: it may have no IPv6. Says nothing, another address may do
  refused,  // by the other side
  silent,   // no answer in time, or the network found nobody there
  full,     // no answer in time, but its machine answers: the queue of its listener is full
  local,    // this machine was not able to try: no descriptor, no memory, no permission. Says nothing, wherever to
};

// Of an error of socket(), connect() or of what they wait for. `address` is where to: when no local address is to be
// had, it may be that this machine has none of its kind, or that its ports to there are used up; then `local`. What the
// table does not name is `local`: a node that is removed too late costs less than one that is removed wrongly. Errors
// of the resolver have no place here: they are all this machine's, although some carry the numbers of others (its name
// server may have "refused" it).
ConnectVerdict verdict_of(const error_code& failure, const asio::ip::address& address) noexcept;

// The kind of error that callers see.
ErrorKind kind_of(ConnectVerdict verdict) noexcept;

}  // namespace p2p::host
