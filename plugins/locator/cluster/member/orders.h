// What has an operator asked of the cluster through this node? It is asked for again and again, as all that a member
// wants, until the map shows it or its time is over. Pure.
#pragma once

#include "cluster/map/change.h"

#include <p2p/units.h>

#include <cstddef>
#include <vector>

namespace p2p::cluster {

// That are kept at once; one more ends the oldest.
inline constexpr std::size_t kOrdersMax = 16;

// Whether the map is as an order wants it; of orders that are no Remove or Describe, never.
bool is_done(const ClusterMap& map, const Request& order);

class Orders final {
 public:
  // The same again prolongs it; another description of the same member replaces the former.
  void add(const Request& request, TimePoint now, TimePoint until);
  // Each map that becomes the newest: what is done is forgotten, and not asked for again.
  void observe(const ClusterMap& map);
  // Appends what is to be asked for.
  void list(TimePoint now, std::vector<Request>& to) const;

 private:
  struct Order {
    Request request;
    TimePoint until;
  };
  std::vector<Order> orders_;
};

}  // namespace p2p::cluster
