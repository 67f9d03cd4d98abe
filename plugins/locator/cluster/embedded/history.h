// Which changes made the newest map? For those that are behind (A3).
#pragma once

#include "cluster/embedded/messages.h"

#include <deque>
#include <memory>

namespace p2p::cluster {

// A node that was away for longer gets the whole map.
inline constexpr std::size_t kChangesKept = 1000;
// Of all these changes together: more have more bytes than the whole map, and take longer to apply than it to read.
inline constexpr std::size_t kRequestsKept = 1024;

class History final {
 public:
  void add(Epoch base, Change change);  // `base` became base + 1 by it
  void clear();                         // a gap: nobody told us the changes

  // What makes `newest` of the map of epoch `from`.
  MapUpdate since(Epoch from, const std::shared_ptr<const ClusterMap>& newest) const;

 private:
  Epoch first_ = 0;  // the base of the first that is kept
  std::deque<Change> changes_;
  std::size_t requests_ = 0;  // in them
};

}  // namespace p2p::cluster
