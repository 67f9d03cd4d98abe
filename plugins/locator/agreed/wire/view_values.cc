#include "agreed/wire/view_values.h"

#include "agreed/view/report.h"
#include "cluster/planner/shares.h"

#include <algorithm>
#include <string>

namespace p2p::agreed::view_wire {

namespace view = ::cluster_view;
using cluster::ClusterMap;
using cluster::MemberState;
using cluster::Slot;

namespace {

std::int64_t number(cluster::Epoch epoch) { return static_cast<std::int64_t>(epoch); }

template <class Count>
std::int32_t small(Count count) {
  return static_cast<std::int32_t>(count);
}

view::MemberState::type to_wire(MemberState state) {
  switch (state) {
    case MemberState::up:
      return view::MemberState::up;
    case MemberState::leaving:
      return view::MemberState::leaving;
    case MemberState::down:
      return view::MemberState::down;
  }
  return view::MemberState::down;
}

view::Member member(const Knowledge& known, Slot slot, const Holding& holding, const cluster::Holders& holders) {
  const cluster::Member& is = known.map->at(slot);
  view::Member told;
  told.id = is.id.text();
  told.address = is.address.name();
  told.boot = number(is.boot.number);
  told.state = to_wire(is.state);
  told.since = number(is.since);
  if (const auto since = known.since.find(is.id); since != known.since.end())
    told.__set_since_ms(since->second.count());
  told.zone = is.zone;
  told.weight = small(is.weight);
  told.services = is.services;
  told.is_voter = known.map->is_voter(slot);
  told.feature_level = small(is.feature_level);
  told.primaries = small(holding.primaries);
  told.in_sync = small(holding.in_sync);
  told.learners = small(holding.learners);
  told.is_holder = holders.include(is);
  if (!is.takes_copies) told.__set_takes_copies(false);
  return told;
}

// Of members that are up: that the others are not reached is no news.
std::vector<view::BrokenLink> broken_links(const Knowledge& known) {
  std::vector<view::BrokenLink> told;
  for (const auto& [node, link] : known.broken_links) {
    const Slot slot = known.map->slot_of(node);
    if (slot == cluster::kNoSlot || !known.map->is_up(slot)) continue;
    view::BrokenLink one;
    one.address = known.map->at(slot).address.name();
    one.since_ms = link.since.count();
    one.why = link.why;
    told.push_back(std::move(one));
  }
  std::ranges::sort(told, {}, &view::BrokenLink::address);
  return told;
}

view::EventKind::type to_wire(EventKind kind) {
  switch (kind) {
    case EventKind::joined:
      return view::EventKind::joined;
    case EventKind::up:
      return view::EventKind::up;
    case EventKind::leaving:
      return view::EventKind::leaving;
    case EventKind::down:
      return view::EventKind::down;
    case EventKind::removed:
      return view::EventKind::removed;
    case EventKind::described:
      return view::EventKind::described;
    case EventKind::voters:
      return view::EventKind::voters;
    case EventKind::primaries_moved:
      return view::EventKind::primaries_moved;
    case EventKind::copies_added:
      return view::EventKind::copies_added;
    case EventKind::copies_ended:
      return view::EventKind::copies_ended;
    case EventKind::started_empty:
      return view::EventKind::started_empty;
    case EventKind::level_raised:
      return view::EventKind::level_raised;
    case EventKind::recovered:
      return view::EventKind::recovered;
  }
  return view::EventKind::described;
}

std::string name_of(const NodeAddress& address) { return address.empty() ? "" : address.name(); }

view::Event event(const EventLog::Entry& entry) {
  view::Event told;
  told.epoch = number(entry.epoch);
  told.at_ms = entry.at.count();
  told.kind = to_wire(entry.event.kind);
  told.node = name_of(entry.event.node);
  if (!entry.event.id.empty()) told.id = entry.event.id.text();
  told.other = name_of(entry.event.other);
  told.count = small(entry.event.count);
  told.text = entry.event.text;
  return told;
}

view::Partition partition(const ClusterMap& map, std::size_t at) {
  const cluster::Partition& is = map.partitions[at];
  const auto name = [&](Slot slot) { return map.at(slot).address.name(); };
  view::Partition told;
  told.number = small(at);
  told.primary = name(is.primary);
  for (const Slot copy : is.in_sync) told.in_sync.push_back(name(copy));
  cluster::Epoch changed = is.term;
  for (const cluster::Learner& learner : is.learners) {
    told.learners.push_back(name(learner.node));
    changed = std::max(changed, learner.since);
  }
  told.__set_term(number(is.term));
  told.__set_changed(number(changed));
  return told;
}

std::vector<view::Move> moves(const std::vector<PlannedMove>& planned) {
  const auto place = [](std::size_t at) { return at == kNobody ? -1 : small(at); };
  std::vector<view::Move> told;
  for (const PlannedMove& move : planned) {
    if (told.size() == kMovesToldMax) break;
    view::Move one;
    one.partition = small(move.partition);
    one.giver = place(move.from);
    one.receiver = place(move.to);
    told.push_back(one);
  }
  return told;
}

Result<std::uint32_t> weight(std::int32_t on_wire) {
  if (on_wire >= 0 && on_wire <= static_cast<std::int32_t>(cluster::kWeightMax))
    return static_cast<std::uint32_t>(on_wire);
  return Error{ErrorKind::invalid, "a weight is from 0 to " + std::to_string(cluster::kWeightMax)};
}

Result<Proposal> join_proposal(const view::Proposal& on_wire, std::uint32_t weight) {
  const auto address = parse_node_address(on_wire.join);
  if (!address.ok()) return address.error();
  return Proposal(JoinOf{.address = address.value(), .weight = weight, .zone = on_wire.zone});
}

}  // namespace

view::State state(const Knowledge& known, std::chrono::milliseconds lease_left) {
  const ClusterMap& map = *known.map;
  view::State told;
  told.cluster = map.cluster.text();
  told.epoch = number(map.epoch);
  told.learnt_ms = known.learnt_at.count();
  told.generation = number(map.generation);
  told.partitions = small(map.partitions.size());
  told.copies = small(map.copies);
  told.copies_min = small(map.copies_min);
  told.feature_level = small(map.feature_level);
  const auto held = holdings(map);
  const cluster::Holders holders(map);
  for (const Slot slot : by_address(map)) told.members.push_back(member(known, slot, held[slot], holders));
  const Completeness found = completeness(map);
  told.complete = small(found.complete);
  told.under_replicated = small(found.under_replicated);
  told.unserved = small(found.unserved);
  told.node = known.self.text();
  told.lease_left_ms = lease_left.count();
  told.waits_for = known.waits_for;
  told.broken_links = broken_links(known);
  return told;
}

view::Partitions partitions(const ClusterMap& map, std::size_t first, std::size_t count) {
  view::Partitions told;
  told.epoch = number(map.epoch);
  const std::size_t end = std::min(map.partitions.size(), first + std::min(count, kPartitionsToldMax));
  for (std::size_t at = first; at < end; ++at) told.partitions.push_back(partition(map, at));
  return told;
}

view::Events events(const ClusterObserver::Happened& happened) {
  view::Events told;
  told.cluster = happened.map->cluster.text();
  told.epoch = number(happened.map->epoch);
  told.missed = happened.found.missed;
  for (const EventLog::Entry& entry : happened.found.entries) told.events.push_back(event(entry));
  return told;
}

Result<Proposal> proposal(const view::Proposal& on_wire) {
  const int named = int{on_wire.__isset.join} + int{on_wire.__isset.leave} + int{on_wire.__isset.describe};
  if (named != 1) return Error{ErrorKind::invalid, "a plan is for one join, one leave or one description"};
  const auto wanted = weight(on_wire.__isset.weight ? on_wire.weight : static_cast<int>(cluster::kWeightDefault));
  if (!wanted.ok()) return wanted.error();
  if (on_wire.__isset.join) return join_proposal(on_wire, wanted.value());
  if (on_wire.__isset.leave) return Proposal(LeaveOf{.member = on_wire.leave});
  DescriptionOf description{.member = on_wire.describe};
  if (on_wire.__isset.weight) description.weight = wanted.value();
  if (on_wire.__isset.zone) description.zone = on_wire.zone;
  return Proposal(std::move(description));
}

view::Plan plan(const Plan& plan) {
  view::Plan told;
  told.epoch = number(plan.epoch);
  for (const PlannedMember& member : plan.members) {
    view::Holding one;
    one.address = member.address.name();
    one.primaries_before = small(member.before.primaries);
    one.primaries_after = small(member.after.primaries);
    one.copies_before = small(member.before.in_sync);
    one.copies_after = small(member.after.in_sync);
    told.members.push_back(std::move(one));
  }
  told.copies = moves(plan.copies);
  told.primaries = moves(plan.primaries);
  told.copies_count = small(plan.copies.size());
  told.primaries_count = small(plan.primaries.size());
  told.under_way = small(plan.under_way);
  return told;
}

view::RecoveryPlan recovery_plan(const RecoveryTold& recovery, const Knowledge& known) {
  const ClusterMap& map = *recovery.map;
  const auto names = [&](const std::vector<cluster::NodeId>& nodes) {
    std::vector<std::string> all;
    for (const cluster::NodeId& node : nodes) all.push_back(map.at(map.slot_of(node)).address.name());
    return all;
  };
  view::RecoveryPlan told;
  told.cluster = map.cluster.text();
  told.epoch = number(recovery.plan.epoch);
  told.generation = number(map.generation + 1);
  told.survivors = names(recovery.plan.recovery.survivors);
  told.voters = names(recovery.plan.recovery.voters);
  for (const Slot slot : recovery.plan.given_up) {
    view::GivenUp one;
    one.id = map.at(slot).id.text();
    one.address = map.at(slot).address.name();
    const auto link = known.broken_links.find(map.at(slot).id);
    if (link != known.broken_links.end()) one.__set_since_ms(link->second.since.count());
    told.given_up.push_back(std::move(one));
  }
  told.lost_count = small(recovery.plan.lost.size());
  for (const std::uint32_t partition : recovery.plan.lost)
    if (told.lost.size() < kLostToldMax) told.lost.push_back(small(partition));
  told.begun = recovery.is_begun;
  return told;
}

}  // namespace p2p::agreed::view_wire
