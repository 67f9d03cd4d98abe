// What an operator's recovery (J5) asks of one node, and what the node says of recoveries: part of adapter.h.
#include "agreed/adapter.h"

#include <algorithm>
#include <utility>

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::NodeId;
using cluster::Slot;
namespace wire = cluster::wire;

void Adapter::on_recover(RecoveryOrder order, TellRecovery told, TimePoint now, membership::Effects& effects) {
  if (!member_ || self_slot() == cluster::kNoSlot)
    return told(Error{ErrorKind::invalid, "this node is part of no cluster"});
  if (member_->recoverable() == nullptr)
    return told(Error{ErrorKind::invalid, "whoever decides on the maps of this network has its own way to recover"});
  if (survey_ || recovery_told_) return told(Error{ErrorKind::invalid, "this node is being asked so already"});
  survey_.emplace(std::move(order), std::move(told), now + kSurveyFor);
  for (const cluster::Member& member : map()->members) {
    if (member.id.empty() || member.id == self_.id) continue;
    survey_->ask(member.id);
    call({.to = member.address, .tried = tried(member.id), .is_survey = true},
         wire::encode_call(member_->sender(), cluster_id(), cluster::FetchMap{}), kSurveyFor, effects);
  }
  advance_recovery(now, effects);
}

void Adapter::note_surveyed(const Awaited& call, const wire::CallEnd& end) {
  if (!call.is_survey || !survey_) return;
  const auto* replied = std::get_if<wire::Replied>(&end);
  const bool is_it = replied != nullptr && replied->from.node == call.tried.node && replied->cluster == cluster_id();
  if (is_it)
    survey_->answered(call.tried.node, replied->from.epoch);
  else
    survey_->failed(call.tried.node);
}

void Adapter::advance_recovery(TimePoint now, membership::Effects& effects) {
  if (survey_ && survey_->has_ended(now)) end_survey(now, effects);
  if (!recovery_told_ || map()->generation == recovery_told_->second.map->generation) return;
  auto [tell, told] = std::move(*std::exchange(recovery_told_, std::nullopt));
  tell(std::move(told));
}

void Adapter::end_survey(TimePoint now, membership::Effects& effects) {
  const RecoverySurvey survey = std::move(*std::exchange(survey_, std::nullopt));
  auto plan = cluster::plan_recovery(*map(), self_.id, survey.order().survivors, survey.answers());
  if (!plan.ok()) return survey.told()(plan.error());
  RecoveryTold told{.map = map(), .plan = std::move(plan).value()};
  const auto& confirmed = survey.order().confirmed;
  if (!confirmed) return survey.told()(told);
  std::set<NodeId> given_up;
  for (const Slot slot : told.plan.given_up) given_up.insert(map()->at(slot).id);
  if (confirmed->epoch != told.plan.epoch || confirmed->given_up != given_up)
    return survey.told()(Error{ErrorKind::invalid,
                               "what would be lost is not what was confirmed: the cluster has changed meanwhile; look "
                               "at it, and confirm it, again"});
  told.plan.recovery.draw = environment_.draw_cluster_id().low;
  Result<Done> begun = Done{};
  with_member(now, effects,
              [&](auto& member, auto& wanted) { begun = member.recover(told.plan.recovery, now, wanted); });
  if (!begun.ok()) return survey.told()(begun.error());
  told.is_begun = true;
  recovery_told_.emplace(survey.told(), std::move(told));
}

// --- what is said of it ----------------------------------------------------------------------------------------------

// Over a gap, as nobody decides it. Two recoveries of one generation differ in their places (cluster/map/recover.h).
bool Adapter::is_of_other_recovery(const ClusterMap& next) const {
  if (known_ == nullptr || known_->cluster != next.cluster || next.epoch == known_->epoch + 1) return false;
  const auto place = [](const ClusterMap& map) { return map.epoch / cluster::kEpochsOfRecovery; };
  return next.generation != known_->generation || (next.generation > 0 && place(next) != place(*known_));
}

void Adapter::note_generation(const std::shared_ptr<const ClusterMap>& map, membership::Effects& effects) {
  if (is_of_other_recovery(*map)) say_recovery(*map, effects);
  known_ = map;
}

void Adapter::say_recovery(const ClusterMap& next, membership::Effects& effects) {
  std::string text = "an operator goes on without a majority of the voters (p2pctl recover): generation " +
                     std::to_string(next.generation) + " of the network begins, from epoch " +
                     std::to_string(next.recovered_from);
  if (next.generation == known_->generation)
    text += "; this node knew another recovery, and what was decided in that is void";
  else if (known_->epoch > next.recovered_from)
    text += "; this node knew epoch " + std::to_string(known_->epoch) + ", and what was decided in between is void";
  if (next.slot_of(self_.id) == cluster::kNoSlot)
    why_no_member_ = "an operator has given it up, and goes on without it (p2pctl recover)";
  effects.warnings.push_back(text);
}

// What it holds may differ from the other copies, and nobody could tell where: it begins anew without it.
void Adapter::leave_void_history(membership::Effects& effects) {
  const bool may_retire = stage_ == Stage::inside || stage_ == Stage::returning || stage_ == Stage::entering;
  if (!may_retire) return;  // one that leaves has no lease any more, and ends
  const std::shared_ptr<const ClusterMap> next = member_->agreement().voided_by();
  const Slot self = next->slot_of(self_.id);
  const auto last = std::ranges::count_if(next->partitions, [&](const cluster::Partition& one) {
    return one.in_sync.size() == 1 && one.in_sync.front() == self;
  });
  std::string text = "it has acted by epoch " + std::to_string(cluster::acted_by(*map())) +
                     ", which is void since an operator went on from epoch " + std::to_string(next->recovered_from) +
                     " (p2pctl recover); what it holds may differ from the other copies, and is dropped";
  if (last > 0)
    text += "; of " + std::to_string(last) + " partitions it had the only copy, and they begin empty in the network";
  note_generation(next, effects);
  retire(text, effects);
  networked_.clear();
  for (const cluster::Member& member : next->members)
    if (member.is_up() && member.address != options_.address) networked_.push_back(member.address);
}

std::string Adapter::text_of_recovery() const {
  std::string text = "a recovery has been begun at " + map()->at(map()->slot_of(map()->recovered_by)).address.name() +
                     ", and the new generation opens when all survivors have left the old one and its leases have run "
                     "out";
  if (map()->recovered_by != self_.id) return text;
  if (const auto& node = member_->recoverable()->irreconcilable()) {
    const std::string name = map()->at(map()->slot_of(*node)).address.name();
    return text + "; " + name +
           " knows decisions of the old one that this recovery cannot go on from, as others vote by them, or it learns "
           "ever more: a majority may be alive. If not, stop " +
           name + ", and use `p2pctl recover` again, without it";
  }
  std::string missing;
  for (const NodeId& node : member_->recoverable()->unconfirmed())
    missing += (missing.empty() ? "" : ", ") + map()->at(map()->slot_of(node)).address.name();
  return missing.empty()
             ? text
             : text + "; it waits for " + missing + ": start them, or use `p2pctl recover` again, without them";
}

}  // namespace p2p::agreed
