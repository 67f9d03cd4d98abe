// Which step of which service is the control thread in, and does it hang there? Plugins' code runs on it and may not
// return; operators who wait for a change then get an answer instead of waiting for ever.
#pragma once

#include "config/live_duration.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace p2p::host {

class StepWatch final {
 public:
  using Clock = std::chrono::steady_clock;

  struct Step {
    std::string service;
    std::string what;  // "stop()"
    Clock::time_point since;
  };

  // Ends its step when destroyed; the enclosing step, if any, goes on.
  class [[nodiscard]] Scope final {
   public:
    explicit Scope(StepWatch& watch, std::optional<Step> around) : watch_(watch), around_(std::move(around)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { watch_.put(std::move(around_)); }

   private:
    StepWatch& watch_;
    std::optional<Step> around_;
  };

  // A step that takes longer than `patience` hangs.
  explicit StepWatch(Duration patience) : patience_(patience) {}

  void set_patience(Duration patience) { patience_ = patience; }  // [any thread]

  // [control]
  Scope enter(std::string service, std::string what) {
    return Scope(*this, put(Step{std::move(service), std::move(what), Clock::now()}));
  }

  std::optional<Step> current() const {  // [any thread]
    const std::lock_guard hold(mutex_);
    return step_;
  }

  // The step that hangs; nothing while none does. [any thread]
  std::optional<Step> hanging() const {
    auto step = current();
    if (step && Clock::now() - step->since < Duration(patience_)) step.reset();
    return step;
  }

 private:
  std::optional<Step> put(std::optional<Step> next) {
    const std::lock_guard hold(mutex_);
    return std::exchange(step_, std::move(next));
  }

  LiveDuration patience_;
  mutable std::mutex mutex_;  // of what follows
  std::optional<Step> step_;
};

// "stop() of service work"
inline std::string to_text(const StepWatch::Step& step) { return step.what + " of service " + step.service; }

// "stop() of service work has not returned for 31 s"
inline std::string hang_text(const StepWatch::Step& step) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(StepWatch::Clock::now() - step.since);
  return to_text(step) + " has not returned for " + std::to_string(seconds.count()) + " s";
}

}  // namespace p2p::host
