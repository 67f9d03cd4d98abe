// Who holds the data of partitions? What the locator requires of the service that does: it is told what this node has
// to be for each partition, and says when a learner has everything and when a primary has stopped. Called on the
// locator's strand.
#pragma once

#include "cluster/map/change.h"

#include <p2p/units.h>

#include <functional>
#include <memory>
#include <vector>

namespace p2p::cluster {

enum class Role : std::uint8_t {
  none,     // what this node has of the partition may go; unless it is the last copy (I9)
  learner,  // gets what the primary has
  in_sync,  // takes every write
  primary,  // serves, as long as the lease is held
};

// What a node is for a partition by the newest map.
struct Assignment {
  PartitionNumber partition = 0;
  Role role = Role::none;
  Epoch term = 0;
  Epoch since = 0;  // of a learner: of its assignment (M2)
  Epoch born = 0;   // M2
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// What a primary says of another copy.
struct CopyReport {
  PartitionNumber partition = 0;
  NodeId copy;
  Epoch term = 0;   // of the primary that says it
  Epoch since = 0;  // of a learner's assignment
  friend bool operator==(const CopyReport&, const CopyReport&) = default;
};

class PartitionHost {
 public:
  virtual ~PartitionHost() = default;

  // A new map, and this node's assignments that differ from those before: in order of partitions.
  virtual void on_map(const std::shared_ptr<const ClusterMap>& map, const std::vector<Assignment>& changed,
                      TimePoint now) = 0;

  // This node is primary in `term` and is to stop serving, and to finish what is under way: has_stopped() says when
  // (H1). It serves nothing after that until another term.
  virtual void stop_serving(PartitionNumber partition, Epoch term, TimePoint now) = 0;

  // The hand-over is given up. False: it has stopped meanwhile, and that stands.
  virtual bool resume(PartitionNumber partition, Epoch term, TimePoint now) = 0;

  // Of partitions that this node is primary of: learners that have everything (I3), and copies that do not keep up
  // (I1). Asked again and again; what the map shows already does no harm.
  virtual std::vector<CopyReport> filled(TimePoint now) const = 0;
  virtual std::vector<CopyReport> failed(TimePoint now) const = 0;
  virtual bool has_stopped(PartitionNumber partition, Epoch term) const = 0;

  // Partitions that this node has in sync by the map, and whose data it has lost. Others are to serve them without it;
  // where it is the only copy, they are to begin empty, by a change of the map, so that nobody takes what comes for the
  // same history (I9, B2, M2).
  virtual std::vector<PartitionNumber> lost() const { return {}; }

  // A service is here that can serve partitions. Without one this node serves nothing.
  virtual bool serves_here() const { return true; }

  // Something of it has run since it was last asked, and no sync is overdue (L1).
  virtual bool is_healthy(TimePoint now) const = 0;

  // False: there is no room for further copies; what is here stays, and what is being filled goes on (M6).
  virtual bool takes_copies() const { return true; }
};

}  // namespace p2p::cluster
