// Which two networks does a copy connect? Refuses, before anything is written, to copy one into itself.
#pragma once

#include "ctl/session.h"

#include <p2p/node_address.h>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::ctl {

struct Network {
  bool is_agreed = false;
  std::string cluster = {};               // its id, of an agreed one
  std::vector<NodeAddress> members = {};  // of a classic one; those that leave follow
  std::int64_t view = 0;                  // likewise: by which that membership is named
};

// As the node knows it.
Result<Network> ask_network(Connection& node);

// Agreed clusters have ids. Classic networks are the same if they have any member in common.
bool is_same(const Network& one, const Network& other);

}  // namespace p2p::ctl
