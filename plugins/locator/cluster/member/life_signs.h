// Which members has this voter heard of lately (E1, E2)? Silence alone proves nothing: it counts once the promises have
// run out.
#pragma once

#include "cluster/agreement.h"
#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <unordered_map>

namespace p2p::cluster {

class LifeSigns final {
 public:
  // Members that were not heard of yet count as heard of at this moment.
  void begin(const ClusterMap& map, TimePoint now);
  void note(const NodeId& node, TimePoint now);

  // This node ran late itself by so much: nobody could be heard of meanwhile (E2).
  void forgive(Duration late);

  // Nothing came from `node` for at least `patience`, while another member was heard of, or has a lease. Two members
  // have no other to ask.
  bool is_silent(const ClusterMap& map, const NodeId& node, const NodeId& self, Duration patience,
                 const Agreement& leases, TimePoint now) const;
  Duration silent_for(const NodeId& node, TimePoint now) const;

 private:
  std::unordered_map<NodeId, TimePoint> heard_at_;
};

}  // namespace p2p::cluster
