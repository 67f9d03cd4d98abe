#include "ctl/cluster_text.h"

#include "ctl/table_text.h"
#include "documents/cluster_json.h"
#include "documents/event_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace p2p::ctl {

namespace view = cluster_view;
using documents::member_state_text;
using documents::peaks_of;
using documents::share_of;
using documents::takes_copies;
using Rows = std::vector<std::vector<std::string>>;

namespace {

constexpr std::size_t kIdShown = 8;  // digits of an id, unless two members need more to be told apart

std::size_t digits_shown(const std::vector<view::Member>& members) {
  std::vector<std::string> ids;
  for (const view::Member& member : members) ids.push_back(member.id);
  std::ranges::sort(ids);
  std::size_t digits = kIdShown;
  for (std::size_t at = 1; at < ids.size(); ++at) {
    const auto differ = std::ranges::mismatch(ids[at - 1], ids[at]);
    digits = std::max(digits, static_cast<std::size_t>(differ.in1 - ids[at - 1].begin()) + 1);
  }
  return digits;
}

std::string table(const Rows& rows) {
  std::string text;
  for (const std::string& line : table_lines(rows)) text += line + '\n';
  return text;
}

bool is_up(const view::Member& member) { return member.state != view::MemberState::down; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

// --- members ---------------------------------------------------------------------------------------------------------

std::string members_text(const view::State& state, std::int64_t now_ms) {
  const std::size_t digits = digits_shown(state.members);
  Rows rows{{"ID", "ADDRESS", "STATE", "ZONE", "WEIGHT", "VOTER", "EPOCH", "SINCE"}};
  for (const view::Member& member : state.members) {
    rows.push_back({member.id.substr(0, digits), member.address, member_state_text(member.state), or_dash(member.zone),
                    std::to_string(member.weight), member.is_voter ? "yes" : "no", std::to_string(member.since),
                    member.__isset.since_ms ? age_text(now_ms - member.since_ms) : "-"});
  }
  std::string text = table(rows);
  text += fmt::format("{} of {} members are up; epoch {} for {}; feature level {}; cluster {}\n",
                      std::ranges::count_if(state.members, is_up), state.members.size(), state.epoch,
                      age_text(now_ms - state.learnt_ms), state.feature_level, state.cluster);
  if (state.generation > 0)
    text += fmt::format("generation {}: an operator went on without a majority of the voters\n", state.generation);
  for (const view::Member& member : state.members)
    if (!takes_copies(member))
      text += fmt::format("{} takes no further copies: its memory is full (memory_max)\n", member.address);
  if (!state.waits_for.empty()) text += fmt::format("this node is not ready: {}\n", state.waits_for);
  return text;
}

// --- map -------------------------------------------------------------------------------------------------------------

std::string map_text(const view::State& state) {
  Rows rows{{"MEMBER", "STATE", "WEIGHT", "SHARE", "PRIMARIES", "IN SYNC", "LEARNERS"}};
  for (const view::Member& member : state.members)
    rows.push_back({member.address, member_state_text(member.state), std::to_string(member.weight),
                    fmt::format("{:.1f} %", 100 * share_of(state, member)), std::to_string(member.primaries),
                    std::to_string(member.in_sync), std::to_string(member.learners)});
  const documents::Peaks peaks = peaks_of(state);
  std::string text = table(rows);
  text += fmt::format("{} partitions at epoch {}: {} have all of their copies in sync, {} do not\n", state.partitions,
                      state.epoch, state.complete, state.under_replicated);
  if (state.unserved > 0) text += fmt::format("of {} partitions all copies are down\n", state.unserved);
  text += fmt::format("peak over average, by weight: {:.2f} of primaries, {:.2f} of copies\n", peaks.primaries,
                      peaks.copies);
  return text;
}

std::string partitions_text(const std::vector<view::Partition>& partitions) {
  Rows rows{{"PARTITION", "PRIMARY", "IN SYNC", "LEARNERS"}};
  for (const view::Partition& partition : partitions)
    rows.push_back({std::to_string(partition.number), partition.primary,
                    fmt::format("{}", fmt::join(partition.in_sync, " ")),
                    partition.learners.empty() ? "-" : fmt::format("{}", fmt::join(partition.learners, " "))});
  return table(rows);
}

// --- plan ------------------------------------------------------------------------------------------------------------

namespace {

std::string name_of(const view::Plan& plan, std::int32_t place, const char* nobody) {
  return place >= 0 && static_cast<std::size_t>(place) < plan.members.size()
             ? plan.members[static_cast<std::size_t>(place)].address
             : nobody;
}

std::string move_lines(const view::Plan& plan, const std::vector<view::Move>& moves, const char* what,
                       std::int32_t count) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<std::int32_t>> by_ends;
  for (const view::Move& move : moves) by_ends[{move.giver, move.receiver}].push_back(move.partition);
  std::string text;
  for (const auto& [ends, numbers] : by_ends)
    text += fmt::format("{} of {} from {} to {}: {}\n", what, numbers.size(), name_of(plan, ends.first, "nobody"),
                        name_of(plan, ends.second, "nobody"), ranges_text(numbers));
  if (static_cast<std::size_t>(count) > moves.size())
    text += fmt::format("and {} {} more\n", static_cast<std::size_t>(count) - moves.size(), what);
  return text;
}

nlohmann::json moves_json(const view::Plan& plan, const std::vector<view::Move>& moves) {
  nlohmann::json told = nlohmann::json::array();
  for (const view::Move& move : moves)
    told.push_back({{"partition", move.partition},
                    {"from", name_of(plan, move.giver, "")},
                    {"to", name_of(plan, move.receiver, "")}});
  return told;
}

}  // namespace

std::string plan_text(const view::Plan& plan) {
  Rows rows{{"MEMBER", "PRIMARIES", "THEN", "COPIES", "THEN"}};
  for (const view::Holding& member : plan.members)
    rows.push_back({member.address, std::to_string(member.primaries_before), std::to_string(member.primaries_after),
                    std::to_string(member.copies_before), std::to_string(member.copies_after)});
  std::string text = table(rows);
  text += fmt::format("{} copies and {} primaries would move, at epoch {}\n", plan.copies_count, plan.primaries_count,
                      plan.epoch);
  if (plan.under_way > 0) text += fmt::format("{} moves are due or under way without that\n", plan.under_way);
  text += move_lines(plan, plan.copies, "copies", plan.copies_count);
  return text + move_lines(plan, plan.primaries, "primaries", plan.primaries_count);
}

nlohmann::json plan_json(const view::Plan& plan) {
  nlohmann::json members = nlohmann::json::array();
  for (const view::Holding& member : plan.members)
    members.push_back({{"address", member.address},
                       {"primaries_before", member.primaries_before},
                       {"primaries_after", member.primaries_after},
                       {"copies_before", member.copies_before},
                       {"copies_after", member.copies_after}});
  return {{"epoch", plan.epoch},
          {"members", std::move(members)},
          {"copies", moves_json(plan, plan.copies)},
          {"primaries", moves_json(plan, plan.primaries)},
          {"copies_count", plan.copies_count},
          {"primaries_count", plan.primaries_count},
          {"under_way", plan.under_way}};
}

// --- watch -----------------------------------------------------------------------------------------------------------

std::string utc_text(std::int64_t at_ms) {
  return fmt::format("{:%F %T}.{:03}", fmt::gmtime(static_cast<std::time_t>(at_ms / 1000)), at_ms % 1000);
}

std::string event_text(const view::Event& event) {
  return fmt::format("{}  epoch {}: {}", utc_text(event.at_ms), event.epoch, documents::event_sentence(event));
}

}  // namespace p2p::ctl
