// What has been agreed: who is a member, who votes, and which members hold each partition (cluster.md 1). A map never
// changes; the next one is what apply.h makes of it and a change. Plain values without a rule of their own.
#pragma once

#include "cluster/map/identity.h"

#include <p2p/node_address.h>

#include <boost/container/static_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace p2p::cluster {

// The place of a member in ClusterMap::members. It is the member's as long as it is one, and is given away again only
// after that.
using Slot = std::uint16_t;
inline constexpr Slot kNoSlot = 0xffff;
inline constexpr std::size_t kMembersMax = 4096;

inline constexpr std::uint32_t kPartitions = 4096;     // unless the founder chose another power of two
inline constexpr std::size_t kPartitionsMax = 65'536;  // 16 bits of a key's hash
// More copies than anybody keeps. A move needs one more for a while, and what was not put back in time another.
inline constexpr std::size_t kCopiesMax = 8;
inline constexpr std::size_t kLearnersMax = 4;
inline constexpr std::size_t kVotersMax = 5;  // A6

inline constexpr std::uint32_t kWeightDefault = 100;
inline constexpr std::uint32_t kWeightMax = 10'000;

// What a process that held data still has after a restart (B2).
enum class Durability : std::uint8_t {
  memory,   // nothing
  durable,  // everything that it had synced
};

enum class MemberState : std::uint8_t {
  up,
  leaving,  // up, and giving away what it has (J3)
  down,
};

struct Member {
  NodeId id;  // empty: the slot is free
  NodeAddress address;
  Boot boot;
  MemberState state = MemberState::up;
  std::string zone;                       // copies of a partition are spread over zones; "": a zone like any other
  std::uint32_t weight = kWeightDefault;  // its share of the partitions; 0: none
  std::vector<std::string> services;      // that it runs, sorted
  bool holds_partitions = true;           // runs the service that holds the data of partitions (M6)
  std::uint32_t feature_level = 1;        // the highest that its program knows (M7)
  bool takes_copies = true;               // false: it has no room for more than it has; from feature level 2 on
  Epoch since = 0;                        // it has this state, or may be given copies again

  bool is_up() const noexcept { return !id.empty() && state != MemberState::down; }
  friend bool operator==(const Member&, const Member&) = default;
};

// Gets the data of a partition, and is then put in sync. `since` tells its assignments apart (M2).
struct Learner {
  Slot node = kNoSlot;
  Epoch since = 0;
  friend bool operator==(const Learner&, const Learner&) = default;
};

struct Partition {
  Slot primary = kNoSlot;                                     // one of in_sync
  boost::container::static_vector<Slot, kCopiesMax> in_sync;  // each has every acknowledged write; in order of takeover
  boost::container::static_vector<Learner, kLearnersMax> learners;
  Epoch term = 0;  // at which primary or in_sync last changed, or a member of in_sync came up with another boot (M1)
  Epoch born = 0;  // at which it last started empty (M2)

  bool is_in_sync(Slot node) const noexcept;
  const Learner* learner(Slot node) const noexcept;  // null: none; until the partition changes
  friend bool operator==(const Partition&, const Partition&) = default;
};

// Where members probably are: makes slot_of() fast, and never wrong, as what it finds is looked at. No part of what was
// agreed: all are equal.
class SlotHints final {
 public:
  void note(const std::vector<Member>& members);
  Slot find(const std::vector<Member>& members, const NodeId& id) const noexcept;  // kNoSlot: no hint

  friend bool operator==(const SlotHints&, const SlotHints&) noexcept { return true; }

 private:
  std::vector<Slot> by_id_;  // twice as many as members, or more; a power of two
};

struct ClusterMap {
  Epoch epoch = 0;
  ClusterId cluster;
  ClusterId succeeds;            // the network that ended, and whose members may join this one (J6); empty: none
  bool founded_by_hand = false;  // by an operator's --found (J6)
  std::uint64_t generation = 0;  // how often an operator went on without a majority of voters (J5)
  Epoch recovered_from = 0;      // the last epoch that was acted by before, and counts; 0: there was none
  // J5: until this member has opened the generation nobody acts by this map; and it waits for these. Empty: all may.
  NodeId recovered_by = {};
  std::vector<Slot> confirmers = {};  // sorted
  std::vector<NodeId> given_up = {};  // members no more: all that the operator has confirmed, and nobody else
  std::uint32_t copies = 3;           // that the planner keeps of each partition; less than kCopiesMax
  std::uint32_t copies_min = 2;       // that a write must reach (W1), and that are restored at once (I4)
  Durability durability = Durability::memory;
  std::uint32_t feature_level = 1;  // in force (M7)
  std::vector<Member> members;      // by slot; free ones among them
  std::vector<Slot> voters;         // sorted; of odd number
  Epoch voters_since = 0;           // at which they last changed (L6)
  std::vector<Partition> partitions;
  SlotHints hints = {};  // noted where a map comes from: a change, a message, the disk

  // kNoSlot: no member.
  Slot slot_of(const NodeId& id) const noexcept;
  Slot slot_at(const NodeAddress& address) const noexcept;  // of an up member, if any has it

  const Member& at(Slot slot) const { return members[slot]; }  // the slot must be a member's
  bool is_up(Slot slot) const noexcept { return slot < members.size() && members[slot].is_up(); }
  bool is_voter(Slot slot) const noexcept;
  bool holds(Slot slot) const noexcept;  // anything of a partition, or is to
  bool has_holders() const noexcept;     // looks at all members: ask it through Holders, or once

  bool is_recovering() const noexcept { return !recovered_by.empty(); }
  std::size_t majority() const noexcept { return voters.size() / 2 + 1; }
  std::size_t member_count() const noexcept;
  std::size_t up_count() const noexcept;

  friend bool operator==(const ClusterMap&, const ClusterMap&) = default;
};

// Who may hold partitions, while no member of a map comes, goes or says something else of itself: all are looked at
// once (M6).
class Holders final {
 public:
  explicit Holders(const ClusterMap& map) : are_there_(map.has_holders()) {}

  // It runs the service that holds the data. While no member does, all may hold partitions, which are empty.
  bool may_include(const Member& member) const noexcept { return member.holds_partitions || !are_there_; }
  // A member that is given copies: up, not leaving, running that service, and of a weight.
  bool include(const Member& member) const noexcept;

 private:
  bool are_there_;
};

// How many copies of a partition must be in sync for its primary to take a write (W1): copies_min, or as many as there
// could be. A member that came after the partition's copies last changed could not be one of them yet: while it is
// being filled, writes go on with the copies that took them before.
class RequiredCopies final {
 public:
  explicit RequiredCopies(const ClusterMap& map);
  std::size_t of(const Partition& partition) const noexcept;  // at least 1, unless copies_min is 0

 private:
  std::vector<Epoch> since_;  // of all members that are given copies, sorted
  std::size_t copies_min_;
};

// M_1 of a new network: the founder is the only member and voter, and primary of all partitions, which are empty (J1).
// `partitions` is a power of two, at most kPartitionsMax.
struct Founding {
  ClusterId cluster;
  ClusterId succeeds;
  bool by_hand = false;
  Member founder;
  std::uint32_t partitions = kPartitions;
  std::uint32_t copies = 3;
  std::uint32_t copies_min = 2;
  Durability durability = Durability::memory;
};
ClusterMap found(const Founding& founding);

// Why this cannot be a map, in words; empty: it can. Ask it before a map from disk or from another node is used; tests
// and the simulator ask it after each change.
std::string unsoundness(const ClusterMap& map);

}  // namespace p2p::cluster
