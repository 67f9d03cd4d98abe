// Reads a configuration file and those that it includes.
#pragma once

#include "config/problems.h"
#include "config/tree.h"

#include <string>

namespace p2p::host {

// The tree of the file `path`, with what it includes laid over it. `include = ["conf.d/*.toml"]` is relative to the
// file that says so; a pattern may match nothing, a plain name must exist. What cannot be read is reported, and the
// rest is returned.
Table read_config_files(const std::string& path, Sources& sources, Problems& problems);

}  // namespace p2p::host
