// The commands of p2phost that start no node: about the configuration, plugins and versions, and for plugin authors.
// (--validate, which tries a plugin in nodes of its own, is in a higher layer: validate/validate_command.h.)
#pragma once

#include "cli/command_line.h"

#include <optional>
#include <ostream>

namespace p2p::host {

// The exit code, after the answer went to `out` and mistakes to `err`; none when a node is to be started.
std::optional<int> run_offline_command(const CommandLine& command_line, std::ostream& out, std::ostream& err);

}  // namespace p2p::host
