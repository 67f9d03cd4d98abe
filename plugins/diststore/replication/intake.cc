#include "replication/intake.h"

#include <algorithm>
#include <set>
#include <utility>

namespace p2p::diststore {
namespace {

bool contains(const std::vector<Location>& locations, const Location& wanted) {
  return std::find(locations.begin(), locations.end(), wanted) != locations.end();
}

}  // namespace

std::vector<Location> Intake::others() const {
  std::vector<Location> all;
  if (!view_) return all;
  for (const auto* group : {&view_->members(), &view_->leaving()}) {
    for (const Location& node : *group) {
      if (node != self_) all.push_back(node);
    }
  }
  return all;
}

void Intake::ring_changed(std::shared_ptr<const RingView> view, Era era, TimePoint now, Effects& effects) {
  const auto before = std::exchange(view_, std::move(view));
  if (first_era_ == 0) first_era_ = era;
  const std::vector<Location> present = others();
  for (Awaited& awaited : awaited_) {
    std::erase_if(awaited.sources, [&](const auto& source) { return !contains(present, source.first); });
    if (awaited.kind != Kind::join || is_established_) continue;
    for (const Location& node : present) await_from(awaited, node, now);
    // Who works by the former ring may not know yet of a member that is new in this one, and who leaves with it has
    // keys for us that were its own.
    for (auto& [node, source] : awaited.sources) {
      source.is_fenced = may_hand_over_by_puts(node) || awaited.by_puts.contains(node);
      source.is_clean = false;
      source.has_shown = false;
      ask_soon(node, now);
    }
  }
  std::erase_if(asking_, [&](const auto& asked) { return !contains(present, asked.first); });
  const bool is_member = contains(view_->members(), self_);
  for (const Location& node : view_->leaving()) {
    const bool is_new = !before || !contains(before->leaving(), node);
    if (!is_new || !is_member || !is_established_ || node == self_) continue;
    std::vector<Location> with_it = view_->members();
    with_it.push_back(node);
    await(Kind::leave, {era, ring_of_(std::move(with_it)), false, {}}, {node}, now);
    if (!is_ours_(node)) await_puts_of(node, present, now);
    effects.is_changed = true;
  }
  for (const Location& node : view_->members()) {
    if (before && is_established_ && node != self_ && !contains(before->members(), node))
      await_gift(node, before, now, effects);
  }
  ask_due(now, effects);
  conclude(effects);
}

void Intake::joined(TimePoint now, Effects& effects) {
  has_joined_ = true;
  await(Kind::join, {first_era_, ring_of_({}), true, {}}, others(), now);
  effects.is_changed = true;
  ask_due(now, effects);
  conclude(effects);
}

void Intake::begin_census(TimePoint now, Effects& effects) {
  await(Kind::census, {}, others(), now);
  ask_due(now, effects);
  conclude(effects);
}

void Intake::await(Kind kind, Gain gain, const std::vector<Location>& sources, TimePoint now) {
  Awaited& awaited = awaited_.emplace_back(Awaited{kind, std::move(gain), {}});
  for (const Location& source : sources) await_from(awaited, source, now);
}

bool Intake::may_hand_over_by_puts(const Location& leaving) const {
  return contains(view_->leaving(), leaving) && !is_ours_(leaving);
}

bool Intake::may_anybody_hand_over_by_puts() const {
  const auto& leaving = view_->leaving();
  return std::any_of(leaving.begin(), leaving.end(), [&](const Location& node) { return !is_ours_(node); });
}

void Intake::await_from(Awaited& awaited, const Location& source, TimePoint now) {
  Source unheard;
  unheard.heard_at = now;
  if (may_hand_over_by_puts(source)) {
    awaited.by_puts.insert(source);
    unheard.is_fenced = true;  // it owns nothing any more, and says nothing either
  }
  if (awaited.sources.try_emplace(source, unheard).second) ask_soon(source, now);
}

// What it puts at another member than we take for the owner has to come here from there: of what this node gains by its
// leaving, and of what it would have given to this node, which has just joined.
void Intake::await_puts_of(const Location& leaving, const std::vector<Location>& present, TimePoint now) {
  for (Awaited& awaited : awaited_) {
    const auto giver = awaited.sources.find(leaving);
    const bool is_gain = awaited.kind == Kind::join || awaited.kind == Kind::leave;
    if (!is_gain || giver == awaited.sources.end() || giver->second.is_clean) continue;
    awaited.by_puts.insert(leaving);
    for (const Location& node : present) {
      const auto [source, is_new] = awaited.sources.try_emplace(node);
      source->second.is_recipient = source->second.is_recipient || source->second.is_clean || is_new;
      source->second.is_clean = false;
      source->second.has_shown = false;
      source->second.is_fenced = true;
      source->second.is_silent = false;
      source->second.heard_at = now;
      ask_soon(node, now);
    }
  }
}

// Of the kind of a newcomer nothing is known unless it has claimed already.
Intake::Awaited& Intake::await_gift(const Location& to, std::shared_ptr<const RingView> before, TimePoint now,
                                    Effects& effects) {
  Awaited& awaited = awaited_.emplace_back(Awaited{Kind::gift, {}, {}, {}, to, false, std::move(before)});
  for (const Location& giver : others()) {
    if (giver != to) awaited.sources[giver].heard_at = now;
  }
  asking_.try_emplace(to, Asking{false, false, now + kClaimPauseMax, kClaimPauseMin});
  effects.is_changed = true;
  return awaited;
}

// To one of ours only nodes of the 2009 system give unasked.
void Intake::end_gifts(Effects& effects) {
  for (Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::gift || awaited.is_to_2009 || !is_ours_(awaited.to)) continue;
    const auto ended = std::erase_if(awaited.sources, [&](const auto& source) { return is_ours_(source.first); });
    effects.is_changed = effects.is_changed || ended > 0;
  }
  const auto gone = std::erase_if(awaited_, [&](const Awaited& awaited) {
    return awaited.kind == Kind::gift && !contains(view_->members(), awaited.to);
  });
  effects.is_changed = effects.is_changed || gone > 0;
}

