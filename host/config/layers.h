// Which source wins? Defaults < file < included files < the node's overlay < environment < arguments. A pure core: it
// merges the texts; config/read_configuration.h reads them.
#pragma once

#include "config/problems.h"
#include "config/tree.h"

#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// One value from an argument or a variable.
struct Assignment {
  enum class How : std::uint8_t { replace, append };
  std::vector<std::string> path;
  Value value;
  How how = How::replace;
};

struct Layers {
  Table files;                          // main file and includes, with their [node.NAME] tables
  std::vector<Assignment> assignments;  // environment, then arguments
};

// "P2PHOST_SERVICES__STORE__ENABLED=false" and the like become assignments, sorted by name; other variables are
// skipped. Keys are in lower case, separated by two underscores.
std::vector<Assignment> read_environment(const std::vector<std::string>& environment, Sources& sources,
                                         Problems& problems);

// "--set" with "key.path=value".
void read_set(std::string_view text, Sources& sources, std::vector<Assignment>& assignments, Problems& problems);

// `value` at "key.path", as given by an argument such as "--listen".
Assignment argument(std::string_view flag, std::string_view path, std::string_view value, Sources& sources,
                    Assignment::How how = Assignment::How::replace);

// The name of this node's overlay: [host] node as set by the layers, else `machine`.
std::string node_name(const Layers& layers, const std::string& machine);

// All layers merged for the node of that name, without the tables [node.NAME].
Table assemble(const Layers& layers, const std::string& node);

// Reports tables under [node] that are not overlays.
void check_overlays(const Layers& layers, Problems& problems);

// Merges the trees of the `included` files over `file`. A key that two of them set is reported with both places: users
// could not see which one wins.
void include(Table& file, const std::vector<Table>& included, const Sources& sources, Problems& problems);

}  // namespace p2p::host
