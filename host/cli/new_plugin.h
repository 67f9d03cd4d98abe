// How does an author begin? With a folder that builds, passes its tests and serves a call, made from the installed
// templates.
#pragma once

#include "cli/exit_code.h"

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

struct NewPlugin {
  std::string name;                    // of the plugin, its service and its folder
  std::vector<std::string> needs;      // what it builds on: nothing, "locator" or "store"
  std::filesystem::path folder = ".";  // where the plugin's folder is made; must exist
  std::filesystem::path templates;     // one folder per kind: "plain", "locator", "store"; a plugin called greeter
  std::string version;                 // of the SDK, "0.1.0"
};

// Why a plugin cannot have this name; empty: it can. Pure.
std::string why_bad_name(std::string_view name);

// "MyPlugin" for "my_plugin": what the service is called in the IDL. Pure.
std::string service_of(std::string_view plugin_name);

// `text` with every occurrence of a key of `values` replaced; replacements are not scanned again. Pure.
std::string fill_in(std::string_view text, const std::map<std::string, std::string>& values);

// Makes the plugin's folder and writes the next steps to `out`. Returns usage for an invalid name or requirement,
// cannot_create when the folder exists or cannot be written, and system when the templates are not installed; `err`
// says which, and nothing is left behind: a folder that could not be filled is removed.
ExitCode make_plugin(const NewPlugin& wanted, std::ostream& out, std::ostream& err);

}  // namespace p2p::host