void Intake::ask_soon(const Location& source, TimePoint now) {
  Asking& asking = asking_[source];
  asking.pause = kClaimPauseMin;
  if (asking.is_asked) {
    asking.is_asked_anew = true;  // the answer under way may be older than what is awaited now
  } else {
    asking.ask_at = now;
  }
}

void Intake::answered(const Location& from, const Answer& answer, TimePoint now, Effects& effects) {
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (source == awaited.sources.end()) continue;
    source->second.heard_at = now;
    effects.is_changed = effects.is_changed || source->second.is_silent;
    source->second.is_silent = false;
    if (!is_ours_(from) || awaited.by_puts.erase(from) == 0) continue;
    effects.is_changed = true;
    if (!awaited.by_puts.empty()) continue;
    for (auto& [node, other] : awaited.sources) other.is_clean = other.is_clean || other.is_recipient;
  }
  take_answer(from, answer, now, effects);
}

void Intake::take_answer(const Location& from, const Answer& answer, TimePoint now, Effects& effects) {
  const auto asked = asking_.find(from);
  if (asked == asking_.end()) return;
  Asking& asking = asked->second;
  asking.is_asked = false;
  asking.ask_at = now + asking.pause;
  asking.pause = std::min(2 * asking.pause, kClaimPauseMax);
  if (std::exchange(asking.is_asked_anew, false)) {
    asking.ask_at = now;
    return tick(now, effects);
  }
  const std::vector<Location> present = others();
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (source == awaited.sources.end()) continue;
    source->second.is_fenced = source->second.is_fenced || answer.is_fenced;
    source->second.is_clean = source->second.is_clean || (answer.is_fenced && answer.is_clean);
    // What it awaits itself may be ours by now, and will come to us from there.
    for (const Location& further : answer.sources) {
      if (awaited.kind != Kind::leave || !contains(present, further)) continue;
      await_from(awaited, further, now);
      effects.is_changed = true;
    }
  }
  note_silence(now, effects);
  ask_due(now, effects);
  conclude(effects);
}

// Who is silent keeps nobody waiting for puts that it may have got: whether a frozen node has, nobody can tell.
void Intake::note_silence(TimePoint now, Effects& effects) {
  for (Awaited& awaited : awaited_) {
    for (auto& [node, source] : awaited.sources) {
      if (!may_fall_silent(awaited, node, source) || now - source.heard_at < kFencePatience) continue;
      source.is_silent = true;
      source.is_clean = source.is_recipient;
      effects.is_changed = true;
    }
  }
}

bool Intake::may_fall_silent(const Awaited& awaited, const Location& node, const Source& source) {
  return !awaited.by_puts.empty() && !awaited.by_puts.contains(node) && !source.is_silent && !source.is_clean;
}

void Intake::not_answered(const Location& from, TimePoint now, Effects& effects) {
  take_answer(from, {}, now, effects);
}

void Intake::has_no_store(const Location& from, TimePoint now, Effects& effects) {
  answered(from, {true, true, {}}, now, effects);
}

void Intake::is_of_2009(const Location& from, TimePoint now, Effects& effects) {
  bool is_news = false;
  bool is_given = false;
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (awaited.kind == Kind::join && source != awaited.sources.end()) {
      source->second.is_fenced = true;
      is_news = awaited.by_puts.insert(from).second || is_news;
    }
    if (awaited.kind != Kind::gift || awaited.to != from) continue;
    is_given = true;
    if (std::exchange(awaited.is_to_2009, true)) continue;
    for (const auto& [giver, unused] : awaited.sources) ask_soon(giver, now);
  }
  effects.is_changed = effects.is_changed || is_news;
  // It may have joined shortly before this node, which cannot know.
  if (is_news && !is_given && contains(view_->members(), from)) {
    std::vector<Location> without_it = view_->members();
    std::erase_if(without_it, [&](const Location& node) { return node == from || node == self_; });
    await_gift(from, ring_of_(std::move(without_it)), now, effects).is_to_2009 = true;
  }
  ask_due(now, effects);
  conclude(effects);
}

