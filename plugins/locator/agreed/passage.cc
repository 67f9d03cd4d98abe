// The way of a node into a network and out of it (section 6 of the protocol): part of adapter.h.
#include "agreed/adapter.h"

#include "cluster/back_off.h"

#include <algorithm>
#include <utility>

namespace p2p::agreed {

using cluster::Member;
using cluster::MemberState;
using cluster::NodeId;
using cluster::Refused;
using cluster::Slot;
using membership::Entry;
namespace wire = cluster::wire;

namespace {

template <class Number>
std::optional<Refused> differs(const char* field, Number ours, Number theirs, const char* fix) {
  if (ours == theirs) return std::nullopt;
  return Refused{.field = field, .ours = std::to_string(ours), .theirs = std::to_string(theirs), .fix = fix};
}

}  // namespace

// --- joining ---------------------------------------------------------------------------------------------------------

void Adapter::join(const NodeAddress& via, Duration patience, TimePoint, membership::Effects& effects) {
  if (!member_) return;
  ask_to_join(via, patience, effects);
}

void Adapter::ask_to_join(const NodeAddress& via, Duration deadline, membership::Effects& effects) {
  is_asking_ = stage_ == Stage::entering;
  cluster::Terms terms = options_.terms;
  terms.wall_clock = environment_.wall_clock();
  call({.purpose = Purpose::join, .to = via}, wire::encode_join(member_->sender(), self_, terms), deadline, effects);
}

// Whoever has no network says so by an answer without a map.
void Adapter::join_ended(const Awaited& call, const wire::Replied& replied, TimePoint now,
                         membership::Effects& effects) {
  using Outcome = membership::JoinOutcome;
  const bool is_self = replied.from.node == self_.id;
  const bool is_straggler =
      !succeeds_.empty() && replied.cluster == succeeds_;  // it is told that its network has ended
  const bool has_network = replied.from.epoch > 0 && !is_straggler;
  if (!is_self && !is_straggler && !has_network) founders_.note_waiting(call.to);
  if (has_network) {
    founders_.note_gone(call.to);
    if (std::ranges::find(networked_, call.to) == networked_.end() && networked_.size() < kWaitingMax)
      networked_.push_back(call.to);
  }
  ask_at_ = now + (has_network ? cluster::after_tries(kAskAgain, ++asks_) : kAskAgain);
  if (stage_ != Stage::looking && stage_ != Stage::inside) return;
  if (is_self) return effects.joins.push_back({.via = call.to, .outcome = Outcome::is_self, .why = "it is this node"});
  if (is_straggler)
    return effects.joins.push_back(
        {.via = call.to, .outcome = Outcome::absent, .why = "it still waits for the network that has ended"});
  membership::JoinEnd end{.via = call.to, .outcome = Outcome::joined};
  if (!has_network) end.waits_for = replied.waits_for.empty() ? std::vector{call.to} : replied.waits_for;
  effects.joins.push_back(std::move(end));
}

void Adapter::join_failed(const NodeAddress& via, const Error& error, TimePoint now, membership::Effects& effects) {
  using Outcome = membership::JoinOutcome;
  ask_at_ = now + kAskAgain;
  if (error.kind == ErrorKind::refused) {
    founders_.note_gone(via);
    // Of a network on one machine, that was its end here; of others, more nodes may be there than this one knows.
    if (is_loopback(via)) std::erase(networked_, via);
  }
  if (stage_ != Stage::looking && stage_ != Stage::inside) return;
  const bool is_silent =
      error.kind == ErrorKind::timed_out || error.kind == ErrorKind::silent || error.kind == ErrorKind::local;
  effects.joins.push_back({.via = via, .outcome = is_silent ? Outcome::silent : Outcome::absent, .why = error.text});
}

void Adapter::refused(const Awaited& call, const Refused& why, TimePoint now, membership::Effects& effects) {
  // J2: a member of another network is told so, too, and not that it cannot be reached.
  const auto* const newcomer = call.purpose == Purpose::reach_back ? newcomers_.find(call.newcomer) : nullptr;
  if (newcomer != nullptr && newcomer->from.epoch > 0 && why.field == kOtherNetwork)
    newcomers_.take(call.newcomer)
        ->respond(Refused{.field = why.field, .ours = why.theirs, .theirs = why.ours, .fix = why.fix});
  const std::string text = call.to.name() + " refuses this node: its " + why.field + " is " + why.ours + ", ours is " +
                           why.theirs + "; " + why.fix;
  turned_down(call, text, now, effects);
  const bool is_over = why.field == "ended" || why.field == "boot";
  const bool is_asked_as_member = call.purpose == Purpose::message || call.purpose == Purpose::watch;
  if (is_over && is_asked_as_member && (is_member() || stage_ == Stage::returning)) retire(text, effects);
}

// It answers from a folder that was copied or restored, from before its last start, or in the name of another network:
// nothing that it says counts. It learns so itself when it calls (M5, J2).
void Adapter::disregarded(const Awaited& call, const Refused& why, TimePoint now, membership::Effects& effects) {
  turned_down(call,
              "what " + call.to.name() + " answers does not count: its " + why.field + " is " + why.theirs +
                  ", ours is " + why.ours + "; " + why.fix,
              now, effects);
}

void Adapter::turned_down(const Awaited& call, const std::string& text, TimePoint now, membership::Effects& effects) {
  warn(text, now, effects);
  switch (call.purpose) {
    case Purpose::join:
      ask_at_ = now + kAskRefused;
      if (stage_ == Stage::looking || stage_ == Stage::inside)
        effects.joins.push_back({.via = call.to, .outcome = membership::JoinOutcome::absent, .why = text});
      return;
    case Purpose::reach_back:
      return reached(call.newcomer, false, text, now, effects);
    case Purpose::message:
    case Purpose::watch:
      if (!call.tried.node.empty()) heard_.note_tried(call.tried.node);  // that member is not there
  }
}

void Adapter::enter(const std::optional<NodeAddress>& via, TimePoint now, membership::Effects& effects) {
  if (stage_ != Stage::looking) return;
  stage_ = Stage::entering;
  entered_via_ = via;
  ask_at_ = now;
  advance(now, effects);
}

void Adapter::advance(TimePoint now, membership::Effects& effects) {
  if (!member_) return;
  advance_recovery(now, effects);
  if (!member_) return;
  switch (stage_) {
    case Stage::returning:
      return advance_return(now, effects);
    case Stage::entering:
      return advance_entry(now, effects);
    case Stage::leaving:
      return advance_leaving(now, effects);
    case Stage::looking:
    case Stage::inside:
    case Stage::retiring:
    case Stage::over:
      return;
  }
}

bool Adapter::is_settled(TimePoint now) const {
  return is_in_map() && member_->agreement().lease_held_until() > now && map()->up_count() >= options_.expect;
}

void Adapter::advance_entry(TimePoint now, membership::Effects& effects) {
  const auto how = has_founded_ ? Entry::How::founded : Entry::How::joined;
  if (is_settled(now)) return become_inside({.how = how, .via = entered_via_}, effects);
  say_wait(now, effects);
  if (has_founded_ || is_asking_ || is_in_map() || now < ask_at_) return;
  if (by_hand_ == ByHand::wanted) return found(now, effects);
  if (map()) {
    const auto& members = map()->members;
    const Member& next = members[asked_of_++ % members.size()];
    if (!next.is_up()) return;
    entered_via_ = next.address;
    return ask_to_join(next.address, options_.call_timeout, effects);
  }
  if (!networked_.empty()) {
    entered_via_ = networked_[asked_of_++ % networked_.size()];
    return ask_to_join(*entered_via_, options_.call_timeout, effects);
  }
  // One of them may know of a network, or of a node that is to found it.
  if (is_asking_others()) return;
  if (const auto founder = founders_.founder()) {
    entered_via_ = founder;
    return ask_to_join(*founder, options_.call_timeout, effects);
  }
  found(now, effects);
}

bool Adapter::is_asking_others() const {
  return std::ranges::any_of(awaited_, [](const auto& call) { return call.second.purpose == Purpose::join; });
}

void Adapter::become_inside(Entry entry, membership::Effects& effects) {
  stage_ = Stage::inside;
  environment_.observer->note_wait("");
  founders_.clear();
  heard_.clear();
  if (!std::exchange(said_wait_, "").empty()) effects.waiting = "";
  if (!std::exchange(has_entered_, true)) effects.entered = std::move(entry);
}

// --- coming back -----------------------------------------------------------------------------------------------------

void Adapter::advance_return(TimePoint now, membership::Effects& effects) {
  if (founds_instead(now, effects)) return;
  if (is_settled(now)) return become_inside({.how = Entry::How::returned}, effects);
  if (by_hand_ == ByHand::no && has_ended_here(now)) {
    succeeds_ = cluster_id();
    return retire("all members of its network have ended without leaving it", effects, succeeds_);
  }
  say_wait(now, effects);
  if (now < return_at_) return;
  return_at_ = now + kReturnEvery;
  const auto& members = map()->members;
  for (std::size_t tried = 0; tried < std::min(members.size(), kReturnAskedMax); ++tried) {
    const Member& next = members[asked_of_++ % members.size()];
    if (!next.id.empty() && next.id != self_.id) fetch_from(next.address, next.id, effects);
  }
}

void Adapter::say_wait(TimePoint now, membership::Effects& effects) {
  if (now < began_at_ + kWaitUnsaid) return;
  std::string text = "none of the members to join has let this node in yet";
  if (is_in_map() && map()->up_count() < options_.expect) {
    text = "the network has " + std::to_string(map()->up_count()) + " of the " + std::to_string(options_.expect) +
           " members that this node expects: start more, or set expect lower";
  } else if (is_in_map()) {
    text = "this node has no lease: a majority of the voters";
    for (const Slot voter : map()->voters)
      text += (voter == map()->voters.front() ? " of " : ", ") + map()->at(voter).address.name();
    text += " is needed; start those that are missing, or go on without them by `p2pctl recover` at this node";
    if (map()->is_recovering()) text = text_of_recovery();
  } else if (stage_ == Stage::returning) {
    text =
        "the members of this node's network do not answer, or cannot decide: start them, a majority of the voters is "
        "needed:";
    for (const Slot voter : map()->voters) text += ' ' + map()->at(voter).address.name();
    text +=
        "; if a majority of them is lost for good, go on without them by `p2pctl recover` at this node, or found the "
        "network anew by starting it with --found";
    if (map()->is_recovering()) text = text_of_recovery();
  }
  if (text == said_wait_) return;
  said_wait_ = text;
  environment_.observer->note_wait(text);
  effects.waiting = text;
}

// --- a new identity --------------------------------------------------------------------------------------------------

void Adapter::retire(const std::string& reason, membership::Effects& effects, const cluster::ClusterId& ended) {
  effects.warnings.push_back("this node begins anew, under another id: " + reason);
  networked_.clear();
  if (stage_ != Stage::returning)
    for (const Member& member : map()->members)
      if (member.is_up() && member.address != options_.address) networked_.push_back(member.address);
  stage_ = Stage::retiring;
  member_.reset();
  survey_.reset();
  recovery_told_.reset();
  if (!founds_next_) by_hand_ = ByHand::no;  // there is a network, or has been one since
  keeping_.clear();
  requests_.clear();
  newcomers_.drop_waiting();
  watched_.clear();
  ends_ = {};
  publish_lease();
  environment_.retire(reason, ended);
}

void Adapter::retired(const Identity& self, const std::string& where, TimePoint now, membership::Effects& effects) {
  if (stage_ != Stage::retiring) return;
  effects.warnings.push_back("what belonged to the old id is kept in " + where);
  begin(self, {}, now);
  environment_.resume_saves();
  heard_.clear();
  has_founded_ = false;
  is_asking_ = false;
  if (std::exchange(founds_next_, false)) networked_.clear();
  const bool is_to_look = networked_.empty() && by_hand_ != ByHand::wanted;
  stage_ = is_to_look ? Stage::looking : Stage::entering;
  effects.looks_for_network = is_to_look;
  advance(now, effects);
}

// --- letting others in (J1) ------------------------------------------------------------------------------------------

std::optional<Refused> Adapter::objection(const Member& joiner, const cluster::Terms& terms) const {
  const char* edit =
      "set it alike in [services.locator.config] of both, or start the node with the value of the network";
  if (auto why = differs("partitions", map()->partitions.size(), std::size_t{terms.partitions}, edit)) return why;
  if (auto why = differs("copies", map()->copies, terms.copies, edit)) return why;
  if (auto why = differs("copies_min", map()->copies_min, terms.copies_min, edit)) return why;
  if (auto why = differs("durability", static_cast<int>(map()->durability), static_cast<int>(terms.durability),
                         "use engines of the same kind on all nodes"))
    return why;
  if (joiner.feature_level < map()->feature_level) {
    return Refused{.field = "feature level",
                   .ours = std::to_string(map()->feature_level),
                   .theirs = std::to_string(joiner.feature_level),
                   .fix = "the network runs a newer version: upgrade this node"};
  }
  const auto ours = environment_.wall_clock();
  const std::chrono::milliseconds apart =  // more than Duration can say, if the joiner's clock is far in the future
      ours > terms.wall_clock ? ours - terms.wall_clock : terms.wall_clock - ours;
  if (apart <= kClocksDifferMax) return std::nullopt;
  const auto said = std::min<std::chrono::seconds>(std::chrono::ceil<std::chrono::seconds>(apart), kApartSaidMax);
  return Refused{.field = "clock",
                 .ours = std::to_string(ours.count()) + " ms",
                 .theirs = std::to_string(terms.wall_clock.count()) + " ms",
                 .fix = "set the clocks of both machines, for instance by NTP: they are " + format_duration(said) +
                        (said == kApartSaidMax ? " or more" : "") + " apart, and may be " +
                        format_duration(kClocksDifferMax)};
}

void Adapter::on_join(const cluster::Sender& from, Member joiner, const cluster::Terms& terms, wire::Respond respond,
                      TimePoint now, membership::Effects& effects) {
  if (!member_) return respond(Error{ErrorKind::cancelled, "this node is taking on a new identity, or stops"});
  if (joiner.id != from.node) return respond(Error{ErrorKind::protocol, "a node asks in the name of another"});
  if (!map()) {
    if (from.node != self_.id) founders_.note_waiting(joiner.address);
    return respond(wire::Replied{.from = member_->sender(), .cluster = {}, .reply = {}, .waits_for = waits_for_});
  }
  if (const auto why = objection(joiner, terms)) {
    warn(joiner.address.name() + " cannot join: its " + why->field + " is " + why->theirs + ", the network's is " +
             why->ours + "; " + why->fix,
         now, effects);
    return respond(*why);
  }
  Newcomers::Newcomer newcomer{.from = from, .member = std::move(joiner), .respond = std::move(respond)};
  if (newcomers_.was_reached(newcomer.member, now) || map()->slot_of(newcomer.member.id) != cluster::kNoSlot)
    return introduce(std::move(newcomer), now, effects);
  reach_back(std::move(newcomer), effects);
}

void Adapter::reach_back(Newcomers::Newcomer newcomer, membership::Effects& effects) {
  if (newcomers_.is_full())
    return newcomer.respond(Error{ErrorKind::overloaded, "too many nodes join at once; ask again"});
  const NodeId id = newcomer.member.id;
  const NodeAddress address = newcomer.member.address;
  if (!newcomers_.wait(std::move(newcomer))) return;
  call({.purpose = Purpose::reach_back, .to = address, .newcomer = id},
       wire::encode_call(member_->sender(), cluster_id(), cluster::FetchMap{}), options_.call_timeout, effects);
}

void Adapter::reached(const NodeId& id, bool is_reached, const std::string& why, TimePoint now,
                      membership::Effects& effects) {
  auto newcomer = newcomers_.take(id);
  if (!newcomer) return;
  if (!is_reached) {
    const std::string address = newcomer->member.address.name();
    warn(address + " cannot join: this node does not reach it at that address: " + why, now, effects);
    return newcomer->respond(
        Refused{.field = "way back",
                .ours = why,
                .theirs = address,
                .fix = "set [host] advertise to an address at which the other members reach this node"});
  }
  newcomers_.note_reached(newcomer->member, now);
  introduce(std::move(*newcomer), now, effects);
}

void Adapter::introduce(Newcomers::Newcomer newcomer, TimePoint now, membership::Effects& effects) {
  const cluster::RequestId id = requests_.add(std::move(newcomer.respond));
  with_member(now, effects, [&](auto& member, auto& wanted) {
    member.on_request(newcomer.from, cluster::AskToJoin{.joiner = std::move(newcomer.member)}, id, now, wanted);
  });
}

// --- leaving (J3) ----------------------------------------------------------------------------------------------------

void Adapter::withdraw(TimePoint now, membership::Effects& effects) {
  if (!member_ || !is_member()) {
    stage_ = Stage::over;
    effects.farewell_done = true;
    return;
  }
  stage_ = Stage::leaving;
  member_->leave();
  advance(now, effects);
}

void Adapter::leave(TimePoint now, membership::Effects& effects) {
  if (!member_ || stage_ != Stage::leaving) {
    effects.farewell_done = true;
    return;
  }
  member_->let_go();
  let_go_until_ = now + kLetGoMax;
  advance(now, effects);
}

// It is decided that all members leave, this one among them: nobody stays to whom anything could be given.
bool Adapter::has_network_ended() const {
  return self_slot() != cluster::kNoSlot && std::ranges::none_of(map()->members, [](const Member& member) {
           return !member.id.empty() && member.state == MemberState::up;
         });
}

// The others need the voters no more: each knows what was decided, or has gone.
bool Adapter::is_end_known() const {
  if (!map()->is_voter(self_slot())) return true;
  const auto tells_removed = [this](const auto& call) {
    return call.second.purpose == Purpose::message && map()->slot_of(call.second.tried.node) == cluster::kNoSlot;
  };
  if (std::ranges::any_of(awaited_, tells_removed)) return false;
  return std::ranges::all_of(map()->members, [this](const Member& member) {
    if (!member.is_up() || member.id == self_.id) return true;
    const auto* const heard = heard_.find(member.id);
    return heard != nullptr && (heard->epoch >= map()->epoch || heard->is_refusing());
  });
}

void Adapter::advance_leaving(TimePoint now, membership::Effects& effects) {
  const Slot self = self_slot();
  const bool is_out = self == cluster::kNoSlot;
  // Without a majority nothing can be given away, and nothing be decided.
  const bool is_cut_off = lease_held_until() < now - kLetGoMax;
  if (!has_withdrawn_) {
    const bool has_given_all = !is_out && map()->at(self).state == MemberState::leaving && !map()->holds(self);
    has_withdrawn_ = is_out || is_cut_off || has_given_all || has_network_ended();
    effects.farewell_done = effects.farewell_done || has_withdrawn_;
    return;
  }
  if (let_go_until_ == TimePoint::max() || is_network_ending_) return;
  const bool has_waited = now >= let_go_until_;
  // J3. Not the voters alone: a member that waits for their return would wait for ever, as they found anew.
  const bool has_ended = has_network_ended() ? is_end_known() || has_waited : is_cut_off && has_ended_here(now);
  if (has_ended && !is_out && options_.terms.durability == cluster::Durability::memory) {
    is_network_ending_ = true;
    return environment_.mark_network_end(cluster_id(), "its last member has left the network");
  }
  if (!is_out && !has_waited) return;
  stage_ = Stage::over;
  end_watches();
  effects.farewell_done = true;
}

// Nothing is saved any more, so that whoever waits for a promise of this node would wait in vain.
void Adapter::network_end_marked(membership::Effects& effects) {
  halt();
  effects.farewell_done = true;
}

}  // namespace p2p::agreed
