// Who asks to be let in, and is its address one that leads back to it (J1)? Each is tried once at a time; that it was
// reached counts for a while, as it asks again until it is in. Pure.
#pragma once

#include "agreed/wire/messages.h"
#include "cluster/map/cluster_map.h"

#include <p2p/units.h>

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace p2p::agreed {

// Newcomers whose address is being tried, and as many that were reached.
inline constexpr std::size_t kNewcomersMax = 512;
inline constexpr Duration kReachedFor = std::chrono::seconds(10);

class Newcomers final {
 public:
  struct Newcomer {
    cluster::Sender from;
    cluster::Member member;
    cluster::wire::Respond respond;
  };

  bool was_reached(const cluster::Member& member, TimePoint now) const {
    const auto known = reached_.find(member.id);
    return known != reached_.end() && known->second.address == member.address && now < known->second.until;
  }

  bool is_full() const { return waiting_.size() >= kNewcomersMax; }
  // False: its address is being tried already. The earlier question is answered for both.
  bool wait(Newcomer newcomer) {
    const cluster::NodeId id = newcomer.member.id;
    return waiting_.emplace(id, std::move(newcomer)).second;
  }
  // Whose address is being tried; null: it is not.
  const Newcomer* find(const cluster::NodeId& id) const {
    const auto found = waiting_.find(id);
    return found == waiting_.end() ? nullptr : &found->second;
  }
  // Its address has been tried. Nothing: nobody waits for that any more.
  std::optional<Newcomer> take(const cluster::NodeId& id) {
    auto found = waiting_.extract(id);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
  }
  void note_reached(const cluster::Member& member, TimePoint now) {
    if (reached_.size() >= kNewcomersMax)
      std::erase_if(reached_, [&](const auto& one) { return one.second.until <= now; });
    if (reached_.size() < kNewcomersMax) reached_[member.id] = {.address = member.address, .until = now + kReachedFor};
  }

  void drop_waiting() { waiting_.clear(); }

 private:
  struct Reached {
    NodeAddress address;
    TimePoint until;
  };

  std::map<cluster::NodeId, Newcomer> waiting_;
  std::map<cluster::NodeId, Reached> reached_;
};

}  // namespace p2p::agreed
