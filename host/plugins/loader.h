// How does a plugin's code get into the process? Once inspected, by dlopen; it then stays mapped until the process
// ends, because threads, exceptions and shared pointers may refer to its code for an unknown time. The mapping is a
// copy: the file may be replaced, overwritten or truncated while the process runs.
#pragma once

#include "plugins/plugin_file.h"

#include <p2p/plugin.h>
#include <p2p/result.h>

#include <memory>
#include <string>
#include <utility>

namespace p2p::host {

// One plugin object. Destroying it destroys the object, not the mapping of the library that it came from.
class LoadedPlugin final {
 public:
  LoadedPlugin(std::shared_ptr<Plugin> plugin, bool overrides_reconfigure) noexcept
      : plugin_(std::move(plugin)), overrides_reconfigure_(overrides_reconfigure) {}
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;

  Plugin& plugin() noexcept { return *plugin_; }

  // What an operator should know, in a sentence that continues "plugin NAME "; "" when there is nothing.
  const std::string& warning() const noexcept { return warning_; }
  void warn(std::string warning) { warning_ = std::move(warning); }

  // False: it never changes in place.
  bool overrides_reconfigure() const noexcept { return overrides_reconfigure_; }

 private:
  std::shared_ptr<Plugin> plugin_;
  const bool overrides_reconfigure_;
  std::string warning_;
};

// One object of the plugin behind `entry`, returned to it when the last reference is dropped; null when it made none.
// May throw what the plugin's constructor throws. [control]
std::shared_ptr<Plugin> make_object(const p2p_entry& entry);

// Whether its objects may change in place, if the entry says so.
bool overrides_reconfigure(const p2p_entry& entry) noexcept;

// Maps the file, unless the plugin is built into the program, and makes one plugin object. Every service gets its own
// object, even if two name the same plugin. The error is that of the dynamic loader, the entry or the constructor; the
// file may then stay mapped. [control]
Result<std::unique_ptr<LoadedPlugin>> load_plugin(const PluginFile& file);

}  // namespace p2p::host
