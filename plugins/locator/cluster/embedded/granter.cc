#include "cluster/embedded/granter.h"

#include <algorithm>

namespace p2p::cluster {

AcceptedEffect effect_of(const ClusterMap& map, const ClusterMap& changed) {
  AcceptedEffect effect{.changes_voters = map.voters_since != changed.voters_since};
  for (const Loss& loss : losses(map, changed)) effect.losers.push_back(map.at(loss.node).id);
  return effect;
}

LeaseGranter::LeaseGranter(const LeaseRules& rules, const NodeId& self, Boot own_boot, TimePoint now)
    : rules_(rules), feared_until_(now) {
  note_ended(self, own_boot.number - 1);
  fear_everyone(now);
}

void LeaseGranter::fear_everyone(TimePoint now) { feared_until_ = std::max(feared_until_, now + rules_.feared()); }

void LeaseGranter::begin(const ClusterMap& map) {
  std::erase_if(askers_, [&](const auto& known) { return map.slot_of(known.first) == kNoSlot; });
  for (auto& [node, asker] : askers_) {
    asker.refused_until = TimePoint::min();  // of the slot that has been decided
    std::erase_if(asker.consents,
                  [&](const Consent& consent) { return map.partitions[consent.partition].term != consent.term; });
  }
}

void LeaseGranter::note_ended(const NodeId& node, std::uint64_t boot) {
  std::uint64_t& ended = askers_[node].ended_boot;
  ended = std::max(ended, boot);
}

void LeaseGranter::note_consents(const NodeId& node, const std::vector<Consent>& consents) {
  if (!consents.empty()) askers_[node].consents = consents;
}

bool LeaseGranter::grant(const NodeId& node, const AcceptedEffect* accepted, TimePoint now) {
  if (accepted != nullptr &&
      (accepted->changes_voters || std::ranges::find(accepted->losers, node) != accepted->losers.end()))
    return false;  // L5
  Asker& asker = askers_[node];
  if (asker.refused_until > now) return false;  // L7
  asker.promised_until = std::max(asker.promised_until, now + rules_.length);
  return true;
}

const LeaseGranter::Asker* LeaseGranter::find(const NodeId& node) const {
  const auto found = askers_.find(node);
  return found == askers_.end() ? nullptr : &found->second;
}

TimePoint LeaseGranter::promised_until(const NodeId& node) const {
  const Asker* asker = find(node);
  return asker == nullptr ? feared_until_ : std::max(feared_until_, asker->promised_until);
}

bool LeaseGranter::has_ended(const NodeId& node, const Boot& boot) const {
  const Asker* asker = find(node);
  return asker != nullptr && asker->ended_boot >= boot.number;
}

// H1: it covers moves of what was consented to, in that term, and nothing else.
bool LeaseGranter::has_consented(const ClusterMap& map, const Loss& loss) const {
  const Asker* asker = find(map.at(loss.node).id);
  if (asker == nullptr || loss.loses_boot) return false;
  return std::ranges::all_of(loss.primaries, [&](PartitionNumber number) {
    const Consent wanted{.partition = number, .term = map.partitions[number].term};
    return std::ranges::find(asker->consents, wanted) != asker->consents.end();
  });
}

bool LeaseGranter::is_forbidden(const ClusterMap& map, const Loss& loss, TimePoint now) const {
  const Member& member = map.at(loss.node);
  return promised_until(member.id) > now && !has_ended(member.id, member.boot) && !has_consented(map, loss);
}

Duration LeaseGranter::forbidden_for(const ClusterMap& map, const ClusterMap& changed, TimePoint now) {
  Duration longest{};
  for (const Loss& loss : losses(map, changed)) {
    if (!is_forbidden(map, loss, now)) continue;
    const NodeId& node = map.at(loss.node).id;
    longest = std::max(longest, promised_until(node) - now);
    askers_[node].refused_until = now + rules_.refused_for();
  }
  return longest;
}

}  // namespace p2p::cluster
