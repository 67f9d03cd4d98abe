#include "cluster/embedded/holder.h"

#include <algorithm>
#include <array>
#include <functional>

namespace p2p::cluster {

void LeaseHolder::note_granted(const NodeId& voter, TimePoint sent_at) {
  TimePoint& until = granted_until_[voter];
  until = std::max(until, sent_at + rules_.held());
}

TimePoint LeaseHolder::held_until(const ClusterMap& map) const {
  std::array<TimePoint, kVotersMax> untils;
  untils.fill(TimePoint::min());
  for (std::size_t at = 0; at < map.voters.size(); ++at) {
    const auto granted = granted_until_.find(map.at(map.voters[at]).id);
    if (granted != granted_until_.end()) untils[at] = granted->second;
  }
  std::ranges::sort(untils, std::greater<>());  // those that are no voters' come last
  return untils[map.majority() - 1];
}

}  // namespace p2p::cluster
