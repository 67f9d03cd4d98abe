// Which nodes are of the 2009 system? Shared by all connections of this node, because each question costs such a node
// one of its own, and it serves one at a time.
#pragma once

#include <p2p/location.h>
#include <p2p/units.h>

#include <cstddef>
#include <map>
#include <mutex>

namespace p2p::host {

// A node of the 2009 system stays one until another is started in its place; then this is how long it takes to notice.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// Nodes that are remembered; with more, all are found out anew.
inline constexpr std::size_t kClassicNodesMax = 4'096;

// Every method: [any thread].
class ClassicNodes final {
 public:
  void remember(const Location& node, TimePoint now) {
    const std::lock_guard hold(mutex_);
    if (until_.size() >= kClassicNodesMax) until_.clear();
    until_[node] = now + kClassicMemory;
  }

  bool knows(const Location& node, TimePoint now) const {
    const std::lock_guard hold(mutex_);
    const auto found = until_.find(node);
    return found != until_.end() && now < found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Location, TimePoint> until_;
};

}  // namespace p2p::host
