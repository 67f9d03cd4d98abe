// Which members does this node not reach? Each with since when, and why. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>

namespace p2p::agreed {

struct BrokenLink {
  std::chrono::milliseconds since{};  // of the first of the failures that came one after the other
  std::string why;                    // of the last
};

class Links final {
 public:
  void note_answer(const cluster::NodeId& from) { broken_.erase(from); }
  void note_failure(const cluster::NodeId& to, std::string why, std::chrono::milliseconds at) {
    const auto link = broken_.try_emplace(to, BrokenLink{.since = at, .why = {}}).first;
    link->second.why = std::move(why);
  }
  // Of nodes that are members no more, nothing is kept.
  void note_map(const cluster::ClusterMap& map) {
    std::erase_if(broken_, [&](const auto& link) { return map.slot_of(link.first) == cluster::kNoSlot; });
  }

  const std::unordered_map<cluster::NodeId, BrokenLink>& broken() const noexcept { return broken_; }

 private:
  std::unordered_map<cluster::NodeId, BrokenLink> broken_;
};

}  // namespace p2p::agreed
