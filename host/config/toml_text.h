// What does a TOML text say? The only place that knows the TOML library.
#pragma once

#include "config/problems.h"
#include "config/tree.h"

#include <cstddef>
#include <string_view>

namespace p2p::host {

// The text of source number `source` as a tree. Invalid TOML, or a text beyond the limits of toml_limits.h, gives an
// empty tree and one problem: the library stops at the first syntax error. `values_left`: how many values this text and
// later ones may still have.
Table parse_toml(std::string_view text, std::uint32_t source, Problems& problems, std::size_t& values_left);
Table parse_toml(std::string_view text, std::uint32_t source, Problems& problems);

// "[1, 2]" or "\"quoted\"" from an argument or the environment; the value of a text that is neither is Untyped.
Value parse_argument(std::string_view text, const Place& place);

}  // namespace p2p::host
