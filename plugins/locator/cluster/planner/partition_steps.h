// Which copies and primaries move next? The part of steps.h that is about partitions.
#pragma once

#include "cluster/planner/steps.h"

#include <functional>
#include <vector>

namespace p2p::cluster {

class PartitionSteps final {
 public:
  // The situation outlives this.
  explicit PartitionSteps(const Situation& situation);

  // Once.
  Steps list() &&;

 private:
  // Why a copy is to be added, the most urgent first.
  enum class Reason : std::uint8_t { below_minimum, lost, given_away, balance };
  struct Missing {
    PartitionNumber partition = 0;
    Slot to = kNoSlot;
    Reason reason = Reason::balance;
  };

  // --- copies ---
  void start_empty();
  void find_missing(PartitionNumber number);
  Reason reason_for(PartitionNumber number, std::size_t copies) const;
  bool may_wait(const Missing& missing) const;
  void add(Reason reason);
  void end_surplus(PartitionNumber number);
  void release_leavers(PartitionNumber number);
  bool is_promised(PartitionNumber number, Slot to) const;

  // --- primaries ---
  void hand_over();
  void begin_hand_overs(const std::function<bool(Slot)>& of);
  bool can_hand_over(PartitionNumber number) const;
  void list_hand_over(PartitionNumber number);

  // --- limits ---
  // Moves of one kind that are under way, by slot.
  struct Moves {
    explicit Moves(std::size_t members) : receives(members), gives(members) {}
    bool have_room(Slot from, Slot to, std::size_t max) const { return gives[from] < max && receives[to] < max; }
    void count(Slot from, Slot to);

    std::vector<std::size_t> receives;
    std::vector<std::size_t> gives;
  };
  void count_fills();
  void request(const Request& request);

  bool has_source(PartitionNumber number) const;  // data to copy, and somebody to copy it to
  const NodeId& id_of(Slot node) const { return map_.at(node).id; }

  const Situation& now_;
  const ClusterMap& map_;
  const Holders holders_;
  const Target& target_;
  bool is_settling_;  // members have just come, and more may
  bool is_calm_;      // nor may anybody come back whose copies would be balanced once more
  bool has_data_;     // some member holds data of partitions
  std::vector<Missing> missing_;
  // A primary whose service has ended fills nobody: to hand it over must not wait for the learners that it would fill.
  Moves fills_;
  Moves hand_overs_;
  std::vector<bool> is_listed_;  // by partition: its hand-over
  Steps steps_;
};

}  // namespace p2p::cluster
