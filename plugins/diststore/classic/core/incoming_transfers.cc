#include "classic/core/incoming_transfers.h"

#include <p2p/assert.h>

#include <algorithm>
#include <set>
#include <utility>

namespace p2p::diststore {
namespace {

bool contains(const std::vector<NodeAddress>& addresses, const NodeAddress& wanted) {
  return std::find(addresses.begin(), addresses.end(), wanted) != addresses.end();
}

}  // namespace

// Those that leave among them (H5).
std::vector<NodeAddress> IncomingTransfers::others() const {
  std::vector<NodeAddress> all;
  if (!view_) return all;
  for (const auto* group : {&view_->members(), &view_->leaving()}) {
    for (const NodeAddress& node : *group) {
      if (node != self_) all.push_back(node);
    }
  }
  return all;
}

void IncomingTransfers::ring_changed(std::shared_ptr<const RingView> view, ViewVersion view_version, TimePoint now,
                                     Effects& effects) {
  const auto before = std::exchange(view_, std::move(view));
  if (first_view_version_ == 0) first_view_version_ = view_version;
  const std::vector<NodeAddress> present = others();
  for (Awaited& awaited : awaited_) {
    std::erase_if(awaited.sources, [&](const auto& source) { return !contains(present, source.first); });
    if (awaited.kind != Kind::join || is_established_) continue;
    for (const NodeAddress& node : present) await_from(awaited, node, now);
    // A node that leaves by the new ring has keys for us that were its own by the former one (H4). Who has known of us
    // still does, so it stays fenced.
    for (auto& [node, source] : awaited.sources) {
      source.is_fenced = source.is_fenced || may_hand_over_by_puts(node);
      source.is_handed_over = false;
      source.has_shown = false;
      ask_soon(node, now);
    }
  }
  std::erase_if(asking_, [&](const auto& asked) { return !contains(present, asked.first); });
  const bool is_member = contains(view_->members(), self_);
  for (const NodeAddress& node : view_->leaving()) {
    const bool is_new = !before || !contains(before->leaving(), node);
    if (!is_new || !is_member || !is_established_ || node == self_) continue;
    std::vector<NodeAddress> with_it = view_->members();
    with_it.push_back(node);
    // (H6)
    await(Kind::leave, {view_version, ring_of_(std::move(with_it)), false, {}}, {node}, now);
    if (!is_ours_(node)) await_puts_of(node, present, now);
    effects.is_changed = true;
  }
  for (const NodeAddress& node : view_->members()) {
    if (before && is_established_ && node != self_ && !contains(before->members(), node))
      await_gift(node, before, now, effects);
  }
  ask_due(now, effects);
  conclude(effects);
}

void IncomingTransfers::joined(TimePoint now, Effects& effects) {
  has_joined_ = true;
  await(Kind::join, {first_view_version_, ring_of_({}), true, {}}, others(), now);
  effects.is_changed = true;
  ask_due(now, effects);
  conclude(effects);
}

void IncomingTransfers::begin_tombstone_check(TimePoint now, Effects& effects) {
  await(Kind::tombstone_check, {}, others(), now);
  ask_due(now, effects);
  conclude(effects);
}

void IncomingTransfers::await(Kind kind, AcquiredRange acquired_range, const std::vector<NodeAddress>& sources,
                              TimePoint now) {
  Awaited& awaited = awaited_.emplace_back(Awaited{kind, std::move(acquired_range), {}});
  for (const NodeAddress& source : sources) await_from(awaited, source, now);
}

bool IncomingTransfers::may_hand_over_by_puts(const NodeAddress& leaving) const {
  return contains(view_->leaving(), leaving) && !is_ours_(leaving);
}

bool IncomingTransfers::may_anybody_hand_over_by_puts() const {
  const auto& leaving = view_->leaving();
  return std::any_of(leaving.begin(), leaving.end(), [&](const NodeAddress& node) { return !is_ours_(node); });
}

void IncomingTransfers::await_from(Awaited& awaited, const NodeAddress& source, TimePoint now) {
  Source unheard;
  unheard.heard_at = now;
  if (may_hand_over_by_puts(source)) {
    awaited.by_puts.insert(source);
    unheard.is_fenced = true;  // it owns nothing any more, and answers nothing either
  }
  if (awaited.sources.try_emplace(source, unheard).second) ask_soon(source, now);
}

// What it puts to a member that we do not consider the owner has to come here from that member: of what this node
// acquires by its leaving, and of what it would have given to this node, which has just joined.
void IncomingTransfers::await_puts_of(const NodeAddress& leaving, const std::vector<NodeAddress>& present,
                                      TimePoint now) {
  for (Awaited& awaited : awaited_) {
    const auto giver = awaited.sources.find(leaving);
    const bool is_acquired = awaited.kind == Kind::join || awaited.kind == Kind::leave;
    if (!is_acquired || giver == awaited.sources.end() || giver->second.is_handed_over) continue;
    awaited.by_puts.insert(leaving);
    for (const NodeAddress& node : present) {
      const auto [source, is_new] = awaited.sources.try_emplace(node);
      source->second.is_recipient = source->second.is_recipient || source->second.is_handed_over || is_new;
      source->second.is_handed_over = false;
      source->second.has_shown = false;
      source->second.is_fenced = true;
      source->second.is_silent = false;
      source->second.heard_at = now;
      ask_soon(node, now);
    }
  }
}

// Which kind of node a newcomer is remains unknown until it sends a transfer request.
IncomingTransfers::Awaited& IncomingTransfers::await_gift(const NodeAddress& to, std::shared_ptr<const RingView> before,
                                                          TimePoint now, Effects& effects) {
  Awaited& awaited = awaited_.emplace_back(Awaited{Kind::gift, {}, {}, {}, to, false, std::move(before)});
  for (const NodeAddress& giver : others()) {
    if (giver != to) awaited.sources[giver].heard_at = now;
  }
  asking_.try_emplace(to, Asking{false, false, now + kTransferRequestPauseMax, kTransferRequestPauseMin});
  effects.is_changed = true;
  return awaited;
}

// Only nodes of the 2009 system give unasked to one of ours.
void IncomingTransfers::end_gifts(Effects& effects) {
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

void IncomingTransfers::ask_soon(const NodeAddress& source, TimePoint now) {
  Asking& asking = asking_[source];
  asking.pause = kTransferRequestPauseMin;
  if (asking.is_asked) {
    asking.is_asked_anew = true;  // the answer in flight may be older than what is awaited now (H14)
  } else {
    asking.ask_at = now;
  }
}

void IncomingTransfers::answered(const NodeAddress& from, const Answer& answer, TimePoint now, Effects& effects) {
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (source == awaited.sources.end()) continue;
    source->second.heard_at = now;
    effects.is_changed = effects.is_changed || source->second.is_silent;
    source->second.is_silent = false;
    if (!is_ours_(from) || awaited.by_puts.erase(from) == 0) continue;
    effects.is_changed = true;
    if (!awaited.by_puts.empty()) continue;
    for (auto& [node, other] : awaited.sources) other.is_handed_over = other.is_handed_over || other.is_recipient;
  }
  take_answer(from, answer, now, effects);
}

void IncomingTransfers::take_answer(const NodeAddress& from, const Answer& answer, TimePoint now, Effects& effects) {
  const auto asked = asking_.find(from);
  if (asked == asking_.end()) return;
  Asking& asking = asked->second;
  asking.is_asked = false;
  asking.ask_at = now + asking.pause;
  asking.pause = std::min(2 * asking.pause, kTransferRequestPauseMax);
  if (std::exchange(asking.is_asked_anew, false)) {
    asking.ask_at = now;
    return tick(now, effects);
  }
  const std::vector<NodeAddress> present = others();
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (source == awaited.sources.end()) continue;
    source->second.is_fenced = source->second.is_fenced || answer.is_fenced;
    source->second.is_handed_over = source->second.is_handed_over || (answer.is_fenced && answer.is_handed_over);
    // What that node still awaits may be ours by now, and will come to us from its sources (H13).
    for (const NodeAddress& further : answer.sources) {
      if (awaited.kind != Kind::leave || !contains(present, further)) continue;
      await_from(awaited, further, now);
      effects.is_changed = true;
    }
  }
  note_silence(now, effects);
  ask_due(now, effects);
  conclude(effects);
}

