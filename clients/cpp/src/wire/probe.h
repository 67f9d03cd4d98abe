// Is it a node of ours that listens there? Checked before any frame is sent: a node of the 2009 system takes a frame
// for the start of a message, and serves no other client while it waits for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace p2p::client {

// The probe: an unframed `ping` to the service that every host of ours has, which both kinds of nodes understand.
std::string probe_message();

enum class Probed : std::uint8_t {
  need_more,  // of the answer
  ours,
  foreign,  // a node of the 2009 system, or another program
};
Probed read_probe(std::string_view answer);

}  // namespace p2p::client
