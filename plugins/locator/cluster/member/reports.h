// Which members has this node found to be gone, and tells the voters of (E1)? Said again until the map shows it, or
// its time is over. And which of those that are reported does a voter look at? Its own proof is what counts (L4): a
// report makes it try that member at once. Pure.
#pragma once

#include "cluster/map/cluster_map.h"
#include "cluster/member/messages.h"

#include <p2p/units.h>

#include <cstddef>
#include <map>

namespace p2p::cluster {

// Members that are reported at once; who finds more of them gone is cut off itself.
inline constexpr std::size_t kReportedMax = 64;
// One message to each voter, at most so often.
inline constexpr Duration kReportEvery = std::chrono::milliseconds(150);
// A voter that could prove nothing in this time will not be helped by more of the same.
inline constexpr Duration kReportKept = std::chrono::seconds(1);

class Reports final {
 public:
  // This node has found the process of `node` with this boot to be gone.
  void note(const NodeId& node, std::uint64_t boot, TimePoint now);
  // What the map shows by now is reported no more.
  void observe(const ClusterMap& map);
  bool is_empty() const { return found_.empty(); }
  TimePoint next_at() const { return said_at_ + kReportEvery; }
  // What is to be said now; empty: nothing, or it is too early.
  Report take(TimePoint now);

 private:
  struct Found {
    std::uint64_t boot = 0;
    TimePoint until{};
  };
  std::map<NodeId, Found> found_;
  TimePoint said_at_ = TimePoint::min();
};

// Of those that others report.
class Looks final {
 public:
  void observe(const ClusterMap& map);
  // The voter shall try the member now: its process is not known to be a later one, and nobody has tried it just now.
  bool are_due(const ClusterMap& map, const Report::Gone& gone, TimePoint now);

 private:
  std::map<NodeId, TimePoint> looked_at_;
};

}  // namespace p2p::cluster
