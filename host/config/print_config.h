// Which configuration is in force, and where does it come from? The whole of it as a TOML file that reads back to the
// same.
#pragma once

#include "config/check.h"

#include <string>

namespace p2p::host {

// Every key of `config`, each with "# from FILE:LINE:COLUMN" or "# default"; as a comment where the value is another
// key's, or was followed already (include). `root` is the tree that `config` was checked from.
std::string print_config(const HostConfig& config, const Table& root, const Sources& sources, PluginSource& plugins);

}  // namespace p2p::host
