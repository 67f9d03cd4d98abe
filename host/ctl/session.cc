#include "ctl/session.h"

#include <p2p/entered_location.h>

#include <fmt/format.h>

#include <cstdio>

namespace p2p::ctl {
namespace {

// On the own machine a connect is a matter of microseconds, and a status call of a few milliseconds.
constexpr Timeouts kDiscoveryTimeouts{.connect = std::chrono::milliseconds(200),
                                      .answer = std::chrono::milliseconds(500)};

Result<Location> find_here() {
  for (std::uint16_t port = kDiscoveryPortFirst; port <= kDiscoveryPortLast; ++port) {
    const Location candidate{kDiscoveryHost, port};
    auto opened = Connection::open(candidate, kDiscoveryTimeouts);
    if (opened.ok() && ask_status(opened.value()).ok()) return candidate;
  }
  return Error{
      ErrorKind::refused,
      fmt::format(
          "no node answers on {}, ports {} to {}; start one with `p2phost --config etc/store.toml`, or name one "
          "with --node HOST:PORT",
          kDiscoveryHost, kDiscoveryPortFirst, kDiscoveryPortLast)};
}

}  // namespace

Result<Location> node_of(const Session& session) {
  return session.node.empty() ? find_here() : entered_location(session.node);
}

Result<Connection> connect(const Session& session) {
  const auto where = node_of(session);
  if (!where.ok()) return where.error();
  return Connection::open(where.value(), session.timeouts);
}

Result<node::NodeStatus> ask_status(Connection& node) {
  return node.ask<node::NodeClient>("node", [](auto& client) {
    node::NodeStatus status;
    client.status(status);
    return status;
  });
}

Result<std::string> admin_path(const Session& session) {
  if (!session.admin.empty()) return session.admin;
  auto node = connect(session);
  if (!node.ok()) return node.error();
  const auto status = ask_status(node.value());
  if (!status.ok()) return status.error();
  return status.value().admin;
}

Result<Connection> connect_admin(const Session& session) {
  const auto path = admin_path(session);
  if (!path.ok()) return path.error();
  return Connection::open_admin(path.value(), session.timeouts);
}

ExitCode report(const Error& error) {
  fmt::print(stderr, "p2pctl: {}\n", error.text);
  switch (error.kind) {
    case ErrorKind::refused:
    case ErrorKind::unreachable:
    case ErrorKind::silent:
    case ErrorKind::wrong_node:
    case ErrorKind::local:
    case ErrorKind::timed_out:
    case ErrorKind::closed:
      return ExitCode::no_node;
    case ErrorKind::protocol:
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return ExitCode::no;
  }
  return ExitCode::no;
}

void print(const nlohmann::json& document) {
  const std::string text = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  fmt::print("{}\n", text);
}

}  // namespace p2p::ctl
