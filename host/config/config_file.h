// What are the bytes of a configuration file? Reading never blocks the node: anything but a regular file is refused,
// except a pipe, which is read once, with a deadline.
#pragma once

#include <p2p/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace p2p::host {

// For all files of a configuration together: a hundred times the longest that is shipped.
inline constexpr std::size_t kConfigBytesMax = 2u << 20;

// From the opening of a pipe to its end: the writer has begun already, or is a person typing.
inline constexpr std::chrono::seconds kPipePatience{10};

// What is being read, which decides whether it may be a pipe.
enum class ConfigRole : std::uint8_t {
  main,        // at the start: may be one
  main_again,  // by a running node: a pipe's content is gone
  included,    // a pattern must not drain a pipe that happens to match
};

// The bytes of the file `path`, `bytes_max` at most. The error continues "cannot be read: ". [control]
Result<std::string> read_config_file(const std::string& path, ConfigRole role, std::size_t bytes_max,
                                     std::chrono::milliseconds pipe_patience = kPipePatience);

}  // namespace p2p::host
