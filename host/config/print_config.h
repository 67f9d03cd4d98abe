// What is in force, and who said so? The whole configuration as a TOML file that reads back to the same one.
#pragma once

#include "config/check.h"

#include <string>

namespace p2p::host {

// Every key of `config`, each with "# from FILE:LINE:COLUMN" or "# default"; in a comment where the value is that of
// another key, or has been followed already (include). `root` is the tree that `config` was checked from.
std::string print_config(const HostConfig& config, const Table& root, const Sources& sources, PluginSource& plugins);

}  // namespace p2p::host
