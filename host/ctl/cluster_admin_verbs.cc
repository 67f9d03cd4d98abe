// remove, weight: what changes an agreed cluster goes over the admin socket of one of its nodes.
#include "ctl/cluster_verbs.h"
#include "ctl/verbs.h"

#include <ClusterAdmin.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace p2p::ctl {

namespace view = cluster_view;

namespace {

using AdminClient = view::ClusterAdminClient;
using Order = std::function<void(AdminClient& client, view::Ordered& told, const std::string& node)>;

// The node keeps an order for so long after it was last given.
constexpr Duration kPatience = std::chrono::seconds(30);

ExitCode show_done(const Session& session, const view::Ordered& told, const std::string& what) {
  show(session, {{"done", true}, {"node", told.address}, {"id", told.id}}, fmt::format("{} {}\n", told.address, what));
  return ExitCode::done;
}

// The node answers each call within seconds; the order is repeated, by the member's id, until it is done.
ExitCode give(const Session& session, const std::string& node, const Order& order, const std::string& what) {
  auto admin = connect_admin(session);
  if (!admin.ok()) return report(admin.error());
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::string named = node;
  view::Ordered asked;
  while (true) {
    const auto told = admin.value().ask<AdminClient>(kClusterAdmin, [&](auto& client) {
      view::Ordered answer;
      order(client, answer, named);
      return answer;
    });
    if (!told.ok()) return report(explained(told.error()));
    // Whoever is a member no more has no address.
    if (told.value().done) return show_done(session, told.value().address.empty() ? asked : told.value(), what);
    asked = told.value();
    named = asked.id;
    if (std::chrono::steady_clock::now() < until) continue;
    complain(fmt::format("{}: not done yet: {}; the node goes on trying for 30 s", told.value().address,
                         told.value().waits_for));
    return ExitCode::failed;
  }
}

}  // namespace

void add_cluster_admin_verbs(CLI::App& app, Session& session) {
  const auto removed = std::make_shared<std::string>();
  CLI::App* verb =
      add_verb(app, session, "remove", "let the cluster go on without a member that is down, at once",
               [removed](const Session& asked) {
                 return give(
                     asked, *removed, [](auto& client, auto& told, const auto& node) { client.remove(told, node); },
                     "is a member no more");
               });
  verb->add_option("NODE", *removed, "HOST:PORT, or the beginning of an id")->required();

  const auto node = std::make_shared<std::string>();
  const auto weight = std::make_shared<int>(0);
  verb = add_verb(
      app, session, "weight", "give a member another share of the partitions", [node, weight](const Session& asked) {
        return give(
            asked, *node,
            [weight](auto& client, auto& told, const auto& named) { client.set_weight(told, named, *weight); },
            fmt::format("has weight {}", *weight));
      });
  verb->add_option("NODE", *node, "HOST:PORT, or the beginning of an id")->required();
  verb->add_option("WEIGHT", *weight, "its share, compared with that of the others; 0: none")
      ->required()
      ->check(CLI::Range(0, 10'000));
}

}  // namespace p2p::ctl
