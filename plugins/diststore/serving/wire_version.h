// How does a version travel?
#pragma once

#include "replication/version.h"

#include <diststore_types.h>

#include <cstdint>

namespace p2p::diststore {

namespace wire = ::diststore;

inline wire::Version to_wire(Version version) {
  wire::Version sent;
  sent.stamp = static_cast<std::int64_t>(version.stamp);
  sent.node = static_cast<std::int64_t>(version.node);
  return sent;
}

inline Version from_wire(const wire::Version& version) {
  return {static_cast<Stamp>(version.stamp), static_cast<std::uint64_t>(version.node)};
}

}  // namespace p2p::diststore
