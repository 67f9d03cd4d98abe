// What do all verbs share? The options before the verb, and a node that answers.
#pragma once

#include "ctl/connection.h"
#include "ctl/exit_code.h"

#include <Node.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace p2p::ctl {

struct Session {
  std::vector<std::string> nodes;  // all of --node
  std::string node;                // the first of them; empty: look on this machine
  std::string admin;               // --admin, empty: what the node names
  bool json = false;
  Timeouts timeouts;

  std::function<ExitCode(const Session&)> verb;  // set by the command line
  bool takes_several_nodes = false;              // the verb does
};

// The address of --node, or of the node that find_here() finds.
Result<NodeAddress> node_of(const Session& session);

// The same, connected. Fails if the node does not accept a connection.
Result<Connection> connect(const Session& session);

Result<node::NodeStatus> ask_status(Connection& node);

// The socket of --admin, or the one that the node of --node names.
Result<std::string> admin_path(const Session& session);
Result<Connection> connect_admin(const Session& session);

// Writes `p2pctl: WHAT` to the standard error, and ignores failures to do so.
void complain(const std::string& what) noexcept;

// complain(), for an error; the code is exit_code_of() its kind.
ExitCode report(const Error& error);

// One line of JSON on the standard output; invalid UTF-8 is replaced.
void print(const nlohmann::json& document);

// What a verb has found: the document with --json, else the text.
void show(const Session& session, const nlohmann::json& document, const std::string& text);

std::int64_t now_ms();  // since 1970

// Each with its end of line.
std::string text_of(const std::vector<std::string>& lines);

}  // namespace p2p::ctl
