// Is it a node of ours that listens there? It is asked before it is sent a frame: a node of the 2009 system takes a
// frame for the begin of a message, and serves nobody else while it waits for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::client {

// The question: a `ping` of the service that every host of ours has, unframed, which both kinds of nodes understand.
std::string probe_message();

enum class Probed : std::uint8_t {
  need_more,  // of the answer
  ours,
  foreign,  // a node of the 2009 system, or another program
};
Probed read_probe(std::string_view answer);

}  // namespace p2p::client
