#include "ctl/session.h"

#include "ctl/local_nodes.h"
#include "documents/status_json.h"

#include <p2p/entered_address.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace p2p::ctl {

Result<NodeAddress> node_of(const Session& session) {
  return session.node.empty() ? find_here() : entered_address(session.node);
}

Result<Connection> connect(const Session& session) {
  const auto where = node_of(session);
  if (!where.ok()) return where.error();
  return Connection::open(where.value(), session.timeouts);
}

Result<node::NodeStatus> ask_status(Connection& node) { return node.ask("node", &node::NodeClient::status); }

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

void complain(const std::string& what) noexcept {
  std::fputs("p2pctl: ", stderr);
  std::fputs(what.c_str(), stderr);
  std::fputc('\n', stderr);
}

ExitCode report(const Error& error) {
  complain(error.text);
  return exit_code_of(error.kind);
}

void print(const nlohmann::json& document) { fmt::print("{}\n", documents::line_of(document)); }

std::int64_t now_ms() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

void show(const Session& session, const nlohmann::json& document, const std::string& text) {
  if (session.json) return print(document);
  fmt::print("{}", text);
}

}  // namespace p2p::ctl
