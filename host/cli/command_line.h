// What did the user ask p2phost to do? The flags as plain values, not yet applied to any configuration.
#pragma once

#include "cli/exit_code.h"

#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

namespace p2p::host {

struct CommandLine {
  std::string config_file;               // --config; empty: none
  std::optional<std::string> listen;     // --listen
  std::optional<std::string> data_dir;   // --data-dir
  std::optional<std::string> node;       // --node
  std::vector<std::string> join;         // --join, each
  bool found = false;                    // --found
  std::vector<std::string> set;          // --set, each "key.path=value"
  std::vector<std::string> plugin_dirs;  // --plugin-dir, each
  bool allow_unsafe_plugins = false;
  bool safe_mode = false;                   // --safe-mode
  bool is_running = false;                  // no flag: a running node reads its configuration again
  std::optional<std::string> also_enabled;  // no flag: this service too, whatever the configuration says; p2pctl enable

  // At most one of these; without any, a node is started.
  bool check = false;
  bool print_config = false;
  bool list_plugins = false;
  std::string validate;  // --validate; empty: none
  bool json = false;     // with list_plugins or validate
  bool version = false;
  bool cmakedir = false;
  std::optional<std::string> new_plugin;  // --new-plugin NAME
  std::vector<std::string> needs;         // with new_plugin: --requires, each
  std::string dir = ".";                  // with new_plugin: --dir

  bool runs_node() const {
    return !check && !print_config && !list_plugins && validate.empty() && !version && !cmakedir && !new_plugin;
  }
};

// The parsed flags, or the code to exit with at once: --help writes to `out` and exits with 0, a mistake writes to
// `err` and exits with 64.
std::variant<CommandLine, ExitCode> parse_command_line(int argc, const char* const* argv, std::ostream& out,
                                                       std::ostream& err);

}  // namespace p2p::host
