// How does the state at a route key lie in the store? As one value: the last updates of it, then sub-keys and values.
// Nodes must agree about every byte (docs/decisions/0038). Pure.
//
//   1 byte   kStateFormat
//   1 byte   the number of updates, at most kUpdatesKept, then 16 bytes for each, the newest first
//   4 bytes  the number of sub-keys; for each, in ascending order: 4 bytes and the sub-key, 4 bytes and the value
//
// Numbers are little-endian.
#pragma once

#include <p2p/store.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// Which update wrote it: who asks what came of a lost write looks for its own.
struct UpdateId {
  std::uint64_t node = 0;  // drawn anew by each process
  std::uint64_t number = 0;
  friend constexpr bool operator==(const UpdateId&, const UpdateId&) = default;
};

inline constexpr unsigned char kStateFormat = 1;
inline constexpr std::size_t kItemOverheadBytes = 8;  // the lengths of a sub-key and its value
// So many others may write between an update and its question what came of it. Each costs 16 bytes of every value.
inline constexpr std::size_t kUpdatesKept = 8;

struct StoredState {
  RouteState values;
  std::vector<UpdateId> updates;  // the newest first

  bool has(UpdateId update) const noexcept;
  // `update` is the newest now.
  void note(UpdateId update);
};

std::string encode(const StoredState& state);
// Nothing: the bytes are none that encode() makes.
std::optional<StoredState> decode_state(std::string_view bytes);

// What counts against kRouteStateBytesMax.
std::size_t bytes_of(const RouteState& values) noexcept;

}  // namespace p2p::diststore
