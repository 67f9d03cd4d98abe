#include "agreed/adapter.h"

#include "agreed/member_changes.h"

#include <p2p/assert.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::FetchMap;
using cluster::MemberEffects;
using cluster::NodeId;
using cluster::Noted;
using cluster::Refused;
using cluster::Reply;
using cluster::Sender;
using cluster::Slot;
namespace wire = cluster::wire;

Adapter::Adapter(Options options, Environment environment, const Identity& self, cluster::SavedAgreement saved,
                 TimePoint now)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      description_(options_.description),
      is_weight_set_(options_.is_weight_set),
      founders_(options_.address),
      succeeds_(options_.ended_network),
      began_at_(now) {
  const bool was_member = saved.map != nullptr && saved.map->slot_of(self.id) != cluster::kNoSlot;
  if (was_member) stage_ = Stage::returning;
  by_hand_ =
      founding_by_hand(options_.found, was_member ? saved.map.get() : nullptr, options_.retired_because.has_value());
  if (!was_member && by_hand_ == ByHand::wanted) stage_ = Stage::entering;
  // Without a place in it, the map means nothing, and no promise was made.
  begin(self, was_member ? std::move(saved) : cluster::SavedAgreement{}, now);
  shown_ = nullptr;
}

void Adapter::begin(const Identity& self, cluster::SavedAgreement saved, TimePoint now) {
  if (saved.map != nullptr) environment_.observer->note_map(saved.map, self.id);
  known_ = saved.map;
  was_undecided_ = !saved.voter.accepted.empty();
  why_no_member_.clear();
  self_ = description_;
  self_.id = self.id;
  self_.boot = self.boot;
  self_.address = options_.address;
  host_.begin(self.id, self.boot);
  member_ = std::make_unique<cluster::ClusterMember>(
      self_, options_.rules, options_.policy, environment_.make_agreement(self_, options_.rules, std::move(saved), now),
      host_, now);
  if (is_weight_set_) member_->place(self_.zone, self_.weight);
}

cluster::ClusterId Adapter::cluster_id() const { return map() ? map()->cluster : cluster::ClusterId{}; }

Slot Adapter::self_slot() const { return map() ? map()->slot_of(self_.id) : cluster::kNoSlot; }

bool Adapter::is_in_map() const {
  const Slot self = self_slot();
  return self != cluster::kNoSlot && map()->is_up(self) && map()->at(self).boot == self_.boot;
}

std::vector<NodeAddress> Adapter::members() const {
  return shown_ ? ring_members(*shown_) : std::vector{options_.address};
}

// --- the core's effects ----------------------------------------------------------------------------------------------

void Adapter::with_member(TimePoint now, membership::Effects& effects, const Act& act) {
  if (!member_) return;
  const auto run = [&](const Act& work) {
    if (!member_) return;  // what was done before has ended this identity
    MemberEffects wanted;
    work(*member_, wanted);
    apply(std::move(wanted), now, effects);
  };
  run(act);
  // What this node has asked itself.
  while (keeping_.has_unwritten() || requests_.has_own()) {
    if (const auto id = keeping_.take_unwritten()) {
      run([&](auto& member, auto& wanted) { member.on_saved(*id, now, wanted); });
    } else if (auto reply = requests_.take_own_reply()) {
      run([&](auto& member, auto& wanted) { member.on_reply(member.sender(), std::move(*reply), now, wanted); });
    } else if (auto asked = requests_.take_own_request()) {
      run([&](auto& member, auto& wanted) {
        member.on_request(member.sender(), std::move(asked->second), asked->first, now, wanted);
      });
    }
  }
  publish_lease();
}

