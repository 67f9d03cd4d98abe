// Since when is a member down, and since when does a partition have too few copies? A map does not say: who plans
// watches maps come by. One that begins to watch takes what it finds for new.
#pragma once

#include "cluster/map/change.h"

#include <p2p/units.h>

#include <boost/container/static_vector.hpp>

#include <optional>
#include <vector>

namespace p2p::cluster {

class Ages final {
 public:
  // Each map that becomes the newest, or some of them, in order of epochs.
  void observe(const ClusterMap& map, TimePoint now);

  // An operator says that it will not come back: it counts as down for as long as anybody asks about, until it is up
  // again. False: it is not down, or was given up before.
  bool give_up(const NodeId& node);

  // What follows is about the map observed last.

  // Nothing: it is not down.
  std::optional<TimePoint> down_since(Slot node) const;
  bool is_down_for(Slot node, Duration time, TimePoint now) const;
  bool is_given_up(Slot node) const;

  // Whether a copy that the partition has lost may come back by itself (I4), so that another one would be too early:
  // the member that held it is down, or was too slow to stay in sync, and that less than `time` ago. Not for a copy
  // that was never there, or whose member is back.
  bool may_regain_copy(PartitionNumber partition, Duration time, TimePoint now) const;

  // Whether a member has joined less than `time` ago.
  bool has_joined_lately(Duration time, TimePoint now) const { return joined_at_ && now - *joined_at_ < time; }

  // Whether a member that holds copies is down less than `time`: copies are not balanced until it is clear who stays.
  bool may_regain_member(Duration time, TimePoint now) const;

 private:
  struct Seen {
    NodeId id;
    Boot boot;
    Epoch since = 0;
    bool is_down = false;
    bool would_hold = false;  // copies, if it were up
    TimePoint down_since = {};
    bool is_given_up = false;
  };
  struct Lost {
    TimePoint at = {};
    Slot node = kNoSlot;  // kNoSlot: before this began to watch
    NodeId id = {};
    bool was_slow = false;  // it was up all the time
  };
  struct Watched {
    boost::container::static_vector<Slot, kCopiesMax> in_sync;
    std::optional<Lost> lost;  // the latest of what it lacks
  };

  void observe_members(const ClusterMap& map, TimePoint now);
  void observe_partition(const ClusterMap& map, PartitionNumber number, TimePoint now);
  std::optional<Lost> loss(const Watched& before, const Partition& partition, TimePoint now) const;

  std::vector<Seen> members_;  // by slot
  std::vector<Seen> members_before_;
  std::vector<Watched> partitions_;
  std::optional<TimePoint> joined_at_;  // the last one
  std::size_t copies_wanted_ = 0;       // if all were back that may come back
  bool is_first_ = true;
};

}  // namespace p2p::cluster
