#include "ctl/agreement_text.h"

#include "ctl/cluster_text.h"
#include "ctl/table_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

// Those of two generations, or of two recoveries, are further from each other.
constexpr std::int64_t kOtherGeneration = 1'000'000;

const view::State* newest_of(const std::vector<Told>& told) {
  const view::State* newest = nullptr;
  for (const Told& one : told)
    if (one.state.ok() && (newest == nullptr || one.state.value().epoch > newest->epoch)) newest = &one.state.value();
  return newest;
}

void add_answer(Survey& survey, const Told& told, const view::State& newest) {
  const view::State& state = told.state.value();
  if (state.cluster != newest.cluster) {
    survey.silent.push_back({told.address, "it is part of another cluster, " + state.cluster});
    return;
  }
  for (const view::BrokenLink& link : state.broken_links)
    survey.broken_links.push_back({told.address, link.address, link.since_ms, link.why});
  if (!state.waits_for.empty()) survey.waiting.push_back({told.address, state.waits_for});
  if (state.lease_left_ms == 0) survey.without_lease.push_back(told.address);
  if (state.epoch < survey.epoch) {
    survey.behind.push_back({told.address, survey.epoch - state.epoch});
    return;
  }
  ++survey.agree;
}

void add_times(Survey& survey, const std::vector<Told>& told) {
  std::vector<std::int64_t> learnt;
  for (const Told& one : told)
    if (one.state.ok() && one.state.value().epoch == survey.epoch) learnt.push_back(one.state.value().learnt_ms);
  const auto [first, last] = std::ranges::minmax(learnt);
  survey.since_ms = first;
  survey.spread_ms = last - first;
}

void add_voters(Survey& survey, const view::State& newest) {
  for (const view::Member& member : newest.members) {
    const bool is_down = member.state == view::MemberState::down;
    if (is_down) survey.down.push_back(member.address);
    if (!member.is_voter) continue;
    survey.voters.push_back(member.address);
    const auto is_it = [&](const Survey::Trouble& silent) { return silent.address == member.address; };
    if (is_down || std::ranges::any_of(survey.silent, is_it)) survey.voters_down.push_back(member.address);
  }
}

}  // namespace

bool Survey::is_healthy() const {
  return behind.empty() && silent.empty() && down.empty() && broken_links.empty() && waiting.empty() &&
         without_lease.empty();
}

Survey survey_of(const std::vector<Told>& told) {
  Survey survey;
  const view::State* newest = newest_of(told);
  if (newest == nullptr) return survey;
  survey.epoch = newest->epoch;
  survey.level = newest->feature_level;
  survey.members = told.size();
  for (const Told& one : told) {
    if (one.state.ok())
      add_answer(survey, one, *newest);
    else
      survey.silent.push_back({one.address, one.state.error().text});
  }
  add_times(survey, told);
  add_voters(survey, *newest);
  return survey;
}

std::string agreement_text(const Survey& survey, std::int64_t now_ms) {
  std::string text = fmt::format("{} of {} members at epoch {} since {} ({} ago)\n", survey.agree, survey.members,
                                 survey.epoch, utc_text(survey.since_ms), age_text(now_ms - survey.since_ms));
  text += fmt::format("change     the last one reached {} within {} ms\n",
                      survey.agree == survey.members ? "all" : "those that have it", survey.spread_ms);
  text += fmt::format(
      "voters     {}; {}{}\n", fmt::join(survey.voters, ", "),
      survey.voters_down.empty() ? "all are there" : fmt::format("missing: {}", fmt::join(survey.voters_down, ", ")),
      survey.has_majority() ? "" : "; no majority: nothing can be decided until one is back");
  text += fmt::format("level      {}\n", survey.level);
  for (const auto& one : survey.behind)
    text += one.epochs < kOtherGeneration ? fmt::format("behind     {}, by {} epochs\n", one.address, one.epochs)
                                          : fmt::format("behind     {}, by a recovery\n", one.address);
  for (const auto& one : survey.silent) text += fmt::format("silent     {}: {}\n", one.address, one.why);
  for (const auto& one : survey.down) text += fmt::format("down       {}\n", one);
  for (const auto& one : survey.broken_links)
    text += fmt::format("link       {} does not reach {} for {}: {}\n", one.from, one.to,
                        age_text(now_ms - one.since_ms), one.why);
  for (const auto& one : survey.waiting) text += fmt::format("waits      {}: {}\n", one.address, one.why);
  for (const auto& one : survey.without_lease) text += fmt::format("no lease   {}\n", one);
  return text;
}

nlohmann::json agreement_json(const Survey& survey) {
  nlohmann::json behind = nlohmann::json::array();
  for (const auto& one : survey.behind) behind.push_back({{"node", one.address}, {"epochs", one.epochs}});
  nlohmann::json silent = nlohmann::json::array();
  for (const auto& one : survey.silent) silent.push_back({{"node", one.address}, {"why", one.why}});
  nlohmann::json links = nlohmann::json::array();
  for (const auto& one : survey.broken_links)
    links.push_back({{"from", one.from}, {"to", one.to}, {"since_ms", one.since_ms}, {"why", one.why}});
  nlohmann::json waiting = nlohmann::json::array();
  for (const auto& one : survey.waiting) waiting.push_back({{"node", one.address}, {"why", one.why}});
  return {{"epoch", survey.epoch},
          {"since_ms", survey.since_ms},
          {"spread_ms", survey.spread_ms},
          {"members", survey.members},
          {"agree", survey.agree},
          {"behind", std::move(behind)},
          {"silent", std::move(silent)},
          {"down", survey.down},
          {"voters", survey.voters},
          {"voters_down", survey.voters_down},
          {"majority", survey.has_majority()},
          {"level", survey.level},
          {"broken_links", std::move(links)},
          {"waiting", std::move(waiting)},
          {"without_lease", survey.without_lease},
          {"healthy", survey.is_healthy()}};
}

}  // namespace p2p::ctl
