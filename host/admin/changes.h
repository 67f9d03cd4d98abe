// What have operators asked of the running node, and what became of it? Wishes wait here for the control thread, one
// after the other; who asked comes back for the report. While a step of a service hangs, nothing is done and nobody
// waits: wishes are turned away, and those that waited already are withdrawn.
#pragma once

#include "lifecycle/services.h"
#include "runtime/step_watch.h"

#include <p2p/handlers.h>

#include <Admin.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::host {

// Wishes that may wait; more are turned away.
inline constexpr std::size_t kChangesWaitingMax = 16;
// Reports that are kept for who asks later.
inline constexpr std::size_t kReportsKept = 64;
// Operators that may wait for one report.
inline constexpr std::size_t kReportWaitersMax = 16;

struct Wish {
  enum class Kind : std::uint8_t { enable, disable, reload, plan_reload };
  Kind kind = Kind::reload;
  std::string service;  // of enable and disable
  bool force = false;   // of disable
};

class Changes final {
 public:
  using Number = std::int64_t;
  using Waiting = Answer<node::Admin_await_change_presult>;

  // `steps` outlives it; `wake` is called when a wish has come. [any thread]
  Changes(const StepWatch& steps, std::function<void()> wake) : steps_(steps), wake_(std::move(wake)) {}

  Result<Number> submit(Wish wish);  // [any thread]
  // Answers when that change has ended, at once when it has. While a step hangs: at once, that it was withdrawn, or
  // that it has not ended. [any thread]
  void await(Number number, Waiting answer);
  bool has_wish() const;                                  // [any thread]
  std::optional<std::pair<Number, Wish>> take();          // [control]
  void ended(Number number, const ChangeReport& report);  // [control]
  // The node ends: nothing further is done, and nobody waits any more. [control]
  void close();

 private:
  static node::ChangeReport to_wire(const ChangeReport& report);
  void keep(Number number, const ChangeReport& report);  // and tells those who wait for it
  ChangeReport turn_away(Number number, const StepWatch::Step& step);

  const StepWatch& steps_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // of what follows
  std::deque<std::pair<Number, Wish>> wishes_;
  std::map<Number, std::vector<Waiting>> open_;  // not ended yet
  std::map<Number, node::ChangeReport> reports_;
  Number last_ = 0;
  bool is_closed_ = false;
};

// "enable work", "reload".
std::string to_text(const Wish& wish);

}  // namespace p2p::host
