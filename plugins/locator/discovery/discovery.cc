#include "discovery/discovery.h"

#include <algorithm>
#include <utility>

namespace p2p::discovery {

Discovery::Discovery(Options options) : options_(std::move(options)) {
  for (const Location& candidate : options_.candidates) {
    if (candidate == options_.self) continue;
    candidates_.emplace(candidate, Candidate{.is_named = options_.source == Source::operators});
  }
}

void Discovery::start(TimePoint now, Effects& effects) {
  started_at_ = now;
  for (auto& [location, candidate] : candidates_) ask(location, candidate, effects);
  found_if_nobody_is_there(now, effects);
}

void Discovery::ask(const Location& location, Candidate& candidate, Effects& effects) {
  candidate.is_asked = true;
  candidate.ask_at = TimePoint::max();
  effects.ask.push_back(location);
}

void Discovery::answered(const Location& location, const std::vector<Location>& waits_for, TimePoint now,
                         Effects& effects) {
  const auto found = candidates_.find(location);
  if (found == candidates_.end()) return;
  Candidate& candidate = found->second;
  candidate.is_asked = false;
  candidate.has_refused = false;
  candidate.waits_for = waits_for;
  if (is_settled_) return;
  if (waits_for.empty()) {
    settle(Verdict::joined, now, effects);
    effects.via = location;
    return;
  }
  ask_later(candidate, now);
  wait_for(waits_for, effects);
  join_those_who_wait(now, effects);
}

void Discovery::wait_for(const std::vector<Location>& others, Effects& effects) {
  for (const Location& other : others) {
    if (other == options_.self || candidates_.size() >= kCandidatesMax) continue;
    const auto [entry, is_new] = candidates_.try_emplace(other);
    if (is_new) ask(other, entry->second, effects);
  }
}

std::set<Location> Discovery::needed() const {
  std::set<Location> needed;
  for (const auto& [location, candidate] : candidates_) {
    if (candidate.is_named || !candidate.waits_for.empty()) needed.insert(location);
    for (const Location& other : candidate.waits_for) {
      if (candidates_.contains(other)) needed.insert(other);
    }
  }
  return needed;
}

// Nodes that were told to join each other: nobody is left who could know of a network that they do not.
void Discovery::join_those_who_wait(TimePoint now, Effects& effects) {
  const auto others = needed();
  const auto is_here = [this](const Location& other) { return !candidates_.at(other).waits_for.empty(); };
  if (others.empty() || !std::all_of(others.begin(), others.end(), is_here)) return;
  settle(Verdict::joined, now, effects);
  effects.via = *others.begin();
}

std::vector<Location> Discovery::waits_for() const {
  if (is_settled_) return {};
  const auto others = needed();
  return {others.begin(), others.end()};
}

void Discovery::not_answered(const Location& location, Refusal why, TimePoint now, Effects& effects) {
  const auto found = candidates_.find(location);
  if (found == candidates_.end()) return;
  if (why == Refusal::is_self) {
    candidates_.erase(found);
  } else {
    Candidate& candidate = found->second;
    candidate.is_asked = false;
    candidate.has_refused = true;
    candidate.waits_for.clear();
    ask_later(candidate, now);
  }
  if (is_settled_) return;
  join_those_who_wait(now, effects);
  found_if_nobody_is_there(now, effects);
}

void Discovery::ask_later(Candidate& candidate, TimePoint now) const {
  candidate.ask_at = now + candidate.pause;
  candidate.pause = std::min(2 * candidate.pause, options_.retry);
}

// On this machine nobody's answer means nobody; where an operator has named nodes only their list being empty does,
// because two networks that do not know of each other are worse than a node that waits.
void Discovery::found_if_nobody_is_there(TimePoint now, Effects& effects) {
  if (is_settled_ || !needed().empty()) return;
  const bool all_refused =
      std::all_of(candidates_.begin(), candidates_.end(), [](const auto& entry) { return entry.second.has_refused; });
  if (all_refused) settle(Verdict::founded, now, effects);
}

void Discovery::settle(Verdict verdict, TimePoint now, Effects& effects) {
  is_settled_ = true;
  look_at_ = now + kLookSoon;
  effects.verdict = verdict;
}

void Discovery::tick(const std::vector<Location>& members, TimePoint now, Effects& effects) {
  if (is_settled_) {
    if (now >= look_at_) look_around(members, now, effects);
  } else if (!needed().empty()) {
    ask_again(now, effects);
  } else if (now - started_at_ >= options_.answer_timeout) {
    settle(Verdict::founded, now, effects);
  }
}

void Discovery::ask_again(TimePoint now, Effects& effects) {
  for (const Location& location : needed()) {
    Candidate& candidate = candidates_.at(location);
    if (!candidate.is_asked && now >= candidate.ask_at) ask(location, candidate, effects);
  }
}

void Discovery::look_around(const std::vector<Location>& members, TimePoint now, Effects& effects) {
  look_at_ = now + (now - started_at_ < kLookSoonFor ? kLookSoon : kLookLate);
  if (!is_looked_for_here(members)) return;
  for (auto& [location, candidate] : candidates_) {
    const bool is_member = std::find(members.begin(), members.end(), location) != members.end();
    if (!candidate.is_asked && !is_member) ask(location, candidate, effects);
  }
}

// Of the members on one machine only the first looks around it. Each looks for the nodes that its operator named.
bool Discovery::is_looked_for_here(const std::vector<Location>& members) const {
  if (options_.source == Source::operators) return true;
  const auto first = std::find_if(members.begin(), members.end(),
                                  [&](const Location& member) { return member.address == options_.self.address; });
  return first == members.end() || *first == options_.self;
}

TimePoint Discovery::next_wakeup() const {
  if (is_settled_) return look_at_;
  const auto others = needed();
  if (others.empty()) return started_at_ + options_.answer_timeout;
  TimePoint next = TimePoint::max();
  for (const Location& other : others) next = std::min(next, candidates_.at(other).ask_at);
  return next;
}

}  // namespace p2p::discovery
