// Why does a node answer another with no, and what can the operator do? No matter of the agreement: whoever is refused
// is no member here, and cannot be or become one as it is.
#pragma once

#include <string>

namespace p2p::cluster {

// `ours` is the value at the node that refuses.
struct Refused {
  std::string field;
  std::string ours;
  std::string theirs;
  std::string fix;

  friend bool operator==(const Refused&, const Refused&) = default;
};

}  // namespace p2p::cluster
