// What does it mean that a call between stores has failed?
#pragma once

#include <p2p/call.h>
#include <p2p/result.h>

#include <string_view>

namespace p2p::diststore {

// The node runs no store that could hold keys for us: it is one of the 2009 system, or this service is not configured
// there. `error` is that of the call, or of its decoded reply.
inline bool has_no_store(const Error& error) {
  if (error.kind == ErrorKind::unsupported) return true;
  return error.text.starts_with(kUnknownPrefix) || error.text.starts_with(kDisabledPrefix);
}

// A reply that is an exception is decoded as `refused`. That only means that nothing was executed when its text says
// so: the store's own exceptions between nodes do, and the host's.
inline Error error_of_exception(const Error& decoded) {
  if (decoded.kind != ErrorKind::refused) return decoded;
  for (const std::string_view prefix :
       {kUnknownPrefix, kDisabledPrefix, kDrainingPrefix, kOverloadedPrefix, kNotExecutedPrefix}) {
    if (decoded.text.starts_with(prefix)) return Error{ErrorKind::cancelled, decoded.text};
  }
  return Error{ErrorKind::internal, decoded.text};
}

}  // namespace p2p::diststore
