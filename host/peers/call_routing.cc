#include "peers/call_routing.h"

#include "routing/key_finder.h"
#include "serving/loop.h"
#include "serving/loop_strand.h"
#include "text/foreign_text.h"

#include <p2p/thread_check.h>

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

namespace p2p::host {
namespace {

// How long one owner may take for a repeatable call before it is retried, there or at another owner.
constexpr Duration kTryTimeout = std::chrono::seconds(1);

// After an attempt with unknown outcome, the call counts as possibly executed.
void give_up(Call call, const std::string& why) {
  const CallInfo& info = call.info();
  const std::string text = call.has_unknown_outcome()
                               ? fmt::format("{}whether {}:{} was executed is not known: {}", kUnknownOutcomePrefix,
                                             info.service, info.method, why)
                               : fmt::format("{}{}:{}: {}", kNotExecutedPrefix, info.service, info.method, why);
  call.fail(CallFault::internal_error, text);
}

constexpr retry::CallKind kOnce{retry::Repeat::never, give_up};
constexpr retry::CallKind kRepeatable{retry::Repeat::always, give_up};

// In classic mode the lease never ends, and the clock is not read.
bool refuses_without_lease(const ILocator& locator, PendingCall& pending) {
  const TimePoint held_until = locator.lease_held_until();
  if (held_until == TimePoint::max() || std::chrono::steady_clock::now() < held_until) return false;
  const CallInfo& info = pending.info();
  pending.fail(CallFault::internal_error,
               fmt::format("{}{}:{}: this node owns the key, but may not act as its owner at the moment",
                           kNoLeasePrefix, info.service, info.method));
  return true;
}

bool extends_locator(const ServiceSpec& spec) {
  return std::find(spec.extends.begin(), spec.extends.end(), "locator.Locator") != spec.extends.end();
}

}  // namespace

CallRouting::CallRouting(std::vector<std::unique_ptr<Loop>>& loops, const PeerIdentity& identity, Logger& log)
    : identity_(identity), log_(log), loops_(loops) {
  const retry::ForwarderHooks hooks{[this](const NodeAddress& member) { report_unreachable(member); },
                                    [this](const CallInfo& call, const std::string& why) { log_failure(call, why); }};
  for (const auto& loop : loops) {
    auto retries = std::make_shared<retry::RetryQueue>(std::make_shared<LoopStrand>(*loop, log));
    forwarders_.push_back(std::make_shared<retry::Forwarder>(std::move(retries), kTryTimeout, hooks));
  }
}

bool CallRouting::takes(PendingCall& pending, const Route& route) {
  P2P_ASSERT_THREAD(pending.home().may_be_touched_here());
  const CallInfo& info = pending.info();
  const MethodRoute& method = route_of(route, info.method, extends_locator(pending.service().spec()));
  if (method.destination == Destination::here) return false;
  if (method.destination == Destination::refused) {
    pending.fail(CallFault::unknown_method, fmt::format("{}[services.{}.route] refuses the method '{}'",
                                                        kUnroutablePrefix, info.service, info.method));
    return true;
  }
  FoundKey key;
  find_key(info.encoding, pending.arguments(), method.key, key);
  if (key.fault() != KeyFault::none) {
    const auto prefix = key.fault() == KeyFault::missing ? kNoKeyPrefix : kBadKeyPrefix;
    pending.fail(CallFault::protocol_error,
                 fmt::format("{}{}:{}: {}", prefix, info.service, info.method, key.why(method.key)));
    return true;
  }
  const auto& locator = identity_.locator_here();
  const RingView* view = locator ? &locator->view() : nullptr;
  const Owner owner = view != nullptr ? view->owner_of(key.text(), info.service) : Owner{};
  if (owner.is_self) return refuses_without_lease(*locator, pending);
  if (owner.address == nullptr && view != nullptr && view->partition_count() > 0) {  // M6
    pending.fail(CallFault::unknown_method, fmt::format("{}no member runs '{}'", kDisabledPrefix, info.service));
    return true;
  }
  pending.keep();
  pending.home().watch(&pending);
  forwarders_[pending.home().number()]->pass_on(owner, Call(&pending), method.is_repeatable ? kRepeatable : kOnce);
  return true;
}

void CallRouting::report_unreachable(const NodeAddress& member) {
  if (const auto ring = identity_.locator()) ring->report_unreachable(member);
}

void CallRouting::log_failure(const CallInfo& call, const std::string& why) {
  const auto unsaid = failures_.due(call.service, std::chrono::steady_clock::now());
  if (!unsaid) return;
  log_.warn("a call of {}:{} could not be passed on: {} ({} more since the last such line)", call.service,
            foreign_text(call.method), why, *unsaid);
}

void CallRouting::shut_down() {
  for (auto& loop : loops_) {
    std::promise<void> done;
    loop->post([forwarder = forwarders_[loop->number()], &done] {
      forwarder->stop();
      done.set_value();
    });
    done.get_future().wait();
  }
}

}  // namespace p2p::host
