// What do nodes send each other about a member, and which of two rows wins? The rows of the membership table.
#pragma once

#include <p2p/node_address.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::classic {

// From best to worst news about one life. `leaving`: no longer owns anything, but is still handing over what it holds.
enum class MemberState : std::uint8_t { alive, leaving, removed };

// Stands in for an incarnation, since the 2009 system's calls carry none. Any known life supersedes it, and counts as
// the same one.
inline constexpr std::int64_t kUnknownLife = 0;

// One claim: this node, in this life, is in this state.
struct Member {
  NodeAddress address;
  std::int64_t incarnation =
      0;  // microseconds since 1970 when the node started; raised by the node itself to refute a removal
  MemberState state = MemberState::alive;

  friend bool operator==(const Member&, const Member&) = default;
};

// The total order of claims about one node: the later life wins; at a tie, the worse news. [any thread]
inline bool supersedes(const Member& heard, const Member& known) {
  if (heard.incarnation != known.incarnation) return heard.incarnation > known.incarnation;
  return heard.state > known.state;
}

// Foreign rows outside these limits are ignored. The longest host name has 253 characters (RFC 1035). Incarnations end
// in the year 6537; a refuting node does not go beyond that either, so that its claims stay plausible.
inline constexpr std::size_t kAddressBytesMax = 255;
inline constexpr std::int64_t kIncarnationMax = std::int64_t{1} << 57;

// Removals of lives after the year 4253 are noise: a node believes only its own failed connects about them, no row. So
// a node always finds a life in which one wrong row cannot shut it out.
inline constexpr std::int64_t kRemovedIncarnationMax = std::int64_t{1} << 56;

// Rejects bytes that no host name has: they would break log lines, and the text that fingerprints are made of.
inline bool is_address_byte(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  constexpr unsigned char kDelete = 0x7f;
  return code > ' ' && code != kDelete && code != '=';
}

inline bool is_plausible(const Member& member) {
  const std::string& address = member.address.host;
  return !address.empty() && address.size() <= kAddressBytesMax &&
         std::all_of(address.begin(), address.end(), is_address_byte) && member.address.port != 0 &&
         member.incarnation >= 0 && member.incarnation <= kIncarnationMax;
}

inline bool is_credible_farewell(const Member& member) {
  return member.state != MemberState::alive && member.incarnation <= kRemovedIncarnationMax;
}

// A node's table as sent. `fingerprint` is equal on two nodes exactly when their rows, except removed ones, are;
// `members` holds every row, or none when they are not needed.
struct View {
  std::uint64_t fingerprint = 0;
  std::vector<Member> members;
  std::vector<NodeAddress> waits_for =
      {};  // in the answer to a Join from a node that has joined nobody yet: the nodes it waits for

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace p2p::classic
