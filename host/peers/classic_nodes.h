// Which nodes are of the 2009 system? Shared by all connections of this node, because finding out costs such a node a
// connection, and it serves one at a time.
#pragma once

#include <p2p/node_address.h>
#include <p2p/units.h>

#include <cstddef>
#include <map>
#include <mutex>

namespace p2p::host {

// A node of the 2009 system stays one until another node replaces it; then this is how long it takes to notice.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// Nodes that are remembered; beyond it all are forgotten.
inline constexpr std::size_t kClassicNodesMax = 4'096;

// Every method: [any thread].
class ClassicNodes final {
 public:
  void remember(const NodeAddress& node, TimePoint now) {
    const std::lock_guard hold(mutex_);
    if (until_.size() >= kClassicNodesMax) until_.clear();
    until_[node] = now + kClassicMemory;
  }

  bool knows(const NodeAddress& node, TimePoint now) const {
    const std::lock_guard hold(mutex_);
    const auto found = until_.find(node);
    return found != until_.end() && now < found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<NodeAddress, TimePoint> until_;
};

}  // namespace p2p::host
