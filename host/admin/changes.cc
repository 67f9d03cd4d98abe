#include "admin/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace p2p::host {
namespace {

constexpr const char* kNothingChanges =
    ", which is over [host] start_timeout; until it returns, no service of this node changes, and all others serve on";

}  // namespace

std::string to_text(const ChangeRequest& request) {
  constexpr const char* kWords[] = {"enable ", "disable ", "reload", "reload --check"};  // in the order of the kinds
  static_assert(std::size(kWords) == static_cast<std::size_t>(ChangeRequest::Kind::plan_reload) + 1);
  return kWords[static_cast<std::size_t>(request.kind)] + request.service;
}

Result<Changes::Number> Changes::submit(ChangeRequest request) {
  if (const auto step = steps_.hanging()) {
    return Error{ErrorKind::overloaded, fmt::format("{}{}{}", kHangingPrefix, hang_text(*step), kNothingChanges)};
  }
  Number number = 0;
  {
    const std::lock_guard hold(mutex_);
    if (is_closed_) return Error{ErrorKind::cancelled, "the node is ending"};
    if (requests_.size() >= kChangesWaitingMax) {
      return Error{ErrorKind::overloaded,
                   fmt::format("{}too many changes of this node wait; try again", kOverloadedPrefix)};
    }
    number = ++last_;
    requests_.emplace_back(number, std::move(request));
    open_.try_emplace(number);
  }
  wake_();
  return number;
}

void Changes::await(Number number, Waiting answer) {
  const std::lock_guard hold(mutex_);
  if (const auto report = reports_.find(number); report != reports_.end()) return answer(report->second);
  const auto open = open_.find(number);
  if (open == open_.end() || is_closed_) {
    return answer(to_wire({false, {is_closed_ ? "the node is ending" : "no such change is known any more"}}));
  }
  if (const auto step = steps_.hanging()) return answer(to_wire(turn_away(number, *step)));
  auto& waiting = open->second;
  // Calls past their deadline were answered by the host, and made again.
  std::erase_if(waiting, [](const Waiting& other) { return other.deadline() <= std::chrono::steady_clock::now(); });
  if (waiting.size() >= kReportWaitersMax) {
    return answer.fail(CallFault::internal_error, fmt::format("{}too many wait for this change", kOverloadedPrefix));
  }
  waiting.push_back(std::move(answer));
}

bool Changes::has_request() const {
  const std::lock_guard hold(mutex_);
  return !requests_.empty();
}

std::optional<std::pair<Changes::Number, ChangeRequest>> Changes::take() {
  const std::lock_guard hold(mutex_);
  if (requests_.empty()) return std::nullopt;
  auto next = std::move(requests_.front());
  requests_.pop_front();
  return next;
}

void Changes::ended(Number number, const ChangeReport& report) {
  const std::lock_guard hold(mutex_);
  keep(number, report);
}

void Changes::keep(Number number, const ChangeReport& report) {
  auto open = open_.extract(number);
  const auto& kept = reports_[number] = to_wire(report);
  if (!open.empty()) {
    for (Waiting& answer : open.mapped()) answer(kept);
  }
  if (reports_.size() > kReportsKept) reports_.erase(reports_.begin());
}

// If the operator gets the answer that nothing was done, the change must not happen an hour later. A change that has
// begun continues when the step returns.
ChangeReport Changes::turn_away(Number number, const StepWatch::Step& step) {
  ChangeReport report;
  const auto waits =
      std::find_if(requests_.begin(), requests_.end(), [&](const auto& one) { return one.first == number; });
  const bool is_in_hand = waits == requests_.end();
  report.refuse(fmt::format("{}{}{}", kHangingPrefix, hang_text(step), kNothingChanges));
  if (is_in_hand) {
    report.refuse("this change has begun, and goes on when that returns");
    return report;
  }
  report.refuse(to_text(waits->second) + " was withdrawn");
  requests_.erase(waits);
  keep(number, report);
  return report;
}

void Changes::close() {
  const std::lock_guard hold(mutex_);
  is_closed_ = true;
  requests_.clear();
  for (auto& [number, waiting] : open_) {
    for (Waiting& answer : waiting) answer(to_wire({false, {"the node is ending"}}));
  }
  open_.clear();
}

node::ChangeReport Changes::to_wire(const ChangeReport& report) {
  node::ChangeReport wire;
  wire.done = report.is_done;
  wire.lines = report.lines;
  return wire;
}

}  // namespace p2p::host
