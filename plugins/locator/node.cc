#include "node.h"

#include "membership/change_text.h"
#include "wire/messages.h"

#include <p2p/units.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace p2p::ring {

using membership::Outcome;

namespace {

// Longer than any function of the strand takes; after it the host's loops are gone and nothing will run anyway.
constexpr Duration kHaltPatience = std::chrono::seconds(2);

// Of the nodes that are waited for so many are named; the rest is counted.
constexpr std::size_t kNamedMax = 5;

}  // namespace

Node::Node(Surroundings surroundings, std::unique_ptr<membership::Membership> membership, discovery::Options discovery,
           std::shared_ptr<RingChanges> changes)
    : surroundings_(std::move(surroundings)),
      membership_(std::move(membership)),
      discovery_(discovery),
      discovery_options_(std::move(discovery)),
      changes_(std::move(changes)),
      table_(std::make_shared<membership::View>(membership_->view())) {}

// --- from outside to the strand --------------------------------------------------------------------------------------

void Node::on_strand(std::function<void(Node&)> work) {
  surroundings_.strand->post([weak = weak_from_this(), work = std::move(work)] {
    const auto node = weak.lock();
    if (node && !node->is_halted_) work(*node);
  });
}

void Node::tell(Event event) {
  on_strand([event = std::move(event)](Node& node) { node.tell_here(event); });
}

void Node::tell_here(const Event& event) {
  membership::Effects effects;
  event(*membership_, surroundings_.strand->now(), effects);
  obey(std::move(effects));
}

void Node::begin(Completion settled) {
  is_begin_called_.store(true);
  auto kept = std::make_shared<Completion>(std::move(settled));
  on_strand([kept](Node& node) {
    node.settled_ = std::move(*kept);
    node.has_begun_ = true;
    discovery::Effects effects;
    node.discovery_.start(node.surroundings_.strand->now(), effects);
    node.obey(std::move(effects));
  });
}

void Node::when_settled(std::function<void()> then) {
  on_strand([then = std::move(then)](Node& node) {
    if (node.is_settled_) return then();
    node.settled_waiters_.push_back(then);
  });
}

void Node::become_settled() {
  is_settled_ = true;
  settled_();
  for (auto& then : std::exchange(settled_waiters_, {})) then();
}

// In this order no key has two owners: this node stops being one before the others begin.
void Node::leave(Completion done) {
  auto kept = std::make_shared<Completion>(std::move(done));
  on_strand([kept](Node& node) {
    node.left_ = std::move(*kept);
    node.is_leaving_ = true;
    node.settled_ = {};
    node.settled_waiters_.clear();
    node.changes_->withdraw();
    node.farewell_told_ = [&node] { node.clean_up(); };
    node.tell_here([](auto& membership, TimePoint now, auto& effects) { membership.withdraw(now, effects); });
  });
}

void Node::clean_up() {
  changes_->clean_up([weak = weak_from_this()] {
    const auto node = weak.lock();
    if (!node) return;
    node->on_strand([](Node& self) {
      self.farewell_told_ = [&self] { self.left_(); };
      self.tell_here([](auto& membership, TimePoint now, auto& effects) { membership.leave(now, effects); });
    });
  });
}

void Node::halt() {
  auto end = [](Node& node) {
    node.is_halted_ = true;
    node.alarm_.reset();
    node.settled_ = {};
    node.left_ = {};
    node.settled_waiters_.clear();
  };
  if (surroundings_.strand->runs_here()) return end(*this);
  if (!is_begin_called_.load()) return on_strand(end);
  auto ended = std::make_shared<std::promise<void>>();
  auto waiting = ended->get_future();
  surroundings_.strand->post([self = shared_from_this(), end, ended] {
    end(*self);
    ended->set_value();
  });
  waiting.wait_for(kHaltPatience);
}

