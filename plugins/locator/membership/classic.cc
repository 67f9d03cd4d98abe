#include "membership/classic.h"

#include <algorithm>
#include <utility>

namespace p2p::membership {
namespace {

// Own name in `authorities` tells the rest of the chain that this node knows.
std::vector<std::string> with_name(std::vector<std::string> authorities, const std::string& name) {
  if (std::find(authorities.begin(), authorities.end(), name) == authorities.end()) authorities.push_back(name);
  return authorities;
}

Departure departure_of(ConnectFault fault) {
  switch (fault) {
    case ConnectFault::refused:
      return Departure::refused;
    case ConnectFault::silent:
      return Departure::silent;
    case ConnectFault::stranger:
      return Departure::replaced;
  }
  return Departure::refused;
}

// Who leaves is the first that knows of it: everybody who passes on that it leaves has it among the authorities.
Departure how_it_left(const Member& row, const std::vector<std::string>& authorities) {
  const bool said_so = std::find(authorities.begin(), authorities.end(), row.location.name()) != authorities.end();
  return said_so ? Departure::own_word : Departure::hearsay;
}

}  // namespace

ClassicMembership::ClassicMembership(Member self, ClassicOptions options)
    : self_(std::move(self)),
      options_(options),
      table_(options.table),
      failed_connects_(options.failed_connects),
      witnesses_(self_.location.address),
      next_compared_(self_.location.name()),
      next_removed_(self_.location.name()),
      next_witness_(self_.location.name()) {
  self_.state = MemberState::alive;
  table_.apply(self_, TimePoint{});
  // A join announces this node; its own row needs no chain of its own unless it is refuted.
  table_.pass_on_once(self_.location.name());
}

// --- messages --------------------------------------------------------------------------------------------------------

Result<View> ClassicMembership::handle(const Message& message, TimePoint now, Effects& effects) {
  return std::visit([&](const auto& kind) { return answer(kind, now, effects); }, message);
}

Result<View> ClassicMembership::answer(const Join& join, TimePoint now, Effects& effects) {
  if (join.self.location == self_.location) {
    const std::string name = self_.location.name();
    if (join.self.incarnation == self_.incarnation) return Error{ErrorKind::invalid, std::string(kIsThisNode) + name};
    return Error{ErrorKind::invalid, "another node runs as " + name + " already"};
  }
  if (join.self.state != MemberState::alive) return Error{ErrorKind::invalid, "who leaves cannot join"};
  classic_until_.erase(join.self.location.name());
  hear(join.self, {}, now, effects);
  return view();
}

Result<View> ClassicMembership::answer(const PassOn& news, TimePoint now, Effects& effects) {
  hear(news.row, news.authorities, now, effects);
  return View{table_.fingerprint(), {}};
}

Result<View> ClassicMembership::answer(const Compare& compare, TimePoint now, Effects& effects) {
  merge(compare.ours.members, now, effects);
  if (compare.ours.fingerprint == table_.fingerprint()) return View{table_.fingerprint(), {}};
  return view();
}

// Never sent to a node of ours; the table says it all the same.
Result<View> ClassicMembership::answer(const Survey&, TimePoint, Effects&) { return view(); }

void ClassicMembership::merge(const std::vector<Member>& rows, TimePoint now, Effects& effects) {
  for (const Member& row : rows) take(row, Departure::hearsay, now, effects);
}

// --- rows ------------------------------------------------------------------------------------------------------------

void ClassicMembership::take(const Member& row, Departure how, TimePoint now, Effects& effects) {
  if (!is_plausible(row)) return;
  if (row.location == self_.location) {
    if (supersedes(row, self_) && !has_left_) refute(row, now, effects);
  } else if (row.state == MemberState::alive || is_credible_farewell(row)) {
    accept(row, how, now, effects);
  }
}

void ClassicMembership::accept(const Member& row, Departure how, TimePoint now, Effects& effects) {
  if (const Member* known = table_.find(row.location.name()); known != nullptr && !supersedes(row, *known)) return;
  const Applied applied = table_.apply(row, now);
  effects.table_changed = true;
  failed_connects_.forget(row.location.name());
  switch (applied) {
    case Applied::nothing:
      break;
    case Applied::joined:
      effects.changes.push_back({ChangeKind::joined, row.location});
      break;
    case Applied::restarted:
      effects.changes.push_back({ChangeKind::restarted, row.location});
      break;
    case Applied::leaving:
      effects.changes.push_back({ChangeKind::leaving, row.location});
      break;
    case Applied::left:
      effects.changes.push_back({ChangeKind::left, row.location, how});
      break;
    case Applied::gone:
      effects.changes.push_back({ChangeKind::gone, row.location, how});
      break;
  }
}

// Somebody believes that this node has left, or lived later than it does (a clock that went back before a restart). One
// that leaves says so too: what it still holds would be given up for lost. Only a later life outranks that; in the last
// one there is nothing left to say.
void ClassicMembership::refute(const Member& claim, TimePoint now, Effects& effects) {
  if (self_.incarnation >= kIncarnationMax) return;
  self_.incarnation = std::min(claim.incarnation + 1, kIncarnationMax);
  table_.apply(self_, now);
  effects.table_changed = true;
  effects.refuted = true;
  if (table_.pass_on_once(self_.location.name())) pass_on(self_, {}, effects);
}

void ClassicMembership::hear(const Member& row, std::vector<std::string> authorities, TimePoint now, Effects& effects) {
  take(row, how_it_left(row, authorities), now, effects);
  const std::string name = row.location.name();
  const Member* known = table_.find(name);
  // A row that lost against a newer one goes no further; whoever sent it learns the newer one by comparing.
  if (known == nullptr || *known != row || row.location == self_.location) return;
  if (table_.pass_on_once(name)) pass_on(row, std::move(authorities), effects);
}

void ClassicMembership::classic_add(const Location& location, std::vector<std::string> authorities, TimePoint now,
                                    Effects& effects) {
  if (location == self_.location) return;
  Member row{location, kUnknownLife, MemberState::alive};
  if (const Member* known = table_.find(location.name()); known != nullptr) {
    // An echo of its joining, unless it asks itself, as only a new life does. Who was started where it left, and joined
    // through another, is found when it answers (survey_ended).
    if (known->state == MemberState::leaving && !authorities.empty()) return;
    row.incarnation = known->state == MemberState::alive ? known->incarnation : known->incarnation + 1;
  }
  hear(row, std::move(authorities), now, effects);
}

void ClassicMembership::classic_remove(const Location& location, std::vector<std::string> authorities, TimePoint now,
                                       Effects& effects) {
  const std::string name = location.name();
  const Member* known = table_.find(name);
  // Who leaves tells nodes of ours itself when it has ended; until then this is an echo of what it told the others.
  if (known == nullptr || known->state == MemberState::leaving) return;
  Member row = *known;
  const bool is_own_word = how_it_left(row, authorities) == Departure::own_word;
  // It still holds what it will hand over, answers nobody meanwhile, and does not say when it has done: its end is that
  // it takes no connection any more.
  const bool hands_over = is_own_word && known->state == MemberState::alive && location != self_.location;
  row.state = hands_over ? MemberState::leaving : MemberState::removed;
  hear(row, std::move(authorities), now, effects);
  if (hands_over) failed_connects_.doubt(name, now);
}

// --- chains ----------------------------------------------------------------------------------------------------------

void ClassicMembership::pass_on(const Member& row, std::vector<std::string> authorities, Effects& effects) {
  if (chains_ >= kChainsMax) return;
  continue_chain({row, with_name(std::move(authorities), self_.location.name())}, effects);
}

void ClassicMembership::continue_chain(Chain chain, Effects& effects) {
  const auto target = next_in_chain(chain);
  if (!target) {
    if (chain.is_farewell) effects.farewell_told = true;
    return;
  }
  ++chains_;
  PassOn message{chain.row, chain.authorities};
  // One of the 2009 system passes an add on to the newcomer, too, unless that is said to know; and a newcomer of that
  // system then hands all that it owns over to itself.
  if (chain.row.state == MemberState::alive && is_classic(target->name())) {
    message.authorities = with_name(std::move(message.authorities), chain.row.location.name());
  }
  send({*target, std::move(chain), std::nullopt}, std::move(message), effects);
}

// The first member, by name, that does not know yet; never the one that it is about. Nodes of the 2009 system come
// last: what passes through them loses its incarnation, and whether a member leaves or is gone.
std::optional<Location> ClassicMembership::next_in_chain(const Chain& chain) const {
  const std::set<std::string_view> knowing(chain.authorities.begin(), chain.authorities.end());
  std::optional<Location> first_classic;
  for (Location& member : table_.present()) {
    const std::string name = member.name();
    if (member == chain.row.location || knowing.contains(name)) continue;
    if (is_classic(name)) {
      if (!first_classic) first_classic = std::move(member);
    } else if (!chain.is_farewell || chain.silent < kLeaveAttemptsMax) {
      return std::move(member);
    }
  }
  if (!chain.is_farewell) return first_classic;
  // They took it off their rings when it told them that it leaves.
  const bool may_tell = chain.row.state == MemberState::leaving && chain.silent_classic < kLeaveAttemptsMax;
  return may_tell ? first_classic : std::nullopt;
}

// --- comparisons -----------------------------------------------------------------------------------------------------

void ClassicMembership::compare_after_join(TimePoint now, Effects& effects) {
  const auto names = table_.present_names();
  for (int i = 0; i < kComparesAfterJoin; ++i) compare_with(next_compared_.next(names), effects);
  next_compare_at_ = now + options_.compare_interval;
}

// Everybody watches those behind itself up to the next that watches, so that each is watched by somebody at every
// interval.
void ClassicMembership::watch_successors(const std::vector<std::string>& sorted_names, Effects& effects) {
  RoundRobin behind(self_.location.name());
  const auto others = static_cast<int>(sorted_names.size()) - 1;
  for (int watched = 0; watched < std::min(others, kWatchedMax); ++watched) {
    const std::string name = behind.next(sorted_names);
    compare_with(name, effects);
    if (!is_classic(name)) return;
  }
}

void ClassicMembership::compare_with(const std::string& name, Effects& effects) {
  const Member* member = table_.find(name);
  if (member == nullptr || !compared_now_.insert(name).second) return;
  const Comparison comparison{.is_of_leaver = member->state == MemberState::leaving};
  if (is_classic(name)) return send({member->location, std::nullopt, comparison}, Survey{}, effects);
  send({member->location, std::nullopt, comparison}, Compare{{table_.fingerprint(), {}}}, effects);
}

void ClassicMembership::compare_with_removed(Effects& effects) {
  const std::string name = next_removed_.next(table_.removed_names());
  if (!name.empty()) ask_removed(*table_.find(name), std::nullopt, effects);
}

// Our rows go along at once: among them is the one that the removed node must refute. One of the 2009 system refutes
// nothing; that it answers, and is on its own ring, says that it lives.
void ClassicMembership::ask_removed(const Member& removed, std::optional<Location> shown_by, Effects& effects) {
  const std::string name = removed.location.name();
  if (!compared_now_.insert(name).second) return;
  Message question = is_classic(name) ? Message(Survey{}) : Message(Compare{view()});
  send({removed.location, std::nullopt, Comparison{.is_second = true, .shown_by = std::move(shown_by)}},
       std::move(question), effects);
}

void ClassicMembership::comparison_ended(const Pending& pending, const CallResult& result, TimePoint now,
                                         Effects& effects) {
  const std::string name = pending.to.name();
  compared_now_.erase(name);
  const Member* asked = table_.find(name);
  if (asked == nullptr) return;
  const bool is_removed = asked->state == MemberState::removed;
  const auto& shown_by = pending.comparison->shown_by;
  if (result.outcome == Outcome::classic) {
    return is_removed ? ask_removed(*asked, shown_by, effects) : compare_with(name, effects);
  }
  const bool is_nobody = result.outcome == Outcome::refused || result.outcome == Outcome::stranger;
  if (is_nobody && is_removed && shown_by) return tell_classic(*shown_by, *asked, effects);
  if (result.outcome != Outcome::answered) return;
  if (is_classic(name)) return survey_ended(pending, result, now, effects);
  merge(result.view.members, now, effects);
  // They sent their rows, and we still know something that they do not.
  const bool they_lack_rows = !result.view.members.empty() && result.view.fingerprint != table_.fingerprint();
  if (they_lack_rows && !pending.comparison->is_second && compared_now_.insert(name).second) {
    send({pending.to, std::nullopt, Comparison{.is_second = true}}, Compare{view()}, effects);
  }
}

// Its table cannot be merged, for want of incarnations: each side is told of what the other lacks. A chain that was cut
// among nodes of the 2009 system, which compare nothing themselves, is mended by this alone.
void ClassicMembership::survey_ended(const Pending& pending, const CallResult& result, TimePoint now,
                                     Effects& effects) {
  const auto& rows = result.view.members;
  const MemberState state = table_.find(pending.to.name())->state;
  if (state != MemberState::alive) {
    const auto is_asked = [&](const Member& row) { return row.location == pending.to; };
    if (std::none_of(rows.begin(), rows.end(), is_asked)) return;  // it leaves
    // Asked before it was known to leave, it may have answered before it left.
    if (state == MemberState::leaving && !pending.comparison->is_of_leaver) return;
    classic_add(pending.to, {}, now, effects);
  }

  std::set<std::string> theirs;
  for (const Member& row : rows) {
    if (!is_plausible(row)) continue;
    const std::string name = row.location.name();
    theirs.insert(name);
    const Member* known = table_.find(name);
    if (known == nullptr) {
      classic_add(row.location, {pending.to.name()}, now, effects);
    } else if (known->state == MemberState::leaving) {
      tell_classic(pending.to, *known, effects);
    } else if (known->state == MemberState::removed) {
      ask_removed(*known, pending.to, effects);  // it may have started again; only who refuses is a ghost there
    }
  }
  for (const Location& member : table_.alive()) {
    const std::string name = member.name();
    if (!theirs.contains(name)) tell_classic(pending.to, *table_.find(name), effects);
  }
}

// All that we know of are authorities: it goes no further from there.
void ClassicMembership::tell_classic(const Location& node, const Member& row, Effects& effects) {
  send({node, std::nullopt, std::nullopt}, PassOn{row, with_name(table_.present_names(), self_.location.name())},
       effects);
}

void ClassicMembership::remember_classic(const std::string& name, TimePoint now) {
  classic_until_[name] = now + kClassicMemory;
}

void ClassicMembership::classic_join(const Location& via, const std::vector<Location>& members, TimePoint now,
                                     Effects& effects) {
  remember_classic(via.name(), now);
  for (const Location& member : members) {
    Member row{member, kUnknownLife, MemberState::alive};
    const Member* known = table_.find(member.name());
    const bool is_back = known != nullptr && known->state == MemberState::removed && member == via;
    if (is_back) row.incarnation = known->incarnation + 1;
    if (member != self_.location && is_plausible(row) && (known == nullptr || is_back)) {
      accept(row, Departure::hearsay, now, effects);
    }
  }
}

// --- reachability ----------------------------------------------------------------------------------------------------

void ClassicMembership::connect_failed(const Location& location, TimePoint now, Effects& effects) {
  const std::string name = location.name();
  if (location == self_.location || !table_.is_present(name)) return;
  if (failed_connects_.is_to_be_asked_now(name, now)) ask_suspect(name, effects);
}

// Together with those by whom silence is judged: a member on the same machine, and some on others.
void ClassicMembership::ask_suspect(const std::string& name, Effects& effects) {
  const Location suspect = table_.find(name)->location;
  compare_with(name, effects);
  std::vector<std::string> elsewhere;
  std::optional<std::string> beside;
  for (const Location& member : table_.present()) {
    if (!witnesses_.can_witness(member.address)) continue;
    if (member.address != suspect.address) {
      elsewhere.push_back(member.name());
    } else if (member != suspect) {
      beside = member.name();
    }
  }
  if (beside) compare_with(*beside, effects);
  const auto asked = std::min<std::size_t>(kWitnessesAsked, elsewhere.size());
  for (std::size_t number = 0; number < asked; ++number) compare_with(next_witness_.next(elsewhere), effects);
}

void ClassicMembership::count_fault(const Location& to, ConnectFault fault, TimePoint now, Effects& effects) {
  const Member* member = table_.find(to.name());
  if (to == self_.location || !table_.is_present(to.name())) return;
  if (!failed_connects_.failed(to.name(), fault, now)) return;
  const bool ends_as_it_said = fault == ConnectFault::refused && is_classic_leaver(*member);
  give_up(*member, ends_as_it_said ? Departure::own_word : departure_of(fault), now, effects);
}

// One of the 2009 system that has said that it leaves ends when it has handed over, without another word. It may have
// left before it was found out: then nobody has told its life.
bool ClassicMembership::is_classic_leaver(const Member& member) const {
  const bool may_be_classic = is_classic(member.location.name()) || member.incarnation == kUnknownLife;
  return member.state == MemberState::leaving && may_be_classic;
}

void ClassicMembership::end_long_leaves(TimePoint now, Effects& effects) {
  std::erase_if(leaving_since_, [this](const auto& entry) { return !is_leaving(entry.first); });
  for (const std::string& name : table_.present_names()) {
    const Member* member = table_.find(name);
    if (!is_classic_leaver(*member)) continue;
    const TimePoint since = leaving_since_.try_emplace(name, now).first->second;
    if (now - since > kClassicLeaveMax) give_up(*member, Departure::overdue, now, effects);
  }
}

void ClassicMembership::give_up(const Member& member, Departure how, TimePoint now, Effects& effects) {
  const Member removed{member.location, member.incarnation, MemberState::removed};
  accept(removed, how, now, effects);
  hear(removed, {}, now, effects);
}

void ClassicMembership::note_reachability(const Location& to, CallId id, Outcome outcome, TimePoint now,
                                          Effects& effects) {
  switch (outcome) {
    case Outcome::answered:
    case Outcome::rejected:
    case Outcome::classic:
      witnesses_.heard(to.address, last_call_);
      return failed_connects_.forget(to.name());
    case Outcome::refused:
      witnesses_.heard(to.address, last_call_);
      return count_fault(to, ConnectFault::refused, now, effects);
    case Outcome::stranger:
      witnesses_.heard(to.address, last_call_);
      return count_fault(to, ConnectFault::stranger, now, effects);
    case Outcome::unheard:
      if (witnesses_.have_heard(to.address, id)) failed_connects_.forget_silence(to.name());
      // Who has said that it leaves may be switched off next, where nobody can witness it.
      if (const Member* member = table_.find(to.name());
          witnesses_.speak_against(to.address, id) ||
          (member != nullptr && is_classic_leaver(*member) && !witnesses_.have_heard(to.address, id))) {
        return count_fault(to, ConnectFault::silent, now, effects);
      }
      [[fallthrough]];  // perhaps nobody has answered yet: both are asked again
    case Outcome::broken:
      if (table_.is_present(to.name())) failed_connects_.doubt(to.name(), now);
      return;
    case Outcome::silent:  // Slow or frozen: the classic rules remove only who cannot be connected to.
    case Outcome::unable:
      return failed_connects_.not_told(to.name(), now);
  }
}

// --- calls, time, leaving --------------------------------------------------------------------------------------------

void ClassicMembership::send(Pending pending, Message message, Effects& effects) {
  const CallId id = ++last_call_;
  effects.calls.push_back({id, pending.to, std::move(message), is_classic(pending.to.name())});
  pending_.emplace(id, std::move(pending));
}

void ClassicMembership::call_ended(CallId id, const CallResult& result, TimePoint now, Effects& effects) {
  auto found = pending_.extract(id);
  if (found.empty()) return;
  Pending& pending = found.mapped();
  if (result.outcome == Outcome::classic) remember_classic(pending.to.name(), now);
  if (pending.chain) {
    --chains_;
    if (result.outcome == Outcome::silent || result.outcome == Outcome::unheard) {
      ++(is_classic(pending.to.name()) ? pending.chain->silent_classic : pending.chain->silent);
    }
    if (result.outcome == Outcome::classic) {
      continue_chain(std::move(*pending.chain), effects);  // those of ours first, then to it in its own form
    } else if (result.outcome != Outcome::answered) {
      pending.chain->authorities.push_back(pending.to.name());
      continue_chain(std::move(*pending.chain), effects);
    } else if (pending.chain->is_farewell) {
      effects.farewell_told = true;
    }
  } else if (pending.comparison) {
    comparison_ended(pending, result, now, effects);
  }
  note_reachability(pending.to, id, result.outcome, now, effects);
}

void ClassicMembership::leave(TimePoint now, Effects& effects) {
  if (std::exchange(has_left_, true)) return;
  say_farewell(MemberState::removed, now, effects);
}

void ClassicMembership::withdraw(TimePoint now, Effects& effects) {
  if (self_.state == MemberState::alive) say_farewell(MemberState::leaving, now, effects);
}

void ClassicMembership::say_farewell(MemberState state, TimePoint now, Effects& effects) {
  self_.state = state;
  table_.apply(self_, now);
  effects.table_changed = true;
  continue_chain({self_, {self_.location.name()}, true}, effects);
}

void ClassicMembership::tick(TimePoint now, Effects& effects) {
  if (has_left_) return;
  for (const std::string& name : failed_connects_.due(now)) {
    if (table_.is_present(name)) ask_suspect(name, effects);
  }
  if (now < next_compare_at_) return;
  next_compare_at_ = now + options_.compare_interval;
  table_.forget_old(now);
  // Who leaves tells nobody what it is any more.
  std::erase_if(classic_until_, [&](const auto& known) { return known.second <= now && !is_leaving(known.first); });
  end_long_leaves(now, effects);
  const auto names = table_.present_names();
  watch_successors(names, effects);
  compare_with(next_compared_.next(names), effects);
  if (++compares_ % kComparesPerRemovedNode == 0) compare_with_removed(effects);
}

TimePoint ClassicMembership::next_wakeup() const {
  return has_left_ ? TimePoint::max() : std::min(next_compare_at_, failed_connects_.next_due());
}

}  // namespace p2p::membership
