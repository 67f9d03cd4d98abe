// What did the writer probably mean? The nearest known word, if it is close enough to be a typing error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// Number of insertions, deletions, replacements and swaps of adjacent letters that turn one word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

// The known word nearest to `wrong`, or "" when none is within two edits. If several are equally near, the first.
std::string nearest(std::string_view wrong, const std::vector<std::string>& known);

// "; did you mean 'KNOWN'?", or "".
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace p2p::host
