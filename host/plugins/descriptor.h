// What does the section .p2p.info say? "key=value" pieces, each ending in NUL, as P2P_PLUGIN writes them. Foreign
// bytes.
#pragma once

#include "config/plugin_description.h"

#include <p2p/result.h>

#include <string_view>

namespace p2p::host {

// Refused: no name or version, a malformed name or option, control characters. Keys that this host does not know are
// skipped: a newer plugin may have more.
Result<PluginDescription> parse_descriptor(std::string_view section);

// Descriptors are printed on terminals, which interpret control characters.
bool has_control_characters(std::string_view text);

}  // namespace p2p::host
