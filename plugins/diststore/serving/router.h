// What happens to a call whose key another node owns? It is passed on once, and tried again for as long as its deadline
// allows when the owner is gone or the views differ.
#pragma once

#include "serving/classic_peers.h"
#include "serving/retry_queue.h"

#include <p2p/call.h>
#include <p2p/locator.h>
#include <p2p/log.h>
#include <p2p/repeated_warnings.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace p2p::diststore {

// Kept back from a call's deadline, so that our own answer arrives before the host's: it says more.
inline constexpr Duration kAnswerMargin = std::chrono::milliseconds(50);

// Many calls fail with one failed connect; the locator is told of one per member in this time. Three of them, what it
// takes to remove a member, still come well within its second.
inline constexpr Duration kReportPause = std::chrono::milliseconds(100);

// When is a call tried again of which it is not known whether it was executed? (docs/decisions/0012)
enum class Repeat : std::uint8_t {
  always,     // it changes nothing
  if_closed,  // a write. Who has lost the connection drops what it has not executed yet; but what is only late may be
              // executed after the second attempt, and after somebody else's write that came behind that
  never,      // the second attempt would be answered otherwise
};

// Whether something that failed so is worth another try: what was surely not executed is, unless that lasts.
bool is_worth_retrying(ErrorKind kind, Repeat repeat) noexcept;

// How one method fails. Constants, one a method.
struct CallKind {
  Repeat repeat;
  bool is_change;  // it writes or erases
  void (*give_up)(Call call, const std::string& why);
};

// Every method: [any thread].
class Router final : public std::enable_shared_from_this<Router> {
 public:
  Router(Logger& log, std::shared_ptr<ILocator> locator, std::shared_ptr<RetryQueue> retries,
         std::shared_ptr<ClassicPeers> classics, Duration forward_timeout);

  // Takes a call that this node cannot answer: to `owner`, or, when nobody owns the key, again to this service a little
  // later. A call that was passed on to us is given back to who sent it. `kind` lives for ever.
  void pass_on(const Owner& owner, Call call, const CallKind& kind);

  // Gives a call that cannot be answered yet to this service again a little later, for as long as its deadline allows.
  void wait(Call call, const CallKind& kind, const std::string& why);

  // What was asked of `owner` for this call has failed: the call is given to this service again later, or given up. It
  // has been kept.
  void failed(const Location& owner, const Error& error, Call call, const CallKind& kind);

  // A connect to `member` failed.
  void report_unreachable(const Location& member);

  // Calls that fail from now on end at once, and nothing is logged.
  void stop() noexcept { is_stopped_.store(true, std::memory_order_relaxed); }

  std::int64_t forwarded() const noexcept { return forwarded_.load(std::memory_order_relaxed); }

  // How long a peer may take for its part of a call with this deadline: forward_timeout at most where another try
  // follows, else whatever is left; zero or less when it is time to give up.
  Duration time_for_peer(TimePoint deadline, Repeat repeat) const noexcept;

  // Is there time to wait for the longest pause, and to try once more?
  bool has_time_to_retry(TimePoint deadline) const noexcept;

  // Logs that a call of `method` failed, and why, at most once a second.
  void log_failure(std::string_view method, std::string_view why);

 private:
  void forward(const Location& to, Call call, const CallKind& kind);
  void try_later(Call call, const CallKind& kind, const std::string& why);
  void give_up(Call call, const CallKind& kind, const std::string& why);

  Logger& log_;
  const std::shared_ptr<ILocator> locator_;
  const std::shared_ptr<RetryQueue> retries_;
  const std::shared_ptr<ClassicPeers> classics_;
  const Duration forward_timeout_;
  std::atomic<std::int64_t> forwarded_{0};
  std::atomic<bool> is_stopped_{false};

  std::mutex mutex_;  // of what follows
  std::unordered_map<Location, TimePoint> reported_;
  RepeatedWarnings failures_;
};

}  // namespace p2p::diststore
