// What does a failed call between stores mean?
#pragma once

#include "retry/faults.h"

#include <p2p/call.h>
#include <p2p/result.h>

namespace p2p::diststore {

// An exception in a reply is decoded as `refused`. It means that nothing was executed only if its text says so, as the
// store's own exceptions between nodes and the host's do.
inline Error error_of_exception(const Error& decoded) {
  if (decoded.kind != ErrorKind::refused) return decoded;
  return Error{retry::is_refusal(decoded.text) ? ErrorKind::cancelled : ErrorKind::internal, decoded.text};
}

}  // namespace p2p::diststore
