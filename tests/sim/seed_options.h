// What a simulation is asked for by its environment, and how it shows what happened last.
#pragma once

#include "../support/rounds.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace p2p::sim {

inline std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given == nullptr ? otherwise : std::stoull(given);
}

// As many as P2P_SIM_LINES says.
template <class Lines>
std::string last_lines(const Lines& lines) {
  const std::size_t wanted = number("P2P_SIM_LINES", 60);
  std::string text;
  for (std::size_t at = lines.size() - std::min<std::size_t>(wanted, lines.size()); at < lines.size(); ++at)
    text += lines[at] + '\n';
  return text;
}

}  // namespace p2p::sim
