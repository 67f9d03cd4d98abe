// Where is the file of a plugin? In the plugin folders, under its exact name; never in the current folder.
#pragma once

#include <p2p/result.h>

#include <filesystem>
#include <string>
#include <vector>

namespace p2p::host {

// "<folder of the executable>/../lib/p2phost/plugins", valid in the build tree and after installation.
std::string default_plugin_dir();

// The file of `plugin`, a name or an absolute path. The error names every path tried and the nearest existing name, or
// both files when two folders have one each. A folder listed twice, even through a link, counts once.
Result<std::filesystem::path> find_plugin_file(const std::string& plugin, const std::vector<std::string>& folders);

// Every *.so of the folders, in their order, sorted by name within each. Missing folders count as empty.
std::vector<std::filesystem::path> list_plugin_files(const std::vector<std::string>& folders);

}  // namespace p2p::host
