// What is validated, and with what? One plugin's file, and the plugins that may provide what it requires.
#pragma once

#include "plugins/catalogue.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace p2p::host {

struct Subject {
  std::filesystem::path path;      // symlinks resolved
  std::string file_name;           // as named by the user, without ".so"
  TrustRule trust;                 // also says whether unsafe places are allowed
  std::vector<PluginFile> others;  // accepted plugins of the plugin folders, in search order
  std::filesystem::path scratch;   // an empty folder of mode 0700
};

// The subject as the host's own inspection describes it; only once the rules of its file hold.
PluginFile plugin_of(const Subject& subject);

// Every option with its default.
Config default_config(const PluginDescription& plugin);
// The same with some options changed: the text of each as in an environment variable.
Config config_with(const PluginDescription& plugin, const std::map<std::string, std::string>& texts);

}  // namespace p2p::host
