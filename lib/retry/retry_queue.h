// Where does work wait that cannot proceed right now, but may in a moment? Here, for a short pause, and then it runs
// again. The work itself decides when to give up.
#pragma once

#include <p2p/strand.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace p2p::retry {

// A new view usually arrives within one exchange of messages; when many calls wait, they are retried less often.
inline constexpr Duration kShortPause = std::chrono::milliseconds(20);
inline constexpr Duration kLongPause = std::chrono::milliseconds(200);
inline constexpr std::size_t kCrowd = 1'000;

// A waiting call holds its message; 10,000 is also what the host parks while services start.
inline constexpr std::size_t kWaitingMax = 10'000;

class RetryQueue final : public std::enable_shared_from_this<RetryQueue> {
 public:
  explicit RetryQueue(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}

  // Why work is run.
  enum class Turn : std::uint8_t { go_on, give_up };
  using Work = std::function<void(Turn)>;

  // Runs `work` once: on the strand after the pause, or within stop(). False, and nothing is kept, if kWaitingMax are
  // waiting or after stop(). [any thread]
  [[nodiscard]] bool add(Work work);

  // Runs all waiting work with Turn::give_up. [any thread]
  void stop();

  TimePoint now() const noexcept { return strand_->now(); }

  void check() const;  // asserts what holds between calls; for tests [any thread]

 private:
  void run_all();

  const std::shared_ptr<Strand> strand_;
  mutable std::mutex mutex_;
  std::vector<Work> waiting_;  // a timer is set exactly while it is not empty
  std::unique_ptr<Timer> timer_;
  std::size_t last_count_ = 0;  // how many the last timer ran
  bool is_stopped_ = false;
};

}  // namespace p2p::retry
