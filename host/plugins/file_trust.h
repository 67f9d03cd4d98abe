// Who could have replaced this file? A plugin runs with all rights of the node, so its file and every folder above it
// must be writable only by root or by the user who runs the node. Plugins in the executable's own tree need be no safer
// than the executable itself: anyone who can replace that needs no plugin. A configuration names plugins, so when root
// runs the node its files must meet that rule, too.
#pragma once

#include <p2p/result.h>

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace p2p::host {

// The facts about a file or folder that trust depends on.
struct FileFacts {
  std::filesystem::path path;
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;  // as in stat: type and permissions
};

struct TrustRule {
  uid_t user = 0;                         // who runs the node
  std::optional<FileFacts> executable;    // none: no tree of its own
  std::filesystem::path executable_tree;  // the folder above the executable's folder
  bool allow_unsafe = false;              // warn, but do not refuse
};

// The rule for this process: its effective user, its executable. [any thread]
TrustRule trust_rule_of_this_process(bool allow_unsafe);

// The same for configuration files, wherever they are: they need be no safer than the executable. Pure.
TrustRule configuration_rule(TrustRule rule);

// Why `file`, or a folder in `parents` (the nearest first), is unsafe, each with the fix: "/opt/p (mode 0775, owner 0):
// writable by its group; run: chmod g-w /opt/p". Empty: safe. Pure.
std::vector<std::string> find_unsafe(const FileFacts& file, const std::vector<FileFacts>& parents,
                                     const TrustRule& rule);

// The same for a file on disk whose symlinks are resolved. An error when it cannot be examined.
Result<std::vector<std::string>> find_unsafe(const std::filesystem::path& resolved, const TrustRule& rule);

}  // namespace p2p::host
