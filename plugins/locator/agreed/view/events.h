// What happened between two cluster maps, for an operator who watches; and the last of it, by epoch. Pure.
#pragma once

#include "cluster/map/cluster_map.h"

#include <p2p/node_address.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace p2p::agreed {

// A network of some hundreds of nodes that is started anew.
inline constexpr std::size_t kEventsKept = 2'000;

enum class EventKind : std::uint8_t {
  joined,
  up,  // again, or in another boot
  leaving,
  down,
  removed,
  described,
  voters,
  primaries_moved,  // `count` of them, from `node` to `other`
  copies_added,     // `count` more are in sync at `node`
  copies_ended,
  started_empty,  // `count` partitions begin anew at `node`
  level_raised,
  recovered,
};

struct Event {
  EventKind kind = EventKind::joined;
  NodeAddress node = {};
  cluster::NodeId id = {};  // of `node`
  NodeAddress other = {};
  std::uint32_t count = 0;
  std::string text = {};
  friend bool operator==(const Event&, const Event&) = default;
};

// Of the same cluster. Members first, in order of slots.
std::vector<Event> events_between(const cluster::ClusterMap& before, const cluster::ClusterMap& after);

// What one node has seen of its cluster since it began to watch.
class EventLog final {
 public:
  struct Entry {
    cluster::Epoch epoch = 0;
    std::chrono::milliseconds at{};
    Event event;
  };
  struct Found {
    bool missed = false;  // something that is not kept, or was not seen
    std::vector<Entry> entries;
  };

  // Each map that becomes the newest; one of another cluster begins a new log.
  void note(std::shared_ptr<const cluster::ClusterMap> map, std::chrono::milliseconds at);

  const std::shared_ptr<const cluster::ClusterMap>& map() const noexcept { return map_; }
  std::chrono::milliseconds learnt_at() const noexcept { return learnt_at_; }  // of map()
  // When the member got its state of map(); nothing: before this log began.
  std::optional<std::chrono::milliseconds> since(const cluster::NodeId& member) const;
  Found after(cluster::Epoch epoch) const;

 private:
  void note_states(std::chrono::milliseconds at, bool is_first);

  struct State {
    cluster::Epoch since = 0;
    std::optional<std::chrono::milliseconds> at;
  };

  std::shared_ptr<const cluster::ClusterMap> map_;
  std::chrono::milliseconds learnt_at_{};
  cluster::Epoch complete_after_ = 0;  // what happened later is in entries_
  std::deque<Entry> entries_;
  std::unordered_map<cluster::NodeId, State> states_;
};

}  // namespace p2p::agreed
