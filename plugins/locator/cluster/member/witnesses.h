// Which members do the other voters hear nothing of (E2)? A voter that alone does not hear a member has a broken link
// to it, which is no reason to take anything from the member. Whoever fewer than a majority of the voters hear can have
// no lease. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <unordered_map>
#include <vector>

namespace p2p::cluster {

// What another voter has said counts for so long; while it holds, it is said again.
inline constexpr Duration kUnheardKept = std::chrono::seconds(1);
inline constexpr Duration kUnheardEvery = std::chrono::milliseconds(300);

class Witnesses final {
 public:
  void begin(const ClusterMap& map);

  // All that `voter` does not hear at `now`.
  void note(const NodeId& voter, std::vector<NodeId> unheard, TimePoint now);

  // Whether `self`, which does not hear `node`, and the other voters leave no majority that may hear it.
  bool is_lost(const ClusterMap& map, const NodeId& node, const NodeId& self, TimePoint now) const;

 private:
  struct Said {
    std::vector<NodeId> unheard;
    TimePoint until{};
  };

  bool has_said(const NodeId& voter, const NodeId& node, TimePoint now) const;

  std::unordered_map<NodeId, Said> said_;
};

}  // namespace p2p::cluster