void Intake::has_shown(const Location& from, const std::vector<Location>& members, TimePoint now, Effects& effects) {
  const auto asked = asking_.find(from);
  const bool counts = asked != asking_.end() && !asked->second.is_asked_anew && !contains(view_->leaving(), from);
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (!counts || source == awaited.sources.end()) continue;
    const bool is_shown = awaited.kind == Kind::join   ? contains(members, self_)
                          : awaited.kind == Kind::gift ? contains(members, awaited.to)
                                                       : !may_anybody_hand_over_by_puts();
    if (!is_shown) continue;
    // It does not wait for what it puts: its last put may lie unread at this node's door. What it shows after a pause
    // is behind that.
    if (!std::exchange(source->second.has_shown, true)) continue;
    source->second.is_clean = true;
    effects.is_changed = true;
  }
  answered(from, {true, false, {}}, now, effects);
}

void Intake::tick(TimePoint now, Effects& effects) {
  for (Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::join || is_established_) continue;
    for (auto& [node, source] : awaited.sources) {
      if (source.is_fenced || now - source.heard_at < kFencePatience) continue;
      source.is_fenced = true;
      effects.given_up.push_back(node);
    }
  }
  note_silence(now, effects);
  ask_due(now, effects);
  conclude(effects);
}

void Intake::ask_due(TimePoint now, Effects& effects) {
  end_gifts(effects);
  std::set<Location> needed;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind == Kind::gift && !awaited.is_to_2009 && !is_ours_(awaited.to)) {
      needed.insert(awaited.to);  // what is it?
      continue;
    }
    for (const auto& [node, source] : awaited.sources) {
      const bool is_waited_for = awaited.kind == Kind::join && !is_established_ && !source.is_fenced;
      if (!source.is_clean || is_waited_for) needed.insert(node);
    }
  }
  std::erase_if(asking_, [&](const auto& asked) { return !asked.second.is_asked && !needed.contains(asked.first); });
  for (const Location& node : needed) {
    Asking& asking = asking_[node];
    if (asking.is_asked || now < asking.ask_at) continue;
    asking.is_asked = true;
    effects.claims.push_back(node);
  }
}

void Intake::conclude(Effects& effects) {
  const auto is_fenced = [](const auto& source) { return source.second.is_fenced; };
  const auto is_clean = [](const auto& source) { return source.second.is_clean; };
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::join || is_established_) continue;
    is_established_ = std::all_of(awaited.sources.begin(), awaited.sources.end(), is_fenced);
    effects.is_changed = effects.is_changed || is_established_;
  }
  std::erase_if(awaited_, [&](const Awaited& awaited) {
    if (awaited.kind == Kind::join && !is_established_) return false;
    if (!std::all_of(awaited.sources.begin(), awaited.sources.end(), is_clean)) return false;
    effects.is_census_done = effects.is_census_done || awaited.kind == Kind::census;
    effects.is_changed = effects.is_changed || awaited.kind != Kind::census;
    return true;
  });
}

TimePoint Intake::next_wakeup() const {
  TimePoint next = TimePoint::max();
  for (const Awaited& awaited : awaited_) {
    const bool awaits_fences = awaited.kind == Kind::join && !is_established_;
    for (const auto& [node, source] : awaited.sources) {
      if (awaits_fences && !source.is_fenced) next = std::min(next, source.heard_at + kFencePatience);
      if (may_fall_silent(awaited, node, source)) next = std::min(next, source.heard_at + kFencePatience);
    }
  }
  for (const auto& [node, asking] : asking_) {
    if (!asking.is_asked) next = std::min(next, asking.ask_at);
  }
  return next;
}

std::vector<Gain> Intake::gains() const {
  std::vector<Gain> gains;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind == Kind::census || awaited.kind == Kind::gift) continue;
    Gain& gain = gains.emplace_back(awaited.gain);
    for (const auto& [node, source] : awaited.sources) {
      if (source.is_clean) continue;
      gain.sources.push_back(node);
      if (!awaited.by_puts.empty() && !source.is_silent) gain.recipients.push_back(node);
    }
  }
  return gains;
}

std::vector<Gift> Intake::gifts() const {
  std::vector<Gift> gifts;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::gift) continue;
    Gift& gift = gifts.emplace_back(Gift{awaited.to, {}, awaited.before});
    for (const auto& [node, source] : awaited.sources) {
      if (!source.is_clean) gift.givers.push_back(node);
    }
  }
  return gifts;
}

}  // namespace p2p::diststore