void Node::hear(membership::Message message, std::function<void(Result<membership::View>)> answer) {
  on_strand([message = std::move(message), answer = std::move(answer)](Node& node) {
    node.tell_here([&](auto& membership, TimePoint now, auto& effects) {
      auto view = membership.handle(message, now, effects);
      // Who joins a node that has joined nobody must not take the two for a network.
      if (view.ok() && std::holds_alternative<membership::Join>(message))
        view.value().waits_for = node.discovery_.waits_for();
      answer(std::move(view));
    });
  });
}

void Node::classic_add(Location location, std::vector<std::string> authorities) {
  tell([location = std::move(location), authorities = std::move(authorities)](auto& membership, TimePoint now,
                                                                              auto& effects) {
    membership.classic_add(location, authorities, now, effects);
  });
}

void Node::classic_remove(Location location, std::vector<std::string> authorities) {
  tell([location = std::move(location), authorities = std::move(authorities)](auto& membership, TimePoint now,
                                                                              auto& effects) {
    membership.classic_remove(location, authorities, now, effects);
  });
}

void Node::connect_failed(Location location) {
  tell([location = std::move(location)](auto& membership, TimePoint now, auto& effects) {
    membership.connect_failed(location, now, effects);
  });
}

void Node::merge(std::vector<membership::Member> rows) {
  tell([rows = std::move(rows)](auto& membership, TimePoint now, auto& effects) {
    membership.merge(rows, now, effects);
  });
}

// --- effects ---------------------------------------------------------------------------------------------------------

void Node::obey(membership::Effects effects) {
  if (effects.table_changed) table_.publish(std::make_shared<membership::View>(membership_->view()));
  if (effects.refuted) {
    surroundings_.log.warn("another node had removed this one; it announces itself again as incarnation {}",
                           membership_->self().incarnation);
  }
  for (auto& change : effects.changes) {
    say(change);
    changes_->enqueue(std::move(change));
  }
  for (auto& wanted : effects.calls) call(std::move(wanted));
  if (effects.farewell_told) {
    if (const auto then = std::exchange(farewell_told_, nullptr)) then();
  }
  set_alarm();
}

// One that leaves looks for no network, whatever the answers to its last questions.
void Node::obey(discovery::Effects effects) {
  if (is_leaving_) return;
  for (const Location& candidate : effects.ask) ask(candidate);
  say_wait();
  if (effects.verdict) {
    say_verdict(effects);
    changes_->when_idle([weak = weak_from_this()] {
      if (const auto node = weak.lock()) node->become_settled();
    });
  }
  set_alarm();
}

void Node::call(membership::OutgoingCall wanted) {
  auto ended = [weak = weak_from_this(), id = wanted.id](const membership::CallResult& result) {
    const auto node = weak.lock();
    if (!node) return;
    node->tell([id, result](auto& membership, TimePoint now, auto& effects) {
      membership.call_ended(id, result, now, effects);
    });
  };
  const auto& [id, to, message, is_classic] = wanted;
  if (is_classic) {
    const bool is_survey = std::holds_alternative<membership::Survey>(message);
    surroundings_.peers.call_classic(
        to, wire::encode_classic_call(message), is_survey ? Peers::Expect::reply : Peers::Expect::execution,
        surroundings_.call_timeout,
        [ended, sent = message](Result<std::string> reply) { ended(wire::read_classic_reply(sent, reply)); });
    return;
  }
  surroundings_.peers.call(to, surroundings_.peer_service, wire::encode_call(message), surroundings_.call_timeout,
                           [ended](Result<std::string> reply) {
                             std::string why;
                             ended(wire::read_reply(reply, why));
                           });
}

// --- looking for a network -------------------------------------------------------------------------------------------

void Node::ask(const Location& candidate) {
  const bool is_local = discovery_options_.source == discovery::Source::localhost;
  const Duration deadline = is_local ? discovery_options_.answer_timeout : surroundings_.call_timeout;
  surroundings_.peers.call(
      candidate, surroundings_.peer_service, wire::encode_call(membership::Join{membership_->self()}), deadline,
      [weak = weak_from_this(), candidate](Result<std::string> reply) {
        const auto node = weak.lock();
        if (!node) return;
        node->on_strand([candidate, reply = std::move(reply)](Node& self) { self.ask_ended(candidate, reply); });
      });
}

