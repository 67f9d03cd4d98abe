// How far has a scan of all keys come? What its caller keeps between two calls: every node can go on from it, since it
// says which partitions were looked through, and not who did.
#pragma once

#include "engine/partition.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2p::diststore {

struct ScanCursor {
  // A partition that was looked through in part.
  struct Open {
    Partition partition = 0;
    std::uint64_t engine = 0;  // whose position it is: for any other the partition begins anew
    std::string place = {};    // ScanPosition's
    friend bool operator==(const Open&, const Open&) = default;
  };

  std::bitset<kPartitions> done;
  std::optional<Open> open = {};  // not one of `done`

  // "" at the beginning of a scan, and at its end.
  std::string encode() const;
  // Nothing: encode() has not made it. "": the beginning.
  static std::optional<ScanCursor> decode(std::string_view encoded);

  friend bool operator==(const ScanCursor&, const ScanCursor&) = default;
};

}  // namespace p2p::diststore
