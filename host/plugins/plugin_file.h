// Is this file a plugin that this host may load? Answered from its bytes and its place in the file system; none of its
// code runs.
#pragma once

#include "config/plugin_description.h"
#include "plugins/file_trust.h"

#include <p2p/plugin.h>
#include <p2p/result.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace p2p::host {

// How objects of a built-in plugin are made (plugins/built_in.h).
struct BuiltInCode {
  std::function<std::shared_ptr<Plugin>()> make;
  bool overrides_reconfigure = true;
};

// A plugin that may be loaded.
struct PluginFile {
  std::filesystem::path path;  // symlinks resolved
  std::string stamp;
  PluginDescription description;
  std::vector<std::string> warnings;                   // what only allow_unsafe_plugins allows
  std::string identity;                                // changes when the file is replaced or changed
  std::optional<BuiltInCode> built_in = std::nullopt;  // set: there is no file, and `path` only names the plugin
};

struct Refusal {
  enum class Kind : std::uint8_t {
    unsafe,    // anybody could have replaced the file: exit code 77
    unusable,  // it is no plugin, or one of another ABI: exit code 69
  };
  Kind kind = Kind::unusable;
  std::filesystem::path path;
  std::vector<std::string> reasons;  // never empty; each "what: plugin VALUE, host VALUE" or a sentence
};

using Inspection = std::variant<PluginFile, Refusal>;

// Reads file permissions, ELF header, stamp and descriptor, and compares the stamp with `host_stamp`. [any thread]
Inspection inspect_plugin(const std::filesystem::path& path, const TrustRule& trust, std::string_view host_stamp);

// This process's stamp: what its own headers were compiled with.
std::string_view host_stamp() noexcept;

}  // namespace p2p::host
