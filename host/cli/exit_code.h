// With which code does p2phost exit? Those of <sysexits.h> where they fit; service managers act on them.
#pragma once

#include <p2p/result.h>

namespace p2p::host {

enum class ExitCode : int {
  done = 0,
  usage = 64,           // unknown or contradictory flags
  data = 65,            // the validated file breaks a rule
  no_input = 66,        // there is no such file
  service_failed = 69,  // a required service was refused or failed to start
  left_behind = 69,     // the node has ended without handing over everything it held
  internal = 70,        // our bug
  system = 71,          // the operating system said no: port taken, folder not writable
  cannot_create = 73,   // --new-plugin: the folder exists, or cannot be made
  output = 74,          // output could not be written
  start_timeout = 75,   // a service was not ready in time, or there was no network to join
  permissions = 77,     // a plugin's file could have been replaced by others
  configuration = 78,   // nothing was started
};

constexpr int number(ExitCode code) noexcept { return static_cast<int>(code); }

// Of a service that the node cannot do without.
inline ExitCode code_of(const Error& failure) noexcept {
  return failure.kind == ErrorKind::local ? ExitCode::system : ExitCode::service_failed;
}

}  // namespace p2p::host
