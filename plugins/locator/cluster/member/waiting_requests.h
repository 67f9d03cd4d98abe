// What do members want that has not been decided yet? In the order in which it was first asked for. Thousands may wait,
// and all of them are asked for again and again. Pure.
#pragma once

#include "cluster/map/change.h"

#include <p2p/units.h>

#include <cstdint>
#include <list>
#include <unordered_map>

namespace p2p::cluster {

// Whoever asked asks again, so that what is older is wanted by nobody, or is not allowed.
inline constexpr Duration kRequestKept = std::chrono::seconds(1);
inline constexpr std::size_t kRequestsWaitingMax = 2 * kRequestsMax;

// Nothing will ever come of it: the map is as it wants, or it speaks of a term that has ended.
bool is_settled(const ClusterMap& map, const Request& request);
// That a copy which is up has lost its data, nobody but its own node knows (I9).
bool may_ask(const NodeId& node, const Request& request, const ClusterMap& map);

class WaitingRequests final {
 public:
  struct Waiting {
    Request request;
    TimePoint until{};
  };

  // The same again prolongs it; what a process says of itself replaces what it said before, as both decided in turn
  // would change the map again and again. False: there are too many already.
  bool add(const Request& request, TimePoint now);
  // Forgets what the newest map has settled. A description could be decided again and again, without any change.
  void observe(const ClusterMap& map);
  void drop_old(TimePoint now);

  bool empty() const noexcept { return waiting_.empty(); }
  const std::list<Waiting>& all() const noexcept { return waiting_; }

 private:
  using Place = std::list<Waiting>::iterator;

  Place find(const Request& request);
  Place remove(Place place);

  std::list<Waiting> waiting_;
  std::unordered_multimap<std::uint64_t, Place> by_subject_;  // what it is about: a member, or a partition
};

}  // namespace p2p::cluster
