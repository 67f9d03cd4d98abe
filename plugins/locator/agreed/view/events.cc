#include "agreed/view/events.h"

#include <algorithm>
#include <map>
#include <utility>

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::kNoSlot;
using cluster::Member;
using cluster::MemberState;
using cluster::Partition;
using cluster::Slot;

namespace {

class Comparison final {
 public:
  Comparison(const ClusterMap& before, const ClusterMap& after) : before_(before), after_(after) {}

  std::vector<Event> list() && {
    if (before_.generation != after_.generation)
      add({.kind = EventKind::recovered,
           .count = static_cast<std::uint32_t>(after_.generation),
           .text = std::to_string(after_.recovered_from)});
    members();
    if (voters(before_) != voters(after_)) add({.kind = EventKind::voters, .text = voters(after_)});
    if (before_.feature_level != after_.feature_level)
      add({.kind = EventKind::level_raised, .count = after_.feature_level});
    partitions();
    return std::move(events_);
  }

 private:
  void add(Event event) { events_.push_back(std::move(event)); }
  void add(EventKind kind, const Member& member, std::uint32_t count = 0, std::string text = {}) {
    add({.kind = kind, .node = member.address, .id = member.id, .count = count, .text = std::move(text)});
  }

  // --- members ---

  void members() {
    for (const Member& was : before_.members)
      if (!was.id.empty() && after_.slot_of(was.id) == kNoSlot) add(EventKind::removed, was);
    for (const Member& is : after_.members) {
      if (is.id.empty()) continue;
      const Slot slot = before_.slot_of(is.id);
      if (slot == kNoSlot) {
        add(EventKind::joined, is);
        if (is.state != MemberState::up) state(is);
      } else {
        compare(before_.at(slot), is);
      }
    }
  }

  void compare(const Member& was, const Member& is) {
    const bool is_later_life = was.boot != is.boot || was.address != is.address;
    if (was.state != is.state || is_later_life) state(is);
    std::string text;
    if (was.weight != is.weight) text += "weight " + std::to_string(was.weight) + " to " + std::to_string(is.weight);
    if (was.zone != is.zone) text += (text.empty() ? "zone '" : ", zone '") + was.zone + "' to '" + is.zone + '\'';
    if (was.services != is.services) text += text.empty() ? "services" : ", services";
    if (!text.empty()) add(EventKind::described, is, 0, text);
  }

  void state(const Member& is) {
    switch (is.state) {
      case MemberState::up:
        return add(EventKind::up, is);
      case MemberState::leaving:
        return add(EventKind::leaving, is);
      case MemberState::down:
        return add(EventKind::down, is);
    }
  }

  static std::string voters(const ClusterMap& map) {
    std::string names;
    for (const Slot voter : map.voters) names += (names.empty() ? "" : ", ") + map.at(voter).address.name();
    return names;
  }

  // --- partitions ---

  // Whether both maps have one member in this slot.
  bool is_same(Slot slot) const {
    return slot < before_.members.size() && slot < after_.members.size() &&
           before_.members[slot].id == after_.members[slot].id;
  }

  void partitions() {
    std::map<std::pair<Slot, Slot>, std::uint32_t> moved;
    std::map<Slot, std::uint32_t> added;
    std::map<Slot, std::uint32_t> ended;
    std::map<Slot, std::uint32_t> empty;
    for (std::size_t at = 0; at < std::min(before_.partitions.size(), after_.partitions.size()); ++at) {
      const Partition& was = before_.partitions[at];
      const Partition& is = after_.partitions[at];
      if (was.term == is.term) continue;  // M1: nothing of what follows has changed
      if (was.primary != is.primary || !is_same(is.primary)) ++moved[{was.primary, is.primary}];
      if (was.born != is.born) ++empty[is.primary];
      for (const Slot copy : is.in_sync) added[copy] += was.is_in_sync(copy) && is_same(copy) ? 0 : 1;
      for (const Slot copy : was.in_sync) ended[copy] += is.is_in_sync(copy) && is_same(copy) ? 0 : 1;
    }
    for (const auto& [ends, count] : moved)
      add({.kind = EventKind::primaries_moved,
           .node = before_.at(ends.first).address,
           .id = before_.at(ends.first).id,
           .other = after_.at(ends.second).address,
           .count = count});
    list(EventKind::copies_added, after_, added);
    list(EventKind::copies_ended, before_, ended);
    list(EventKind::started_empty, after_, empty);
  }

  void list(EventKind kind, const ClusterMap& map, const std::map<Slot, std::uint32_t>& counts) {
    for (const auto& [slot, count] : counts)
      if (count > 0) add(kind, map.at(slot), count);
  }

  const ClusterMap& before_;
  const ClusterMap& after_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> events_between(const ClusterMap& before, const ClusterMap& after) {
  return Comparison(before, after).list();
}

void EventLog::note(std::shared_ptr<const ClusterMap> map, std::chrono::milliseconds at) {
  const bool is_first = map_ == nullptr || map_->cluster != map->cluster;
  if (is_first) {
    entries_.clear();
    states_.clear();
    complete_after_ = map->epoch;
  } else if (map->epoch <= map_->epoch) {
    return;
  } else {
    for (Event& event : events_between(*map_, *map))
      entries_.push_back({.epoch = map->epoch, .at = at, .event = std::move(event)});
  }
  map_ = std::move(map);
  learnt_at_ = at;
  for (; entries_.size() > kEventsKept; entries_.pop_front()) complete_after_ = entries_.front().epoch;
  note_states(at, is_first);
}

void EventLog::note_states(std::chrono::milliseconds at, bool is_first) {
  std::erase_if(states_, [&](const auto& one) { return map_->slot_of(one.first) == kNoSlot; });
  for (const Member& member : map_->members) {
    if (member.id.empty()) continue;
    const auto [known, is_new] = states_.try_emplace(member.id);
    if (!is_new && known->second.since == member.since) continue;
    known->second.since = member.since;
    known->second.at = is_first && member.since < map_->epoch ? std::nullopt : std::optional(at);
  }
}

std::optional<std::chrono::milliseconds> EventLog::since(const cluster::NodeId& member) const {
  const auto known = states_.find(member);
  return known == states_.end() ? std::nullopt : known->second.at;
}

EventLog::Found EventLog::after(cluster::Epoch epoch) const {
  Found found{.missed = epoch < complete_after_, .entries = {}};
  for (const Entry& entry : entries_)
    if (entry.epoch > epoch) found.entries.push_back(entry);
  return found;
}

}  // namespace p2p::agreed
