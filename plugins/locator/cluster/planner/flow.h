// The min-cost flow behind placement.h. A unit of it is a copy; it flows from a partition through a zone to a member:
//
//   source -> hub of a partition -> its zones -> members -> sink          (copies that may be in any zone)
//   source ------------------------> its zones -> members -> sink          (copies that a zone must have)
//
// An edge to a member that has the copy costs nothing, one to another costs 1. Shortest augmenting paths, all of one
// length at a time (primal-dual, blocking flows as Dinic's). First every member gets what it must have, then what it
// may.
//
// The graph is never built: nearly every partition has an edge to nearly every member, and of these edges all that go
// to the members of a zone are alike.
#pragma once

#include "cluster/planner/placement.h"

#include <limits>

namespace p2p::cluster {

class Flow final {
 public:
  explicit Flow(const Placement& wanted);

  std::vector<Places> solve() &&;

 private:
  // Cost first, then the number of members on the way: paths of equal cost are taken shortest first, and no path is a
  // circle.
  using Distance = std::int32_t;
  static constexpr Distance kStep = 1;
  static constexpr Distance kMoved = 1 << 16;  // more steps than there are members
  static constexpr Distance kFar = std::numeric_limits<Distance>::max() / 2;
  static constexpr Place kNobody = 0xffff;
  static constexpr std::uint16_t kNoZone = 0xffff;

  // Members of one zone at one distance, through which the sink may still be reached.
  struct Group {
    Distance distance = 0;
    std::uint16_t zone = 0;
    std::vector<Place> members;
  };

  // A copy of `partition` is to be placed: in `zone`, or if it may leave, in any zone that has room.
  struct Search {
    PartitionNumber partition = 0;
    std::uint16_t zone = kNoZone;
    bool may_leave = false;
    Distance distance = 0;
  };

  // --- flow.cc ---
  void keep_what_fits();
  void augment();
  bool is_complete() const;

  bool is_placed(PartitionNumber partition, Place member) const;
  bool is_kept(PartitionNumber partition, Place member) const;
  std::uint32_t placed_in(PartitionNumber partition, std::uint16_t zone) const;
  bool has_spare(PartitionNumber partition) const;  // a copy is not placed that may be in any zone
  bool hub_opens(PartitionNumber partition, std::uint16_t zone) const;

  // --- flow_distances.cc: how far is it from the source to each member? ---
  bool find_distances();
  bool improve();
  bool improve_everybody(PartitionNumber partition, Distance hub);
  bool relax(Place member, Distance distance);
  Distance undo(PartitionNumber partition, Place member) const;
  Distance to_hub(PartitionNumber partition) const;
  Distance to_zone(PartitionNumber partition, std::uint16_t zone, Distance hub) const;

  // --- flow_paths.cc: paths of exactly the shortest distance ---
  void begin_paths();
  void group_members();
  void list_held();
  bool place_missing(PartitionNumber partition);
  bool reach(Place member);
  bool replace(PartitionNumber partition, Place member);
  bool opens(const Search& search, std::uint16_t zone) const;
  Place find(const Search& search);
  Place find_in(const Places& members, const Search& search, Distance at);
  Place find_in_groups(const Search& search, Distance at);
  Place find_in_group(Group& group, const Search& search);
  void give_up(Place member);

  const Placement& wanted_;
  std::uint32_t spare_ = 0;               // copies of a partition that no zone must have
  std::vector<std::uint16_t> due_zones_;  // those that must have copies of each partition; no more than it has copies
  std::vector<std::vector<Place>> members_of_;  // by zone
  std::vector<Places> placed_;
  std::vector<std::uint32_t> count_;  // by member, as limit_
  std::vector<std::uint32_t> limit_;
  std::vector<Distance> distance_;
  Distance farthest_ = 0;
  Distance nearest_ = 0;  // of the members that have room

  std::vector<Group> groups_;            // by distance, then zone
  std::vector<PartitionNumber> held_;    // by each member, one after the other
  std::vector<std::size_t> held_begin_;  // where a member's begin; one more than members
  std::vector<std::size_t> next_held_;   // by member: all before lead nowhere
  std::vector<bool> is_dead_;            // by member: nothing leads on from it
};

}  // namespace p2p::cluster
