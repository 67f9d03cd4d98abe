// How does a membership change become a ring change? One after the other: each runs through the layers, then the new
// view is published and the listeners are called.
#pragma once

#include "membership/membership.h"
#include "placement/placement.h"
#include "ring/member_view.h"
#include "ring_layers/layer_chain.h"
#include "ring_layers/ring_listeners.h"

#include <p2p/locator.h>
#include <p2p/snapshot.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {

// With more changes waiting than this, layers are skipped until the ring has caught up.
inline constexpr std::size_t kChangesWaitingMax = 10000;

class RingChanges final : public std::enable_shared_from_this<RingChanges> {
 public:
  struct Options {
    NodeAddress self;
    Duration layer_timeout = std::chrono::seconds(5);
  };

  // The first view has `self` alone. `log` outlives the strand's work.
  RingChanges(Options options, std::shared_ptr<const placement::Placement> placement, std::shared_ptr<Strand> strand,
              Logger& log);

  LayerChain& layers() noexcept { return layers_; }
  const placement::Placement& placement() const noexcept { return *placement_; }

  const RingView& view() const { return view_.read(); }                          // [any thread], see Snapshot::read
  std::shared_ptr<const RingView> shared_view() const { return view_.share(); }  // [any thread]
  std::int64_t view_changes() const noexcept { return view_changes_.load(std::memory_order_relaxed); }  // [any thread]
  Subscription subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) {      // [any thread]
    return listeners_.subscribe(std::move(name), std::move(listener));
  }

  void enqueue(membership::MembershipChange change);  // [own strand]

  // Runs `then` as soon as no change is waiting: now or later. [own strand]
  void when_idle(std::function<void()> then);

  // Takes this node off its own ring: it owns nothing from now on. At most once. [own strand]
  void withdraw();

  // Runs the cleanup layers, then `then`. After withdraw(), at most once. [own strand]
  void clean_up(std::function<void()> then);

  void check() const;  // asserts what holds between changes; for tests [own strand]

  // A ring of `members`, sorted by name, as this network places keys. [any thread]
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const;

 private:
  void start_next();
  void apply(const membership::MembershipChange& change);
  void change_ended();
  void publish(p2p::RingChange change);
  std::shared_ptr<const RingView> view_of_members() const;

  const Options options_;
  const std::shared_ptr<const placement::Placement> placement_;
  const std::shared_ptr<Strand> strand_;
  Logger& log_;
  LayerChain layers_;

  // [own strand]
  std::map<std::string, NodeAddress> members_;  // of the newest view, by name
  std::map<std::string, NodeAddress> leaving_;
  std::shared_ptr<const RingView> given_view_;  // by the membership implementation, last; null: none yet
  std::deque<membership::MembershipChange> waiting_;
  bool is_changing_ = false;
  std::vector<std::function<void()>> idle_waiters_;

  Snapshot<RingView> view_;
  std::atomic<std::int64_t> view_changes_{0};
  RingListeners listeners_;
};

}  // namespace p2p::ring
