// What has been decided, and may this node act as the map says? What the locator requires of whatever agrees on cluster
// maps: the embedded voters (embedded/), or an engine of its own that others run. Above it nobody knows ballots or
// voters' promises. Not thread-safe; `now` never goes back.
#pragma once

#include "cluster/map/change.h"
#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <memory>
#include <vector>

namespace p2p::cluster {

// The map of `map->epoch` is decided. Told in order of epochs; over a gap once, for the newest.
struct Decision {
  std::shared_ptr<const ClusterMap> map;
  // What made it of the map before; empty over a gap.
  Change change = {};
};

// The primary of a partition serves it no more, and may be replaced in that term (H1).
struct Consent {
  PartitionNumber partition = 0;
  Epoch term = 0;
  friend bool operator==(const Consent&, const Consent&) = default;
};

class Agreement {
 public:
  virtual ~Agreement() = default;

  // The newest map that this node knows to be decided; null: none. Never goes back.
  virtual std::shared_ptr<const ClusterMap> latest() const = 0;

  // Asks for `change` to be what the map of `epoch` becomes. Decided is this, or what somebody else asked for, or
  // nothing for now: a Decision tells it, in whatever effects of the implementation it comes with. Ignored when `epoch`
  // is not the latest, or a request of this node is under way. Whoever decides has checked that the change is allowed
  // (A5) and takes nothing from a node that may still act on its lease (L4).
  virtual void decide(Epoch epoch, const Change& change, TimePoint now) = 0;

  // Until when this node may act as primary: every map that takes that from it is decided after this moment, or after
  // it has consented. In the past: it may not.
  virtual TimePoint lease_held_until() const = 0;

  // No map after latest() had been decided at this moment; TimePoint::min(): that is not known.
  virtual TimePoint newest_at() const = 0;

  // False: what this node serves hangs, and its lease is not to be renewed until it is true again (L1). True at first.
  virtual void set_healthy(bool is_healthy) = 0;

  // This node serves these partitions no more, as long as they are in these terms (H1). Replaces what was said before.
  virtual void set_consents(std::vector<Consent> consents) = 0;

  // The process of `node` with this boot, and all before it, have ended: proof, not suspicion (L4).
  virtual void note_ended(const NodeId& node, const Boot& boot) = 0;
};

}  // namespace p2p::cluster
