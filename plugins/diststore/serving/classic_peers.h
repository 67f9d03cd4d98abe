// How does the store speak to nodes of the 2009 system, which own keys like any other member of a shared ring? By their
// own calls: get, put and get_node, each on a connection of its own. They know neither versions nor erased keys; "" is
// their word for missing.
#pragma once

#include <p2p/location.h>
#include <p2p/locator.h>
#include <p2p/peers.h>
#include <p2p/result.h>
#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::diststore {

// How long a node that was found to be of the 2009 system is taken for one. By then another one may run on its port.
inline constexpr Duration kClassicMemory = std::chrono::seconds(10);

// Members of each kind that are remembered; those of more are found out anew.
inline constexpr std::size_t kClassicPeersMax = 1'000;

// Every method: [any thread]. Functions that are given run once, on an I/O thread.
class ClassicPeers final {
 public:
  explicit ClassicPeers(Peers& peers) : peers_(peers) {}

  void remember(const Location& node);
  bool knows(const Location& node) const;
  // The last that was found out about it, however long ago.
  bool was_of_2009(const Location& node) const;

  // `node` is one of ours: it has answered, or asked, as only those can.
  void note_ours(const Location& node);
  bool knows_as_ours(const Location& node) const;
  // Who is not on the ring any more may leave its port to another one.
  void forget_ours_but(const RingView& present);
  // Of `nodes`, and of all that were ever found to be of the 2009 system: those that may be, for all that is known.
  std::set<Location> may_be_classic(std::set<Location> nodes) const;

  // Calls the node; the deadline bounds each of them.
  void get(const Location& node, const std::string& key, Duration deadline,
           std::function<void(Result<std::string>)> done);
  void put(const Location& node, const std::string& key, const std::string& value, Duration deadline,
           std::function<void(Result<Done>)> done);
  // Who owns `key`, by its ring.
  void get_node(const Location& node, const std::string& key, Duration deadline,
                std::function<void(Result<Location>)> done);
  // The members of its ring.
  void get_all(const Location& node, Duration deadline, std::function<void(Result<std::vector<Location>>)> done);
  void ping(const Location& node, Duration deadline, std::function<void(Result<Done>)> done);
  std::int64_t puts_passed_on() const noexcept { return puts_.load(std::memory_order_relaxed); }
  // `left` leaves; `knowing` need not be told by the node.
  void remove(const Location& node, const Location& left, const std::vector<Location>& knowing, Duration deadline,
              std::function<void(Result<Done>)> done);

  // While a key is being checked at the node that it was given to, a get that comes back to this node shows that the
  // node does not hold it: it has another ring, and passes the call on. begin_check() forgets what came before;
  // has_come_back() tells whether it came since; came_back() notes it, and is false when nobody checks the key.
  void begin_check(const std::string& key);
  void end_check(const std::string& key);
  bool has_come_back(const std::string& key) const;
  bool came_back(std::string_view key);
  bool is_checked(std::string_view key) const;

 private:
  Peers& peers_;
  mutable std::mutex mutex_;  // of what follows
  std::map<Location, TimePoint> known_until_;
  std::set<Location> ours_;
  std::map<std::string, bool, std::less<>> checked_;  // whether it came back
  std::atomic<std::int64_t> puts_{0};                 // that were begun
  std::atomic<bool> knows_any_{false};                // of known_until_, to be looked at without the lock
  std::atomic<std::size_t> checks_{0};                // size of checked_, to be looked at without the lock
};

}  // namespace p2p::diststore
