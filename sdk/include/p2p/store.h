// How does a service keep state that survives its node? In a space of the store: values by route key and sub-key, which
// are on every copy in sync of the route key's partition, as clients' values are, and move and come back as these do.
// Declare P2P_REQUIRES("p2p.diststore.IStore/1"): the service starts after the store of its node.
//
//   space_ = context.require<p2p::IStore>()->open("queue").value();
//   space_->update(name, [item](p2p::RouteState& state) { state[next_key(state)] = item; }, then);
//
// The partition of a value follows from its route key alone, and is that of a client's key of the same bytes. A service
// that is routed by that key (`[services.NAME.route]`) runs at the primary: there a read needs no other node, and a
// change no more than a write does. Everywhere else both work too, by way of the primary.
#pragma once

#include <p2p/call.h>
#include <p2p/export.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p {

// All that a space has at one route key: values by sub-key. Any bytes; "" is a sub-key like any other.
using RouteState = std::map<std::string, std::string, std::less<>>;

// Of what is at a route key: each change has a higher one than all before, also after an erase. An update that succeeds
// is told the version of its own change, and no other change is told the same: a lock service may hand it out as its
// fencing token. Only an update that left all as it was is told what it saw: the version of the change before it.
struct StateVersion {
  std::uint64_t term = 0;
  std::uint64_t write = 0;
  friend constexpr auto operator<=>(const StateVersion&, const StateVersion&) = default;
};

struct StateValue {
  std::string value;
  StateVersion version;  // of the whole route key
};

struct StateItem {
  std::string sub_key;
  std::string value;
};

struct StatePage {
  std::vector<StateItem> items;  // in the order of their sub-keys
  bool is_last = true;
  StateVersion version;  // equal on two pages: nothing has changed between them
};

// --- limits ---
inline constexpr std::size_t kSpaceNameBytesMax = 64;  // [a-z][a-z0-9_]*, as names of services
inline constexpr std::size_t kRouteKeyBytesMax = 4096;
// What one route key has is stored as one value, which each change writes anew: that is what a change costs, and why
// there may be so much of it and no more: sub-keys and values together, with 8 bytes more for each.
inline constexpr std::size_t kRouteStateBytesMax = std::size_t{1} << 20;
// Updates of all spaces on a node, those under way too, and reads and scans of all spaces. What is beyond is
// overloaded.
inline constexpr std::size_t kUpdatesWaitingMax = 10'000;
inline constexpr std::size_t kReadsWaitingMax = 10'000;

struct SpaceOptions {
  // After so long a read or an update ends, whatever it waits for; a write under way then may still be made.
  Duration timeout = std::chrono::seconds(5);
  // So often an update finds that another node has changed the route key between its read and its write.
  std::size_t conflicts_max = 16;
};

// How a call ends that does not succeed: may_have_run(error.kind) of <p2p/call.h> tells what is unknown from what was
// surely not done. timed_out: the change may have been made, or may still be; or it was made, and others followed
// before its version was known. unreachable: no node could serve the route key in time. overloaded: a limit above, or
// too many conflicts. cancelled: the node stops. invalid: a key or the state is too large, or `change` has thrown.
// local: no memory. Nothing was changed by any but timed_out.
//
// Threads: `change` and `then` run before the call returns, on its thread, or later on a thread of the host's. They
// must not block, so neither may wait for a future of a space; nor may a handler that runs on an I/O thread. `then`
// runs exactly once, perhaps after the service's stop(): it must own what it uses.
// Every method: [any thread].
class P2P_API Space {
 public:
  template <class T>
  using Then = std::function<void(Result<T>)>;
  // Sees all sub-keys of a route key and changes any of them, as one batch. What it leaves as it was is not written. It
  // may run more than once, each time on the newest state, and only its last run counts: besides the state it should
  // set only what its caller takes from the last run.
  using Change = std::function<void(RouteState& state)>;
  // The same for one sub-key; nothing: there is no value.
  using ChangeOne = std::function<void(std::optional<std::string>& value)>;

  virtual ~Space();

  // --- callbacks ---
  // Linearizable: it sees every change whose `then` has run, on any node.
  virtual void read(std::string route_key, std::string sub_key, Then<std::optional<StateValue>> then) = 0;
  // Up to `items_max` sub-keys behind `after`; all from the first on if that is nothing.
  virtual void scan(std::string route_key, std::optional<std::string> after, std::size_t items_max,
                    Then<StatePage> then) = 0;
  // Atomic: between what `change` saw and what it left there was no other change. Updates of one route key on one node
  // run in the order of the calls. Where the outcome of the write is lost, the update finds it out if it can, in its
  // time; it never makes the change twice. The version of its own change, if it has made any (StateVersion).
  virtual void update(std::string route_key, Change change, Then<StateVersion> then) = 0;
  // All sub-keys of the route key. The version of the erase; of nothing if there was nothing.
  virtual void erase(std::string route_key, Then<StateVersion> then) = 0;

  void update_one(std::string route_key, std::string sub_key, ChangeOne change, Then<StateVersion> then);

  // --- futures, for handlers on the worker pool ---
  std::future<Result<std::optional<StateValue>>> read(std::string route_key, std::string sub_key);
  std::future<Result<StatePage>> scan(std::string route_key, std::optional<std::string> after, std::size_t items_max);
  std::future<Result<StateVersion>> update(std::string route_key, Change change);
  std::future<Result<StateVersion>> update_one(std::string route_key, std::string sub_key, ChangeOne change);
  std::future<Result<StateVersion>> erase(std::string route_key);
};

class P2P_API IStore {
 public:
  static constexpr const char* kId = "p2p.diststore.IStore/1";
  virtual ~IStore();

  // The space of this name, the same on all nodes; a service gives it its own name. Clients of the store do not see it.
  // Release it in stop(). Fails as invalid if the name is none, and as unsupported in a network that keeps one copy of
  // each key, which is classic mode's. [any thread]
  virtual Result<std::shared_ptr<Space>> open(const std::string& name, SpaceOptions options) = 0;
  Result<std::shared_ptr<Space>> open(const std::string& name) { return open(name, SpaceOptions{}); }
};

}  // namespace p2p
