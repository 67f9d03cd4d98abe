// What do nodes tell each other about a member, and which of two tellings wins? The rows of the membership table.
#pragma once

#include <p2p/location.h>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::membership {

enum class MemberState : std::uint8_t { alive, removed };

// In the place of an incarnation: the 2009 system's calls carry none. Any life that is told supersedes it, and is the
// same one.
inline constexpr std::int64_t kUnknownLife = 0;

// One claim: this node, in this life, is a member or is not.
struct Member {
  Location location;
  std::int64_t incarnation =
      0;  // microseconds since 1970 when the node started; raised by the node itself to refute a removal
  MemberState state = MemberState::alive;

  friend bool operator==(const Member&, const Member&) = default;
};

// The whole order of claims about one node: the later life wins, and at a tie the worse news. [any thread]
inline bool supersedes(const Member& heard, const Member& known) {
  if (heard.incarnation != known.incarnation) return heard.incarnation > known.incarnation;
  return heard.state > known.state;
}

// Foreign rows outside these limits are ignored. The longest host name has 253 characters (RFC 1035); the incarnation
// leaves room for raising it and for clocks that are thousands of years ahead.
inline constexpr std::size_t kAddressBytesMax = 255;
inline constexpr std::int64_t kIncarnationMax = std::int64_t{1} << 62;

inline bool is_plausible(const Member& member) {
  return !member.location.address.empty() && member.location.address.size() <= kAddressBytesMax &&
         member.location.port != 0 && member.incarnation >= 0 && member.incarnation <= kIncarnationMax;
}

// A node's table as it travels. `fingerprint` is equal on two nodes exactly when their alive rows are; `members` holds
// every row, or none when the rows are not needed.
struct View {
  std::uint64_t fingerprint = 0;
  std::vector<Member> members;

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace p2p::membership
