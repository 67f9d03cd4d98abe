// From flags to a checked configuration: reads the files and the environment, finds and inspects the plugins, and
// checks all of it. No plugin code runs, except for --check, which asks the plugins in child processes.
#pragma once

#include "cli/command_line.h"
#include "config/host_config.h"
#include "plugins/catalogue.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace p2p::host {

struct LoadedConfiguration {
  HostConfig config;
  std::map<std::string, PluginFile> plugins;  // by service; enabled services whose plugin may be loaded
  // The services to start, providers first: enabled, and neither refused nor needing one that is.
  std::vector<std::string> start_order;
  std::string warnings;  // lines "file:line:col: warning: ...", each with its end of line; may be empty
  std::string printed;   // the text of --print-config
};

struct ConfigurationFailure {
  ExitCode code = ExitCode::configuration;
  std::string messages;  // every mistake, sorted by place; ends with an end of line
};

using ConfigurationOutcome = std::variant<LoadedConfiguration, ConfigurationFailure>;

// `environment` as in environ: "NAME=value". A `built_in` plugin takes precedence over a file of its name. [control]
ConfigurationOutcome load_configuration(const CommandLine& command_line, const std::vector<std::string>& environment,
                                        const std::vector<PluginFile>& built_in = {});
ConfigurationOutcome load_configuration(const CommandLine& command_line);

// The plugins in the configured folders, whatever the services use.
std::variant<Catalogue, ConfigurationFailure> open_catalogue(const CommandLine& command_line,
                                                             const std::vector<std::string>& environment);

// The variables of this process.
std::vector<std::string> environment_of_this_process();

}  // namespace p2p::host
