// Where do updates and reads wait that cannot proceed right now, and what ends those that are under way for too long?
// Here, each for a pause of its own length, on a strand.
// What waits when the node stops is told so: a strand that ends says nothing.
#pragma once

#include <p2p/strand.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace p2p::diststore {

// Every method: [any thread].
class Pauses final : public std::enable_shared_from_this<Pauses> {
 public:
  enum class Turn : std::uint8_t { go_on, give_up };
  using Work = std::function<void(Turn)>;

  explicit Pauses(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}

  // Runs `work` once: on the strand after the pause, or within stop(), or at once after that. How many there may be is
  // up to who waits. Its number, for cancel(); 0: it has run.
  std::uint64_t add(Duration pause, Work work) {
    const std::uint64_t number = keep(pause, work);
    if (number == 0) work(Turn::give_up);
    return number;
  }

  // Unless it has begun to run, it never will.
  void cancel(std::uint64_t number) {
    std::unique_lock hold(mutex_);
    const auto ended = waiting_.extract(number);
    hold.unlock();  // what it holds may come back here when it goes
  }

  bool is_stopped() const noexcept { return is_stopped_; }

  void stop() {
    std::unordered_map<std::uint64_t, Waiting> all;
    {
      const std::lock_guard hold(mutex_);
      is_stopped_ = true;
      all.swap(waiting_);
    }
    for (auto& [number, waiting] : all) give_up(waiting.work);
  }

 private:
  struct Waiting {
    Work work;
    std::unique_ptr<Timer> timer = nullptr;
  };

  // The others are told whatever this one throws.
  static void give_up(const Work& work) noexcept {
    try {
      work(Turn::give_up);
    } catch (...) {
    }
  }

  std::uint64_t keep(Duration pause, Work& work) {
    const std::lock_guard hold(mutex_);
    if (is_stopped_) return 0;
    const std::uint64_t number = next_++;
    Waiting& waiting = waiting_[number];
    waiting.work = std::move(work);
    waiting.timer = strand_->after(pause, [pauses = weak_from_this(), number] {
      if (const auto here = pauses.lock()) here->run(number);
    });
    return number;
  }

  void run(std::uint64_t number) {
    std::unique_lock hold(mutex_);
    auto ended = waiting_.extract(number);
    hold.unlock();
    if (!ended.empty()) ended.mapped().work(Turn::go_on);
  }

  const std::shared_ptr<Strand> strand_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_ = 1;
  std::atomic<bool> is_stopped_{false};
};

}  // namespace p2p::diststore
