#include "locator_shell.h"

#include <p2p/thread_check.h>
#include <p2p/units.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace p2p::ring {

using membership::JoinOutcome;

namespace {

// Longer than any function on the strand takes; after it the host's loops are gone and nothing will run anyway.
constexpr Duration kHaltPatience = std::chrono::seconds(2);

// How many of the nodes waited for are named; the rest is counted.
constexpr std::size_t kNamedMax = 5;

discovery::Refusal refusal_of(JoinOutcome outcome) {
  if (outcome == JoinOutcome::silent) return discovery::Refusal::silent;
  return outcome == JoinOutcome::is_self ? discovery::Refusal::is_self : discovery::Refusal::absent;
}

}  // namespace

LocatorShell::LocatorShell(Environment environment, std::shared_ptr<membership::Membership> membership,
                           discovery::Options discovery, std::shared_ptr<RingChanges> changes)
    : environment_(std::move(environment)),
      membership_(std::move(membership)),
      discovery_(discovery),
      discovery_options_(std::move(discovery)),
      changes_(std::move(changes)),
      table_(std::make_shared<const std::string>(membership_->encode_table())) {
  membership_->waits_for(discovery_.waits_for());
}

// --- from outside to the strand --------------------------------------------------------------------------------------

void LocatorShell::on_strand(std::function<void(LocatorShell&)> work) {
  environment_.strand->post([weak = weak_from_this(), work = std::move(work)] {
    const auto node = weak.lock();
    if (node && !node->is_halted_) work(*node);
  });
}

void LocatorShell::post_event(Event event) {
  on_strand([event = std::move(event)](LocatorShell& node) { node.run_event(event); });
}

void LocatorShell::run_event(const Event& event) {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  membership::Effects effects;
  event(environment_.strand->now(), effects);
  apply(std::move(effects));
}

void LocatorShell::begin(Completion joined) {
  is_begin_called_.store(true);
  auto kept = std::make_shared<Completion>(std::move(joined));
  on_strand([kept](LocatorShell& node) {
    node.joined_ = std::move(*kept);
    node.has_begun_ = true;
    if (!node.membership_->remembers_network()) return node.look_for_network();
    node.tick();
  });
}

void LocatorShell::look_for_network() {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  if (std::exchange(is_looking_, true)) return;
  discovery::Effects effects;
  discovery_.start(environment_.strand->now(), effects);
  apply(std::move(effects));
}

void LocatorShell::enter_network(const membership::Entry& entry) {
  say_entry(entry);
  changes_->when_idle([weak = weak_from_this()] {
    if (const auto node = weak.lock()) node->become_joined();
  });
}

void LocatorShell::when_joined(std::function<void()> then) {
  on_strand([then = std::move(then)](LocatorShell& node) {
    if (node.has_joined_) return then();
    node.join_waiters_.push_back(then);
  });
}

void LocatorShell::become_joined() {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  has_joined_ = true;
  membership_->note_joined();
  joined_();
  for (auto& then : std::exchange(join_waiters_, {})) then();
}

// In this order no key has two owners: this node stops being the owner before another one starts.
void LocatorShell::leave(Completion done) {
  auto kept = std::make_shared<Completion>(std::move(done));
  on_strand([kept](LocatorShell& node) {
    node.left_ = std::move(*kept);
    node.is_leaving_ = true;
    node.joined_ = {};
    node.join_waiters_.clear();
    node.changes_->withdraw();
    node.farewell_told_ = [&node] { node.clean_up(); };
    node.run_event([&node](TimePoint now, auto& effects) { node.membership_->withdraw(now, effects); });
  });
}

void LocatorShell::clean_up() {
  changes_->clean_up([weak = weak_from_this()] {
    const auto node = weak.lock();
    if (!node) return;
    node->on_strand([](LocatorShell& self) {
      self.farewell_told_ = [&self] { self.left_(); };
      self.run_event([&self](TimePoint now, auto& effects) { self.membership_->leave(now, effects); });
    });
  });
}

void LocatorShell::halt() {
  auto end = [](LocatorShell& node) {
    node.is_halted_ = true;
    node.membership_->halt();
    node.alarm_.reset();
    node.joined_ = {};
    node.left_ = {};
    node.services_known_ = {};
    node.join_waiters_.clear();
  };
  if (environment_.strand->is_current()) return end(*this);
  if (!is_begin_called_.load()) return on_strand(end);
  auto ended = std::make_shared<std::promise<void>>();
  auto waiting = ended->get_future();
  environment_.strand->post([self = shared_from_this(), end, ended] {
    end(*self);
    ended->set_value();
  });
  waiting.wait_for(kHaltPatience);
}

