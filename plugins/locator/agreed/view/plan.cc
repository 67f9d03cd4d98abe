#include "agreed/view/plan.h"

#include "cluster/map/apply.h"
#include "cluster/planner/what_if.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace p2p::agreed {

using cluster::Change;
using cluster::ClusterMap;
using cluster::Describe;
using cluster::Forecast;
using cluster::Member;
using cluster::Move;
using cluster::NodeId;
using cluster::Slot;

namespace {

// Stands for a node that is no member yet; ids are drawn at random, so that nobody has it.
constexpr std::uint64_t kJoinerId = 1;

Result<Change> change_of(const ClusterMap& map, const JoinOf& join) {
  Member member;
  member.id.low = kJoinerId;
  member.boot = {.number = 1, .nonce = 1};
  member.address = join.address;
  member.weight = join.weight;
  member.zone = join.zone;
  member.holds_partitions = map.has_holders();  // as those do that hold them now
  member.feature_level = std::numeric_limits<std::uint32_t>::max();
  return Change{{cluster::Join{.member = member}}};
}

Result<Change> change_of(const ClusterMap& map, const LeaveOf& leave) {
  const auto slot = member_named(map, leave.member);
  if (!slot.ok()) return slot.error();
  const Member& member = map.at(slot.value());
  return Change{{cluster::Leave{.node = member.id, .boot = member.boot}}};
}

Result<Change> change_of(const ClusterMap& map, const DescriptionOf& description) {
  const auto slot = member_named(map, description.member);
  if (!slot.ok()) return slot.error();
  return Change{{Describe{.node = map.at(slot.value()).id, .zone = description.zone, .weight = description.weight}}};
}

std::vector<PlannedMember> members_of(const ClusterMap& map, const std::vector<Holding>& before) {
  std::vector<PlannedMember> members;
  for (const Slot slot : by_address(map)) {
    PlannedMember member{.address = map.at(slot).address, .before = {}, .after = {}};
    if (slot < before.size()) member.before = member.after = before[slot];
    member.after.learners = 0;
    members.push_back(member);
  }
  return members;
}

class Places final {
 public:
  explicit Places(const ClusterMap& map) {
    for (const Slot slot : by_address(map)) places_.emplace(map.at(slot).id, places_.size());
  }
  std::size_t operator()(const NodeId& id) const { return id.empty() ? kNobody : places_.at(id); }
  std::vector<PlannedMove> operator()(const std::vector<Move>& moves) const {
    std::vector<PlannedMove> planned;
    for (const Move& move : moves)
      planned.push_back({.partition = move.partition, .from = (*this)(move.from), .to = (*this)(move.to)});
    return planned;
  }

 private:
  std::unordered_map<NodeId, std::size_t> places_;
};

void count(std::vector<PlannedMember>& members, const std::vector<PlannedMove>& moves,
           std::uint32_t Holding::*counted) {
  for (const PlannedMove& move : moves) {
    if (move.from != kNobody) --(members[move.from].after.*counted);
    if (move.to != kNobody) ++(members[move.to].after.*counted);
  }
}

}  // namespace

Result<Change> change_for(const ClusterMap& map, const Proposal& proposal) {
  return std::visit([&](const auto& one) { return change_of(map, one); }, proposal);
}

Result<Plan> plan_of(const ClusterMap& map, const Proposal& proposal) {
  const auto change = change_for(map, proposal);
  if (!change.ok()) return change.error();
  const auto next = cluster::apply(map, change.value());
  if (!next.ok()) return next.error();
  const Forecast forecast = cluster::forecast(next.value());
  const Forecast due = cluster::forecast(map);
  const Places place(next.value());
  Plan plan{.epoch = map.epoch,
            .members = members_of(next.value(), holdings(map)),
            .copies = place(forecast.copies),
            .primaries = place(forecast.primaries),
            .under_way = due.copies.size() + due.primaries.size()};
  count(plan.members, plan.copies, &Holding::in_sync);
  count(plan.members, plan.primaries, &Holding::primaries);
  return plan;
}

}  // namespace p2p::agreed
