#include "ctl/recovery_text.h"

#include "ctl/cluster_text.h"
#include "ctl/table_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

constexpr std::size_t kIdTyped = 8;  // digits
constexpr std::size_t kPartitionsShown = 64;

std::string missing_since(const view::GivenUp& voter, std::int64_t now_ms) {
  if (!voter.__isset.since_ms) return "not reached now";
  return fmt::format("not reached for {}, since {}", age_text(now_ms - voter.since_ms), utc_text(voter.since_ms));
}

std::string lost_text(const view::RecoveryPlan& plan) {
  if (plan.lost_count == 0) return "none: each partition has a copy in sync at another member";
  const std::size_t shown = std::min(plan.lost.size(), kPartitionsShown);
  const std::vector<std::int32_t> first(plan.lost.begin(), plan.lost.begin() + static_cast<std::ptrdiff_t>(shown));
  return fmt::format("{} partitions have their last in-sync copies at these voters, and begin empty: {}{}",
                     plan.lost_count, ranges_text(first),
                     shown < static_cast<std::size_t>(plan.lost_count) ? ", ..." : "");
}

}  // namespace

std::string confirmation_of(const view::RecoveryPlan& plan) { return plan.cluster.substr(0, kIdTyped); }

std::string recovery_text(const view::RecoveryPlan& plan, std::int64_t now_ms) {
  std::string text =
      fmt::format("cluster    {} goes on as generation {} from epoch {}\n", plan.cluster, plan.generation, plan.epoch);
  text += fmt::format("survivors  {}\n", fmt::join(plan.survivors, ", "));
  text += fmt::format("voters     {}\n", fmt::join(plan.voters, ", "));
  for (const view::GivenUp& voter : plan.given_up)
    text += fmt::format("given up   {} ({}): {}\n", voter.address, voter.id.substr(0, kIdTyped),
                        missing_since(voter, now_ms));
  text += fmt::format(
      "void       every change after epoch {} that the voters given up have decided: nobody here knows "
      "whether there is one\n",
      plan.epoch);
  text += fmt::format("lost       {}\n", lost_text(plan));
  text +=
      "Voters that are given up are members no more, for good: one that comes back joins as a new node, without its "
      "data. If they\nlive on the other side of a broken link, two networks answer clients until they meet.\n";
  return text;
}

nlohmann::json recovery_json(const view::RecoveryPlan& plan) {
  nlohmann::json given_up = nlohmann::json::array();
  for (const view::GivenUp& voter : plan.given_up) {
    given_up.push_back({{"id", voter.id}, {"address", voter.address}});
    if (voter.__isset.since_ms)
      given_up.back()["since_ms"] = voter.since_ms;
    else
      given_up.back()["since_ms"] = nullptr;
  }
  return {{"cluster", plan.cluster},       {"epoch", plan.epoch},   {"generation", plan.generation},
          {"survivors", plan.survivors},   {"voters", plan.voters}, {"given_up", std::move(given_up)},
          {"lost_count", plan.lost_count}, {"lost", plan.lost},     {"begun", plan.begun}};
}

}  // namespace p2p::ctl
