// How does the store call nodes of the 2009 system, which own keys like any other member of a shared ring? By their own
// calls: get, put and get_node, each on a connection of its own. They know neither versions nor tombstones; "" means
// missing.
#pragma once

#include <p2p/locator.h>
#include <p2p/node_address.h>
#include <p2p/peers.h>
#include <p2p/result.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::diststore {

// How long a node found to be of the 2009 system counts as one. After that another node may run on its port.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// Members of each kind that are remembered; the kind of others is found out anew.
inline constexpr std::size_t kClassicPeersMax = 1'000;

// Every method: [any thread]. Callbacks run once, on an I/O thread.
class ClassicPeers final {
 public:
  // `clock` is only asked for the time.
  ClassicPeers(Peers& peers, std::shared_ptr<Strand> clock) : peers_(peers), clock_(std::move(clock)) {}

  void remember(const NodeAddress& node);
  bool knows(const NodeAddress& node) const;
  // By the last that was learned about it, however long ago.
  bool was_of_2009(const NodeAddress& node) const;

  // `node` is one of ours: it has answered, or asked, as only those can.
  void note_ours(const NodeAddress& node);
  bool knows_as_ours(const NodeAddress& node) const;
  // A node that is off the ring may leave its port to another one.
  void forget_ours_but(const RingView& present);
  // Of `nodes` and of all ever found to be of the 2009 system: those that may be of it, as far as known.
  std::set<NodeAddress> may_be_classic(std::set<NodeAddress> nodes) const;

  // Each calls the node; `deadline` bounds the call.
  void get(const NodeAddress& node, const std::string& key, Duration deadline,
           std::function<void(Result<std::string>)> done);
  void put(const NodeAddress& node, const std::string& key, const std::string& value, Duration deadline,
           std::function<void(Result<Done>)> done);
  // The owner of `key` by that node's ring.
  void get_node(const NodeAddress& node, const std::string& key, Duration deadline,
                std::function<void(Result<NodeAddress>)> done);
  // The members of that node's ring.
  void get_all(const NodeAddress& node, Duration deadline, std::function<void(Result<std::vector<NodeAddress>>)> done);
  void ping(const NodeAddress& node, Duration deadline, std::function<void(Result<Done>)> done);
  std::int64_t puts_passed_on() const noexcept { return puts_.load(std::memory_order_relaxed); }
  // Tells the node that `left` leaves; it need not tell `knowing`.
  void remove(const NodeAddress& node, const NodeAddress& left, const std::vector<NodeAddress>& knowing,
              Duration deadline, std::function<void(Result<Done>)> done);

  // While a key is being checked at the node it was given to, a get that comes back here shows that the node does not
  // hold it: it has another ring, and forwards the call. begin_check() forgets earlier ones; has_come_back() tells
  // whether one came since; came_back() records one, and is false if the key is not being checked.
  void begin_check(const std::string& key);
  void end_check(const std::string& key);
  bool has_come_back(const std::string& key) const;
  bool came_back(std::string_view key);
  bool is_checked(std::string_view key) const;

 private:
  Peers& peers_;
  const std::shared_ptr<Strand> clock_;
  mutable std::mutex mutex_;  // of what follows
  std::map<NodeAddress, TimePoint> known_until_;
  std::set<NodeAddress> ours_;
  std::map<std::string, bool, std::less<>> checked_;  // whether it came back
  std::atomic<std::int64_t> puts_{0};                 // that were begun
  std::atomic<bool> knows_any_{false};                // of known_until_, to be read without the lock
  std::atomic<std::size_t> checks_{0};                // size of checked_, to be read without the lock
};

}  // namespace p2p::diststore
