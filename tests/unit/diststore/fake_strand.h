// A strand in the test's own thread, on a clock that the test moves.
#pragma once

#include <p2p/strand.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace p2p::diststore {

class FakeStrand final : public Strand {
 public:
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> work) override {
    return start(delay, Duration::zero(), std::move(work));
  }
  std::unique_ptr<Timer> every(Duration period, std::function<void()> work) override {
    return start(period, period, std::move(work));
  }
  TimePoint now() const noexcept override { return now_ += cost_of_now; }
  bool is_current() const noexcept override { return true; }

  void run_posted() {
    while (!posted_.empty()) {
      const auto work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }
  // Runs what is due until then, at its time.
  void advance(Duration by) {
    const TimePoint until = now_ + by;
    run_posted();
    while (!timers_.empty() && timers_.begin()->first <= until) {
      now_ = std::max(now_, timers_.begin()->first);
      const auto due = timers_.begin()->second;
      timers_.erase(timers_.begin());
      run(due);
      run_posted();
    }
    now_ = std::max(now_, until);
  }

  // Each look at the clock takes so long: what is done between two of them takes time.
  Duration cost_of_now{};

  // How many timers have not run out.
  std::size_t timers() const {
    std::size_t count = 0;
    for (const auto& [at, entry] : timers_) count += entry->is_cancelled ? 0 : 1;
    return count;
  }

 private:
  struct Entry {
    std::function<void()> work;
    Duration period{};
    bool is_running = false;
    bool is_cancelled = false;
  };
  class FakeTimer final : public Timer {
   public:
    explicit FakeTimer(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    ~FakeTimer() override { FakeTimer::cancel(); }
    void cancel() noexcept override {
      entry_->is_cancelled = true;
      // Not while it runs: the function may be what destroys this timer.
      if (!entry_->is_running) entry_->work = nullptr;
    }

   private:
    const std::shared_ptr<Entry> entry_;
  };

  std::unique_ptr<Timer> start(Duration delay, Duration period, std::function<void()> work) {
    const auto entry = std::make_shared<Entry>(Entry{std::move(work), period, false, false});
    timers_.emplace(now_ + delay, entry);
    return std::make_unique<FakeTimer>(entry);
  }
  void run(const std::shared_ptr<Entry>& entry) {
    if (entry->is_cancelled) return;
    entry->is_running = true;
    entry->work();
    entry->is_running = false;
    if (entry->is_cancelled || entry->period == Duration::zero()) {
      entry->work = nullptr;
    } else {
      timers_.emplace(now_ + entry->period, entry);
    }
  }

  mutable TimePoint now_ = TimePoint(std::chrono::hours(1));
  std::deque<std::function<void()>> posted_;
  std::multimap<TimePoint, std::shared_ptr<Entry>> timers_;
};

}  // namespace p2p::diststore
