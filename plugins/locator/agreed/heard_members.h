// How did the last calls to each member end? Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <algorithm>
#include <string>
#include <unordered_map>

namespace p2p::agreed {

class HeardMembers final {
 public:
  struct Heard {
    TimePoint refused_since = TimePoint::max();  // connects, without a break
    TimePoint answered_at = TimePoint::min();
    cluster::Epoch epoch = 0;  // of its map

    bool has_answered() const { return answered_at != TimePoint::min(); }
    bool is_refusing() const { return refused_since != TimePoint::max(); }
  };

  void note_answer(const cluster::NodeId& member, cluster::Epoch epoch, TimePoint now) {
    heard_[member] = {.answered_at = now, .epoch = epoch};
  }
  void note_failure(const cluster::NodeId& member, bool is_refused, TimePoint now) {
    Heard& heard = heard_[member];
    heard.refused_since = is_refused ? std::min(heard.refused_since, now) : TimePoint::max();
  }
  // Somebody else answers there, or refuses this node.
  void note_tried(const cluster::NodeId& member) { heard_.try_emplace(member); }

  // Null: it has not been tried.
  const Heard* find(const cluster::NodeId& member) const {
    const auto found = heard_.find(member);
    return found == heard_.end() ? nullptr : &found->second;
  }

  void keep_members_of(const cluster::ClusterMap& map) {
    std::erase_if(heard_, [&](const auto& one) { return map.slot_of(one.first) == cluster::kNoSlot; });
  }
  void clear() { heard_.clear(); }

 private:
  std::unordered_map<cluster::NodeId, Heard> heard_;
};

// Voters other than `self` that have not answered for `silence`: "127.0.0.1:9901 (not heard of for 2s) are missing, of
// 5".
std::string text_of_missing_voters(const cluster::ClusterMap& map, const HeardMembers& heard,
                                   const cluster::NodeId& self, Duration silence, TimePoint now);

}  // namespace p2p::agreed
