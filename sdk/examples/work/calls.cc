#include "calls.h"

#include <set>
#include <vector>

namespace work {

void Calls::take(Pending pending) {
  strand_->post([calls = shared_from_this(), pending = std::move(pending)] {
    if (!calls->is_stopped_) calls->route(pending);
  });
}

void Calls::wake(const std::string& key) {
  std::vector<Pending> woken;
  for (auto [at, end] = waiting_.equal_range(key); at != end; ++at) woken.push_back(at->second);
  for (const Pending& pending : woken) route(pending);
}

void Calls::wake_all() {
  std::vector<Pending> woken;
  for (const auto& [key, pending] : waiting_) woken.push_back(pending);
  for (const Pending& pending : woken) route(pending);
}

void Calls::stop() {
  is_stopped_ = true;
  waiting_.clear();
  may_act_ = nullptr;
}

void Calls::route(const Pending& pending) {
  pending->retry.reset();
  switch (pending->step(pending->call, may_act_(pending->key))) {
    case Step::answered:
      return forget(pending);
    case Step::wait:
      return wait(pending);
    case Step::elsewhere:
      break;
  }
  const p2p::Owner owner = locator_->view().owner_of(pending->key, service_);
  if (owner.is_self) return wait(pending);  // until the key has come from its former owner
  if (pending->call.info().hops >= p2p::kHopsMax) {
    forget(pending);
    return pending->call.disagree();
  }
  if (owner.address == nullptr) return retry(pending);
  forward(pending, *owner.address);
}

void Calls::wait(const Pending& pending) {
  if (pending->at_deadline) return;  // it waits already
  if (waiting_.size() >= kWaitingMax) return give_up(pending, "too many calls wait on this node");
  const p2p::Duration left = pending->call.deadline() - p2p::kAnswerMargin - strand_->now();
  if (left <= p2p::Duration::zero()) return give_up(pending, "the call's time is over");
  waiting_.emplace(pending->key, pending);
  pending->at_deadline = strand_->after(left, [weak = weak_from_this(), late = std::weak_ptr(pending)] {
    const auto calls = weak.lock();
    const auto call = late.lock();
    if (calls && call && !calls->is_stopped_) calls->give_up(call, "the call's time is over");
  });
}

void Calls::retry(const Pending& pending) {
  wait(pending);
  if (!pending->at_deadline) return;  // given up
  pending->retry = strand_->after(kRetryPause, [weak = weak_from_this(), again = std::weak_ptr(pending)] {
    const auto calls = weak.lock();
    const auto call = again.lock();
    if (calls && call && !calls->is_stopped_) calls->route(call);
  });
}

void Calls::forward(const Pending& pending, const p2p::NodeAddress& to) {
  forget(pending);
  const p2p::Duration left = pending->call.deadline() - p2p::kAnswerMargin - strand_->now();
  if (left <= p2p::Duration::zero()) return give_up(pending, "the call's time is over");
  pending->call.forward(to, left, [calls = shared_from_this(), pending, to](p2p::Error error, p2p::Call call) {
    pending->call = std::move(call);
    calls->strand_->post([calls, pending, to, error] {
      if (!calls->is_stopped_) calls->failed(pending, to, error);
    });
  });
}

// Whether it is worth another try: only what was not executed is. Who asked can submit again under the same id, but
// should know that the node that had the job may be dead.
void Calls::failed(const Pending& pending, const p2p::NodeAddress& to, const p2p::Error& error) {
  using enum p2p::ErrorKind;
  static const std::set<p2p::ErrorKind> not_executed = {refused, unreachable, silent,    wrong_node,
                                                        local,   not_found,   cancelled, overloaded};
  if (error.kind == refused && reports_.is_due(to, strand_->now())) locator_->report_unreachable(to);
  if (not_executed.contains(error.kind)) return retry(pending);
  give_up(pending, to.name() + ": " + error.text);
}

void Calls::give_up(const Pending& pending, const std::string& why) {
  forget(pending);
  pending->give_up(std::move(pending->call), why);
}

void Calls::forget(const Pending& pending) {
  pending->at_deadline.reset();
  pending->retry.reset();
  for (auto [at, end] = waiting_.equal_range(pending->key); at != end; ++at) {
    if (at->second != pending) continue;
    waiting_.erase(at);
    return;
  }
}

}  // namespace work