void LocatorShell::report_unreachable(NodeAddress address) {
  on_strand([address = std::move(address)](LocatorShell& node) {
    node.run_event([&](TimePoint now, auto& effects) { node.membership_->report({.about = address}, now, effects); });
  });
}

void LocatorShell::run_services(std::vector<std::string> names, Completion known) {
  auto kept = std::make_shared<Completion>(std::move(known));
  on_strand([names = std::move(names), kept](LocatorShell& node) {
    node.services_known_ = std::move(*kept);
    node.run_event([&](TimePoint now, auto& effects) { node.membership_->run_services(names, now, effects); });
  });
}

void LocatorShell::merge_table(NodeAddress from, std::string table) {
  on_strand([from = std::move(from), table = std::move(table)](LocatorShell& node) {
    node.run_event([&](TimePoint now, auto& effects) {
      const auto merged = node.membership_->merge_table(table, now, effects);
      if (!merged.ok()) node.say_bad_table(from, merged.error().text);
    });
  });
}

// --- effects ---------------------------------------------------------------------------------------------------------

void LocatorShell::apply(membership::Effects effects) {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  if (effects.table_changed) table_.publish(std::make_shared<const std::string>(membership_->encode_table()));
  for (const std::string& warning : effects.warnings) environment_.log.warn("{}", warning);
  for (auto& change : effects.changes) {
    say(change);
    changes_->enqueue(std::move(change));
  }
  for (auto& wanted : effects.calls) call(std::move(wanted));
  if (effects.services_known) tell_services_known();
  if (effects.farewell_done) {
    if (const auto then = std::exchange(farewell_told_, nullptr)) then();
  }
  for (const auto& end : effects.joins) ask_ended(end);
  if (effects.waiting && !is_leaving_) environment_.waits_for_network(*effects.waiting);
  if (effects.entered && !is_leaving_) enter_network(*effects.entered);
  if (effects.looks_for_network && !is_leaving_) look_for_network();
  set_alarm();
}

// Not before the services of this node have seen the ring that makes others the owners.
void LocatorShell::tell_services_known() {
  if (!services_known_.pending()) return;
  changes_->when_idle([weak = weak_from_this()] {
    if (const auto node = weak.lock()) node->services_known_();
  });
}

// A leaving node looks for no network, whatever the answers to its last requests.
void LocatorShell::apply(discovery::Effects effects) {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  if (is_leaving_) return;
  const auto waits_for = discovery_.waits_for();
  membership_->waits_for(waits_for);
  for (const NodeAddress& candidate : effects.ask) ask(candidate);
  say_wait(waits_for);
  if (effects.verdict) run_event([&](TimePoint now, auto& more) { membership_->enter(effects.via, now, more); });
  set_alarm();
}

void LocatorShell::call(membership::OutgoingCall wanted) {
  auto ended = [weak = weak_from_this(), id = wanted.id](Result<std::string> reply) {
    const auto node = weak.lock();
    if (!node) return;
    node->on_strand([id, reply = std::move(reply)](LocatorShell& self) {
      self.run_event([&](TimePoint now, auto& effects) { self.membership_->call_ended(id, reply, now, effects); });
    });
  };
  environment_.carry(std::move(wanted), std::move(ended));
}

// --- looking for a network -------------------------------------------------------------------------------------------

void LocatorShell::ask(const NodeAddress& candidate) {
  const bool is_local = discovery_options_.source == discovery::Source::localhost;
  const Duration patience = is_local ? discovery_options_.answer_timeout : environment_.call_timeout;
  run_event([&](TimePoint now, auto& effects) { membership_->join(candidate, patience, now, effects); });
}

void LocatorShell::ask_ended(const membership::JoinEnd& end) {
  P2P_ASSERT_THREAD(environment_.strand->is_current());
  if (is_leaving_) return;
  const TimePoint now = environment_.strand->now();
  discovery::Effects effects;
  if (end.outcome != JoinOutcome::joined) {
    say_refusal(end.via, end.why);
    discovery_.not_answered(end.via, refusal_of(end.outcome), now, effects);
    return apply(std::move(effects));
  }
  if (end.waits_for.empty()) {
    refusals_.erase(end.via);
    note_met(end.via);
  } else {
    say_refusal(end.via, "it waits for a network itself");
  }
  discovery_.answered(end.via, end.waits_for, now, effects);
  apply(std::move(effects));
}

// --- time ------------------------------------------------------------------------------------------------------------

