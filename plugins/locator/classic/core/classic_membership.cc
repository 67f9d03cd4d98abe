#include "classic/core/classic_membership.h"

#include <algorithm>
#include <utility>

namespace p2p::classic {
namespace {

// With its name in `visited_nodes`, the rest of the chain knows that this node has the row.
std::vector<std::string> with_name(std::vector<std::string> visited_nodes, const std::string& name) {
  if (std::find(visited_nodes.begin(), visited_nodes.end(), name) == visited_nodes.end()) visited_nodes.push_back(name);
  return visited_nodes;
}

Departure departure_of(ConnectFault fault) {
  if (fault == ConnectFault::silent) return Departure::silent;
  return fault == ConnectFault::stranger ? Departure::replaced : Departure::refused;
}

// A leaving node starts the chain about its leave, so it is always among the visited nodes.
Departure how_it_left(const Member& row, const std::vector<std::string>& visited_nodes) {
  const bool said_so = std::find(visited_nodes.begin(), visited_nodes.end(), row.address.name()) != visited_nodes.end();
  return said_so ? Departure::own_word : Departure::hearsay;
}

}  // namespace

ClassicMembership::ClassicMembership(Member self, ClassicOptions options)
    : self_(std::move(self)),
      options_(options),
      table_(options.table),
      failed_connects_(options.failed_connects),
      witnesses_(self_.address.host),
      next_compared_(self_.address.name()),
      next_removed_(self_.address.name()),
      next_witness_(self_.address.name()) {
  self_.state = MemberState::alive;
  table_.apply(self_, TimePoint{});
  // A join announces this node; its row needs no further chain unless this node has to refute.
  table_.pass_on_once(self_.address.name());
}

// --- messages --------------------------------------------------------------------------------------------------------

Result<View> ClassicMembership::handle(const Message& message, TimePoint now, Effects& effects) {
  return std::visit([&](const auto& kind) { return answer(kind, now, effects); }, message);
}

Result<View> ClassicMembership::answer(const Join& join, TimePoint now, Effects& effects) {
  if (join.self.address == self_.address) {
    const std::string name = self_.address.name();
    if (join.self.incarnation == self_.incarnation) return Error{ErrorKind::invalid, std::string(kIsThisNode) + name};
    return Error{ErrorKind::invalid, "another node runs as " + name + " already"};
  }
  if (join.self.state != MemberState::alive) return Error{ErrorKind::invalid, "who leaves cannot join"};
  classic_until_.erase(join.self.address.name());
  on_message(join.self, {}, now, effects);
  return view();
}

Result<View> ClassicMembership::answer(const PassOn& news, TimePoint now, Effects& effects) {
  on_message(news.row, news.visited_nodes, now, effects);
  return View{table_.fingerprint(), {}};
}

Result<View> ClassicMembership::answer(const Compare& compare, TimePoint now, Effects& effects) {
  merge(compare.ours.members, now, effects);
  if (compare.ours.fingerprint == table_.fingerprint()) return View{table_.fingerprint(), {}};
  return view();
}

// Never sent to a node of ours; answered with the table all the same.
Result<View> ClassicMembership::answer(const Survey&, TimePoint, Effects&) { return view(); }

void ClassicMembership::merge(const std::vector<Member>& rows, TimePoint now, Effects& effects) {
  for (const Member& row : rows) take(row, Departure::hearsay, now, effects);
}

// --- rows ------------------------------------------------------------------------------------------------------------

void ClassicMembership::take(const Member& row, Departure how, TimePoint now, Effects& effects) {
  if (!is_plausible(row)) return;
  if (row.address == self_.address) {
    if (supersedes(row, self_) && !has_left_) refute(row, now, effects);
  } else if (row.state == MemberState::alive || is_credible_farewell(row)) {
    accept(row, how, now, effects);
  }
}

void ClassicMembership::accept(const Member& row, Departure how, TimePoint now, Effects& effects) {
  if (const Member* known = table_.find(row.address.name()); known != nullptr && !supersedes(row, *known)) return;
  const auto change = table_.apply(row, now);
  effects.table_changed = true;
  failed_connects_.forget(row.address.name());
  if (!change) return;
  const bool has_ended = *change == ChangeKind::left || *change == ChangeKind::gone;
  effects.changes.push_back({*change, row.address, has_ended ? how : Departure::own_word});
}

// A node believes that this one has left, or had a later life (a clock that went back before a restart). A leaving node
// refutes too: what it still holds would otherwise be given up for lost. Only a later life outranks such a row; in the
// last one nothing more can be said.
void ClassicMembership::refute(const Member& heard, TimePoint now, Effects& effects) {
  if (self_.incarnation >= kIncarnationMax) return;
  self_.incarnation = std::min(heard.incarnation + 1, kIncarnationMax);
  table_.apply(self_, now);
  effects.table_changed = true;
  effects.refuted = true;
  if (table_.pass_on_once(self_.address.name())) pass_on(self_, {}, effects);
}

void ClassicMembership::on_message(const Member& row, std::vector<std::string> visited_nodes, TimePoint now,
                                   Effects& effects) {
  take(row, how_it_left(row, visited_nodes), now, effects);
  const std::string name = row.address.name();
  const Member* known = table_.find(name);
  // A row that lost to a newer one goes no further; its sender learns the newer one by comparing.
  if (known == nullptr || *known != row || row.address == self_.address) return;
  if (table_.pass_on_once(name)) pass_on(row, std::move(visited_nodes), effects);
}

void ClassicMembership::classic_add(const NodeAddress& address, std::vector<std::string> visited_nodes, TimePoint now,
                                    Effects& effects) {
  if (address == self_.address) return;
  Member row{address, kUnknownLife, MemberState::alive};
  if (const Member* known = table_.find(address.name()); known != nullptr) {
    // An echo of its joining, unless the node itself asks, as only a new life does. A new node that starts at a
    // leaver's address and joins through another is found when it answers (survey_ended).
    if (known->state == MemberState::leaving && !visited_nodes.empty()) return;
    row.incarnation = known->state == MemberState::alive ? known->incarnation : known->incarnation + 1;
  }
  on_message(row, std::move(visited_nodes), now, effects);
}

void ClassicMembership::classic_remove(const NodeAddress& address, std::vector<std::string> visited_nodes,
                                       TimePoint now, Effects& effects) {
  const std::string name = address.name();
  const Member* known = table_.find(name);
  // A leaving node announces to our nodes itself that it has ended; until then this is an echo of its first
  // announcement.
  if (known == nullptr || known->state == MemberState::leaving) return;
  Member row = *known;
  const bool is_own_word = how_it_left(row, visited_nodes) == Departure::own_word;
  // It still holds what it will hand over, answers nobody meanwhile, and does not say when it is done: it is gone when
  // it accepts no more connections.
  const bool hands_over = is_own_word && known->state == MemberState::alive && address != self_.address;
  row.state = hands_over ? MemberState::leaving : MemberState::removed;
  on_message(row, std::move(visited_nodes), now, effects);
  if (hands_over) failed_connects_.doubt(name, now);
}

// --- chains ----------------------------------------------------------------------------------------------------------

void ClassicMembership::pass_on(const Member& row, std::vector<std::string> visited_nodes, Effects& effects) {
  if (chains_ >= kChainsMax) return;
  continue_chain({row, with_name(std::move(visited_nodes), self_.address.name())}, effects);
}

void ClassicMembership::continue_chain(Chain chain, Effects& effects) {
  const auto target = next_in_chain(chain);
  if (!target) {
    if (chain.is_farewell) effects.farewell_done = true;
    return;
  }
  ++chains_;
  PassOn message{chain.row, chain.visited_nodes};
  // A node of the 2009 system passes an add on to the newcomer, too, unless that is among the visited nodes; a newcomer
  // of that system would then hand everything it owns over to itself.
  if (chain.row.state == MemberState::alive && is_classic(target->name())) {
    message.visited_nodes = with_name(std::move(message.visited_nodes), chain.row.address.name());
  }
  send({*target, std::move(chain), std::nullopt}, std::move(message), effects);
}

// The first member, by name, that does not know yet; never the row's own node. Nodes of the 2009 system come last: what
// passes through them loses its incarnation, and the difference between leaving and gone.
std::optional<NodeAddress> ClassicMembership::next_in_chain(const Chain& chain) const {
  const std::set<std::string_view> knowing(chain.visited_nodes.begin(), chain.visited_nodes.end());
  std::optional<NodeAddress> first_classic;
  for (NodeAddress& member : table_.present()) {
    const std::string name = member.name();
    if (member == chain.row.address || knowing.contains(name)) continue;
    if (is_classic(name)) {
      if (!first_classic) first_classic = std::move(member);
    } else if (!chain.is_farewell || chain.silent < kLeaveAttemptsMax) {
      return std::move(member);
    }
  }
  if (!chain.is_farewell) return first_classic;
  // They took it off their rings when it announced its leave.
  const bool may_tell = chain.row.state == MemberState::leaving && chain.silent_classic < kLeaveAttemptsMax;
  return may_tell ? first_classic : std::nullopt;
}

// --- comparisons -----------------------------------------------------------------------------------------------------

void ClassicMembership::compare_after_join(TimePoint now, Effects& effects) {
  const auto names = table_.present_names();
  for (int i = 0; i < kComparesAfterJoin; ++i) compare_with(next_compared_.next(names), effects);
  next_compare_at_ = now + options_.compare_interval;
}

// Every node watches its successors up to the next one that watches, so that each is watched at every interval.
void ClassicMembership::watch_successors(const std::vector<std::string>& sorted_names, Effects& effects) {
  RoundRobin behind(self_.address.name());
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
  if (is_classic(name)) return send({member->address, std::nullopt, comparison}, Survey{}, effects);
  send({member->address, std::nullopt, comparison}, Compare{{table_.fingerprint(), {}}}, effects);
}

void ClassicMembership::compare_with_removed(Effects& effects) {
  const std::string name = next_removed_.next(table_.removed_names());
  if (!name.empty()) ask_removed(*table_.find(name), std::nullopt, effects);
}

// Sends our rows along: among them is the one that the removed node must refute. A node of the 2009 system refutes
// nothing; answering, and being on its own ring, shows that it is alive.
void ClassicMembership::ask_removed(const Member& removed, std::optional<NodeAddress> shown_by, Effects& effects) {
  const std::string name = removed.address.name();
  if (!compared_now_.insert(name).second) return;
  Message question = is_classic(name) ? Message(Survey{}) : Message(Compare{view()});
  send({removed.address, std::nullopt, Comparison{.is_second = true, .shown_by = std::move(shown_by)}},
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
  if (result.outcome == CallOutcome::classic) {
    return is_removed ? ask_removed(*asked, shown_by, effects) : compare_with(name, effects);
  }
  const bool is_nobody = result.outcome == CallOutcome::refused || result.outcome == CallOutcome::stranger;
  if (is_nobody && is_removed && shown_by) return tell_classic(*shown_by, *asked, effects);
  if (result.outcome != CallOutcome::answered) return;
  if (is_classic(name)) return survey_ended(pending, result, now, effects);
  merge(result.view.members, now, effects);
  // They sent their rows, and we still know more than they do.
  const bool they_lack_rows = !result.view.members.empty() && result.view.fingerprint != table_.fingerprint();
  if (they_lack_rows && !pending.comparison->is_second && compared_now_.insert(name).second) {
    send({pending.to, std::nullopt, Comparison{.is_second = true}}, Compare{view()}, effects);
  }
}

// Its table has no incarnations and cannot be merged: each side is sent the changes it lacks. Only this repairs a chain
// that was cut among nodes of the 2009 system, which do not compare tables themselves.
void ClassicMembership::survey_ended(const Pending& pending, const CallResult& result, TimePoint now,
                                     Effects& effects) {
  const auto& rows = result.view.members;
  const MemberState state = table_.find(pending.to.name())->state;
  if (state != MemberState::alive) {
    const auto is_asked = [&](const Member& row) { return row.address == pending.to; };
    if (std::none_of(rows.begin(), rows.end(), is_asked)) return;  // it is leaving
    // Asked before it was known to be leaving, it may have answered before it left.
    if (state == MemberState::leaving && !pending.comparison->is_of_leaver) return;
    classic_add(pending.to, {}, now, effects);
  }

  std::set<std::string> theirs;
  for (const Member& row : rows) {
    if (!is_plausible(row)) continue;
    const std::string name = row.address.name();
    theirs.insert(name);
    const Member* known = table_.find(name);
    if (known == nullptr) {
      classic_add(row.address, {pending.to.name()}, now, effects);
    } else if (known->state == MemberState::leaving) {
      tell_classic(pending.to, *known, effects);
    } else if (known->state == MemberState::removed) {
      ask_removed(*known, pending.to, effects);  // it may have restarted; stale only if it refuses
    }
  }
  for (const NodeAddress& member : table_.alive()) {
    const std::string name = member.name();
    if (!theirs.contains(name)) tell_classic(pending.to, *table_.find(name), effects);
  }
}

// Lists all known members as visited nodes, so that it goes no further from there.
void ClassicMembership::tell_classic(const NodeAddress& node, const Member& row, Effects& effects) {
  send({node, std::nullopt, std::nullopt}, PassOn{row, with_name(table_.present_names(), self_.address.name())},
       effects);
}

void ClassicMembership::remember_classic(const std::string& name, TimePoint now) {
  classic_until_[name] = now + kClassicMemory;
}

void ClassicMembership::classic_join(const NodeAddress& via, const std::vector<NodeAddress>& members, TimePoint now,
                                     Effects& effects) {
  remember_classic(via.name(), now);
  for (const NodeAddress& member : members) {
    Member row{member, kUnknownLife, MemberState::alive};
    const Member* known = table_.find(member.name());
    const bool is_back = known != nullptr && known->state == MemberState::removed && member == via;
    if (is_back) row.incarnation = known->incarnation + 1;
    if (member != self_.address && is_plausible(row) && (known == nullptr || is_back)) {
      accept(row, Departure::hearsay, now, effects);
    }
  }
}

// --- reachability ----------------------------------------------------------------------------------------------------

void ClassicMembership::connect_failed(const NodeAddress& address, TimePoint now, Effects& effects) {
  const std::string name = address.name();
  if (address == self_.address || !table_.is_present(name)) return;
  if (failed_connects_.is_to_be_asked_now(name, now)) ask_suspect(name, effects);
}

// Asks the witnesses along with it: a member on the same machine, and some on others.
void ClassicMembership::ask_suspect(const std::string& name, Effects& effects) {
  const NodeAddress suspect = table_.find(name)->address;
  compare_with(name, effects);
  std::vector<std::string> elsewhere;
  std::optional<std::string> beside;
  for (const NodeAddress& member : table_.present()) {
    if (!witnesses_.can_witness(member.host)) continue;
    if (member.host != suspect.host) {
      elsewhere.push_back(member.name());
    } else if (member != suspect) {
      beside = member.name();
    }
  }
  if (beside) compare_with(*beside, effects);
  const auto asked = std::min<std::size_t>(kWitnessesAsked, elsewhere.size());
  for (std::size_t number = 0; number < asked; ++number) compare_with(next_witness_.next(elsewhere), effects);
}

void ClassicMembership::count_fault(const NodeAddress& to, ConnectFault fault, TimePoint now, Effects& effects) {
  const Member* member = table_.find(to.name());
  if (to == self_.address || !table_.is_present(to.name())) return;
  if (!failed_connects_.failed(to.name(), fault, now)) return;
  const bool ends_as_it_said = fault == ConnectFault::refused && is_classic_leaver(*member);
  give_up(*member, ends_as_it_said ? Departure::own_word : departure_of(fault), now, effects);
}

// A node of the 2009 system that said it is leaving ends without another word when it has handed over. It may have left
// before it was recognised: then its life is unknown.
bool ClassicMembership::is_classic_leaver(const Member& member) const {
  const bool may_be_classic = is_classic(member.address.name()) || member.incarnation == kUnknownLife;
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
  const Member removed{member.address, member.incarnation, MemberState::removed};
  accept(removed, how, now, effects);
  on_message(removed, {}, now, effects);
}

void ClassicMembership::note_reachability(const NodeAddress& to, CallId id, CallOutcome outcome, TimePoint now,
                                          Effects& effects) {
  switch (outcome) {
    case CallOutcome::answered:
    case CallOutcome::rejected:
    case CallOutcome::classic:
      witnesses_.heard(to.host, last_call_);
      return failed_connects_.forget(to.name());
    case CallOutcome::refused:
      witnesses_.heard(to.host, last_call_);
      return count_fault(to, ConnectFault::refused, now, effects);
    case CallOutcome::stranger:
      witnesses_.heard(to.host, last_call_);
      return count_fault(to, ConnectFault::stranger, now, effects);
    case CallOutcome::unheard:
      if (witnesses_.have_heard(to.host, id)) failed_connects_.forget_silence(to.name());
      // A member that said it is leaving may be switched off next, with no witness near.
      if (const Member* member = table_.find(to.name());
          witnesses_.speak_against(to.host, id) ||
          (member != nullptr && is_classic_leaver(*member) && !witnesses_.have_heard(to.host, id))) {
        return count_fault(to, ConnectFault::silent, now, effects);
      }
      [[fallthrough]];  // perhaps no witness has answered yet: both are asked again
    case CallOutcome::broken:
      if (table_.is_present(to.name())) failed_connects_.doubt(to.name(), now);
      return;
    case CallOutcome::silent:  // Slow or frozen: the classic rules remove only members that cannot be connected to.
    case CallOutcome::unable:
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
  if (result.outcome == CallOutcome::classic) remember_classic(pending.to.name(), now);
  if (pending.chain) {
    --chains_;
    if (result.outcome == CallOutcome::silent || result.outcome == CallOutcome::unheard) {
      ++(is_classic(pending.to.name()) ? pending.chain->silent_classic : pending.chain->silent);
    }
    if (result.outcome == CallOutcome::classic) {
      continue_chain(std::move(*pending.chain), effects);  // our nodes first, then this one in its own form
    } else if (result.outcome != CallOutcome::answered) {
      pending.chain->visited_nodes.push_back(pending.to.name());
      continue_chain(std::move(*pending.chain), effects);
    } else if (pending.chain->is_farewell) {
      effects.farewell_done = true;
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
  continue_chain({self_, {self_.address.name()}, true}, effects);
}

void ClassicMembership::tick(TimePoint now, Effects& effects) {
  if (has_left_) return;
  for (const std::string& name : failed_connects_.due(now)) {
    if (table_.is_present(name)) ask_suspect(name, effects);
  }
  if (now < next_compare_at_) return;
  next_compare_at_ = now + options_.compare_interval;
  table_.forget_old(now);
  // A leaving node no longer shows what it is.
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

}  // namespace p2p::classic
