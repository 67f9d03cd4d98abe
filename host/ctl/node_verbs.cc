// ping, status, services.
#include "ctl/status_text.h"
#include "ctl/verbs.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>

namespace p2p::ctl {
namespace {

std::int64_t now_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

ExitCode health_code(const node::NodeStatus& status) { return is_healthy(status) ? ExitCode::done : ExitCode::no; }

ExitCode ping(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto asked_at = std::chrono::steady_clock::now();
  const auto status = ask_status(node.value());
  if (!status.ok()) return report(status.error());
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - asked_at;
  if (session.json) {
    print({{"node", status.value().node}, {"state", status.value().state}, {"took_ms", took.count()}});
  } else {
    fmt::print("{} answers after {:.1f} ms: {}\n", status.value().node, took.count(), status.value().state);
  }
  return health_code(status.value());
}

ExitCode status(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto status = ask_status(node.value());
  if (!status.ok()) return report(status.error());
  if (session.json) {
    print(status_json(status.value()));
  } else {
    fmt::print("{}", status_text(status.value(), now_ms()));
  }
  return health_code(status.value());
}

ExitCode services(const Session& session) {
  auto node = connect(session);
  if (!node.ok()) return report(node.error());
  const auto status = ask_status(node.value());
  if (!status.ok()) return report(status.error());
  if (session.json) {
    print({{"services", status_json(status.value())["services"]}});
  } else {
    fmt::print("{}", services_text(status.value(), now_ms()));
  }
  return health_code(status.value());
}

}  // namespace

void add_node_verbs(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("ping", "does a node answer, and is it ready?");
  verb->callback([&session] { session.verb = [&session] { return ping(session); }; });

  verb = app.add_subcommand("status", "a node's state, keys held, calls, view; exit code 1 when it is not healthy");
  verb->callback([&session] { session.verb = [&session] { return status(session); }; });

  verb = app.add_subcommand("services", "list a node's services and their plugins");
  verb->callback([&session] { session.verb = [&session] { return services(session); }; });
}

}  // namespace p2p::ctl
