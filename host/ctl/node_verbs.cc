// ping, status, services, receipts.
#include "ctl/cluster_verbs.h"
#include "ctl/receipt_text.h"
#include "ctl/status_text.h"
#include "ctl/verbs.h"
#include "documents/status_json.h"

#include <Locator.h>
#include <StorePeer.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace p2p::ctl {
namespace {

bool is_classic(const Result<node::NodeStatus>& status) {
  return !status.ok() && status.error().kind == ErrorKind::unsupported;
}

ExitCode health_code(const node::NodeStatus& status) { return is_healthy(status) ? ExitCode::done : ExitCode::no; }

using Milliseconds = std::chrono::duration<double, std::milli>;

// All that a node of the 2009 system can report.
struct ClassicStatus {
  std::string service;
  std::size_t members = 0;
};

Result<ClassicStatus> ask_classic(Connection& node) {
  return node.ask<locator::LocatorClient>(kNoService, [](auto& client) {
    ClassicStatus status;
    client.service_type(status.service);
    std::vector<locator::Location> members;
    client.get_all(members);
    status.members = members.size();
    return status;
  });
}

ExitCode ping_classic(const Session& session, Connection& node) {
  const auto asked_at = std::chrono::steady_clock::now();
  const auto answered = node.ask<locator::LocatorClient>(kNoService, [](auto& client) { client.ping(); });
  const Milliseconds took = std::chrono::steady_clock::now() - asked_at;
  if (!answered.ok()) return report(answered.error());
  show(session, {{"node", node.peer()}, {"state", "classic"}, {"took_ms", took.count()}},
       fmt::format("{} answers after {:.1f} ms: a node of the 2009 system\n", node.peer(), took.count()));
  return ExitCode::done;
}

ExitCode classic_status(const Session& session, Connection& node) {
  const auto status = ask_classic(node);
  if (!status.ok()) return report(status.error());
  const auto& [service, members] = status.value();
  show(session, {{"node", node.peer()}, {"state", "classic"}, {"service", service}, {"members", members}},
       fmt::format("node       {}, of the 2009 system: {}\nnetwork    {} members\n", node.peer(), service, members));
  return ExitCode::done;
}

ExitCode ping(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto asked_at = std::chrono::steady_clock::now();
  const auto status = ask_status(node.value());
  if (is_classic(status)) return ping_classic(session, node.value());
  if (!status.ok()) return report(status.error());
  const Milliseconds took = std::chrono::steady_clock::now() - asked_at;
  const node::NodeStatus& told = status.value();
  show(session, {{"node", told.node}, {"state", told.state}, {"took_ms", took.count()}},
       fmt::format("{} answers after {:.1f} ms: {}\n", told.node, took.count(), told.state));
  return health_code(status.value());
}

ExitCode status(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto status = ask_status(node.value());
  if (is_classic(status)) return classic_status(session, node.value());
  if (!status.ok()) return report(status.error());
  show(session, documents::status_json(status.value()), status_text(status.value(), now_ms()));
  return health_code(status.value());
}

ExitCode services(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto status = ask_status(node.value());
  if (!status.ok()) return report(status.error());
  show(session, documents::services_json(status.value()), services_text(status.value(), now_ms()));
  return health_code(status.value());
}

// Copies of an agreed cluster are compared by what they have acknowledged; its nodes keep no receipts.
Error without_receipts(Connection& node, const Error& error) {
  if (!is_other_mode(error) || !ask_cluster(node).ok()) return error;
  return {error.kind, "the node is of an agreed cluster, which has no receipts: `p2pctl map` shows what is in sync"};
}

ExitCode receipts(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto kept = node.value().ask("diststore.peer", &diststore::StorePeerClient::receipts);
  if (!kept.ok()) return report(without_receipts(node.value(), kept.error()));
  show(session, {{"receipts", receipts_json(kept.value())}}, receipts_text(kept.value()));
  return ExitCode::done;
}

}  // namespace

void add_node_verbs(CLI::App& app, Session& session) {
  add_verb(app, session, "ping", "does a node answer, and is it ready?", ping);
  add_verb(app, session, "status", "a node's state, keys held, calls, view; exit code 1 when it is not healthy",
           status);
  add_verb(app, session, "services", "list a node's services and their plugins", services);
  add_verb(app, session, "receipts", "what has moved to and from a node of mode classic, and whether both sides agree",
           receipts);
}

}  // namespace p2p::ctl
