// With which number does p2pctl end? Scripts act on them.
#pragma once

#include <p2p/result.h>

namespace p2p::ctl {

enum class ExitCode : int {
  done = 0,
  no = 1,       // an answer: no such key, not healthy, not all handed over, or a call of a load that failed
  usage = 2,    // unknown or missing words on the command line
  no_node = 3,  // nobody answered, or not the owner of the key, or no node of ours
  output = 4,   // what was to be printed could not be written
  failed = 5,   // a node refused what it was asked for, or failed at it; it may have been done all the same
};

constexpr int number(ExitCode code) noexcept { return static_cast<int>(code); }

// Of a call without a result. Never `no`: whether there is such a key, or whether a node is well, is then not known.
ExitCode exit_code_of(ErrorKind kind) noexcept;

}  // namespace p2p::ctl
