#include "cluster/embedded/history.h"

#include <utility>

namespace p2p::cluster {

void History::add(Epoch base, Change change) {
  if (changes_.empty() || first_ + changes_.size() != base) {
    clear();
    first_ = base;
  }
  requests_ += change.requests.size();
  changes_.push_back(std::move(change));
  while (changes_.size() > kChangesKept || requests_ > kRequestsKept) {
    requests_ -= changes_.front().requests.size();
    changes_.pop_front();
    ++first_;
  }
}

void History::clear() {
  changes_.clear();
  requests_ = 0;
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
