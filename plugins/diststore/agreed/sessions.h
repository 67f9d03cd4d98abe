// What is a session between two stores? Made by the node that speaks as primary; calls in it are numbered from 1 on, in
// each direction on its own (docs/decisions/0032).
#pragma once

#include "replication/messages.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace p2p::diststore::agreed {

using SessionId = std::uint64_t;  // drawn at random; 0: none
using CallNumber = std::uint64_t;

// Messages that travel together, and their place in the session.
struct Numbered {
  CallNumber number = 0;  // 0: there are none
  std::vector<replication::Message> messages = {};
};

// About what it takes on the wire; for queues, whose limits are not exact.
std::size_t bytes_of(const replication::Message& message);

}  // namespace p2p::diststore::agreed
