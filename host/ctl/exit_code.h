// With which code does p2pctl exit? Scripts act on it.
#pragma once

#include <p2p/result.h>

namespace p2p::ctl {

enum class ExitCode : int {
  done = 0,
  no = 1,       // an answer: no such key, not healthy, not all handed over, or a load with failed calls
  usage = 2,    // unknown or missing words on the command line
  no_node = 3,  // no answer, or none from the key's owner, or no node of ours
  output = 4,   // output could not be written
  failed = 5,   // a node refused the request, or failed at it; it may have been executed all the same
};

constexpr int number(ExitCode code) noexcept { return static_cast<int>(code); }

// For a call without a result. Never `no`: whether the key exists, or the node is healthy, is then unknown.
ExitCode exit_code_of(ErrorKind kind) noexcept;

}  // namespace p2p::ctl