void Node::ask_ended(const Location& candidate, const Result<std::string>& reply) {
  const TimePoint now = surroundings_.strand->now();
  std::string why;
  const auto result = wire::read_reply(reply, why);
  discovery::Effects effects;
  if (result.outcome == Outcome::answered) {
    membership::Effects wanted;
    membership_->merge(result.view.members, now, wanted);
    membership_->compare_after_join(now, wanted);
    obey(std::move(wanted));
    const auto& waits_for = result.view.waits_for;
    if (waits_for.empty()) {
      refusals_.erase(candidate);
      note_met(candidate);
    } else {
      say_refusal(candidate, "it waits for a network itself");
    }
    discovery_.answered(candidate, waits_for, now, effects);
    return obey(std::move(effects));
  }
  if (is_leaving_) return;
  if (result.outcome == Outcome::classic) return ask_classic(candidate);
  // That this node cannot ask does not mean that nobody is there.
  const bool is_unknown = result.outcome == Outcome::silent || result.outcome == Outcome::unable;
  auto refusal = is_unknown ? discovery::Refusal::silent : discovery::Refusal::absent;
  if (result.outcome == Outcome::rejected && why.find(membership::kIsThisNode) != std::string::npos) {
    refusal = discovery::Refusal::is_self;
  }
  not_joined(candidate, refusal, why);
}

void Node::not_joined(const Location& candidate, discovery::Refusal refusal, const std::string& why) {
  say_refusal(candidate, why);
  discovery::Effects effects;
  discovery_.not_answered(candidate, refusal, surroundings_.strand->now(), effects);
  obey(std::move(effects));
}

// A node of the 2009 system is joined in its own way: ask whom it knows, take them over, and only then say join.
void Node::ask_classic(const Location& candidate) {
  surroundings_.peers.call_classic(
      candidate, wire::encode_get_all(), Peers::Expect::reply, surroundings_.call_timeout,
      [weak = weak_from_this(), candidate](Result<std::string> reply) {
        const auto node = weak.lock();
        if (!node) return;
        node->on_strand([candidate, reply = std::move(reply)](Node& self) { self.join_classic(candidate, reply); });
      });
}

void Node::join_classic(const Location& candidate, const Result<std::string>& reply) {
  if (is_leaving_) return;
  const auto members = wire::read_get_all(reply);
  if (!members.ok()) return not_joined(candidate, discovery::Refusal::absent, members.error().text);
  const auto& theirs = members.value();
  if (theirs.empty()) return not_joined(candidate, discovery::Refusal::absent, "it is on no ring, not even its own");
  const TimePoint now = surroundings_.strand->now();
  const Location& own = membership_->self().location;
  if (is_settled_ && std::find(theirs.begin(), theirs.end(), own) != theirs.end()) {
    // A member by another name than the one that it is looked for by.
    note_met(candidate);
    discovery::Effects effects;
    discovery_.answered(candidate, {}, now, effects);
    return obey(std::move(effects));
  }
  membership::Effects wanted;
  membership_->classic_join(candidate, theirs, now, wanted);
  membership_->compare_after_join(now, wanted);
  obey(std::move(wanted));
  // It pings a joiner before it has done with the join, and we answer pings once we have joined.
  surroundings_.peers.call_classic(
      candidate, wire::encode_classic_join(own), Peers::Expect::nothing, surroundings_.call_timeout,
      [weak = weak_from_this(), candidate](Result<std::string> joined) {
        const auto node = weak.lock();
        if (!node) return;
        node->on_strand([candidate, joined = std::move(joined)](Node& self) {
          if (!joined.ok()) {
            return self.not_joined(candidate, discovery::Refusal::absent, joined.error().text);
          }
          self.note_met(candidate);
          discovery::Effects effects;
          self.discovery_.answered(candidate, {}, self.surroundings_.strand->now(), effects);
          self.obey(std::move(effects));
        });
      });
}

// --- time ------------------------------------------------------------------------------------------------------------

