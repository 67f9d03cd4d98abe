// How does a plugin's code come into the process? Once inspected, by dlopen; it then stays mapped until the process
// ends, because threads, exceptions and shared pointers may refer to its code longer than anybody can tell. What is
// mapped is a copy: the file may be replaced, written over or cut while the process runs.
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
  LoadedPlugin(std::shared_ptr<Plugin> plugin, unsigned abi_minor, bool overrides_reconfigure) noexcept
      : plugin_(std::move(plugin)), abi_minor_(abi_minor), overrides_reconfigure_(overrides_reconfigure) {}
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;

  Plugin& plugin() noexcept { return *plugin_; }

  // What an operator should know, in a sentence that goes on from "plugin NAME "; "" when there is nothing.
  const std::string& warning() const noexcept { return warning_; }
  void warn(std::string warning) { warning_ = std::move(warning); }

  // Was it compiled with the functions that ABI 1.`minor` has added?
  bool has_minor(unsigned minor) const noexcept { return abi_minor_ >= minor; }
  // False: it never changes in place. True of every plugin that was compiled before ABI 1.2.
  bool overrides_reconfigure() const noexcept { return overrides_reconfigure_; }

 private:
  std::shared_ptr<Plugin> plugin_;
  const unsigned abi_minor_;
  const bool overrides_reconfigure_;
  std::string warning_;
};

// One object of the plugin behind `entry`, given back to it when the last holder lets go; null when it made none. May
// throw what the plugin's constructor throws. [control]
std::shared_ptr<Plugin> make_object(const p2p_entry& entry);

// Whether its objects may change in place, as far as the entry says so.
bool overrides_reconfigure(const p2p_entry& entry) noexcept;

// Maps the file, unless the plugin is built into the program, and makes one plugin object. Every service gets its own
// object, also when two name the same plugin. An error says what the dynamic loader, the entry or the constructor said;
// the file may then stay mapped. [control]
Result<std::unique_ptr<LoadedPlugin>> load_plugin(const PluginFile& file);

}  // namespace p2p::host
