#include "discovery/discovery.h"

#include <algorithm>
#include <utility>

namespace p2p::discovery {

Discovery::Discovery(Options options) : options_(std::move(options)) {
  for (const Location& candidate : options_.candidates) {
    if (candidate != options_.self) candidates_.emplace(candidate, Candidate{});
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

void Discovery::answered(const Location& location, TimePoint now, Effects& effects) {
  const auto found = candidates_.find(location);
  if (found == candidates_.end()) return;
  found->second = Candidate{.ask_at = TimePoint::max()};
  if (is_joined_) return;
  settle(Verdict::joined, now, effects);
  effects.via = location;
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
    candidate.ask_at = now + candidate.pause;
    candidate.pause = std::min(2 * candidate.pause, options_.retry);
  }
  found_if_nobody_is_there(now, effects);
}

// On this machine nobody's answer means nobody; where the operator has named nodes only their list being empty does,
// because two networks that do not know of each other are worse than a node that waits.
void Discovery::found_if_nobody_is_there(TimePoint now, Effects& effects) {
  if (is_settled_) return;
  const bool all_refused =
      std::all_of(candidates_.begin(), candidates_.end(), [](const auto& entry) { return entry.second.has_refused; });
  const bool may_found = options_.source == Source::localhost ? all_refused : candidates_.empty();
  if (may_found) settle(Verdict::founded, now, effects);
}

void Discovery::settle(Verdict verdict, TimePoint now, Effects& effects) {
  is_settled_ = true;
  is_joined_ = verdict != Verdict::still_looking;
  look_at_ = is_joined_ ? now + kLookSoon : TimePoint::max();
  effects.verdict = verdict;
}

void Discovery::tick(const std::vector<Location>& members, TimePoint now, Effects& effects) {
  if (!is_joined_) ask_again(now, effects);
  if (!is_settled_) {
    const bool is_local = options_.source == Source::localhost;
    const Duration patience = is_local ? options_.answer_timeout : options_.join_timeout;
    if (now - started_at_ >= patience) settle(is_local ? Verdict::founded : Verdict::still_looking, now, effects);
  }
  if (is_joined_ && now >= look_at_) look_around(members, now, effects);
}

void Discovery::ask_again(TimePoint now, Effects& effects) {
  if (options_.source != Source::operators) return;
  for (auto& [location, candidate] : candidates_) {
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
  TimePoint next = look_at_;
  if (!is_settled_) {
    const bool is_local = options_.source == Source::localhost;
    next = std::min(next, started_at_ + (is_local ? options_.answer_timeout : options_.join_timeout));
  }
  if (!is_joined_ && options_.source == Source::operators) {
    for (const auto& [location, candidate] : candidates_) next = std::min(next, candidate.ask_at);
  }
  return next;
}

}  // namespace p2p::discovery
