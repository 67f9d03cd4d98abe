// The planner of one node: proposes, map after map, what restores copies, balance and zones (cluster.md 5, I4). Holds
// the target on the way to which it is; all rules are in the files that it calls. Only the coordinator's is asked, but
// every node's watches the maps, so that a new coordinator knows how long members have been down.
#pragma once

#include "cluster/planner/ages.h"
#include "cluster/planner/policy.h"
#include "cluster/planner/steps.h"
#include "cluster/planner/target.h"
#include "cluster/planner/voters.h"

#include <optional>
#include <vector>

namespace p2p::cluster {

class Planner final {
 public:
  explicit Planner(const Policy& policy) : policy_(policy) {}

  // Each map that becomes the newest, before it is asked about that map. [own strand]
  void observe(const ClusterMap& map, TimePoint now) { ages_.observe(map, now); }

  // An operator wants it to be no member any more (J4). False: it is not down, or was given up before. [own strand]
  bool give_up(const NodeId& node) { return ages_.give_up(node); }

  // For the map observed last. `under_way`: the hand-overs listed before that have begun. [own strand]
  Steps next(const ClusterMap& map, TimePoint now, const std::vector<HandOver>& under_way = {});

  // Must be alone in its change; goes before next(), as a majority of voters is what everything else needs. [own
  // strand]
  std::optional<SetVoters> voters(const ClusterMap& map, TimePoint now) const {
    return change_of_voters(map, ages_, now, policy_);
  }

  const Ages& ages() const noexcept { return ages_; }

 private:
  const Target& target_for(const ClusterMap& map);
  bool is_on_the_way(const ClusterMap& map, const Remaining& left) const;

  Policy policy_;
  Ages ages_;
  // The target, and what it was made from. It stays until something happens that it did not expect: it can be one of
  // many that are equally good, and what was foretold (what_if.h) is what is done.
  Target target_;
  Shares shares_;
  std::vector<NodeId> holders_;
  std::vector<Slots> before_;  // by partition: who had a copy, or was getting one
  Remaining left_;
};

}  // namespace p2p::cluster
