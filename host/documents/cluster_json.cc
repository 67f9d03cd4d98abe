#include "documents/cluster_json.h"

#include <algorithm>
#include <cstddef>
#include <map>

namespace p2p::documents {

namespace view = cluster_view;

namespace {

nlohmann::json member_json(const view::Member& member) {
  nlohmann::json told = {{"id", member.id},
                         {"address", member.address},
                         {"boot", member.boot},
                         {"state", member_state_text(member.state)},
                         {"epoch", member.since},
                         {"zone", member.zone},
                         {"weight", member.weight},
                         {"services", member.services},
                         {"voter", member.is_voter},
                         {"feature_level", member.feature_level},
                         {"primaries", member.primaries},
                         {"in_sync", member.in_sync},
                         {"learners", member.learners},
                         {"takes_copies", takes_copies(member)}};
  if (member.__isset.since_ms)
    told["since_ms"] = member.since_ms;
  else
    told["since_ms"] = nullptr;
  return told;
}

nlohmann::json head_json(const view::State& state) {
  return {{"cluster", state.cluster},       {"epoch", state.epoch},        {"learnt_ms", state.learnt_ms},
          {"generation", state.generation}, {"node", state.node},          {"lease_left_ms", state.lease_left_ms},
          {"waits_for", state.waits_for},   {"copies", state.copies},      {"copies_min", state.copies_min},
          {"partitions", state.partitions}, {"level", state.feature_level}};
}

double peak(const view::State& state, std::int32_t view::Member::*held) {
  double fullest = 0;
  double all = 0;
  double weights = 0;
  for (const view::Member& member : state.members) {
    all += member.*held;
    if (!member.is_holder) continue;
    weights += member.weight;
    fullest = std::max(fullest, static_cast<double>(member.*held) / member.weight);
  }
  return all > 0 && weights > 0 ? fullest * weights / all : 0;
}

}  // namespace

std::string member_state_text(view::MemberState::type state) {
  switch (state) {
    case view::MemberState::up:
      return "up";
    case view::MemberState::leaving:
      return "leaving";
    case view::MemberState::down:
      return "down";
  }
  return "unknown";
}

bool takes_copies(const view::Member& member) { return !member.__isset.takes_copies || member.takes_copies; }

double share_of(const view::State& state, const view::Member& member) {
  return state.partitions == 0 ? 0 : static_cast<double>(member.primaries) / state.partitions;
}

Peaks peaks_of(const view::State& state) {
  return {.primaries = peak(state, &view::Member::primaries), .copies = peak(state, &view::Member::in_sync)};
}

nlohmann::json members_json(const view::State& state) {
  nlohmann::json told = head_json(state);
  told["members"] = nlohmann::json::array();
  for (const view::Member& member : state.members) told["members"].push_back(member_json(member));
  return told;
}

nlohmann::json map_json(const view::State& state) {
  nlohmann::json told = members_json(state);
  for (std::size_t at = 0; at < state.members.size(); ++at)
    told["members"][at]["share"] = share_of(state, state.members[at]);
  const Peaks peaks = peaks_of(state);
  told["complete"] = state.complete;
  told["under_replicated"] = state.under_replicated;
  told["unserved"] = state.unserved;
  told["peak_over_average"] = {{"primaries", peaks.primaries}, {"copies", peaks.copies}};
  return told;
}

nlohmann::json partitions_json(const std::vector<view::Partition>& partitions) {
  nlohmann::json told = nlohmann::json::array();
  for (const view::Partition& one : partitions)
    told.push_back(
        {{"partition", one.number}, {"primary", one.primary}, {"in_sync", one.in_sync}, {"learners", one.learners}});
  return told;
}

nlohmann::json holders_json(const view::Partitions& told) {
  std::map<std::string, std::size_t> places;
  std::vector<std::string> members;
  const auto place = [&](const std::string& address) {
    const auto [found, is_new] = places.emplace(address, members.size());
    if (is_new) members.push_back(address);
    return found->second;
  };
  const auto all = [&](const std::vector<std::string>& addresses) {
    nlohmann::json listed = nlohmann::json::array();
    for (const std::string& address : addresses) listed.push_back(place(address));
    return listed;
  };
  nlohmann::json primary = nlohmann::json::array();
  nlohmann::json in_sync = nlohmann::json::array();
  nlohmann::json learners = nlohmann::json::object();
  for (const view::Partition& one : told.partitions) {
    primary.push_back(place(one.primary));
    in_sync.push_back(all(one.in_sync));
    if (!one.learners.empty()) learners[std::to_string(one.number)] = all(one.learners);
  }
  return {
      {"epoch", told.epoch}, {"members", members}, {"primary", primary}, {"in_sync", in_sync}, {"learners", learners}};
}

}  // namespace p2p::documents
