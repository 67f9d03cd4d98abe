// recover: an operator goes on without a majority of the voters, at one of the survivors, over its admin socket.
#include "ctl/cluster_verbs.h"
#include "ctl/recovery_text.h"
#include "ctl/verbs.h"

#include <ClusterAdmin.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

using AdminClient = view::ClusterAdminClient;

// The survivors leave the old generation, and its leases run out, within seconds.
constexpr Duration kRecoveryPatience = std::chrono::seconds(30);
constexpr Duration kLookEvery = std::chrono::milliseconds(200);

struct RecoverWords {
  std::vector<std::string> survivors;
  bool yes = false;
};

bool is_typed(const view::RecoveryPlan& plan) {
  fmt::print(stderr, "To give these voters up, type the first digits of the cluster's id, {}: ", confirmation_of(plan));
  std::string typed;
  return static_cast<bool>(std::getline(std::cin, typed)) && typed == confirmation_of(plan);
}

// False, and said why: it is not to be done.
bool is_confirmed(const view::RecoveryPlan& plan, const RecoverWords& words) {
  if (words.yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    complain("nothing was done: a recovery has to be confirmed; use it on a terminal, or with --yes");
    return false;
  }
  if (is_typed(plan)) return true;
  complain("nothing was done: it was not confirmed");
  return false;
}

void show_plan(const Session& session, const view::RecoveryPlan& plan) {
  // The one document of --json is the outcome.
  fmt::print(session.json ? stderr : stdout, "{}", recovery_text(plan, now_ms()));
  static_cast<void>(std::fflush(stdout));
}

// What the node waits for; empty: it decides again.
std::string left_to_do(Connection& node, const view::RecoveryPlan& plan) {
  const auto state = ask_cluster(node);
  if (!state.ok()) return state.error().text;
  if (state.value().generation >= plan.generation && state.value().lease_left_ms > 0) return "";
  return state.value().waits_for.empty() ? "the survivors have not all left the old generation"
                                         : state.value().waits_for;
}

ExitCode await_opening(const Session& session, view::RecoveryPlan plan) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto until = std::chrono::steady_clock::now() + kRecoveryPatience;
  std::string waits_for = left_to_do(node.value(), plan);
  while (!waits_for.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLookEvery);
    waits_for = left_to_do(node.value(), plan);
  }
  nlohmann::json document = recovery_json(plan);
  document["done"] = waits_for.empty();
  show(session, document,
       waits_for.empty() ? fmt::format("generation {} has begun, and decides again\n", plan.generation) : "");
  if (waits_for.empty()) return ExitCode::done;
  complain(fmt::format("begun, and not done yet: {}; it goes on by itself", waits_for));
  return ExitCode::failed;
}

ExitCode recover(const Session& session, const RecoverWords& words) {
  auto admin = connect_admin(session);
  if (!admin.ok()) return report(admin.error());
  const auto plan = admin.value().ask<AdminClient>(kClusterAdmin, [&](auto& client) {
    view::RecoveryPlan told;
    client.plan_recovery(told, words.survivors);
    return told;
  });
  if (!plan.ok()) return report(explained(plan.error()));
  show_plan(session, plan.value());
  if (!is_confirmed(plan.value(), words)) return ExitCode::usage;
  std::vector<std::string> given_up;
  for (const view::GivenUp& voter : plan.value().given_up) given_up.push_back(voter.id);
  auto begun = admin.value().ask<AdminClient>(kClusterAdmin, [&](auto& client) {
    view::RecoveryPlan told;
    client.recover(told, words.survivors, plan.value().epoch, given_up);
    return told;
  });
  if (!begun.ok()) return report(explained(begun.error()));
  return await_opening(session, std::move(begun).value());
}

}  // namespace

void add_recover_verb(CLI::App& app, Session& session) {
  const auto words = std::make_shared<RecoverWords>();
  CLI::App* verb =
      add_verb(app, session, "recover",
               "go on without a majority of the voters that is lost for good, after saying what may be lost",
               [words](const Session& asked) { return recover(asked, *words); });
  verb->add_option(
      "SURVIVOR", words->survivors,
      "members to go on with, as HOST:PORT or the beginning of an id (default: all that the node reaches)");
  verb->add_flag("--yes", words->yes, "do it without asking");
}

}  // namespace p2p::ctl
