#include "cluster/member/life_signs.h"

#include <algorithm>

namespace p2p::cluster {

void LifeSigns::begin(const ClusterMap& map, TimePoint now) {
  std::erase_if(heard_at_, [&](const auto& heard) { return map.slot_of(heard.first) == kNoSlot; });
  for (const Member& member : map.members)
    if (!member.id.empty()) heard_at_.try_emplace(member.id, now);
}

void LifeSigns::note(const NodeId& node, TimePoint now) {
  const auto heard = heard_at_.find(node);
  if (heard != heard_at_.end()) heard->second = now;
}

void LifeSigns::forgive(Duration late) {
  for (auto& [node, at] : heard_at_) at += late;
}

Duration LifeSigns::silent_for(const NodeId& node, TimePoint now) const {
  const auto heard = heard_at_.find(node);
  return heard == heard_at_.end() ? Duration{} : std::max(now - heard->second, Duration{});
}

bool LifeSigns::is_silent(const ClusterMap& map, const NodeId& node, const NodeId& self, Duration patience,
                          const Agreement& leases, TimePoint now) const {
  if (silent_for(node, now) < patience) return false;
  bool has_other = false;
  for (const Member& member : map.members) {
    if (!member.is_up() || member.id == node || member.id == self) continue;
    if (silent_for(member.id, now) < patience || leases.promised_until(member.id) > now) return true;
    has_other = true;
  }
  return !has_other;
}

}  // namespace p2p::cluster
