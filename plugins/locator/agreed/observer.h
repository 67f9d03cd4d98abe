// What does a node tell operators of its cluster? Its adapter reports here what it learns, and any thread asks: what is
// known now, or to be told when it changes. The rules are in view/.
#pragma once

#include "agreed/view/events.h"
#include "agreed/view/links.h"
#include "cluster/map/change.h"

#include <p2p/result.h>
#include <p2p/units.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace p2p::agreed {

// Operators that wait at once for something to happen; one more answers the first.
inline constexpr std::size_t kObserversMax = 256;

// What a node knows at one moment.
struct Knowledge {
  std::shared_ptr<const cluster::ClusterMap> map;  // null: none yet
  cluster::NodeId self;
  std::chrono::milliseconds learnt_at{};
  std::unordered_map<cluster::NodeId, std::chrono::milliseconds> since;  // of members whose state it saw begin
  std::unordered_map<cluster::NodeId, BrokenLink> broken_links;
  std::string waits_for;  // what keeps the node from being ready
};

class ClusterObserver final {
 public:
  explicit ClusterObserver(std::function<std::chrono::milliseconds()> wall_clock)
      : wall_clock_(std::move(wall_clock)) {}

  // --- the adapter's [its strand] ---
  void note_map(std::shared_ptr<const cluster::ClusterMap> map, const cluster::NodeId& self);
  void note_answer(const cluster::NodeId& from);
  void note_failure(const cluster::NodeId& to, std::string why);
  void note_wait(std::string why);
  void tick(TimePoint now);  // often enough for those who wait

  // --- everybody else's [any thread] ---
  Knowledge knowledge() const;
  std::shared_ptr<const cluster::ClusterMap> map() const;

  // Calls `told` with what happened after `epoch` of `cluster` (of another one: with all that is known of the own),
  // when there is something, but at `until` at the latest. On any thread; never when the node ends before.
  struct Happened {
    std::shared_ptr<const cluster::ClusterMap> map;
    EventLog::Found found;
  };
  void await_events(const cluster::ClusterId& cluster, cluster::Epoch epoch, TimePoint until,
                    std::function<void(Happened)> told);
  // Calls `told` when the map is as `order` wants it, but at `until` at the latest. As above.
  void await_order(cluster::Request order, TimePoint until,
                   std::function<void(bool is_done, const cluster::ClusterMap& map)> told);
  // Nobody waits from now on: the node ends, and waits for its calls.
  void end_waits();

 private:
  // True: it has answered. Asked with each map, and a last time when its time is over.
  using Attempt = std::function<bool(bool is_last)>;
  struct Waiter {
    TimePoint until;
    Attempt attempt;
  };

  void await(TimePoint until, Attempt attempt);
  std::optional<Happened> happened(const cluster::ClusterId& cluster, cluster::Epoch epoch, bool is_last) const;
  void ask_waiters(const std::function<bool(const Waiter&)>& is_last);

  const std::function<std::chrono::milliseconds()> wall_clock_;
  mutable std::mutex mutex_;  // of what follows; not held while anybody is told
  cluster::NodeId self_;
  EventLog log_;
  Links links_;
  std::string waits_for_;
  std::list<Waiter> waiters_;
  bool is_ending_ = false;
};

}  // namespace p2p::agreed
