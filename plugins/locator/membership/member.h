// What do nodes tell each other about a member, and which of two tellings wins? The rows of the membership table.
#pragma once

#include <p2p/location.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace p2p::membership {

// In this order the news about one life gets worse. `leaving`: owns nothing any more, and still hands over what it
// holds.
enum class MemberState : std::uint8_t { alive, leaving, removed };

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

// Foreign rows outside these limits are ignored. The longest host name has 253 characters (RFC 1035). Incarnations end
// in the year 6537; a node that refutes goes no further either, so that what it says stays plausible.
inline constexpr std::size_t kAddressBytesMax = 255;
inline constexpr std::int64_t kIncarnationMax = std::int64_t{1} << 57;

// Removals of later lives, after the year 4253, are no news but noise: nobody believes them about another node, only
// its own failed connects. So a node always finds a life in which one wrong row cannot shut it out.
inline constexpr std::int64_t kRemovedIncarnationMax = std::int64_t{1} << 56;

// What no host has in its name: it would break up lines of the log, and the text that fingerprints are made of.
inline bool is_address_byte(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  constexpr unsigned char kDelete = 0x7f;
  return code > ' ' && code != kDelete && code != '=';
}

inline bool is_plausible(const Member& member) {
  const std::string& address = member.location.address;
  return !address.empty() && address.size() <= kAddressBytesMax &&
         std::all_of(address.begin(), address.end(), is_address_byte) && member.location.port != 0 &&
         member.incarnation >= 0 && member.incarnation <= kIncarnationMax;
}

inline bool is_credible_farewell(const Member& member) {
  return member.state != MemberState::alive && member.incarnation <= kRemovedIncarnationMax;
}

// A node's table as it travels. `fingerprint` is equal on two nodes exactly when their rows that are not removed are;
// `members` holds every row, or none when the rows are not needed.
struct View {
  std::uint64_t fingerprint = 0;
  std::vector<Member> members;
  std::vector<Location> waits_for =
      {};  // of the answer to a Join, by a node that has joined nobody yet: for whom it waits

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace p2p::membership