void Adapter::apply(MemberEffects wanted, TimePoint now, membership::Effects& effects) {
  for (const cluster::Decision& decision : wanted.decisions) on_decision(decision, effects);
  if (is_outgrown())
    return give_up({ErrorKind::unsupported, outgrown(map()->feature_level, self_.feature_level)}, effects);
  for (const auto& save : wanted.saves)
    if (keeping_.take(save, self_.id, now)) environment_.save(save.id, save.what);
  tell_services_known(effects);
  for (const auto& answered : wanted.answers) answer(answered.to, answered.reply);
  for (const auto& call : wanted.calls) send(call.to, call.request, effects);
  announced_.reset();
  if (member_ && member_->agreement().voided_by() != nullptr) return leave_void_history(effects);
  const bool was_member = stage_ == Stage::inside || stage_ == Stage::returning;
  if (was_member && member_ && self_slot() == cluster::kNoSlot)
    retire(why_no_member_.empty() ? "the other members have removed this node, which was down for too long"
                                  : why_no_member_,
           effects);
}

// A member; a joiner is told by whom it asks.
bool Adapter::is_outgrown() const {
  return member_ && map() && map()->feature_level > self_.feature_level && self_slot() != cluster::kNoSlot;
}

std::string outgrown(std::uint32_t in_force, std::uint32_t known) {
  return "feature level " + std::to_string(in_force) + " is in force in the network, and this program knows " +
         std::to_string(known) + " at most: start the version that the other members run";
}

void Adapter::answer(cluster::RequestId id, const Reply& reply) {
  if (const auto respond = requests_.answer(id, reply))
    (*respond)(wire::Replied{.from = member_->sender(), .cluster = cluster_id(), .reply = reply});
}

void Adapter::send(const NodeId& to, const cluster::MemberRequest& request, membership::Effects& effects) {
  if (to == self_.id) return requests_.ask_self(request);
  if (const auto address = address_of(to))
    call({.to = *address, .tried = tried(to)}, encoded(request), options_.call_timeout, effects);
}

// What is announced to all is encoded once.
std::string Adapter::encoded(const cluster::MemberRequest& request) {
  const auto encode = [&] { return wire::encode_call(member_->sender(), cluster_id(), request); };
  const auto* announce = std::get_if<cluster::Announce>(&request);
  if (announce == nullptr) return encode();
  if (announced_ != announce->update) announcement_ = encode();
  announced_ = announce->update;
  return announcement_;
}

// Nothing where it was removed long ago.
std::optional<NodeAddress> Adapter::address_of(const NodeId& node) const {
  if (const Slot slot = map() ? map()->slot_of(node) : cluster::kNoSlot; slot != cluster::kNoSlot)
    return map()->at(slot).address;
  const auto found = removed_.find(node);
  return found == removed_.end() ? std::nullopt : std::optional(found->second);
}

void Adapter::call(Awaited awaited, std::string message, Duration deadline, membership::Effects& effects) {
  const membership::CallId id = ++last_call_;
  effects.calls.push_back({.id = id, .to = awaited.to, .message = std::move(message), .deadline = deadline});
  awaited_.emplace(id, std::move(awaited));
}

ProcessEnds::Tried Adapter::tried(const NodeId& node) const {
  const Slot slot = map() ? map()->slot_of(node) : cluster::kNoSlot;
  return {.node = node, .boot = slot == cluster::kNoSlot ? 0 : map()->at(slot).boot.number};
}

void Adapter::fetch_from(const NodeAddress& to, const NodeId& node, membership::Effects& effects) {
  call({.to = to, .tried = tried(node)}, wire::encode_call(member_->sender(), cluster_id(), FetchMap{}),
       options_.call_timeout, effects);
}

void Adapter::publish_lease() {
  const bool may_hold = member_ != nullptr && is_in_map();
  lease_held_until_.store(may_hold ? member_->agreement().lease_held_until() : TimePoint::min(),
                          std::memory_order_release);
  publish_newest_map(may_hold);
}

// The epoch before the moment, unless it is a lower one, of another network.
void Adapter::publish_newest_map(bool is_member) {
  const auto map = is_member ? member_->agreement().latest() : nullptr;
  const std::uint64_t epoch = map == nullptr ? 0 : map->epoch;
  if (map != nullptr) level_in_force_.store(map->feature_level, std::memory_order_relaxed);
  if (epoch < newest_epoch_.load(std::memory_order_relaxed))
    newest_at_.store(TimePoint::min(), std::memory_order_release);
  newest_epoch_.store(epoch, std::memory_order_release);
  newest_at_.store(map == nullptr ? TimePoint::min() : member_->agreement().newest_at(), std::memory_order_release);
}

