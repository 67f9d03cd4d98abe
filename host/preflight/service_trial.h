// Would a service accept its configuration? Its plugin is loaded and asked as at the start, in a forked child: whatever
// happens there, this process loads nothing and gets no threads.
#pragma once

#include "config/host_config.h"
#include "config/problems.h"
#include "plugins/plugin_file.h"

#include <p2p/context.h>

#include <optional>
#include <string>

namespace p2p::host {

struct TrialFault {
  ProblemKind kind = ProblemKind::configuration;  // bad_plugin: it cannot be loaded, crashes or hangs
  std::string option;                             // the one that the plugin names; "": none
  std::string text;                               // names the service
};

// None: the service accepts its configuration. `node`: as it would be. `patience`: how long each step may take. The
// process must have one thread only. [control]
std::optional<TrialFault> try_service(const ServiceConfig& service, const PluginFile& file, const NodeInfo& node,
                                      Duration patience);

}  // namespace p2p::host