void Node::tick() {
  alarm_at_ = TimePoint::max();
  if (!has_begun_) return;
  const TimePoint now = surroundings_.strand->now();
  membership::Effects wanted;
  membership_->tick(now, wanted);
  obey(std::move(wanted));
  if (is_leaving_) return;
  discovery::Effects effects;
  discovery_.tick(membership_->members(), now, effects);
  obey(std::move(effects));
}

// An alarm that rings too early does no harm, so only an earlier one replaces it.
void Node::set_alarm() {
  if (!has_begun_ || is_halted_) return;
  const TimePoint discovery_at = is_leaving_ ? TimePoint::max() : discovery_.next_wakeup();
  const TimePoint next = std::min(membership_->next_wakeup(), discovery_at);
  if (next >= alarm_at_) return;
  alarm_at_ = next;
  const TimePoint now = surroundings_.strand->now();
  alarm_ = surroundings_.strand->after(std::max(next - now, Duration::zero()), [weak = weak_from_this()] {
    // Posted, because the tick sets the next alarm and thereby destroys this one.
    if (const auto node = weak.lock()) node->on_strand([](Node& self) { self.tick(); });
  });
}

// --- what is said about it -------------------------------------------------------------------------------------------

void Node::say(const membership::RingChange& change) {
  note_met(change.location);
  const LogLevel level = membership::is_trouble(change) ? LogLevel::warn : LogLevel::info;
  surroundings_.log.log(level, "{}", membership::change_text(change));
}

// Of those that are looked for: one that is a member, or was one, has been joined, whatever it answers later.
void Node::note_met(const Location& location) {
  const auto& candidates = discovery_options_.candidates;
  if (std::find(candidates.begin(), candidates.end(), location) != candidates.end()) met_.insert(location);
}

void Node::say_verdict(const discovery::Effects& effects) {
  switch (*effects.verdict) {
    case discovery::Verdict::joined: {
      const auto members = membership_->members();
      const auto others = members.size() - std::count(members.begin(), members.end(), membership_->self().location);
      return surroundings_.log.info("joined {} member{} via {}", others, others == 1 ? "" : "s", effects.via->name());
    }
    case discovery::Verdict::founded:
      return surroundings_.log.info("founded a network");
  }
}

void Node::say_wait() {
  const auto waits_for = discovery_.waits_for();
  if (waits_for.empty() && !std::exchange(is_waiting_, false)) return;
  if (waits_for.empty()) return surroundings_.waits_for_network("");
  is_waiting_ = true;
  std::string names;
  for (std::size_t index = 0; index < std::min(waits_for.size(), kNamedMax); ++index) {
    const auto why = refusals_.find(waits_for[index]);
    names += (index == 0 ? "" : ", ") + waits_for[index].name();
    if (why != refusals_.end()) names += " (" + why->second + ')';
  }
  if (waits_for.size() > kNamedMax) names += " and " + std::to_string(waits_for.size() - kNamedMax) + " more";
  surroundings_.waits_for_network("none of the members to join is there yet: " + names);
}

// Nobody on a port of this machine is nothing to tell, nor that a member which has left does not answer; a named member
// that lets nobody in is.
void Node::say_refusal(const Location& candidate, const std::string& why) {
  auto& said = refusals_[candidate];
  if (said == why) return;
  said = why;
  if (met_.contains(candidate)) {
    return surroundings_.log.debug("{} is looked for, and has not come back: {}", candidate.name(), why);
  }
  if (discovery_options_.source != discovery::Source::operators) {
    return surroundings_.log.debug("{} cannot be joined: {}", candidate.name(), why);
  }
  // Two reasons may take turns, twice a second.
  const auto unsaid = told_refusals_.due(candidate.name() + ' ' + why, surroundings_.strand->now());
  if (!unsaid) return;
  const std::string more = *unsaid == 0 ? "" : " (" + std::to_string(*unsaid) + " more since the last such line)";
  surroundings_.log.warn("{} cannot be joined: {}{}", candidate.name(), why, more);
}

}  // namespace p2p::ring
