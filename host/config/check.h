// Does the configuration make sense? A pure core: trees and plugins' descriptions in, plain values and every problem
// out.
#pragma once

#include "config/host_config.h"
#include "config/plugin_description.h"
#include "config/problems.h"
#include "config/tree.h"

#include <string>
#include <vector>

namespace p2p::host {

// What is known of a plugin that the configuration names.
struct PluginAnswer {
  const PluginDescription* description = nullptr;  // null: see `problem`
  ProblemKind kind = ProblemKind::missing_plugin;
  std::string problem;  // a sentence that names the plugin
  std::vector<std::string> warnings;
};

// Where the checker learns about plugins; in a node the catalogue of plugins/catalogue.h.
class PluginSource {
 public:
  virtual ~PluginSource() = default;

  // `plugin` is a name or an absolute path. What the answer points to lives as long as the source.
  virtual PluginAnswer find(const std::string& plugin) = 0;

  // The name of an installed plugin that provides `interface`, or "".
  virtual std::string provider_of(const std::string& interface) = 0;
};

// Reads [host] and [log] of `root`, and reports unknown tables there. Keys with problems keep their defaults.
HostConfig check_host(const Table& root, const Sources& sources, Problems& problems);

// Reads [services] of `root` into config.services, in their order. Returns the services that can start, providers
// first. A mistake in a disabled service, or a refused plugin of one that is not required, is a warning.
std::vector<std::string> check_services(const Table& root, const Sources& sources, PluginSource& plugins,
                                        HostConfig& config, Problems& problems);

// The interfaces that the service needs: those that its plugin requires, and the locator's for its route.
std::vector<std::string> required_by(const ServiceConfig& service, const PluginDescription& plugin);

}  // namespace p2p::host
