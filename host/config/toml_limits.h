// Is a TOML text safe to parse? The parser, and all later walks of its tree, recurse as deep as the text nests, and
// take time for each value: so both are counted in the text first, without recursion. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::host {

// Names in a key or a table header, and lists and inline tables around a value, all together. The deepest real key,
// [node.NAME.services.NAME.route] METHOD = {key = ...}, has seven.
inline constexpr std::size_t kTomlLevelsMax = 32;

// For all files of a configuration together: 20 for each of 2,500 nodes that share it.
inline constexpr std::size_t kTomlValuesMax = 50'000;

// The first place at which a text exceeds a limit; lines and columns (letters) count from 1.
struct TomlExcess {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string what;
};

struct TomlCounts {
  std::size_t values = 0;  // keys, headers and elements of lists, up to the excess
  std::optional<TomlExcess> excess;
};

// Strings and comments are recognized and skipped. Invalid TOML is counted up to its first mistake as the parser sees
// it; beyond that, where the parser never gets, the count means nothing.
TomlCounts count_toml(std::string_view text, std::size_t values_max = kTomlValuesMax);

}  // namespace p2p::host
