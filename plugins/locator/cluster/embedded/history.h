// Which changes made the newest map? For those that are behind (A3).
#pragma once

#include "cluster/embedded/messages.h"

#include <deque>
#include <memory>

namespace p2p::cluster {

// A node that was away for longer gets the whole map.
inline constexpr std::size_t kChangesKept = 1000;

class History final {
 public:
  void add(Epoch base, Change change);  // `base` became base + 1 by it
  void clear() { changes_.clear(); }    // a gap: nobody told us the changes

  // What makes `newest` of the map of epoch `from`.
  MapUpdate since(Epoch from, const std::shared_ptr<const ClusterMap>& newest) const;

 private:
  Epoch first_ = 0;  // the base of the first that is kept
  std::deque<Change> changes_;
};

}  // namespace p2p::cluster