void Adapter::on_decision(const cluster::Decision& decision, membership::Effects& effects) {
  environment_.observer->note_map(decision.map, self_.id);
  note_generation(decision.map, effects);
  note_holder();  // another holder may get copies once those of the one before are moved away
  // A joiner looks at a network from outside, until it is in.
  if (decision.map->slot_of(self_.id) == cluster::kNoSlot && shown_ == nullptr) return;
  auto changes = member_changes(shown_.get(), *decision.map, self_.id);
  const auto view = environment_.make_view(decision.map, self_.id);
  for (membership::MembershipChange& change : changes) {
    change.view = view;
    effects.changes.push_back(std::move(change));
  }
  note_removed(*decision.map);
  shown_ = decision.map;
  epoch_.store(static_cast<std::int64_t>(shown_->epoch), std::memory_order_relaxed);
  voters_.store(static_cast<std::int64_t>(shown_->voters.size()), std::memory_order_relaxed);
  heard_.keep_members_of(*shown_);
  effects.table_changed = true;
  if (stage_ == Stage::leaving) environment_.progressed();
}

void Adapter::note_removed(const ClusterMap& by) {
  removed_.clear();
  if (shown_ == nullptr) return;
  for (const cluster::Member& member : shown_->members)
    if (by.slot_of(member.id) == cluster::kNoSlot) removed_.emplace(member.id, member.address);
}

// --- how calls end ---------------------------------------------------------------------------------------------------

void Adapter::call_ended(membership::CallId id, const Result<std::string>& reply, TimePoint now,
                         membership::Effects& effects) {
  const auto found = awaited_.extract(id);
  if (found.empty() || !member_) return;
  const Awaited& call = found.mapped();
  if (call.purpose == Purpose::watch) watched_.erase(call.tried.node);
  if (call.purpose == Purpose::join) is_asking_ = false;
  const wire::CallEnd ended = wire::read_reply(reply);
  std::visit(
      [&](const auto& end) {
        using End = std::decay_t<decltype(end)>;
        if constexpr (std::is_same_v<End, wire::Replied>) {
          answered(call, end, now, effects);
        } else if constexpr (std::is_same_v<End, Refused>) {
          refused(call, end, now, effects);
        } else if constexpr (std::is_same_v<End, wire::Fault>) {
          failed(call, {ErrorKind::protocol, call.to.name() + ": " + end.text}, now, effects);
        } else {
          failed(call, end, now, effects);
        }
      },
      ended);
  note_surveyed(call, ended);
  advance(now, effects);
}

void Adapter::answered(const Awaited& call, const wire::Replied& replied, TimePoint now, membership::Effects& effects) {
  if (call.purpose == Purpose::reach_back) {
    const bool is_it = replied.from.node == call.newcomer;
    return reached(call.newcomer, is_it, is_it ? "" : "node " + replied.from.node.text() + " answers there", now,
                   effects);
  }
  if (call.purpose == Purpose::join) join_ended(call, replied, now, effects);
  if (const auto why = objection(replied.from, replied.cluster)) return disregarded(call, *why, now, effects);
  environment_.observer->note_answer(replied.from.node);
  if (replied.from.node != call.tried.node) {
    heard_.note_tried(call.tried.node);
  } else {
    heard_.note_answer(call.tried.node, replied.from.epoch, now);
    if (const std::uint64_t ended = ends_.answered(call.tried, replied.from.boot.number))
      with_member(now, effects,
                  [&](auto& member, auto& wanted) { member.on_ended(call.tried.node, ended, now, wanted); });
  }
  with_member(now, effects,
              [&](auto& member, auto& wanted) { member.on_reply(replied.from, replied.reply, now, wanted); });
}

