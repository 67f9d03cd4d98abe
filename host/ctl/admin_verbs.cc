// leave, stop: what changes a node goes over its admin socket.
#include "ctl/verbs.h"

#include <Admin.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace p2p::ctl {
namespace {

// The socket of --admin, or the one that the node of --node names.
Result<Connection> connect_admin(const Session& session) {
  if (!session.admin.empty()) return Connection::open_admin(session.admin, session.timeouts);
  auto node = connect(session);
  if (!node.ok()) return node.error();
  const auto status = ask_status(node.value());
  if (!status.ok()) return status.error();
  return Connection::open_admin(status.value().admin, session.timeouts);
}

template <class Order>
ExitCode tell(const Session& session, const char* state, Order order) {
  auto admin = connect_admin(session);
  if (!admin.ok()) return report(admin.error());
  const auto told = admin.value().template ask<node::AdminClient>("admin", [&](auto& client) {
    order(client);
    return Done{};
  });
  if (!told.ok()) return report(told.error());
  if (session.json) {
    print({{"admin", admin.value().peer()}, {"state", state}});
  } else {
    fmt::print("the node of {} is {}\n", admin.value().peer(), state);
  }
  return ExitCode::done;
}

}  // namespace

void add_admin_verbs(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("leave", "let a node hand over its keys, tell the others, and end");
  verb->callback([&session] {
    session.verb = [&session] { return tell(session, "leaving", [](auto& client) { client.leave(); }); };
  });

  verb = app.add_subcommand("stop", "end a node after the calls in hand; the others find out for themselves");
  verb->callback([&session] {
    session.verb = [&session] { return tell(session, "stopping", [](auto& client) { client.stop(); }); };
  });
}

}  // namespace p2p::ctl
