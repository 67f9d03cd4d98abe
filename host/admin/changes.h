// What have operators requested of the running node, and what became of it? Requests queue here for the control thread;
// the operator comes back for the report. While a step of a service hangs, nothing is done and nobody waits: new
// requests are refused, and queued ones are withdrawn.
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

// Requests that may wait; more are refused.
inline constexpr std::size_t kChangesWaitingMax = 16;
// Reports that are kept for later await() calls.
inline constexpr std::size_t kReportsKept = 64;
// Operators that may wait for one report.
inline constexpr std::size_t kReportWaitersMax = 16;

struct ChangeRequest {
  enum class Kind : std::uint8_t { enable, disable, reload, plan_reload };
  Kind kind = Kind::reload;
  std::string service;  // for enable and disable
  bool force = false;   // for disable
};

class Changes final {
 public:
  using Number = std::int64_t;
  using Waiting = Answer<node::Admin_await_change_presult>;

  // `steps` outlives it; `wake` is called when a request has come. [any thread]
  Changes(const StepWatch& steps, std::function<void()> wake) : steps_(steps), wake_(std::move(wake)) {}

  Result<Number> submit(ChangeRequest request);  // [any thread]
  // Answers when that change has ended, at once if it has. While a step hangs: at once, that it was withdrawn or has
  // not ended. [any thread]
  void await(Number number, Waiting answer);
  bool has_request() const;                                // [any thread]
  std::optional<std::pair<Number, ChangeRequest>> take();  // [control]
  void ended(Number number, const ChangeReport& report);   // [control]
  // The node ends: no further changes, and nobody waits any more. [control]
  void close();

 private:
  static node::ChangeReport to_wire(const ChangeReport& report);
  void keep(Number number, const ChangeReport& report);  // and answers those who wait for it
  ChangeReport turn_away(Number number, const StepWatch::Step& step);

  const StepWatch& steps_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // of what follows
  std::deque<std::pair<Number, ChangeRequest>> requests_;
  std::map<Number, std::vector<Waiting>> open_;  // not ended yet
  std::map<Number, node::ChangeReport> reports_;
  Number last_ = 0;
  bool is_closed_ = false;
};

// "enable work", "reload".
std::string to_text(const ChangeRequest& request);

}  // namespace p2p::host
