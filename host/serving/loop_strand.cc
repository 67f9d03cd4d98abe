#include "serving/loop_strand.h"

#include "serving/loop.h"

#include <future>

namespace p2p::host {

// Shared by the strand and everything it has posted, so that work may outlive the strand and still find it closed.
struct LoopStrand::Gate {
  explicit Gate(Logger& logger) : log(logger) {}

  void run(const std::function<void()>& work) {
    if (is_closed.load(std::memory_order_acquire)) return;
    try {
      work();
    } catch (const std::exception& failure) {
      log.error("an exception left work on a strand: {}", failure.what());
    } catch (...) {
      log.error("an exception of unknown type left work on a strand");
    }
  }

  Logger& log;
  std::atomic<bool> is_closed{false};
};

class LoopStrand::LoopTimer final : public Timer {
 public:
  struct State {
    State(Loop& on, std::shared_ptr<Gate> through, std::function<void()> what, Duration again)
        : loop(on), gate(std::move(through)), work(std::move(what)), period(again), timer(on.context()) {}
    Loop& loop;
    std::shared_ptr<Gate> gate;
    std::function<void()> work;
    Duration period;  // zero: once
    std::atomic<bool> is_cancelled{false};
    asio::steady_timer timer;  // touched on the loop only
  };

  explicit LoopTimer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~LoopTimer() override { cancel(); }

  void cancel() noexcept override {
    if (state_->is_cancelled.exchange(true)) return;
    if (state_->loop.is_current()) {
      state_->timer.cancel();
    } else {
      state_->loop.post([state = state_] { state->timer.cancel(); });
    }
  }

  static void arm(const std::shared_ptr<State>& state, Duration delay) {
    if (state->is_cancelled.load()) return;
    state->timer.expires_after(delay);
    state->timer.async_wait([state](error_code cancelled) {
      if (cancelled || state->is_cancelled.load()) return;
      state->gate->run(state->work);
      const bool goes_on =
          state->period > Duration::zero() && !state->is_cancelled.load() && !state->gate->is_closed.load();
      if (goes_on) arm(state, state->period);
    });
  }

 private:
  std::shared_ptr<State> state_;
};

LoopStrand::LoopStrand(Loop& loop, Logger& log) : loop_(loop), gate_(std::make_shared<Gate>(log)) {}

LoopStrand::~LoopStrand() { gate_->is_closed.store(true); }

void LoopStrand::post(std::function<void()> work) {
  loop_.post([gate = gate_, work = std::move(work)] { gate->run(work); });
}

std::unique_ptr<Timer> LoopStrand::after(Duration delay, std::function<void()> work) {
  auto state = std::make_shared<LoopTimer::State>(loop_, gate_, std::move(work), Duration::zero());
  loop_.post([state, delay] { LoopTimer::arm(state, delay); });
  return std::make_unique<LoopTimer>(std::move(state));
}

std::unique_ptr<Timer> LoopStrand::every(Duration period, std::function<void()> work) {
  P2P_ASSERT(period > Duration::zero(), "a repeating timer has a period");
  auto state = std::make_shared<LoopTimer::State>(loop_, gate_, std::move(work), period);
  loop_.post([state, period] { LoopTimer::arm(state, period); });
  return std::make_unique<LoopTimer>(std::move(state));
}

TimePoint LoopStrand::now() const noexcept { return std::chrono::steady_clock::now(); }

bool LoopStrand::is_current() const noexcept { return loop_.is_current(); }

void LoopStrand::close() {
  // Work that stop() has posted, to release what its strand holds, still runs.
  wait_for_a_turn();
  gate_->is_closed.store(true, std::memory_order_release);
  // After another turn, whatever was running when the gate closed has ended.
  wait_for_a_turn();
}

void LoopStrand::wait_for_a_turn() {
  if (loop_.is_current() || !loop_.is_running()) return;
  auto turned = std::make_shared<std::promise<void>>();
  auto done = turned->get_future();
  loop_.post([turned] { turned->set_value(); });
  done.wait();
}

}  // namespace p2p::host
