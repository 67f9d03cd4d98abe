// Which of the faults of a failing seed does the failure need? Leaves out one after the other, for as long as it still
// fails. What is left out draws other numbers, so that all that follows goes another way: some of them are tried.
#pragma once

#include "cluster_world.h"

#include <cstdint>
#include <optional>

namespace p2p::sim {

// Of one fault that is left out.
inline constexpr unsigned kWaysMax = 6;

// `fails(options)`: how many faults there were until it failed; nothing: it does not. `runs_max` bounds how often it is
// asked. The answer fails too.
template <class Fails>
ClusterWorldOptions smallest_failure(ClusterWorldOptions options, std::uint64_t faults, std::uint64_t runs_max,
                                     Fails fails) {
  std::uint64_t runs = 0;
  const auto leave_out = [&](std::uint64_t fault) {
    for (unsigned way = 0; way < kWaysMax && runs < runs_max; ++way, ++runs) {
      ClusterWorldOptions tried = options;
      tried.without[fault] = way;
      if (const std::optional<std::uint64_t> more = fails(tried)) {
        options = std::move(tried);
        faults = *more;
        return true;
      }
    }
    return false;
  };
  for (bool is_smaller = true; is_smaller && runs < runs_max;) {
    is_smaller = false;
    for (std::uint64_t fault = 1; fault <= faults; ++fault)
      if (!options.without.contains(fault) && leave_out(fault)) is_smaller = true;
  }
  // Those that never came to be need no mention.
  std::erase_if(options.without, [&](const auto& one) { return one.first > faults; });
  return options;
}

}  // namespace p2p::sim
