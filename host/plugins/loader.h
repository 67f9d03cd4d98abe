// How does a plugin's code come into the process? Once inspected, by dlopen; it then stays mapped until the process
// ends, because threads, exceptions and shared pointers may refer to its code longer than anybody can tell.
#pragma once

#include "plugins/plugin_file.h"

#include <p2p/plugin.h>
#include <p2p/result.h>

#include <memory>

namespace p2p::host {

// One plugin object and the library that it came from. Destroying it destroys the object, not the mapping.
class LoadedPlugin final {
 public:
  LoadedPlugin(Plugin* plugin, const p2p_entry* entry) noexcept : plugin_(plugin), entry_(entry) {}
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;
  ~LoadedPlugin();

  Plugin& plugin() noexcept { return *plugin_; }

 private:
  Plugin* plugin_;
  const p2p_entry* entry_;
};

// Maps the file and makes one plugin object. Every service gets its own object, also when two name the same plugin. An
// error says what the dynamic loader, the entry or the constructor said; the file may then stay mapped. [control]
Result<std::unique_ptr<LoadedPlugin>> load_plugin(const PluginFile& file);

}  // namespace p2p::host
