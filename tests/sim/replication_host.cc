#include "replication_host.h"

#include <algorithm>
#include <utility>

namespace p2p::sim {

namespace replication = diststore::replication;

ReplicationHost::ReplicationHost(const cluster::NodeId& self, const cluster::Boot& boot,
                                 std::unique_ptr<ReplicationEngine> engine_used,
                                 const replication::ReplicationOptions& options, Lease lease_held_until, WallClock wall,
                                 Obey obey)
    : engine(std::move(engine_used)),
      replicas(*engine, options),
      self_(self),
      boot_(boot),
      lease_held_until_(std::move(lease_held_until)),
      wall_(std::move(wall)),
      obey_(std::move(obey)) {}

replication::Assignment ReplicationHost::assignment(const cluster::ClusterMap& map, const cluster::Assignment& of,
                                                    const cluster::RequiredCopies& required) const {
  const cluster::Partition& partition = map.partitions[of.partition];
  replication::Assignment is{.partition = of.partition, .term = of.term, .born = of.born, .since = of.since};
  const cluster::NodeId& primary = map.at(partition.primary).id;
  is.primary = primary == self_ ? replication::kNoNode : number_of(primary);
  switch (of.role) {
    case cluster::Role::none:
      is.role = replication::Role::none;
      break;
    case cluster::Role::learner:
      is.role = replication::Role::learner;
      break;
    case cluster::Role::in_sync:
      is.role = replication::Role::in_sync;
      break;
    case cluster::Role::primary:
      is.role = replication::Role::primary;
      is.copies_required = required.of(partition);
      for (const cluster::Slot copy : partition.in_sync)
        if (map.at(copy).id != self_) is.others.push_back({.node = number_of(map.at(copy).id)});
      for (const cluster::Learner& learner : partition.learners)
        is.others.push_back({.node = number_of(map.at(learner.node).id), .since = learner.since});
  }
  return is;
}

// Others may have changed where this node's own assignment has not.
void ReplicationHost::on_map(const std::shared_ptr<const cluster::ClusterMap>& map,
                             const std::vector<cluster::Assignment>& changed, TimePoint now) {
  for (const cluster::Assignment& one : changed) assigned_[one.partition] = one;
  for (const cluster::Member& member : map->members)
    if (!member.id.empty()) ids_[number_of(member.id)] = member.id;
  told_.resize(map->partitions.size());
  wanted_.clear();
  std::vector<replication::Assignment> news;
  const cluster::RequiredCopies required(*map);
  for (const auto& [number, one] : assigned_) {
    replication::Assignment is = assignment(*map, one, required);
    for (const replication::OtherCopy& other : is.others) wanted_.push_back(other.node);
    if (is == told_[number]) continue;
    told_[number] = is;
    news.push_back(std::move(is));
  }
  std::ranges::sort(wanted_);
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  const cluster::Slot slot = map->slot_of(self_);
  const replication::MapFacts facts{.epoch = map->epoch,
                                    .has_this_boot = slot != cluster::kNoSlot && map->at(slot).boot == boot_};
  replication::Effects effects;
  replicas.on_map(facts, news, moment(now), effects);
  obey_(effects);
}

void ReplicationHost::stop_serving(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) {
  replication::Effects effects;
  replicas.stop_serving(partition, term, moment(now), effects);
  obey_(effects);
}

// The store may have finished since it was last asked: another strand of a node consents at any time.
bool ReplicationHost::resume(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint) {
  return !replicas.try_consent(partition, term);
}

// The member consents in the same step.
bool ReplicationHost::has_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const {
  return replicas.try_consent(partition, term);
}

std::vector<cluster::CopyReport> ReplicationHost::reports(const std::vector<replication::CopyReport>& from) const {
  std::vector<cluster::CopyReport> all;
  for (const replication::CopyReport& one : from)
    all.push_back({.partition = one.partition, .copy = ids_.at(one.copy), .term = one.term, .since = one.since});
  return all;
}

std::vector<cluster::CopyReport> ReplicationHost::filled(TimePoint) const { return reports(replicas.filled()); }

std::vector<cluster::CopyReport> ReplicationHost::failed(TimePoint now) const { return reports(replicas.failed(now)); }

}  // namespace p2p::sim
