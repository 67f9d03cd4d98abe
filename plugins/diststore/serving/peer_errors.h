// What does it mean that a call between stores has failed?
#pragma once

#include <p2p/call.h>
#include <p2p/result.h>

namespace p2p::diststore {

// The node runs no store that could hold keys for us: it is one of the 2009 system, or this service is not configured
// there. `error` is that of the call, or of its decoded reply.
inline bool has_no_store(const Error& error) {
  if (error.kind == ErrorKind::unsupported) return true;
  return error.text.starts_with(kUnknownPrefix) || error.text.starts_with(kDisabledPrefix);
}

}  // namespace p2p::diststore
