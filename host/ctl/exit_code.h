// With which number does p2pctl end? Scripts act on them.
#pragma once

namespace p2p::ctl {

enum class ExitCode : int {
  done = 0,
  no = 1,       // no such key, a node that is not healthy, or a call of a load that failed
  usage = 2,    // unknown or missing words on the command line
  no_node = 3,  // nobody answered, or not the owner of the key
  output = 4,   // what was to be printed could not be written
};

constexpr int number(ExitCode code) noexcept { return static_cast<int>(code); }

}  // namespace p2p::ctl