void LocatorShell::tick() {
  alarm_at_ = TimePoint::max();
  if (!has_begun_) return;
  run_event([this](TimePoint now, auto& effects) { membership_->tick(now, effects); });
  if (is_leaving_ || !is_looking_) return;
  discovery::Effects effects;
  discovery_.tick(membership_->members(), environment_.strand->now(), effects);
  apply(std::move(effects));
}

// An alarm that fires too early does no harm, so only an earlier one replaces it.
void LocatorShell::set_alarm() {
  if (!has_begun_ || is_halted_) return;
  const TimePoint discovery_at = is_leaving_ || !is_looking_ ? TimePoint::max() : discovery_.next_wakeup();
  const TimePoint next = std::min(membership_->next_wakeup(), discovery_at);
  if (next >= alarm_at_) return;
  alarm_at_ = next;
  const TimePoint now = environment_.strand->now();
  // TimePoint::min() is a way to say "at once".
  alarm_ = environment_.strand->after(next > now ? next - now : Duration::zero(), [weak = weak_from_this()] {
    // Posted, because the tick sets the next alarm and thereby destroys this one.
    if (const auto node = weak.lock()) node->on_strand([](LocatorShell& self) { self.tick(); });
  });
}

// --- logging ---------------------------------------------------------------------------------------------------------

void LocatorShell::say(const membership::MembershipChange& change) {
  if (change.kind == membership::ChangeKind::ownership) return;
  note_met(change.address);
  environment_.log.log(change.is_trouble ? LogLevel::warn : LogLevel::info, "{}", change.text);
}

// Notes candidates that are or were members: they count as joined, whatever they answer later.
void LocatorShell::note_met(const NodeAddress& address) {
  const auto& candidates = discovery_options_.candidates;
  if (std::find(candidates.begin(), candidates.end(), address) != candidates.end()) met_.insert(address);
}

void LocatorShell::say_entry(const membership::Entry& entry) {
  const auto members = membership_->members();
  const auto others = members.size() - std::count(members.begin(), members.end(), discovery_options_.self);
  const char* plural = others == 1 ? "" : "s";
  switch (entry.how) {
    case membership::Entry::How::joined:
      return environment_.log.info("joined {} member{} via {}", others, plural, entry.via->name());
    case membership::Entry::How::founded:
      return environment_.log.info("founded a network");
    case membership::Entry::How::returned:
      return environment_.log.info("came back to {} other member{}", others, plural);
  }
}

void LocatorShell::say_wait(const std::vector<NodeAddress>& waits_for) {
  if (waits_for.empty() && !std::exchange(is_waiting_, false)) return;
  if (waits_for.empty()) return environment_.waits_for_network("");
  is_waiting_ = true;
  std::string names;
  for (std::size_t index = 0; index < std::min(waits_for.size(), kNamedMax); ++index) {
    const auto why = refusals_.find(waits_for[index]);
    names += (index == 0 ? "" : ", ") + waits_for[index].name();
    if (why != refusals_.end()) names += " (" + why->second + ')';
  }
  if (waits_for.size() > kNamedMax) names += " and " + std::to_string(waits_for.size() - kNamedMax) + " more";
  environment_.waits_for_network("none of the members to join is there yet: " + names);
}

// A port of this machine without a listener is not worth a line, nor is a former member that does not answer; a named
// member that lets nobody in is.
void LocatorShell::say_refusal(const NodeAddress& candidate, const std::string& why) {
  auto& said = refusals_[candidate];
  if (said == why) return;
  said = why;
  if (met_.contains(candidate)) {
    return environment_.log.debug("{} is looked for, and has not come back: {}", candidate.name(), why);
  }
  if (discovery_options_.source != discovery::Source::operators) {
    return environment_.log.debug("{} cannot be joined: {}", candidate.name(), why);
  }
  // Two reasons may alternate, twice a second.
  const auto unsaid = told_refusals_.due(candidate.name() + ' ' + why, environment_.strand->now());
  if (!unsaid) return;
  const std::string more = *unsaid == 0 ? "" : " (" + std::to_string(*unsaid) + " more since the last such line)";
  environment_.log.warn("{} cannot be joined: {}{}", candidate.name(), why, more);
}

void LocatorShell::say_bad_table(const NodeAddress& from, const std::string& why) {
  if (const auto unsaid = bad_tables_.due(from.name(), environment_.strand->now())) {
    environment_.log.warn("{} sent its table, but {} ({} more since the last such line)", from.name(), why, *unsaid);
  }
}

}  // namespace p2p::ring