// A silent node is not awaited for puts that it may have got: whether a frozen node has any, nobody can tell.
void IncomingTransfers::note_silence(TimePoint now, Effects& effects) {
  for (Awaited& awaited : awaited_) {
    for (auto& [node, source] : awaited.sources) {
      if (!may_fall_silent(awaited, node, source) || now - source.heard_at < kFencePatience) continue;
      source.is_silent = true;
      source.is_handed_over = source.is_recipient;
      effects.is_changed = true;
    }
  }
}

bool IncomingTransfers::may_fall_silent(const Awaited& awaited, const NodeAddress& node, const Source& source) {
  return !awaited.by_puts.empty() && !awaited.by_puts.contains(node) && !source.is_silent && !source.is_handed_over;
}

void IncomingTransfers::not_answered(const NodeAddress& from, TimePoint now, Effects& effects) {
  take_answer(from, {}, now, effects);
}

void IncomingTransfers::has_no_store(const NodeAddress& from, TimePoint now, Effects& effects) {
  answered(from, {true, true, {}}, now, effects);
}

void IncomingTransfers::is_of_2009(const NodeAddress& from, TimePoint now, Effects& effects) {
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
  // It may have joined shortly before this node, which cannot know that.
  if (is_news && !is_given && contains(view_->members(), from)) {
    std::vector<NodeAddress> without_it = view_->members();
    std::erase_if(without_it, [&](const NodeAddress& node) { return node == from || node == self_; });
    await_gift(from, ring_of_(std::move(without_it)), now, effects).is_to_2009 = true;
  }
  ask_due(now, effects);
  conclude(effects);
}

