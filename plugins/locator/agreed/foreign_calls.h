// What becomes of nodes of the 2009 system that call a member of an agreed cluster as if it were on their ring? Their
// join, add and remove change nothing. Whoever wants to join is told so in the one way that it understands: each member
// is taken off its ring again, so that it neither sends keys here nor hands over what it holds when it ends.
#pragma once

#include "locator_impl.h"

#include <p2p/log.h>
#include <p2p/peers.h>
#include <p2p/repeated_warnings.h>
#include <p2p/strand.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace p2p::agreed {

// Nodes that are told at once; any further one is only logged.
inline constexpr std::size_t kDismissedMax = 16;
// Members that it is told of, each by one call.
inline constexpr std::size_t kDismissedOfMax = 256;
// It listens only after it has called: so often it is tried, and with this pause, doubled each time.
inline constexpr int kDismissAttemptsMax = 10;
inline constexpr Duration kDismissAgain = std::chrono::milliseconds(10);

class ForeignCalls final : public ring::Announcements, public std::enable_shared_from_this<ForeignCalls> {
 public:
  // `view` is asked on the strand; null: the node ends.
  struct Environment {
    std::shared_ptr<Strand> strand;
    Peers& peers;
    Logger& log;
    std::function<std::shared_ptr<const RingView>()> view;
    Duration call_timeout;
  };

  explicit ForeignCalls(Environment environment) : environment_(std::move(environment)) {}

  void add(const NodeAddress& address, std::vector<NodeAddress> visited) override;
  void remove(const NodeAddress& address, std::vector<NodeAddress> visited) override;

 private:
  struct Dismissal {
    std::vector<NodeAddress> members;
    std::size_t told = 0;
    int attempts = 0;
    std::unique_ptr<Timer> again = nullptr;
  };

  // [own strand]
  void dismiss(const NodeAddress& joiner);
  void tell_next(const NodeAddress& joiner);
  void told(const NodeAddress& joiner, const Result<std::string>& end);

  const Environment environment_;
  RepeatedWarnings joins_;
  RepeatedWarnings news_;
  std::map<NodeAddress, Dismissal> dismissals_;  // [own strand]
};

}  // namespace p2p::agreed
