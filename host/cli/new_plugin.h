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
  std::vector<std::string> needs;      // services that it builds on; known is "locator"
  std::filesystem::path folder = ".";  // where the plugin's folder is made; must exist
  std::filesystem::path templates;     // one folder a kind, "plain" and "locator", each a plugin called greeter
  std::string version;                 // of the SDK, "0.1.0"
};

// Why nobody can have a plugin of this name; empty: one can. Pure.
std::string why_bad_name(std::string_view name);

// "MyPlugin" for "my_plugin": what the service is called in the IDL. Pure.
std::string service_of(std::string_view plugin_name);

// `text` with each key of `values` replaced, wherever it stands; what was put in is not looked at again. Pure.
std::string fill_in(std::string_view text, const std::map<std::string, std::string>& values);

// Makes the plugin's folder and says in `out` how to go on. Ends with code usage for a name or a requirement that
// cannot be, with cannot_create when the folder exists or cannot be written, and with system when the templates are not
// installed; `err` says which, and nothing was changed, except that a folder which could not be filled is taken back.
ExitCode make_plugin(const NewPlugin& wanted, std::ostream& out, std::ostream& err);

}  // namespace p2p::host
