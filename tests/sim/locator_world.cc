#include "world_processes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace p2p::sim {

using classic::CallOutcome;
using classic::CallResult;
using classic::ChangeKind;
using classic::Member;
using classic::MemberState;
using std::chrono::seconds;

LocatorWorld::LocatorWorld(WorldOptions options) : options_(options), time_(options.seed) {
  for (int i = 0; i < options.ports + options.old_ports; ++i) ports_.push_back(options.first_port + i);
}

std::string LocatorWorld::name(int port) { return address(port).name(); }

// --- processes -------------------------------------------------------------------------------------------------------

std::shared_ptr<LocatorWorld::Locator> LocatorWorld::locator(int port) const {
  return std::dynamic_pointer_cast<Locator>(network_.process(port));
}

std::vector<int> LocatorWorld::running() const {
  std::vector<int> ports;
  std::copy_if(ports_.begin(), ports_.end(), std::back_inserter(ports), [&](int port) { return is_running(port); });
  return ports;
}

bool LocatorWorld::has_withdrawn(int port) const {
  const auto at = locator(port);
  return at && at->has_withdrawn;
}

std::set<std::string> LocatorWorld::ring(int port) const {
  const auto at = locator(port);
  return at ? at->ring : std::set<std::string>{};
}

std::set<std::string> LocatorWorld::leaving(int port) const {
  const auto at = locator(port);
  return at ? at->leaving : std::set<std::string>{};
}

void LocatorWorld::start(int port) {
  if (is_running(port)) return;
  is_old(port) ? start_old(port) : start_locator(port);
}

void LocatorWorld::start_locator(int port) {
  discovery::Options options;
  options.self = address(port);
  for (const int other : ports_) options.candidates.push_back(address(other));
  // Wall clocks are microseconds; now and then one is set back before a restart.
  const std::int64_t wall = time_.now().time_since_epoch().count() / 1000;
  const std::int64_t incarnation = time_.happens(0.1) ? wall - 5'000'000 : wall;
  auto started = std::make_shared<Locator>(port, incarnation, options);
  started->parks_calls = options_.parks_calls_until_joined;
  network_.listen(started);
  discovery::Effects effects;
  started->discovery.start(time_.now(), effects);
  apply(started, std::move(effects));
}

void LocatorWorld::kill(int port) {
  if (const auto at = network_.process(port)) at->end();
}

void LocatorWorld::leave(int port) {
  const auto process = network_.process(port);
  if (!process || process->is_frozen) return;
  if (const auto old = std::dynamic_pointer_cast<Old>(process)) {
    if (old->hands_over) return;
    return pass_on(old, old->node.clean_up(), [this, old] { hand_over(old); });
  }
  const auto at = locator(port);
  if (std::exchange(at->is_leaving, true)) return;
  at->awaits_farewell = true;
  classic::Effects effects;
  at->core.withdraw(time_.now(), effects);
  apply(at, std::move(effects));
}

// What it holds is handed over for a while; then it says that it is gone.
void LocatorWorld::farewell_done(const std::shared_ptr<Locator>& at) {
  if (!std::exchange(at->awaits_farewell, false)) return broke(*at, "a farewell is told that nobody has said");
  if (std::exchange(at->has_withdrawn, true)) return at->end();
  time_.after(time_.between(options_.hand_over_least, options_.hand_over_most), [this, at] {
    at->run([this, at] {
      if (!at->is_running) return;
      at->awaits_farewell = true;
      classic::Effects effects;
      at->core.leave(time_.now(), effects);
      apply(at, std::move(effects));
    });
  });
}

void LocatorWorld::hand_over(const std::shared_ptr<Old>& at) {
  at->hands_over = at->parks_calls = true;
  time_.after(time_.between(options_.hand_over_least, options_.hand_over_most), [this, at] { end_hand_over(at); });
}

void LocatorWorld::end_hand_over(const std::shared_ptr<Old>& at) {
  if (at->is_frozen && at->is_running) return time_.after(seconds(1), [this, at] { end_hand_over(at); });
  at->end();
}

void LocatorWorld::freeze(int port) {
  if (const auto at = network_.process(port)) at->is_frozen = true;
}

void LocatorWorld::thaw(int port) {
  const auto at = network_.process(port);
  if (!at || !std::exchange(at->is_frozen, false)) return;
  at->let_in();
  if (const auto ours = locator(port)) wake(ours);
}

void LocatorWorld::mend_all() {
  network_.mend();
  for (const int port : ports_) thaw(port);
}

void LocatorWorld::run_for(Duration duration) {
  time_.run(time_.now() + duration, [this] { check(); });
}

// --- calls and effects -----------------------------------------------------------------------------------------------

void LocatorWorld::call(const std::shared_ptr<Locator>& from, classic::OutgoingCall wanted, Answer answer) {
  // The caller hears of it when it is not frozen.
  const Answer awake = [from, answer = std::move(answer)](CallResult result) {
    from->run([from, answer, result = std::move(result)] {
      if (from->is_running) answer(result);
    });
  };
  if (wanted.is_classic) {
    OldCall old = in_old_form(wanted.message);
    check_news(*from, old);
    return call_old_form(from->port, wanted.to, std::move(old), kCallTimeout, awake);
  }
  const Duration deadline = std::holds_alternative<classic::Join>(wanted.message) ? kAnswerTimeout : kCallTimeout;
  const auto arrive = [this, message = std::move(wanted.message)](const auto& target, const Answer& reply) {
    const auto at = std::dynamic_pointer_cast<Locator>(target);
    if (!at) return reply({CallOutcome::classic, {}});
    classic::Effects effects;
    auto heard = at->core.handle(message, time_.now(), effects);
    apply(at, std::move(effects));
    reply(heard.ok() ? CallResult{CallOutcome::answered, std::move(heard).value()}
                     : CallResult{CallOutcome::rejected, {}});
  };
  network_.call(from->port, wanted.to.port, deadline, arrive, awake);
}

