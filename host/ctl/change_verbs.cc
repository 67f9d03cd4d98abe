// enable, disable, reload: what changes the services of a node that goes on.
#include "ctl/verbs.h"

#include <Admin.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace p2p::ctl {
namespace {

// The pause before asking again a node that could not report on a change in time.
constexpr auto kAskAgainPause = std::chrono::milliseconds(100);

// The node answers every call within its call_timeout, with an exception if need be; a change may take longer.
Result<node::ChangeReport> await_change(Connection& admin, std::int64_t change) {
  while (true) {
    auto report = admin.ask<node::AdminClient>("admin", [change](auto& client) {
      node::ChangeReport told;
      client.await_change(told, change);
      return told;
    });
    if (report.ok() || report.error().kind != ErrorKind::internal) return report;
    std::this_thread::sleep_for(kAskAgainPause);
  }
}

ExitCode order(const Session& session, const std::function<std::int64_t(node::AdminClient&)>& begin) {
  auto admin = connect_admin(session);
  if (!admin.ok()) return p2p::ctl::report(admin.error());
  const auto change = admin.value().ask<node::AdminClient>("admin", [&](auto& client) { return begin(client); });
  if (!change.ok()) return p2p::ctl::report(change.error());
  const auto report = await_change(admin.value(), change.value());
  if (!report.ok()) return p2p::ctl::report(report.error());
  const node::ChangeReport& told = report.value();
  show(session, {{"done", told.done}, {"lines", told.lines}}, text_of(told.lines));
  return told.done ? ExitCode::done : ExitCode::failed;
}

}  // namespace

void add_change_verbs(CLI::App& app, Session& session) {
  const auto service = std::make_shared<std::string>();
  CLI::App* verb = add_verb(
      app, session, "enable", "start a service that the node's configuration names",
      [service](const Session& asked) { return order(asked, [&](auto& client) { return client.enable(*service); }); });
  verb->add_option("SERVICE", *service, "NAME of [services.NAME]")->required();

  const auto force = std::make_shared<bool>(false);
  verb = add_verb(app, session, "disable", "stop a service, until it is enabled or the configuration is reloaded",
                  [service, force](const Session& asked) {
                    return order(asked, [&](auto& client) { return client.disable(*service, *force); });
                  });
  verb->add_option("SERVICE", *service, "NAME of [services.NAME]")->required();
  verb->add_flag("--force", *force, "also when the service says that something would be lost");

  const auto check = std::make_shared<bool>(false);
  verb = add_verb(
      app, session, "reload", "let a node work by its configuration as it stands now",
      [check](const Session& asked) { return order(asked, [&](auto& client) { return client.reload(*check); }); });
  verb->add_flag("--check", *check, "only say what would be done");
}

}  // namespace p2p::ctl
