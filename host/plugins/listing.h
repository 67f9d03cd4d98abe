// How does --list-plugins show the catalogue? As columns for people, or as JSON for programs.
#pragma once

#include "plugins/plugin_file.h"

#include <string>
#include <vector>

namespace p2p::host {

std::string plugin_table(const std::vector<Inspection>& plugins);
std::string plugin_json(const std::vector<Inspection>& plugins, std::string_view host_stamp);

}  // namespace p2p::host
