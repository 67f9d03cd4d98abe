#include "discovery/discovery.h"

#include <algorithm>
#include <utility>

namespace p2p::discovery {

Discovery::Discovery(Options options) : options_(std::move(options)) {
  for (const NodeAddress& candidate : options_.candidates) {
    if (candidate == options_.self) continue;
    candidates_.emplace(candidate, Candidate{.is_named = options_.source == Source::operators});
  }
}

void Discovery::start(TimePoint now, Effects& effects) {
  started_at_ = now;
  for (auto& [address, candidate] : candidates_) ask(address, candidate, effects);
  found_if_nobody_is_there(now, effects);
}

void Discovery::ask(const NodeAddress& address, Candidate& candidate, Effects& effects) {
  candidate.is_asked = true;
  candidate.ask_at = TimePoint::max();
  effects.ask.push_back(address);
}

void Discovery::answered(const NodeAddress& address, const std::vector<NodeAddress>& waits_for, TimePoint now,
                         Effects& effects) {
  const auto found = candidates_.find(address);
  if (found == candidates_.end()) return;
  Candidate& candidate = found->second;
  candidate.is_asked = false;
  candidate.has_refused = false;
  candidate.waits_for = waits_for;
  if (has_joined_) return;
  if (waits_for.empty()) {
    settle(Verdict::joined, now, effects);
    effects.via = address;
    return;
  }
  ask_later(candidate, now);
  wait_for(waits_for, effects);
  join_those_who_wait(now, effects);
}

void Discovery::wait_for(const std::vector<NodeAddress>& others, Effects& effects) {
  for (const NodeAddress& other : others) {
    if (other == options_.self || candidates_.size() >= kCandidatesMax) continue;
    const auto [entry, is_new] = candidates_.try_emplace(other);
    if (is_new) ask(other, entry->second, effects);
  }
}

std::set<NodeAddress> Discovery::needed() const {
  std::set<NodeAddress> needed;
  for (const auto& [address, candidate] : candidates_) {
    if (candidate.is_named || !candidate.waits_for.empty()) needed.insert(address);
    for (const NodeAddress& other : candidate.waits_for) {
      if (candidates_.contains(other)) needed.insert(other);
    }
  }
  return needed;
}

// These nodes are configured to join each other: no other node is left that could know of a network.
void Discovery::join_those_who_wait(TimePoint now, Effects& effects) {
  const auto others = needed();
  const auto is_here = [this](const NodeAddress& other) { return !candidates_.at(other).waits_for.empty(); };
  if (others.empty() || !std::all_of(others.begin(), others.end(), is_here)) return;
  settle(Verdict::joined, now, effects);
  effects.via = *others.begin();
}

std::vector<NodeAddress> Discovery::waits_for() const {
  if (has_joined_) return {};
  const auto others = needed();
  return {others.begin(), others.end()};
}

void Discovery::not_answered(const NodeAddress& address, Refusal why, TimePoint now, Effects& effects) {
  const auto found = candidates_.find(address);
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
  if (has_joined_) return;
  join_those_who_wait(now, effects);
  found_if_nobody_is_there(now, effects);
}

void Discovery::ask_later(Candidate& candidate, TimePoint now) const {
  candidate.ask_at = now + candidate.pause;
  candidate.pause = std::min(2 * candidate.pause, options_.retry);
}

// On this machine, no answers mean no network. With nodes named by the operator only an empty list does, because two
// networks that do not know of each other are worse than a node that waits.
void Discovery::found_if_nobody_is_there(TimePoint now, Effects& effects) {
  if (has_joined_ || !needed().empty()) return;
  const bool all_refused =
      std::all_of(candidates_.begin(), candidates_.end(), [](const auto& entry) { return entry.second.has_refused; });
  if (all_refused) settle(Verdict::founded, now, effects);
}

void Discovery::settle(Verdict verdict, TimePoint now, Effects& effects) {
  has_joined_ = true;
  search_at_ = now + kSearchSoon;
  effects.verdict = verdict;
}

void Discovery::tick(const std::vector<NodeAddress>& members, TimePoint now, Effects& effects) {
  if (has_joined_) {
    if (now >= search_at_) search_again(members, now, effects);
  } else if (!needed().empty()) {
    ask_again(now, effects);
  } else if (now - started_at_ >= options_.answer_timeout) {
    settle(Verdict::founded, now, effects);
  }
}

void Discovery::ask_again(TimePoint now, Effects& effects) {
  for (const NodeAddress& address : needed()) {
    Candidate& candidate = candidates_.at(address);
    if (!candidate.is_asked && now >= candidate.ask_at) ask(address, candidate, effects);
  }
}

void Discovery::search_again(const std::vector<NodeAddress>& members, TimePoint now, Effects& effects) {
  search_at_ = now + (now - started_at_ < kSearchSoonFor ? kSearchSoon : kSearchLate);
  if (!is_searched_for_here(members)) return;
  for (auto& [address, candidate] : candidates_) {
    const bool is_member = std::find(members.begin(), members.end(), address) != members.end();
    if (!candidate.is_asked && !is_member) ask(address, candidate, effects);
  }
}

// Of the members on one machine only the first searches its ports. Each searches for the nodes that its operator named.
bool Discovery::is_searched_for_here(const std::vector<NodeAddress>& members) const {
  if (options_.source == Source::operators) return true;
  const auto first = std::find_if(members.begin(), members.end(),
                                  [&](const NodeAddress& member) { return member.host == options_.self.host; });
  return first == members.end() || *first == options_.self;
}

TimePoint Discovery::next_wakeup() const {
  if (has_joined_) return search_at_;
  const auto others = needed();
  if (others.empty()) return started_at_ + options_.answer_timeout;
  TimePoint next = TimePoint::max();
  for (const NodeAddress& other : others) next = std::min(next, candidates_.at(other).ask_at);
  return next;
}

}  // namespace p2p::discovery
