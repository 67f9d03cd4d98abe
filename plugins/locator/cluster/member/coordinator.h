// What should the next change be (A4, E1, E2)? Every voter has one, and works with it when it is the first reachable
// voter, or is asked.
#pragma once

#include "cluster/agreement.h"
#include "cluster/lease_rules.h"
#include "cluster/map/apply.h"
#include "cluster/member/life_signs.h"
#include "cluster/member/waiting_requests.h"
#include "cluster/member/witnesses.h"

#include <p2p/units.h>

#include <optional>
#include <utility>
#include <vector>

namespace p2p::cluster {

// A new slot starts at the earliest so long after the last, so that what comes at once becomes one change (M4); deaths
// do not wait.
inline constexpr Duration kSlotPause = std::chrono::milliseconds(20);
// Voters renew their leases at each other four times in a lease.
inline constexpr Duration kVoterSilentMax = std::chrono::milliseconds(600);

class Coordinator final {
 public:
  Coordinator(const NodeId& self, const LeaseRules& rules) : self_(self), rules_(rules) {}

  void begin(const ClusterMap& map, TimePoint now);
  void note_heard(const NodeId& node, TimePoint now) { life_.note(node, now); }
  void forgive(Duration late) { life_.forgive(late); }

  // Members that are up, of which this voter hears nothing beyond its promises; and what another voter says so.
  std::vector<NodeId> unheard(const ClusterMap& map, const Agreement& agreement, TimePoint now) const;
  void note_unheard(const NodeId& voter, std::vector<NodeId> nodes, TimePoint now) {
    witnesses_.note(voter, std::move(nodes), now);
  }

  // Somebody wants it; false: there are too many already.
  bool add(const Request& request, TimePoint now) { return waiting_.add(request, now); }
  // What the planner wants of this map, in place of what it wanted before: with the next map that may lead astray.
  void plan(std::vector<Request> steps) { planned_ = std::move(steps); }

  // The first voter in map order that is not silent and has not ended (A4).
  bool is_first(const ClusterMap& map, const Agreement& agreement, TimePoint now) const;
  bool has_requests() const { return !waiting_.empty() || !planned_.empty(); }
  TimePoint next_slot_at() const { return decided_at_ + kSlotPause; }  // what is no death may be proposed from then on

  // What to propose now; nothing: there is nothing to do, or it is too early. Deaths first, then what was asked for in
  // order, then what is planned.
  std::optional<Change> next_change(const ClusterMap& map, const Agreement& agreement, TimePoint now);

  const LifeSigns& life() const { return life_; }

 private:
  std::vector<Down> deaths(const ClusterMap& map, const Agreement& agreement, TimePoint now) const;
  bool is_unheard(const ClusterMap& map, const Member& member, const Agreement& agreement, TimePoint now) const;
  bool has_died(const ClusterMap& map, const Member& member, const Agreement& agreement, TimePoint now) const;

  NodeId self_;
  LeaseRules rules_;
  LifeSigns life_;
  Witnesses witnesses_;
  WaitingRequests waiting_;
  std::vector<Request> planned_;
  TimePoint decided_at_ = TimePoint::min();
};

}  // namespace p2p::cluster
