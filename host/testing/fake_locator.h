// The host's side of FakeLocator: an ILocator that a plugin of the harness provides, with the locator's order of
// events.
#pragma once

#include "testing/fake_view.h"

#include <p2p/handlers.h>
#include <p2p/plugin.h>
#include <p2p/snapshot.h>
#include <p2p/testing.h>

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
        P2P_PROVIDES("p2p.locator.ILocator/2") P2P_SERVES("locator.Locator");
inline constexpr std::string_view kFakeLocatorInfo{kFakeLocatorText, sizeof kFakeLocatorText};

// Something that is called until its Subscription ends, and never afterwards.
template <class Called>
struct Registered {
  int priority = 0;
  std::string name;
  Called called;
  std::recursive_mutex gate;  // recursive: a layer may end its own registration
  bool is_closed = false;     // guarded by gate
};
using RegisteredLayer = Registered<std::shared_ptr<RingLayer>>;
using RegisteredListener = Registered<std::function<void(const RingChange&)>>;

struct FakeLocator::Parts final : public ILocator, public std::enable_shared_from_this<FakeLocator::Parts> {
 public:
  // What happens to the ring, told from the strand. `ended` runs when it has gone all the way.
  struct Change {
    enum class Kind : std::uint8_t { add, remove, cleanup, publish } kind = Kind::publish;
    Location location = {};              // of add and remove
    std::vector<Location> members = {};  // of publish
    bool only_news = false;              // add: not when it is a member already
    std::function<void()> ended = nullptr;
  };

  Parts();

  // Of the plugin. [control]
  void begin(Context& context);
  void drain(Completion done);
  void end();

  // Of the test. [any thread]
  void change_and_wait(Change change, Duration patience);
  void name_owner(const std::string& key, const Location& owner);
  std::vector<Location> members() const;
  Location self() const;
  std::vector<Location> reported_unreachable() const;

  // Of services.
  const RingView& view() const override { return view_.read(); }
  std::shared_ptr<const RingView> shared_view() const override { return view_.share(); }
  std::shared_ptr<const RingView> ring_of(std::vector<Location> members) const override;
  void when_settled(std::function<void()> then) override { then(); }
  Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) override;
  Subscription subscribe(std::string name, std::function<void(const RingChange&)> listener) override;
  void join(const Location& joiner) override;
  void add(const Location& location, std::vector<Location> authorities) override;
  void remove(const Location& location, std::vector<Location> authorities) override;
  void log_view() const override;
  void report_unreachable(const Location& member) override;
  std::string placement() const override { return "fake"; }
  std::string encode_table() const override { return {}; }
  void merge_table(const Location&, std::string_view) override {}

 private:
  struct Walk;
  // The strand and the log of the running node; without a strand it does not run.
  struct Running {
    std::shared_ptr<Strand> strand;
    Logger* log = nullptr;
  };

  Running running() const;
  void enqueue(Change change);  // [any thread]
  // The rest: [own strand].
  void start_next();
  void run(Change change);
  void advance(const std::shared_ptr<Walk>& walk);
  void call(RingLayer& layer, const std::shared_ptr<Walk>& walk);
  Next next_of(const std::shared_ptr<Walk>& walk);
  void apply(const Change& change);
  void publish(std::vector<Location> members);
  void change_ended(const Change& change);

  mutable std::mutex mutex_;  // guards what follows, down to the empty line
  Running running_;
  Location self_;
  std::vector<Location> members_;
  NamedOwners named_;
  std::vector<std::shared_ptr<RegisteredLayer>> layers_;  // in calling order
  std::vector<std::shared_ptr<RegisteredListener>> listeners_;
  std::vector<Location> unreachable_;
  std::string awaited_;  // the layer whose next the walk waits for

  Snapshot<RingView> view_;
  std::deque<Change> waiting_;  // [own strand], as what follows
  bool is_changing_ = false;
  bool has_cleaned_up_ = false;
};

// The plugin that provides `parts`.
std::shared_ptr<Plugin> make_fake_locator_plugin(std::shared_ptr<FakeLocator::Parts> parts);

}  // namespace p2p::testing
