// Is `[services.NAME.route]` valid? Part of config/check.h: a table and a plugin's description in, a Route and every
// problem out. Pure.
#pragma once

#include "config/host_config.h"
#include "config/plugin_description.h"
#include "config/problems.h"
#include "config/tree.h"

#include <string>

namespace p2p::host {

// Reads the route of the service whose keys begin with `prefix`, "services.NAME.". Methods and fields are checked
// against the IDL of `plugin`, if it has one; `plugin` may be null. What cannot be read is reported and left out.
Route read_route(const Entry& entry, const std::string& prefix, const PluginDescription* plugin, Problems& problems);

}  // namespace p2p::host
