// Who is a node, and in which life? A node's id stays the same wherever it runs; each start of its process is a boot of
// its own.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace p2p::cluster {

// 16 random bytes, as two numbers; all zero: nobody.
struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool empty() const noexcept { return high == 0 && low == 0; }
  std::string text() const;  // 32 hexadecimal digits

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
};

struct NodeId : Id {
  friend bool operator==(const NodeId&, const NodeId&) = default;
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

struct ClusterId : Id {
  friend bool operator==(const ClusterId&, const ClusterId&) = default;
  friend auto operator<=>(const ClusterId&, const ClusterId&) = default;
};

// One life of a node's process (M5). `number` rises with each start and is on disk before anything else happens;
// `nonce` is drawn at the start, and tells two processes apart that began from copies of one folder.
struct Boot {
  std::uint64_t number = 0;  // 0: none
  std::uint64_t nonce = 0;

  friend bool operator==(const Boot&, const Boot&) = default;
};

// Of equal number and another nonce: one of the two runs on a copied or restored folder (M5).
inline bool is_copy(const Boot& one, const Boot& other) {
  return one.number == other.number && one.nonce != other.nonce;
}

// The number of a cluster map. M_1 is the first; 0: none.
using Epoch = std::uint64_t;

}  // namespace p2p::cluster

template <>
struct std::hash<p2p::cluster::NodeId> {
  std::size_t operator()(const p2p::cluster::NodeId& id) const noexcept { return id.high; }  // random: no mixing needed
};
