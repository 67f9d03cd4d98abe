// Which of several nodes that start at the same moment founds the network? The one with the lowest address. Of two
// nodes, the one that asks later finds the other listening, and both then know of each other: so the other is known to
// at least one of them before it founds, and to both when neither has. Pure.
#pragma once

#include <p2p/node_address.h>

#include <cstddef>
#include <optional>
#include <set>

namespace p2p::agreed {

// Nodes that wait for a network, too; any above this limit are not noted.
inline constexpr std::size_t kWaitingMax = 1'000;

class Founders final {
 public:
  explicit Founders(NodeAddress self) : self_(std::move(self)) {}

  // It is there, and is part of no network.
  void note_waiting(const NodeAddress& other) {
    if (other != self_ && waiting_.size() < kWaitingMax) waiting_.insert(other);
  }
  void note_gone(const NodeAddress& other) { waiting_.erase(other); }
  void clear() { waiting_.clear(); }

  // Who founds the network, if not this node.
  std::optional<NodeAddress> founder() const {
    if (waiting_.empty() || self_ < *waiting_.begin()) return std::nullopt;
    return *waiting_.begin();
  }

 private:
  NodeAddress self_;
  std::set<NodeAddress> waiting_;
};

}  // namespace p2p::agreed