void Adapter::failed(const Awaited& call, const Error& error, TimePoint now, membership::Effects& effects) {
  if (call.purpose == Purpose::reach_back) return reached(call.newcomer, false, error.text, now, effects);
  if (call.purpose == Purpose::join) return join_failed(call.to, error, now, effects);
  environment_.observer->note_failure(call.tried.node, error.text);
  heard_.note_failure(call.tried.node, error.kind == ErrorKind::refused, now);
  // A connection that broke says nothing yet, but whoever broke it may be asked.
  const bool is_broken = !call.is_look && error.kind == ErrorKind::closed;
  const auto verdict = is_broken ? ProcessEnds::Verdict::try_again : ends_.failed(call.tried, error.kind);
  switch (verdict) {
    case ProcessEnds::Verdict::nothing:
      return;
    case ProcessEnds::Verdict::try_again: {
      Awaited again{.to = call.to, .tried = call.tried, .is_look = true};
      again.tried.is_second = !is_broken;
      return this->call(again, wire::encode_call(member_->sender(), cluster_id(), FetchMap{}), options_.call_timeout,
                        effects);
    }
    case ProcessEnds::Verdict::ended:
      with_member(now, effects,
                  [&](auto& member, auto& wanted) { member.on_ended(call.tried.node, call.tried.boot, now, wanted); });
  }
}

void Adapter::report(const membership::Evidence& evidence, TimePoint, membership::Effects& effects) {
  const Slot slot = member_ && map() ? map()->slot_at(evidence.about) : cluster::kNoSlot;
  if (slot != cluster::kNoSlot && map()->at(slot).id != self_.id)
    fetch_from(evidence.about, map()->at(slot).id, effects);
}

// --- what others ask -------------------------------------------------------------------------------------------------

// J2, M5. Whoever has no map may ask for one.
std::optional<Refused> Adapter::objection(const Sender& from, const cluster::ClusterId& cluster) const {
  if (!map() || cluster.empty()) return std::nullopt;
  if (cluster != map()->cluster) {
    const bool has_ended = cluster == map()->succeeds;
    return Refused{.field = has_ended ? "ended" : kOtherNetwork,
                   .ours = map()->cluster.text(),
                   .theirs = cluster.text(),
                   .fix = has_ended ? "that network has ended, and this one succeeds it: join it as a new node"
                                    : "two networks never merge: stop the nodes of one, move their data folders away, "
                                      "and start them again to join the other"};
  }
  const Slot slot = map()->slot_of(from.node);
  if (slot == cluster::kNoSlot) return std::nullopt;
  const cluster::Boot& known = map()->at(slot).boot;
  if (from.boot.number >= known.number && !is_copy(from.boot, known)) return std::nullopt;
  return Refused{.field = "boot",
                 .ours = std::to_string(known.number),
                 .theirs = std::to_string(from.boot.number),
                 .fix =
                     "another process runs, or ran, with the same node id: the data folder was copied or restored; "
                     "the node joins as a new one"};
}

void Adapter::on_request(const Sender& from, const cluster::ClusterId& cluster, cluster::MemberRequest request,
                         wire::Respond respond, TimePoint now, membership::Effects& effects) {
  if (!member_) return respond(Error{ErrorKind::cancelled, "this node is taking on a new identity, or stops"});
  if (const auto why = objection(from, cluster)) {
    warn("node " + from.node.text() + " is refused: its " + why->field + " is " + why->theirs + ", ours is " +
             why->ours + "; " + why->fix,
         now, effects);
    return respond(*why);
  }
  const cluster::RequestId id = requests_.add(std::move(respond));
  with_member(now, effects,
              [&](auto& member, auto& wanted) { member.on_request(from, std::move(request), id, now, wanted); });
  advance(now, effects);
}

void Adapter::on_watch(wire::Respond respond, TimePoint now) {
  if (!member_) return respond(Error{ErrorKind::cancelled, "this node is taking on a new identity, or stops"});
  watchers_.add(std::move(respond), now);
  answer_watchers(now);
}

void Adapter::on_order(const cluster::Request& order, TimePoint until, TimePoint now, membership::Effects& effects) {
  with_member(now, effects, [&](auto& member, auto&) { member.order(order, now, until); });
}

void Adapter::end_watches() {
  watchers_.end();
  answer_watchers(TimePoint::min());
}

void Adapter::halt() {
  stage_ = Stage::over;
  end_watches();
  member_.reset();
  publish_lease();
  requests_.clear();
  newcomers_.drop_waiting();
  survey_.reset();
  recovery_told_.reset();
}

