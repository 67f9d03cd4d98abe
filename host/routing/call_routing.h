// How do calls of a service that is sharded by its configuration reach the owners of their keys? Keys are found in the
// encoded message, owners are asked of the node's locator, and the message is passed on as it came. A node that was
// passed a call answers or disagrees, and never passes it on (kHopsMax), so no views make a loop.
#pragma once

#include "peers/peer_identity.h"
#include "routing/route.h"
#include "serving/asio.h"
#include "serving/service_router.h"

#include <p2p/log.h>
#include <p2p/repeated_warnings.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace p2p::host {

// A new view usually arrives within one exchange of messages; a crowd of waiting calls is stirred less often.
inline constexpr Duration kRouteShortPause = std::chrono::milliseconds(20);
inline constexpr Duration kRouteLongPause = std::chrono::milliseconds(200);
inline constexpr std::size_t kRouteCrowd = 1'000;

// Calls of one loop that wait for another try. Each holds its message; as many as the host parks while services start.
inline constexpr std::size_t kRouteWaitingMax = 10'000;

// How long one owner may take for a call that may be executed twice, before it is asked again, or another one is.
// Others have one try, and all the time of the call.
inline constexpr Duration kRouteTryTimeout = std::chrono::seconds(1);

// Kept back from a call's deadline, so that our own answer arrives before the host's: it says more.
inline constexpr Duration kRouteAnswerMargin = std::chrono::milliseconds(50);

class CallRouting final : public RouteKeeper {
 public:
  // All arguments outlive it.
  CallRouting(std::vector<std::unique_ptr<Loop>>& loops, const PeerIdentity& identity, Logger& log);

  bool takes(CallSlot& slot, const Route& route) override;  // [own loop of the slot]

  // Calls that wait, or fail from now on, end at once, and nothing is logged. Returns when all loops have done so.
  // [control]
  void shut_down();

 private:
  // Many calls fail with one failed connect; the locator is told of one per member in this time. Three of them, what it
  // takes to remove a member, still come well within its second.
  static constexpr Duration kReportPause = std::chrono::milliseconds(100);
  // Members that were reported long ago need no entry; the table is swept when it has grown to this.
  static constexpr std::size_t kReportedMax = 1'000;

  // Touched by its loop only.
  struct LoopState {
    explicit LoopState(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::vector<Call> waiting;   // a timer is set exactly while it is not empty
    std::size_t last_count = 0;  // how many the last pause has ended for
    bool is_shut = false;
    std::unordered_map<Location, TimePoint> reported;
  };

  LoopState& state_of(CallSlot& slot) noexcept;
  void pass_on(CallSlot& slot, const Location& owner, const MethodRoute& method);
  void failed(CallSlot& slot, const Location& owner, const Error& error, Call call, const MethodRoute& method);
  void try_later(CallSlot& slot, Call call, const std::string& why);
  void run_all(LoopState& state);
  void give_up(CallSlot& slot, Call call, const std::string& why);
  void report_unreachable(LoopState& state, const Location& member);
  void log_failure(LoopState& state, const CallInfo& call, const std::string& why);

  const PeerIdentity& identity_;
  Logger& log_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  std::vector<std::unique_ptr<LoopState>> states_;  // by loop
  RepeatedWarnings failures_;
};

}  // namespace p2p::host
