#include "cluster/embedded/holder.h"

#include <algorithm>
#include <array>
#include <functional>

namespace p2p::cluster {

void LeaseHolder::note_granted(const NodeId& voter, TimePoint sent_at, bool is_settled) {
  TimePoint& until = granted_until_[voter];
  until = std::max(until, sent_at + rules_.held());
  if (!is_settled) return;
  TimePoint& settled = settled_at_.try_emplace(voter, TimePoint::min()).first->second;
  settled = std::max(settled, sent_at);
}

TimePoint LeaseHolder::held_until(const ClusterMap& map) const { return reached_by_majority(map, granted_until_); }

TimePoint LeaseHolder::newest_at(const ClusterMap& map) const { return reached_by_majority(map, settled_at_); }

// The latest moment that those of a majority of the voters are not before.
TimePoint LeaseHolder::reached_by_majority(const ClusterMap& map, const ByVoter& times) {
  std::array<TimePoint, kVotersMax> reached;
  reached.fill(TimePoint::min());
  for (std::size_t at = 0; at < map.voters.size(); ++at) {
    const auto known = times.find(map.at(map.voters[at]).id);
    if (known != times.end()) reached[at] = known->second;
  }
  std::ranges::sort(reached, std::greater<>());  // those that are no voters' come last
  return reached[map.majority() - 1];
}

}  // namespace p2p::cluster
