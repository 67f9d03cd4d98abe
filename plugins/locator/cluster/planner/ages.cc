#include "cluster/planner/ages.h"

#include <algorithm>

namespace p2p::cluster {

void Ages::observe(const ClusterMap& map, TimePoint now) {
  observe_members(map, now);
  partitions_.resize(map.partitions.size());
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) observe_partition(map, number, now);
  is_first_ = false;
}

void Ages::observe_members(const ClusterMap& map, TimePoint now) {
  members_before_ = members_;
  members_.resize(map.members.size());
  const Holders may_hold(map);
  for (std::size_t slot = 0; slot < map.members.size(); ++slot) {
    const Member& member = map.members[slot];
    Seen& seen = members_[slot];
    const bool is_new = !member.id.empty() && member.id != seen.id;
    if (is_new && !is_first_) joined_at_ = now;
    const bool is_down = !member.id.empty() && !member.is_up();
    const bool is_known = is_down && seen.is_down && seen.id == member.id && seen.since == member.since;
    seen = {.id = member.id,
            .boot = member.boot,
            .since = member.since,
            .is_down = is_down,
            .would_hold = may_hold.may_include(member) && member.weight > 0 && member.state != MemberState::leaving,
            .down_since = is_known ? seen.down_since : now,
            .is_given_up = is_known && seen.is_given_up};
  }
  const auto holders =
      std::ranges::count_if(members_, [](const Seen& seen) { return !seen.id.empty() && seen.would_hold; });
  copies_wanted_ = std::min<std::size_t>(map.copies, static_cast<std::size_t>(holders));
}

void Ages::observe_partition(const ClusterMap& map, PartitionNumber number, TimePoint now) {
  const Partition& partition = map.partitions[number];
  Watched& watched = partitions_[number];
  if (partition.in_sync.size() >= copies_wanted_) {
    watched.lost.reset();
  } else if (is_first_) {
    watched.lost = Lost{.at = now};
  } else if (const std::optional<Lost> lost = loss(watched, partition, now)) {
    watched.lost = lost;
  }
  watched.in_sync = partition.in_sync;
}

std::optional<Ages::Lost> Ages::loss(const Watched& before, const Partition& partition, TimePoint now) const {
  std::optional<Lost> lost;
  for (const Slot node : before.in_sync) {
    if (partition.is_in_sync(node) || node >= members_before_.size()) continue;
    const NodeId& id = members_before_[node].id;
    const Seen& is = members_[node];
    const bool is_there = is.id == id && !is.is_down && is.boot == members_before_[node].boot;
    // The last copy of a member that is down stays in sync until another one is.
    lost = Lost{.at = is.is_down ? is.down_since : now, .node = node, .id = id, .was_slow = is_there && is.would_hold};
  }
  return lost;
}

bool Ages::give_up(const NodeId& node) {
  const auto seen = std::ranges::find(members_, node, &Seen::id);
  if (seen == members_.end() || !seen->is_down || seen->is_given_up) return false;
  seen->is_given_up = true;
  return true;
}

bool Ages::is_given_up(Slot node) const { return node < members_.size() && members_[node].is_given_up; }

std::optional<TimePoint> Ages::down_since(Slot node) const {
  if (node >= members_.size() || !members_[node].is_down) return {};
  return members_[node].down_since;
}

bool Ages::is_down_for(Slot node, Duration time, TimePoint now) const {
  const std::optional<TimePoint> since = down_since(node);
  return since && (members_[node].is_given_up || now - *since >= time);
}

bool Ages::may_regain_copy(PartitionNumber partition, Duration time, TimePoint now) const {
  const std::optional<Lost>& lost = partitions_[partition].lost;
  if (!lost || now - lost->at >= time) return false;
  if (lost->node == kNoSlot) return may_regain_member(time, now);
  const Seen& member = members_[lost->node];
  return lost->was_slow || (member.is_down && !member.is_given_up && member.id == lost->id);
}

bool Ages::may_regain_member(Duration time, TimePoint now) const {
  return std::ranges::any_of(members_, [&](const Seen& seen) {
    return seen.is_down && !seen.is_given_up && seen.would_hold && now - seen.down_since < time;
  });
}

}  // namespace p2p::cluster
