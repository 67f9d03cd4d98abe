// Who waits for the outcome of the node's leave? Operators on the admin socket.
#pragma once

#include <p2p/handlers.h>

#include <Admin.h>

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace p2p::host {

// Operators that may wait at once; more are refused.
inline constexpr std::size_t kLeaveWaitersMax = 64;

// Every method: [any thread].
class LeaveWaiters final {
 public:
  using Waiting = Answer<node::Admin_await_leave_presult>;

  void wait(Waiting answer) {
    const std::lock_guard hold(mutex_);
    if (result_) return answer(*result_);
    // Calls past their deadline were answered by the host, and made again.
    std::erase_if(waiting_, [](const Waiting& other) { return other.deadline() <= std::chrono::steady_clock::now(); });
    if (waiting_.size() >= kLeaveWaitersMax) {
      return answer.fail(CallFault::internal_error,
                         fmt::format("{}too many wait for the end of this node", kOverloadedPrefix));
    }
    waiting_.push_back(std::move(answer));
  }

  void ended(node::LeaveResult result) {
    const std::lock_guard hold(mutex_);
    if (!result_) result_ = std::move(result);
    for (Waiting& answer : waiting_) answer(*result_);
    waiting_.clear();
  }

 private:
  std::mutex mutex_;  // of what follows
  std::optional<node::LeaveResult> result_;
  std::vector<Waiting> waiting_;
};

}  // namespace p2p::host