void IncomingTransfers::has_shown(const NodeAddress& from, const std::vector<NodeAddress>& members, TimePoint now,
                                  Effects& effects) {
  const auto asked = asking_.find(from);
  const bool counts = asked != asking_.end() && !asked->second.is_asked_anew && !contains(view_->leaving(), from);
  for (Awaited& awaited : awaited_) {
    const auto source = awaited.sources.find(from);
    if (!counts || source == awaited.sources.end()) continue;
    const bool is_shown = awaited.kind == Kind::join   ? contains(members, self_)
                          : awaited.kind == Kind::gift ? contains(members, awaited.to)
                                                       : !may_anybody_hand_over_by_puts();
    if (!is_shown) continue;
    // It does not wait for its puts to be executed: the last one may still be unread here. What it shows after a pause
    // comes after that one.
    if (!std::exchange(source->second.has_shown, true)) continue;
    source->second.is_handed_over = true;
    effects.is_changed = true;
  }
  answered(from, {true, false, {}}, now, effects);
}

void IncomingTransfers::tick(TimePoint now, Effects& effects) {
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

void IncomingTransfers::ask_due(TimePoint now, Effects& effects) {
  end_gifts(effects);
  std::set<NodeAddress> needed;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind == Kind::gift && !awaited.is_to_2009 && !is_ours_(awaited.to)) {
      needed.insert(awaited.to);  // to learn its kind
      continue;
    }
    for (const auto& [node, source] : awaited.sources) {
      const bool is_waited_for = awaited.kind == Kind::join && !is_established_ && !source.is_fenced;
      if (!source.is_handed_over || is_waited_for) needed.insert(node);
    }
  }
  std::erase_if(asking_, [&](const auto& asked) { return !asked.second.is_asked && !needed.contains(asked.first); });
  for (const NodeAddress& node : needed) {
    Asking& asking = asking_[node];
    if (asking.is_asked || now < asking.ask_at) continue;
    asking.is_asked = true;
    effects.transfer_requests.push_back(node);
  }
}

