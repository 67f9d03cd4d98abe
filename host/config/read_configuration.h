// Reads a configuration file and those that it includes.
#pragma once

#include "config/config_file.h"
#include "config/problems.h"
#include "config/tree.h"

#include <string>

namespace p2p::host {

// The tree of the file `path`, with its includes laid over it. `include = ["conf.d/*.toml"]` is relative to the file it
// is in; a pattern may match nothing, a plain name must exist. The include key of `path` itself stays in the tree, for
// display. What cannot be read is reported, and the rest is returned. `role`: of `path` itself. [control]
Table read_config_files(const std::string& path, Sources& sources, Problems& problems,
                        ConfigRole role = ConfigRole::main);

}  // namespace p2p::host
