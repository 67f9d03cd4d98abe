// What does an operator's --found mean for this node (J6)? It stands in the arguments of a service manager, too, which
// starts the node with it again and again: it founds one network, and no second one beside it. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <cstdint>

namespace p2p::agreed {

enum class ByHand : std::uint8_t {
  no,       // nobody has asked for it
  wanted,   // the node founds, once it is known that nobody of the network that it remembers is there
  done,     // it returns to the network that it remembers: that was founded so, or has no other members
  refused,  // its last identity has ended, and the network of that goes on: the node looks for it, as a new one
};

inline bool is_alone(const cluster::ClusterMap& map) { return map.member_count() == 1; }

// `remembered`: null: no network. `has_network`: the identity before this one was taken out of a network, and this one
// has not been let in anywhere yet.
inline ByHand founding_by_hand(bool is_asked_for, const cluster::ClusterMap* remembered, bool has_network) {
  if (!is_asked_for) return ByHand::no;
  if (remembered != nullptr)
    return remembered->founded_by_hand || is_alone(*remembered) ? ByHand::done : ByHand::wanted;
  return has_network ? ByHand::refused : ByHand::wanted;
}

}  // namespace p2p::agreed