void LocatorWorld::apply(const std::shared_ptr<Locator>& at, classic::Effects effects) {
  for (const auto& change : effects.changes) change_ring(*at, change);
  if (effects.table_changed) touched_.insert(at);
  for (auto& wanted : effects.calls) {
    const auto id = wanted.id;
    call(at, std::move(wanted), [this, at, id](const CallResult& result) {
      classic::Effects more;
      at->core.call_ended(id, result, time_.now(), more);
      apply(at, std::move(more));
    });
  }
  if (effects.farewell_done) farewell_done(at);
  at->core.check();
  set_alarm(at);
}

void LocatorWorld::apply(const std::shared_ptr<Locator>& at, discovery::Effects effects) {
  if (at->is_leaving) return;
  for (const NodeAddress& candidate : effects.ask) ask(at, candidate);
  if (effects.verdict) {
    at->has_joined = true;
    at->parks_calls = false;
    at->let_in();
  }
  set_alarm(at);
}

void LocatorWorld::ask(const std::shared_ptr<Locator>& at, const NodeAddress& candidate) {
  call(at, {0, candidate, classic::Join{at->core.self()}},
       [this, at, candidate](const CallResult& result) { ask_ended(at, candidate, result); });
}

void LocatorWorld::ask_ended(const std::shared_ptr<Locator>& at, const NodeAddress& candidate,
                             const CallResult& result) {
  if (at->is_leaving && result.outcome != CallOutcome::answered) return;
  if (result.outcome == CallOutcome::classic) {
    return call(at, {0, candidate, classic::Survey{}, true},
                [this, at, candidate](const CallResult& members) { join_old(at, candidate, members); });
  }
  if (result.outcome != CallOutcome::answered) return not_joined(at, candidate, result.outcome);
  classic::Effects wanted;
  at->core.merge(result.view.members, time_.now(), wanted);
  at->core.compare_after_join(time_.now(), wanted);
  apply(at, std::move(wanted));
  discovery::Effects effects;
  at->discovery.answered(candidate, {}, time_.now(), effects);
  apply(at, std::move(effects));
}

// As the shell does it: take over whom it knows, and only then say join.
void LocatorWorld::join_old(const std::shared_ptr<Locator>& at, const NodeAddress& candidate,
                            const CallResult& members) {
  if (at->is_leaving) return;
  if (members.outcome != CallOutcome::answered) return not_joined(at, candidate, members.outcome);
  std::vector<NodeAddress> addresses;
  for (const Member& row : members.view.members) addresses.push_back(row.address);
  classic::Effects wanted;
  at->core.classic_join(candidate, addresses, time_.now(), wanted);
  at->core.compare_after_join(time_.now(), wanted);
  apply(at, std::move(wanted));
  const OldCall join{OldCall::Method::join, address(at->port), {}};
  call_old_form(at->port, candidate, join, kCallTimeout, [this, at, candidate](const CallResult& joined) {
    at->run([this, at, candidate, outcome = joined.outcome] {
      if (!at->is_running) return;
      if (outcome != CallOutcome::answered) return not_joined(at, candidate, outcome);
      discovery::Effects effects;
      at->discovery.answered(candidate, {}, time_.now(), effects);
      apply(at, std::move(effects));
    });
  });
}

void LocatorWorld::not_joined(const std::shared_ptr<Locator>& at, const NodeAddress& candidate, CallOutcome why) {
  const bool is_unknown = why == CallOutcome::silent || why == CallOutcome::unable;
  const auto refusal = is_unknown ? discovery::Refusal::silent : discovery::Refusal::absent;
  discovery::Effects effects;
  at->discovery.not_answered(candidate, refusal, time_.now(), effects);
  apply(at, std::move(effects));
}

void LocatorWorld::wake(const std::shared_ptr<Locator>& at) {
  if (!at->is_running || at->is_frozen) return;
  at->alarm = TimePoint::max();
  classic::Effects wanted;
  at->core.tick(time_.now(), wanted);
  apply(at, std::move(wanted));
  if (at->is_leaving || (at->has_joined && !options_.searches_on)) return;
  discovery::Effects effects;
  at->discovery.tick(at->core.members(), time_.now(), effects);
  apply(at, std::move(effects));
}

void LocatorWorld::set_alarm(const std::shared_ptr<Locator>& at) {
  const bool searches = !at->is_leaving && (!at->has_joined || options_.searches_on);
  const TimePoint next = std::min(at->core.next_wakeup(), searches ? at->discovery.next_wakeup() : TimePoint::max());
  if (next >= at->alarm) return;
  at->alarm = next;
  time_.at(next, [this, at, next] {
    if (at->alarm == next) wake(at);
  });
}

}  // namespace p2p::sim
