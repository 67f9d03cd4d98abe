// How does a node forward a call to the owner of its key? Once, then with retries until the deadline while the owner is
// gone or the views differ: the one policy for routed calls and for the store. faults.h says what a failed attempt
// means; the service decides how a call ends.
#pragma once

#include "retry/faults.h"
#include "retry/retry_queue.h"

#include <p2p/forwarding.h>
#include <p2p/locator.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace p2p::retry {

// How calls of one method fail; one constant per method.
struct CallKind {
  Repeat repeat;
  void (*give_up)(Call call, const std::string& why);
};

// What differs between the users of a Forwarder. Called on any thread.
struct ForwarderHooks {
  // A connect to `member` failed, and none was reported recently.
  std::function<void(const NodeAddress& member)> report_unreachable;
  // A call was given up.
  std::function<void(const CallInfo& call, const std::string& why)> log_failure;
  // `node` does not know the service that was asked: the call is dispatched again, to be sent in that node's own way.
  // Without this hook it is given up.
  std::function<void(const NodeAddress& node)> note_foreign = nullptr;
};

// Every method: [any thread].
class Forwarder final : public std::enable_shared_from_this<Forwarder> {
 public:
  // `try_timeout`: how long one owner may take for a call that may be executed twice before the call is retried, there
  // or elsewhere. Other calls get one attempt and all their time.
  Forwarder(std::shared_ptr<RetryQueue> retries, Duration try_timeout, ForwarderHooks hooks)
      : retries_(std::move(retries)), try_timeout_(try_timeout), hooks_(std::move(hooks)) {}

  // Takes a call that this node cannot answer: forwards it to `owner`, or dispatches it again a little later if no node
  // owns the key. A call that was forwarded to us is returned to its sender. `kind` must live forever.
  void pass_on(const Owner& owner, Call call, const CallKind& kind);

  // Takes a call that cannot be answered yet: dispatches it again a little later, as long as its deadline allows.
  void wait(Call call, const CallKind& kind, const std::string& why);

  // The request to `owner` for this call failed: the call is dispatched again later, or given up. Requires
  // Call::keep().
  void failed(const NodeAddress& owner, const Error& error, Call call, const CallKind& kind);

  // Ends a call that will not be retried, and logs it.
  void give_up(Call call, const CallKind& kind, const std::string& why);

  // A connect to `member` failed.
  void report_unreachable(const NodeAddress& member);

  // `node` does not know the service that was asked. False: without the hook, nobody can ask it in its own way.
  bool note_foreign(const NodeAddress& node);

  // From now on failing calls end at once, and nothing is logged.
  void stop();

  std::int64_t forwarded() const noexcept { return forwarded_.load(std::memory_order_relaxed); }

  // How long a peer may take for its part of a call with this deadline: at most the try timeout if a retry can follow,
  // else all that is left; zero or less: give up.
  Duration time_for_peer(TimePoint deadline, Repeat repeat) const noexcept;

  // Is there time for the longest pause and one more attempt?
  bool has_time_to_retry(TimePoint deadline) const noexcept;

  // Logs that a call failed, and why.
  void log_failure(const CallInfo& call, const std::string& why);

 private:
  void forward(const NodeAddress& to, Call call, const CallKind& kind);
  void try_later(Call call, const CallKind& kind, const std::string& why);

  const std::shared_ptr<RetryQueue> retries_;
  const Duration try_timeout_;
  const ForwarderHooks hooks_;
  UnreachableReports reports_;
  std::atomic<std::int64_t> forwarded_{0};
  std::atomic<bool> is_stopped_{false};
};

}  // namespace p2p::retry
