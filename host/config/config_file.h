// What are the bytes of a file of the configuration? Nothing that is read here keeps the node waiting: a file that is
// no plain one is refused, but for a pipe, which is read once, with a deadline.
#pragma once

#include <p2p/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace p2p::host {

// Of all files of a configuration together: a hundred times the longest that is shipped.
inline constexpr std::size_t kConfigBytesMax = 2u << 20;

// From the opening of a pipe to its end: whoever writes it has begun already, or is a person who types.
inline constexpr std::chrono::seconds kPipePatience{10};

// What is being read, and so whether it may be a pipe.
enum class ConfigRole : std::uint8_t {
  main,        // at the start: may be one
  main_again,  // by a node that runs: what a pipe said is gone
  included,    // a pattern must not empty a pipe that happens to lie there
};

// The bytes of the file `path`, `bytes_max` at most. The error goes on from "cannot be read: ". [control]
Result<std::string> read_config_file(const std::string& path, ConfigRole role, std::size_t bytes_max,
                                     std::chrono::milliseconds pipe_patience = kPipePatience);

}  // namespace p2p::host