void IncomingTransfers::conclude(Effects& effects) {
  // H2 and H14.
  const auto is_fenced = [](const auto& source) { return source.second.is_fenced; };
  const auto is_handed_over = [](const auto& source) { return source.second.is_handed_over; };
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::join || is_established_) continue;
    is_established_ = std::all_of(awaited.sources.begin(), awaited.sources.end(), is_fenced);
    effects.is_changed = effects.is_changed || is_established_;
  }
  std::erase_if(awaited_, [&](const Awaited& awaited) {
    if (awaited.kind == Kind::join && !is_established_) return false;
    if (!std::all_of(awaited.sources.begin(), awaited.sources.end(), is_handed_over)) return false;
    effects.is_tombstone_check_done = effects.is_tombstone_check_done || awaited.kind == Kind::tombstone_check;
    effects.is_changed = effects.is_changed || awaited.kind != Kind::tombstone_check;
    return true;
  });
}

TimePoint IncomingTransfers::next_wakeup() const {
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

std::vector<AcquiredRange> IncomingTransfers::acquired_ranges() const {
  std::vector<AcquiredRange> acquired_ranges;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind == Kind::tombstone_check || awaited.kind == Kind::gift) continue;
    AcquiredRange& acquired_range = acquired_ranges.emplace_back(awaited.acquired_range);
    for (const auto& [node, source] : awaited.sources) {
      if (source.is_handed_over) continue;
      acquired_range.sources.push_back(node);
      if (!awaited.by_puts.empty() && !source.is_silent) acquired_range.recipients.push_back(node);
    }
  }
  return acquired_ranges;
}

std::vector<Gift> IncomingTransfers::gifts() const {
  std::vector<Gift> gifts;
  for (const Awaited& awaited : awaited_) {
    if (awaited.kind != Kind::gift) continue;
    Gift& gift = gifts.emplace_back(Gift{awaited.to, {}, awaited.before});
    for (const auto& [node, source] : awaited.sources) {
      if (!source.is_handed_over) gift.givers.push_back(node);
    }
  }
  return gifts;
}

void IncomingTransfers::check() const {
  const std::vector<NodeAddress> others_now = others();
  const std::set<NodeAddress> present(others_now.begin(), others_now.end());
  P2P_ASSERT(!is_established_ || has_joined_, "only who has joined may own keys");
  const auto count = [&](Kind kind) {
    return std::count_if(awaited_.begin(), awaited_.end(), [&](const Awaited& one) { return one.kind == kind; });
  };
  P2P_ASSERT(count(Kind::join) <= 1 && count(Kind::tombstone_check) <= 1,
             "a node joins once, and takes one census at a time");
  for (const Awaited& awaited : awaited_) check_sources(awaited, present);
  for (const auto& [node, asking] : asking_) {
    P2P_ASSERT(present.contains(node), "only who is on the ring is asked");
    P2P_ASSERT(!asking.is_asked_anew || asking.is_asked, "a question that is repeated was put");
    P2P_ASSERT(asking.pause >= kTransferRequestPauseMin && asking.pause <= kTransferRequestPauseMax,
               "a pause keeps its limits");
  }
}

void IncomingTransfers::check_sources(const Awaited& awaited, const std::set<NodeAddress>& present) const {
  for (const auto& [node, source] : awaited.sources) {
    P2P_ASSERT(present.contains(node), "keys are awaited from who is on the ring, and never from this node");
    // Givers of a gift are asked only if it is one to a node of the 2009 system.
    P2P_ASSERT(awaited.kind == Kind::gift || source.is_handed_over || asking_.contains(node),
               "who holds something is asked");
  }
  P2P_ASSERT(awaited.kind != Kind::gift || !awaited.sources.contains(awaited.to), "nobody gives to himself");
}

}  // namespace p2p::diststore