void Adapter::answer_watchers(TimePoint now) {
  for (const wire::Respond& respond : watchers_.take_due(now))
    if (member_) respond(wire::Replied{.from = member_->sender(), .cluster = cluster_id(), .reply = {}});
}

void Adapter::watch_members(TimePoint, membership::Effects& effects) {
  const Slot self = self_slot();
  if (self == cluster::kNoSlot || !map()->is_voter(self)) return;
  for (const cluster::Member& other : map()->members) {
    if (!other.is_up() || other.id == self_.id || !watched_.insert(other.id).second) continue;
    call({.purpose = Purpose::watch, .to = other.address, .tried = tried(other.id)},
         wire::encode_watch(member_->sender()), kWatchDeadline, effects);
  }
}

void Adapter::warn(const std::string& text, TimePoint now, membership::Effects& effects) {
  if (const auto unsaid = warnings_.due(text, now))
    effects.warnings.push_back(*unsaid == 0 ? text : text + " (" + std::to_string(*unsaid) + " more since)");
}

// --- the majority ----------------------------------------------------------------------------------------------------

void Adapter::watch_lease(TimePoint now, membership::Effects& effects) {
  if (stage_ != Stage::inside) return;
  switch (lease_watch_.look(lease_held_until() > now, now)) {
    case LeaseWatch::News::none:
      return;
    case LeaseWatch::News::back:
      return effects.warnings.push_back("a majority of the voters answers again");
    case LeaseWatch::News::lost:
      effects.warnings.push_back(
          map()->is_recovering()
              ? text_of_recovery()
              : "no majority of the voters answers: " +
                    text_of_missing_voters(*map(), heard_, self_.id, kNoLeaseUnsaid, now) +
                    "; nothing is decided and no key answered here until a majority is back: start them, or, if they "
                    "are lost for good, go on without them by `p2pctl recover`");
  }
}

// --- the disk --------------------------------------------------------------------------------------------------------

void Adapter::saved(cluster::SaveId highest, TimePoint now, membership::Effects& effects) {
  with_member(now, effects, [&](auto& member, auto& wanted) { member.on_saved(highest, now, wanted); });
  advance(now, effects);
}

void Adapter::disk_failed(const Error& error, membership::Effects& effects) { give_up(error, effects); }

// It can promise nothing any more.
void Adapter::give_up(const Error& why, membership::Effects& effects) {
  halt();
  effects.farewell_done = true;
  environment_.end_node(why);
}

// --- time ------------------------------------------------------------------------------------------------------------

void Adapter::tick(TimePoint now, membership::Effects& effects) {
  with_member(now, effects, [&](auto& member, auto& wanted) { member.tick(now, wanted); });
  if (const auto save = keeping_.take_due(now)) environment_.save(save->id, save->what);
  answer_watchers(now);
  environment_.observer->tick(now);
  if (member_) watch_members(now, effects);
  watch_lease(now, effects);
  say_by_hand(effects);
  advance(now, effects);
}

TimePoint Adapter::next_wakeup() const { return member_ ? member_->next_wakeup() : TimePoint::max(); }

// --- tables, by which nodes that call each other notice that one is behind -------------------------------------------

std::string Adapter::encode_table() const {
  if (!shown_) return "";
  return shown_->cluster.text() + ' ' + std::to_string(shown_->epoch) + ' ' + options_.address.name();
}

Result<Done> Adapter::merge_table(std::string_view table, TimePoint, membership::Effects& effects) {
  if (table.empty() || !member_ || !map()) return Done{};
  const auto first = table.find(' ');
  const auto second = first == std::string_view::npos ? first : table.find(' ', first + 1);
  if (second == std::string_view::npos) return Error{ErrorKind::protocol, "it is no table of an agreed cluster"};
  const auto address = parse_node_address(table.substr(second + 1));
  if (!address.ok()) return address.error();
  if (table.substr(0, first) != map()->cluster.text()) return Done{};
  if (const Slot slot = map()->slot_at(address.value()); slot != cluster::kNoSlot)
    fetch_from(address.value(), map()->at(slot).id, effects);
  return Done{};
}

}  // namespace p2p::agreed
