// What does a failed call between stores mean?
#pragma once

#include "retry/faults.h"

#include <p2p/call.h>
#include <p2p/result.h>

namespace p2p::diststore {

// The node runs no store that could hold keys for us: it is one of the 2009 system, or this service is not configured
// there. `error` is that of the call, or of its decoded reply.
inline bool has_no_store(const Error& error) {
  if (error.kind == ErrorKind::unsupported) return true;
  return error.text.starts_with(kUnknownPrefix) || error.text.starts_with(kDisabledPrefix);
}

// An exception in a reply is decoded as `refused`. It means that nothing was executed only if its text says so, as the
// store's own exceptions between nodes and the host's do.
inline Error error_of_exception(const Error& decoded) {
  if (decoded.kind != ErrorKind::refused) return decoded;
  return Error{retry::is_refusal(decoded.text) ? ErrorKind::cancelled : ErrorKind::internal, decoded.text};
}

}  // namespace p2p::diststore
