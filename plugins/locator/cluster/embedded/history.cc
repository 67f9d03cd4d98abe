#include "cluster/embedded/history.h"

#include <utility>

namespace p2p::cluster {

void History::add(Epoch base, Change change) {
  if (changes_.empty() || first_ + changes_.size() != base) {
    changes_.clear();
    first_ = base;
  }
  changes_.push_back(std::move(change));
  if (changes_.size() > kChangesKept) {
    changes_.pop_front();
    ++first_;
  }
}

MapUpdate History::since(Epoch from, const std::shared_ptr<const ClusterMap>& newest) const {
  MapUpdate update{.from = from};
  if (from >= newest->epoch) return update;
  if (from < first_ || first_ + changes_.size() != newest->epoch) {
    update.map = newest;
  } else {
    update.changes.assign(changes_.begin() + static_cast<std::ptrdiff_t>(from - first_), changes_.end());
  }
  return update;
}

}  // namespace p2p::cluster
