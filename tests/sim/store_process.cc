#include "store_process.h"

#include "serving/random_number.h"
#include "serving/wall_clock.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {
namespace {

StoreProcess* running_process = nullptr;
const StoreStrand* running_strand = nullptr;

// How long posted work may wait for its turn: a busy I/O thread.
constexpr Duration kTurnMost = std::chrono::microseconds(30);

template <class Value>
class Replaced final {
 public:
  Replaced(Value& place, Value now) : place_(place), before_(std::exchange(place, now)) {}
  ~Replaced() { place_ = before_; }

 private:
  Value& place_;
  const Value before_;
};

}  // namespace

// --- process ---------------------------------------------------------------------------------------------------------

StoreProcess* StoreProcess::current() { return running_process; }

void StoreProcess::run(std::function<void()> work) {
  if (!is_running_) return;
  if (is_frozen_) {
    waiting_.push_back(std::move(work));
  } else {
    run_now(work);
  }
}

void StoreProcess::run_now(const std::function<void()>& work) {
  const Replaced here(running_process, this);
  work();
}

void StoreProcess::thaw() {
  is_frozen_ = false;
  while (!waiting_.empty() && is_running_ && !is_frozen_) {
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    run_now(work);
  }
}

void StoreProcess::end() {
  is_running_ = false;
  waiting_.clear();
}

std::uint64_t StoreProcess::wall_clock_ms() const {
  // Some day in 2023; any would do.
  constexpr std::uint64_t kBeginMs = 1'700'000'000'000;
  const auto since = time_.now().time_since_epoch() + skew_;
  return kBeginMs + static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

// --- strand ----------------------------------------------------------------------------------------------------------

struct StoreStrand::Entry {
  std::function<void()> work;
  Duration period{};
  bool is_running = false;
  bool is_cancelled = false;
};

class StoreStrand::StrandTimer final : public Timer {
 public:
  explicit StrandTimer(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~StrandTimer() override { StrandTimer::cancel(); }
  void cancel() noexcept override {
    entry_->is_cancelled = true;
    // Not while it runs: the function may be what destroys this timer.
    if (!entry_->is_running) entry_->work = nullptr;
  }

 private:
  const std::shared_ptr<Entry> entry_;
};

bool StoreStrand::is_current() const noexcept { return running_strand == this; }
bool StoreStrand::is_any_current() { return running_strand != nullptr; }

void StoreStrand::run(const std::function<void()>& work) {
  const Replaced here(running_strand, static_cast<const StoreStrand*>(this));
  work();
}

void StoreStrand::post(std::function<void()> work) {
  VirtualTime& time = process_->time();
  last_due_ = std::max(last_due_, time.now() + time.between(Duration::zero(), kTurnMost));
  time.at(last_due_, [self = shared_from_this(), work = std::move(work)]() mutable {
    self->process_->run([self, work = std::move(work)] { self->run(work); });
  });
}

void StoreStrand::arm(const std::shared_ptr<Entry>& entry, Duration delay) {
  process_->time().after(delay, [self = shared_from_this(), entry] {
    if (entry->is_cancelled) return;
    self->process_->run([self, entry] {
      if (entry->is_cancelled) return;
      entry->is_running = true;
      self->run(entry->work);
      entry->is_running = false;
      if (entry->is_cancelled || entry->period == Duration::zero()) {
        entry->work = nullptr;
      } else {
        self->arm(entry, entry->period);
      }
    });
  });
}

std::unique_ptr<Timer> StoreStrand::after(Duration delay, std::function<void()> work) {
  const auto entry = std::make_shared<Entry>(Entry{std::move(work), Duration::zero(), false, false});
  arm(entry, delay);
  return std::make_unique<StrandTimer>(entry);
}

std::unique_ptr<Timer> StoreStrand::every(Duration period, std::function<void()> work) {
  const auto entry = std::make_shared<Entry>(Entry{std::move(work), period, false, false});
  arm(entry, period);
  return std::make_unique<StrandTimer>(entry);
}

}  // namespace p2p::sim

// What the store would ask of its machine.
namespace p2p::diststore {

std::uint64_t wall_clock_ms() {
  P2P_ASSERT(sim::running_process != nullptr, "the store's code runs in a process");
  return sim::running_process->wall_clock_ms();
}

std::uint64_t random_number() {
  P2P_ASSERT(sim::running_process != nullptr, "the store's code runs in a process");
  return sim::running_process->time().below(~std::uint64_t{0});
}

}  // namespace p2p::diststore
