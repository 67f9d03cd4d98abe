#include "cluster/member/coordinator.h"

#include <algorithm>

namespace p2p::cluster {

void Coordinator::begin(const ClusterMap& map, TimePoint now) {
  life_.begin(map, now);
  witnesses_.begin(map);
  decided_at_ = now;
  planned_.clear();
  waiting_.observe(map);
}

bool Coordinator::is_first(const ClusterMap& map, const Agreement& agreement, TimePoint now) const {
  for (const Slot slot : map.voters) {
    const Member& voter = map.at(slot);
    if (voter.id == self_) return true;
    if (life_.silent_for(voter.id, now) < kVoterSilentMax && !agreement.has_ended(voter.id, voter.boot)) return false;
  }
  return false;
}

bool Coordinator::is_unheard(const ClusterMap& map, const Member& member, const Agreement& agreement,
                             TimePoint now) const {
  if (!member.is_up() || member.id == self_) return false;
  return agreement.promised_until(member.id) <= now &&
         life_.is_silent(map, member.id, self_, rules_.length, agreement, now);
}

std::vector<NodeId> Coordinator::unheard(const ClusterMap& map, const Agreement& agreement, TimePoint now) const {
  std::vector<NodeId> nodes;
  for (const Member& member : map.members)
    if (is_unheard(map, member, agreement, now)) nodes.push_back(member.id);
  return nodes;
}

// Proof, or silence beyond every promise, towards so many voters that no lease is possible (E2).
bool Coordinator::has_died(const ClusterMap& map, const Member& member, const Agreement& agreement,
                           TimePoint now) const {
  if (!member.is_up() || member.id == self_) return false;
  if (agreement.has_ended(member.id, member.boot)) return true;
  return is_unheard(map, member, agreement, now) && witnesses_.is_lost(map, member.id, self_, now);
}

std::vector<Down> Coordinator::deaths(const ClusterMap& map, const Agreement& agreement, TimePoint now) const {
  std::vector<Down> all;
  for (const Member& member : map.members)
    if (has_died(map, member, agreement, now)) all.push_back({.node = member.id, .boot = member.boot});
  return all;
}

std::optional<Change> Coordinator::next_change(const ClusterMap& map, const Agreement& agreement, TimePoint now) {
  waiting_.drop_old(now);
  const std::vector<Down> dead = deaths(map, agreement, now);
  if (dead.empty() && (!has_requests() || now < decided_at_ + kSlotPause)) return std::nullopt;
  NextMap next(map);
  for (const Down& down : dead) static_cast<void>(next.apply(down));
  for (const WaitingRequests::Waiting& waiting : waiting_.all())
    static_cast<void>(next.apply(waiting.request));  // what is refused waits, or is void
  for (const Request& step : planned_) static_cast<void>(next.apply(step));
  if (next.change().requests.empty()) return std::nullopt;
  return next.change();
}

}  // namespace p2p::cluster
