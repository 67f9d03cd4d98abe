// What becomes of work that cannot go on right now, but may in a moment? It waits here for a short pause and is run
// again. The work itself knows when to give up.
#pragma once

#include <p2p/strand.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace p2p::diststore {

// A new view usually arrives within one exchange of messages; a crowd of waiting calls is stirred less often.
inline constexpr Duration kShortPause = std::chrono::milliseconds(20);
inline constexpr Duration kLongPause = std::chrono::milliseconds(200);
inline constexpr std::size_t kCrowd = 1'000;

// A call that waits holds its message; 10,000 are as many as the host parks while services start.
inline constexpr std::size_t kWaitingMax = 10'000;

class RetryQueue final : public std::enable_shared_from_this<RetryQueue> {
 public:
  explicit RetryQueue(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}

  // What work is run for.
  enum class Turn : std::uint8_t { go_on, give_up };
  using Work = std::function<void(Turn)>;

  // Runs `work` once: on the strand after the pause, or within stop(). False, and nothing is kept, when kWaitingMax
  // wait or after stop(). [any thread]
  [[nodiscard]] bool add(Work work);

  // Everything that waits gives up. [any thread]
  void stop();

  TimePoint now() const noexcept { return strand_->now(); }

 private:
  void run_all();

  const std::shared_ptr<Strand> strand_;
  std::mutex mutex_;
  std::vector<Work> waiting_;  // a timer is set exactly while it is not empty
  std::unique_ptr<Timer> timer_;
  std::size_t last_count_ = 0;  // how many the last pause has ended for
  bool is_stopped_ = false;
};

}  // namespace p2p::diststore
