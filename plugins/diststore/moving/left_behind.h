// What does this node still hold of others? Asked when it has to end: how many keys, for whom, and the names of the first.
#pragma once

#include "serving/store.h"

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::diststore {

struct LeftBehind {
  Location to;  // of port 0: no node is there to take them
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> names;  // the first of them; see kUndeliveredNamesMax
};

// Looks at every key, by the ring of this moment; those with a value count. [any thread]
std::vector<LeftBehind> left_behind(const Store& store);

}  // namespace p2p::diststore
