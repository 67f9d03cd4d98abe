// Where is the file of a plugin? In the plugin folders, under its exact name; never in the current folder.
#pragma once

#include <p2p/result.h>

#include <filesystem>
#include <string>
#include <vector>

namespace p2p::host {

// "<folder of the executable>/../lib/p2phost/plugins", which holds in the build tree and after installing.
std::string default_plugin_dir();

// The file of `plugin`, a name or an absolute path. The error names every path that was tried and the nearest name
// there is, or both files when two folders have one each. A folder that appears twice, by a link too, counts once.
Result<std::filesystem::path> find_plugin_file(const std::string& plugin, const std::vector<std::string>& folders);

// Every *.so of the folders, in their order, sorted by name within each. Folders that do not exist hold nothing.
std::vector<std::filesystem::path> list_plugin_files(const std::vector<std::string>& folders);

}  // namespace p2p::host
