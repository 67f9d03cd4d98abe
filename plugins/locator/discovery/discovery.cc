#include "discovery/discovery.h"

#include <algorithm>
#include <utility>

namespace p2p::discovery {

Discovery::Discovery(Options options) : options_(std::move(options)) {
  for (const Location& candidate : options_.candidates) {
    if (candidate == options_.self) continue;
    candidates_.emplace(candidate, Candidate{.is_needed = options_.source == Source::operators});
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
  candidate.waits = !waits_for.empty();
  if (is_settled_) return;
  if (!candidate.waits) {
    settle(Verdict::joined, now, effects);
    effects.via = location;
    return;
  }
  candidate.is_needed = true;
  ask_later(candidate, now);
  wait_for(waits_for, effects);
  join_those_who_wait(now, effects);
}

void Discovery::wait_for(const std::vector<Location>& others, Effects& effects) {
  for (const Location& other : others) {
    if (other == options_.self || candidates_.size() >= kCandidatesMax) continue;
    const auto [entry, is_new] = candidates_.try_emplace(other);
    entry->second.is_needed = true;
    if (is_new) ask(other, entry->second, effects);
  }
}

bool Discovery::needs_others() const {
  return std::any_of(candidates_.begin(), candidates_.end(), [](const auto& entry) { return entry.second.is_needed; });
}

// Nodes that were told to join each other: nobody is left who could know of a network that they do not.
void Discovery::join_those_who_wait(TimePoint now, Effects& effects) {
  const auto is_here = [](const auto& entry) { return !entry.second.is_needed || entry.second.waits; };
  if (!needs_others() || !std::all_of(candidates_.begin(), candidates_.end(), is_here)) return;
  settle(Verdict::joined, now, effects);
  const auto first =
      std::find_if(candidates_.begin(), candidates_.end(), [](const auto& entry) { return entry.second.waits; });
  effects.via = first->first;
}

std::vector<Location> Discovery::waits_for() const {
  std::vector<Location> needed;
  if (is_settled_) return needed;
  for (const auto& [location, candidate] : candidates_) {
    if (candidate.is_needed) needed.push_back(location);
  }
  return needed;
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
    candidate.waits = false;
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
  if (is_settled_ || needs_others()) return;
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
  } else if (needs_others()) {
    ask_again(now, effects);
  } else if (now - started_at_ >= options_.answer_timeout) {
    settle(Verdict::founded, now, effects);
  }
}

void Discovery::ask_again(TimePoint now, Effects& effects) {
  for (auto& [location, candidate] : candidates_) {
    if (candidate.is_needed && !candidate.is_asked && now >= candidate.ask_at) ask(location, candidate, effects);
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
  if (!needs_others()) return started_at_ + options_.answer_timeout;
  TimePoint next = TimePoint::max();
  for (const auto& [location, candidate] : candidates_) {
    if (candidate.is_needed) next = std::min(next, candidate.ask_at);
  }
  return next;
}

}  // namespace p2p::discovery
