#include "routing/call_routing.h"

#include "routing/key_finder.h"
#include "serving/foreign_text.h"
#include "serving/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

namespace p2p::host {
namespace {

// What is tried again because it was not executed; `is_repeatable`: or because it may be executed twice.
bool is_worth_retrying(ErrorKind kind, bool is_repeatable) noexcept {
  switch (kind) {
    case ErrorKind::refused:
    case ErrorKind::unreachable:
    case ErrorKind::silent:
    case ErrorKind::wrong_node:
    case ErrorKind::local:
    case ErrorKind::overloaded:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
      return true;
    case ErrorKind::timed_out:
    case ErrorKind::closed:
      return is_repeatable;
    case ErrorKind::protocol:
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return false;
  }
  return false;
}

bool extends_locator(const ServiceSpec& spec) {
  return std::find(spec.extends.begin(), spec.extends.end(), "locator.Locator") != spec.extends.end();
}

}  // namespace

CallRouting::CallRouting(std::vector<std::unique_ptr<Loop>>& loops, const PeerIdentity& identity, Logger& log)
    : identity_(identity), log_(log), loops_(loops) {
  for (const auto& loop : loops) states_.push_back(std::make_unique<LoopState>(loop->context()));
}

CallRouting::LoopState& CallRouting::state_of(CallSlot& slot) noexcept { return *states_[slot.home().number()]; }

bool CallRouting::takes(CallSlot& slot, const Route& route) {
  const CallInfo& info = slot.info();
  const MethodRoute& method = route_of(route, info.method, extends_locator(slot.service().spec()));
  if (method.fate == Fate::here) return false;
  if (method.fate == Fate::refused) {
    slot.fail(CallFault::unknown_method, fmt::format("{}[services.{}.route] refuses the method '{}'", kUnroutablePrefix,
                                                     info.service, info.method));
    return true;
  }
  FoundKey key;
  find_key(info.encoding, slot.arguments(), method.key, key);
  if (key.fault() != KeyFault::none) {
    const auto prefix = key.fault() == KeyFault::missing ? kNoKeyPrefix : kBadKeyPrefix;
    slot.fail(CallFault::protocol_error,
              fmt::format("{}{}:{}: {}", prefix, info.service, info.method, key.why(method.key)));
    return true;
  }
  const auto& ring = identity_.locator_here();
  const Owner owner = ring ? ring->view().owner_of(key.text()) : Owner{};
  if (owner.is_self) return false;
  if (info.hops >= kHopsMax) {
    slot.disagree();
  } else if (owner.location == nullptr) {
    slot.keep();
    slot.home().watch(&slot);
    try_later(slot, Call(&slot), "no node owns the key at the moment");
  } else {
    pass_on(slot, *owner.location, method);
  }
  return true;
}

void CallRouting::pass_on(CallSlot& slot, const Location& owner, const MethodRoute& method) {
  slot.home().refresh_now();
  Duration patience = slot.deadline() - slot.home().now() - kRouteAnswerMargin;
  if (method.is_repeatable) patience = std::min(patience, kRouteTryTimeout);
  if (patience <= Duration::zero()) return give_up(slot, Call(&slot), "the call's time is over");
  // `method` lives as long as the slot's service entry, whatever configuration comes into force.
  Call(&slot).forward(owner, patience, [this, &slot, owner, &method](const Error& error, Call call) {
    failed(slot, owner, error, std::move(call), method);
  });
}

void CallRouting::failed(CallSlot& slot, const Location& owner, const Error& error, Call call,
                         const MethodRoute& method) {
  LoopState& state = state_of(slot);
  if (error.kind == ErrorKind::refused) report_unreachable(state, owner);
  const std::string why = owner.name() + ": " + error.text;
  if (is_worth_retrying(error.kind, method.is_repeatable || !slot.has_unknown_outcome())) {
    try_later(slot, std::move(call), why);
  } else {
    give_up(slot, std::move(call), why);
  }
}

void CallRouting::try_later(CallSlot& slot, Call call, const std::string& why) {
  LoopState& state = state_of(slot);
  slot.home().refresh_now();
  const bool has_time = slot.deadline() - slot.home().now() > kRouteLongPause + kRouteAnswerMargin;
  if (!has_time || state.is_shut || state.waiting.size() >= kRouteWaitingMax) {
    return give_up(slot, std::move(call), why);
  }
  state.waiting.push_back(std::move(call));
  if (state.waiting.size() > 1) return;
  state.timer.expires_after(state.last_count > kRouteCrowd ? kRouteLongPause : kRouteShortPause);
  state.timer.async_wait([this, &state](error_code replaced) {
    if (!replaced) run_all(state);
  });
}

void CallRouting::run_all(LoopState& state) {
  std::vector<Call> due;
  due.swap(state.waiting);
  state.last_count = due.size();
  for (Call& call : due) call.dispatch_again();
}

// A try whose outcome is not known taints those that followed it.
void CallRouting::give_up(CallSlot& slot, Call call, const std::string& why) {
  const CallInfo& info = slot.info();
  log_failure(state_of(slot), info, why);
  const std::string text = slot.has_unknown_outcome()
                               ? fmt::format("{}whether {}:{} was executed is not known: {}", kUnknownOutcomePrefix,
                                             info.service, info.method, why)
                               : fmt::format("{}{}:{}: {}", kNotExecutedPrefix, info.service, info.method, why);
  call.fail(CallFault::internal_error, text);
}

void CallRouting::report_unreachable(LoopState& state, const Location& member) {
  const auto ring = identity_.locator();
  if (!ring || state.is_shut) return;
  const TimePoint now = std::chrono::steady_clock::now();
  if (state.reported.size() >= kReportedMax) state.reported.clear();
  TimePoint& last = state.reported[member];
  if (last != TimePoint{} && now - last < kReportPause) return;
  last = now;
  ring->report_unreachable(member);
}

void CallRouting::log_failure(LoopState& state, const CallInfo& call, const std::string& why) {
  if (state.is_shut) return;
  const auto unsaid = failures_.due(call.service, std::chrono::steady_clock::now());
  if (!unsaid) return;
  log_.warn("a call of {}:{} could not be passed on: {} ({} more since the last such line)", call.service,
            foreign_text(call.method), why, *unsaid);
}

void CallRouting::shut_down() {
  for (auto& loop : loops_) {
    std::promise<void> done;
    loop->post([this, state = states_[loop->number()].get(), &done] {
      state->is_shut = true;
      state->timer.cancel();
      std::vector<Call> waiting;
      waiting.swap(state->waiting);
      for (Call& call : waiting) {
        CallSlot& slot = *static_cast<CallSlot*>(call.state());
        give_up(slot, std::move(call), "this node stops");
      }
      done.set_value();
    });
    done.get_future().wait();
  }
}

}  // namespace p2p::host
