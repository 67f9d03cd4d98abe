// How does a plugin run that is linked into the program, as in a test? Through its entry, like one from a file; nothing
// is mapped, and its descriptor comes from the entry.
#pragma once

#include "plugins/plugin_file.h"

namespace p2p::host {

// The plugin behind `entry`, which lives as long as the program. Refused as a file would be: made for another host, or
// with an invalid descriptor. [any thread]
Result<PluginFile> built_in_plugin(const p2p_entry& entry);

// A plugin made by `make`, described by `info`, the text of P2P_INFO_SECTION.
Result<PluginFile> built_in_plugin(std::string_view info, std::function<std::shared_ptr<Plugin>()> make);

}  // namespace p2p::host
