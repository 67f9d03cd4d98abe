// What does a cluster map become by a change (M1 to M3)? The same on every node.
#pragma once

#include "cluster/map/change.h"
#include "cluster/map/cluster_map.h"

#include <p2p/result.h>

#include <memory>
#include <optional>
#include <vector>

namespace p2p::cluster {

// The map has nothing to learn from what the member's process says of itself.
bool is_as_said(const Member& member, const Up& up);

// Applies requests one after another, each checked on the map that those before it left. A request that is refused
// leaves no trace.
class NextMap final {
 public:
  // `map` outlives this.
  explicit NextMap(const ClusterMap& map);

  Result<Done> apply(const Request& request);

  // The requests that were applied, in order.
  const Change& change() const noexcept { return change_; }
  const ClusterMap& map() const noexcept { return next_; }  // without what finish() adds

  // The map after the change: in what a change says of members and copies, terms and takeovers follow. Once.
  ClusterMap finish() &&;

 private:
  Result<Done> apply_to_next(const Join& join);
  Result<Done> apply_to_next(const Up& up);
  Result<Done> apply_to_next(const Down& down);
  Result<Done> apply_to_next(const Leave& leave);
  Result<Done> apply_to_next(const Remove& remove);
  Result<Done> apply_to_next(const Describe& describe);
  Result<Done> apply_to_next(const RaiseFeatureLevel& raise);
  Result<Done> apply_to_next(const SetVoters& set);
  Result<Done> apply_to_next(const AddLearner& add);
  Result<Done> apply_to_next(const RemoveLearner& remove);
  Result<Done> apply_to_next(const PutInSync& put);
  Result<Done> apply_to_next(const TakeOutOfSync& take);
  Result<Done> apply_to_next(const MovePrimary& move);
  Result<Done> apply_to_next(const RenewTerm& renew);
  Result<Done> apply_to_next(const StartEmpty& start);

  Result<Partition*> partition(PartitionNumber number);
  // The partition, when its term in the map before is `term`.
  Result<Partition*> partition_in(PartitionNumber number, Epoch term);
  Slot up_member(const NodeId& id) const;  // kNoSlot: no member, or down
  bool may_hold(Slot node);
  Slot free_slot() const;
  void restart_copy(Slot node, PartitionNumber number, Partition& partition);
  void start_empty(Partition& partition, Slot at);
  void settle(PartitionNumber number, Partition& partition) const;

  const ClusterMap& before_;
  ClusterMap next_;
  Change change_;
  std::optional<Holders> holders_;  // none since members have changed
  std::vector<bool>
      restarted_;  // by partition: a member of in_sync came up with another boot, or the primary wants a new term
};

// The whole change, or the first refusal.
Result<ClusterMap> apply(const ClusterMap& map, const Change& change);

// What a change takes from a member; L4 asks whether a promise to that member forbids it.
struct Loss {
  Slot node = kNoSlot;
  bool loses_boot = false;                      // it is marked down, or its boot is replaced
  std::vector<PartitionNumber> primaries = {};  // that go to another
};
// Of the members of `before` that lose something, by slot.
std::vector<Loss> losses(const ClusterMap& before, const ClusterMap& after);

}  // namespace p2p::cluster
