// Which write of a partition is it (W1)? Its primary's term, and its place in the order of that partition's writes. The
// engines keep it as the two numbers of a Version, so it costs no memory of its own.
#pragma once

#include "replication/version.h"

#include <compare>
#include <cstdint>

namespace p2p::diststore::replication {

using Epoch = std::uint64_t;
// Writes of a partition are numbered from 1 on, over all terms; a number that was not committed is used again by the
// next term (I5).
using Seq = std::uint64_t;

struct WriteVersion {
  Epoch term = 0;
  Seq seq = 0;
  friend constexpr auto operator<=>(const WriteVersion&, const WriteVersion&) = default;
};

inline constexpr WriteVersion kNoVersion{};  // of a key that is not there

constexpr Version stored(WriteVersion version) { return {version.term, version.seq}; }
constexpr WriteVersion version_of(Version stored) { return {stored.stamp, stored.node}; }

}  // namespace p2p::diststore::replication
