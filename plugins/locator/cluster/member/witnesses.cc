#include "cluster/member/witnesses.h"

#include <algorithm>
#include <utility>

namespace p2p::cluster {

void Witnesses::begin(const ClusterMap& map) {
  std::erase_if(said_, [&](const auto& one) { return !map.is_voter(map.slot_of(one.first)); });
}

void Witnesses::note(const NodeId& voter, std::vector<NodeId> unheard, TimePoint now) {
  said_[voter] = {.unheard = std::move(unheard), .until = now + kUnheardKept};
}

bool Witnesses::has_said(const NodeId& voter, const NodeId& node, TimePoint now) const {
  const auto found = said_.find(voter);
  if (found == said_.end() || found->second.until <= now) return false;
  return std::ranges::find(found->second.unheard, node) != found->second.unheard.end();
}

bool Witnesses::is_lost(const ClusterMap& map, const NodeId& node, const NodeId& self, TimePoint now) const {
  const auto may_hear = [&](Slot slot) {
    const Member& voter = map.at(slot);
    return voter.id != self && voter.is_up() && !has_said(voter.id, node, now);
  };
  return static_cast<std::size_t>(std::ranges::count_if(map.voters, may_hear)) < map.majority();
}

}  // namespace p2p::cluster
