// The host's side of FakeLocator: an ILocator that a plugin of the harness provides. The real locator's code runs
// layers and listeners; only the members are set by the test.
#pragma once

#include "ring_layers/layer_chain.h"
#include "ring_layers/ring_listeners.h"
#include "testing/fake_view.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>
#include <p2p/snapshot.h>
#include <p2p/testing.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace p2p::testing {

// The descriptor of the plugin, as P2P_PLUGIN would write it.
inline constexpr char kFakeLocatorText[] =
    P2P_NAME("locator") P2P_VERSION(P2P_SDK_VERSION) P2P_SUMMARY("a locator whose ring the test decides")
        P2P_PROVIDES("p2p.locator.ILocator/3") P2P_SERVES("locator.Locator");
inline constexpr std::string_view kFakeLocatorInfo{kFakeLocatorText, sizeof kFakeLocatorText};

struct FakeLocator::Parts final : public ILocator, public std::enable_shared_from_this<FakeLocator::Parts> {
 public:
  // A change of the ring, made on the strand. `ended` runs when it is complete.
  struct Change {
    enum class Kind : std::uint8_t { add, remove, cleanup, publish } kind = Kind::publish;
    NodeAddress address = {};               // of add and remove
    std::vector<NodeAddress> members = {};  // of publish
    bool only_news = false;                 // add: does nothing for a member
    std::function<void()> ended = nullptr;
  };

  Parts();

  // For the plugin. [control]
  void begin(Context& context);
  void drain(Completion done);
  void end();

  // For the test. [any thread]
  void change_and_wait(Change change, Duration patience);
  void name_owner(const std::string& key, const NodeAddress& owner);
  void hold_lease_until(TimePoint until) { lease_held_until_.store(until, std::memory_order_relaxed); }
  std::vector<NodeAddress> members() const;
  NodeAddress self() const;
  std::vector<NodeAddress> reported_unreachable() const;

  // For services.
  const RingView& view() const override { return view_.read(); }
  std::shared_ptr<const RingView> shared_view() const override { return view_.share(); }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const override;
  TimePoint lease_held_until() const override { return lease_held_until_.load(std::memory_order_relaxed); }
  void when_joined(std::function<void()> then) override { then(); }
  Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) override;
  Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener) override;
  void join(const NodeAddress& joiner) override;
  void add(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void remove(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void log_view() const override;
  void report_unreachable(const NodeAddress& member) override;
  std::string placement() const override { return "fake"; }
  std::string encode_table() const override { return {}; }
  void merge_table(const NodeAddress&, std::string_view) override {}

 private:
  // Of the running node; all null while it does not run.
  struct Running {
    std::shared_ptr<Strand> strand;
    Logger* log = nullptr;
    std::shared_ptr<ring::LayerChain> layers;
  };

  // What one of the fields behind mutex_ is now.
  template <class Field>
  Field locked(const Field& field) const {
    const std::lock_guard hold(mutex_);
    return field;
  }
  Running running() const;
  void enqueue(Change change);  // [any thread]
  // The rest: [own strand].
  void start_next();
  void run(Change change);
  void run_layers(ring::LayerStep step, Change change);
  void await(const std::string& layer);
  void apply(const Change& change);
  void publish(std::vector<NodeAddress> members);
  void change_ended(const Change& change);

  mutable std::mutex mutex_;  // guards what follows, down to the empty line
  Running running_;
  NodeAddress self_;
  std::vector<NodeAddress> members_;
  NamedOwners named_;
  std::vector<NodeAddress> unreachable_;
  std::string awaited_;  // the layer whose next the walk waits for

  std::atomic<TimePoint> lease_held_until_{TimePoint::max()};
  ring::RingListeners listeners_;
  Snapshot<RingView> view_;
  std::deque<Change> waiting_;  // [own strand], as what follows
  bool is_changing_ = false;
  bool has_cleaned_up_ = false;
};

// The plugin that provides `parts`.
std::shared_ptr<Plugin> make_fake_locator_plugin(std::shared_ptr<FakeLocator::Parts> parts);

}  // namespace p2p::testing
