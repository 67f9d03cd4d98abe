#include "agreed/holder_host.h"

#include "cluster/planner/shares.h"

#include <p2p/assert.h>

#include <algorithm>
#include <utility>

namespace p2p::agreed {

using cluster::Assignment;
using cluster::CopyReport;

namespace {

// As they are, in the order in which they are written.
std::string bytes_of(const cluster::Id& id) {
  std::string bytes(16, '\0');
  for (std::size_t at = 0; at < 8; ++at) {
    bytes[at] = static_cast<char>(id.high >> 8 * (7 - at));
    bytes[8 + at] = static_cast<char>(id.low >> 8 * (7 - at));
  }
  return bytes;
}

PartitionRole role_of(cluster::Role role) {
  switch (role) {
    case cluster::Role::none:
      return PartitionRole::none;
    case cluster::Role::learner:
      return PartitionRole::learner;
    case cluster::Role::in_sync:
      return PartitionRole::in_sync;
    case cluster::Role::primary:
      return PartitionRole::primary;
  }
  return PartitionRole::none;
}

}  // namespace

void HolderHost::begin(const cluster::NodeId& self, const cluster::Boot& boot) {
  self_ = self;
  boot_ = boot;
  map_ = nullptr;
  empty_ = {};
  assigned_.clear();
  told_.clear();
  lost_.clear();
  stopped_.clear();
}

void HolderHost::set_holder(std::string service, std::shared_ptr<PartitionHolder> holder) {
  P2P_ASSERT(holder_ == nullptr, "one service of a node holds partitions");
  service_ = std::move(service);
  holder_ = std::move(holder);
  had_holder_ = true;
  forget_moved();
  told_.clear();
  addresses_.clear();
  if (map_ != nullptr) tell();
}

void HolderHost::clear_holder() {
  holder_ = nullptr;
  for (const Assignment& is : assigned_)
    if (is.role != cluster::Role::none) lost_[is.partition] = {.since = is.since, .born = is.born};
}

bool HolderHost::wants_partitions(const std::vector<std::string>& services) const {
  return holder_ != nullptr && lost_.empty() && std::ranges::binary_search(services, service_);
}

bool HolderHost::is_handing_over() const {
  const cluster::Slot slot = map_ == nullptr ? cluster::kNoSlot : map_->slot_of(self_);
  if (holder_ == nullptr || slot == cluster::kNoSlot || map_->at(slot).holds_partitions || !map_->holds(slot))
    return false;
  const cluster::Holders holders(*map_);
  return std::ranges::any_of(map_->members, [&](const cluster::Member& member) {
    return member.id != self_ && member.holds_partitions && holders.include(member);
  });
}

const cluster::NodeId* HolderHost::id_of(PartitionNode node) const {
  return node < ids_.size() ? &ids_[node] : nullptr;
}

PartitionNode HolderHost::number_of(const cluster::NodeId& id) {
  const auto [found, is_new] = numbers_.try_emplace(id, static_cast<PartitionNode>(ids_.size()));
  if (is_new) ids_.push_back(id);
  return found->second;
}

// --- what the holder is told -----------------------------------------------------------------------------------------

void HolderHost::on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<Assignment>& changed,
                        TimePoint now) {
  empty_.on_map(map, changed, now);
  map_ = map;
  assigned_.resize(map->partitions.size());
  for (cluster::PartitionNumber number = 0; number < assigned_.size(); ++number) assigned_[number].partition = number;
  for (const Assignment& is : changed) assigned_[is.partition] = is;
  forget_moved();
  std::erase_if(stopped_, [this](const auto& one) { return assigned_[one.first].term != one.second; });
  if (holder_ != nullptr) tell();
}

// What begins empty is nothing that could have been lost.
void HolderHost::forget_moved() {
  std::erase_if(lost_, [this](const auto& one) {
    const Assignment& is = assigned_[one.first];
    if (is.born != one.second.born) return true;
    switch (is.role) {
      case cluster::Role::none:
        return true;
      case cluster::Role::learner:
        return is.since != one.second.since;
      case cluster::Role::in_sync:
      case cluster::Role::primary:
        return false;
    }
    return false;
  });
}

PartitionAssignment HolderHost::assignment(const Assignment& of, const cluster::RequiredCopies& required) {
  const cluster::Partition& partition = map_->partitions[of.partition];
  PartitionAssignment is{.partition = of.partition, .term = of.term, .born = of.born, .since = of.since};
  const bool is_served = !lost_.contains(of.partition) && !is_stopped(of.partition, of.term);
  is.role = is_served ? role_of(of.role) : PartitionRole::none;
  if (is.role == PartitionRole::none) return is;
  if (is.role != PartitionRole::primary) {
    is.primary = number_of(map_->at(partition.primary).id);
    return is;
  }
  is.copies_required = required.of(partition);
  for (const cluster::Slot copy : partition.in_sync)
    if (map_->at(copy).id != self_) is.others.push_back({.node = number_of(map_->at(copy).id)});
  for (const cluster::Learner& learner : partition.learners)
    is.others.push_back({.node = number_of(map_->at(learner.node).id), .since = learner.since});
  return is;
}

void HolderHost::add_members(PartitionMap& told) {
  for (const cluster::Member& member : map_->members) {
    if (member.id.empty()) continue;
    const PartitionNode number = number_of(member.id);
    if (number >= addresses_.size()) addresses_.resize(number + 1);
    if (addresses_[number] == member.address) continue;
    addresses_[number] = member.address;
    told.members.push_back({.node = number, .id = bytes_of(member.id), .address = member.address});
  }
}

// The other copies may have changed where this node's own assignment has not.
void HolderHost::tell() {
  const cluster::Slot slot = map_->slot_of(self_);
  const cluster::Holders given_copies(*map_);
  // While no member holds partitions all may be given some (M6), but there is nobody who would take them.
  const auto holders = std::ranges::count_if(map_->members, [&](const cluster::Member& member) {
    return member.holds_partitions && given_copies.include(member);
  });
  auto told = std::make_shared<PartitionMap>();
  told->epoch = map_->epoch;
  told->cluster = bytes_of(map_->cluster);
  told->self = bytes_of(self_);
  told->members_up = std::max<std::size_t>(1, static_cast<std::size_t>(holders));
  told->hands_over = is_handing_over();
  told->has_this_boot = slot != cluster::kNoSlot && map_->at(slot).boot == boot_;
  told->feature_level = map_->feature_level;
  add_members(*told);
  told_.resize(assigned_.size());
  const cluster::RequiredCopies required(*map_);
  for (const Assignment& one : assigned_) {
    PartitionAssignment& before = told_[one.partition];
    PartitionAssignment is = assignment(one, required);
    const bool is_nothing = is.role == PartitionRole::none && before.role == PartitionRole::none;
    if (is_nothing || is == before) continue;
    before = is;
    told->changed.push_back(std::move(is));
  }
  holder_->on_map(std::move(told));
}

// --- what it says ----------------------------------------------------------------------------------------------------

void HolderHost::stop_serving(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint) {
  if (holder_ != nullptr)
    holder_->stop_serving(partition, term);
  else
    stopped_[partition] = term;
}

bool HolderHost::is_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const {
  const auto stopped = stopped_.find(partition);
  return stopped != stopped_.end() && stopped->second == term;
}

// What is lost is served by nobody.
bool HolderHost::has_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const {
  if (holder_ == nullptr || lost_.contains(partition) || is_stopped(partition, term)) return true;
  return holder_->has_stopped(partition, term);
}

bool HolderHost::resume(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint) {
  return holder_ == nullptr || holder_->resume(partition, term);
}

std::vector<CopyReport> HolderHost::reports(const std::vector<PartitionReport>& from) const {
  std::vector<CopyReport> all;
  for (const PartitionReport& one : from)
    if (const cluster::NodeId* const copy = id_of(one.copy))
      all.push_back({.partition = one.partition, .copy = *copy, .term = one.term, .since = one.since});
  return all;
}

std::vector<CopyReport> HolderHost::filled(TimePoint now) const {
  if (holder_ != nullptr) return reports(holder_->filled());
  return had_holder_ ? std::vector<CopyReport>{} : empty_.filled(now);
}

std::vector<cluster::PartitionNumber> HolderHost::lost() const {
  std::vector<cluster::PartitionNumber> all;
  for (const auto& [number, lost] : lost_)
    if (assigned_[number].role != cluster::Role::learner) all.push_back(number);
  std::ranges::sort(all);
  return all;
}

std::vector<CopyReport> HolderHost::failed(TimePoint) const {
  return holder_ == nullptr ? std::vector<CopyReport>{} : reports(holder_->failed());
}

bool HolderHost::is_healthy(TimePoint) const { return holder_ == nullptr || holder_->is_healthy(); }

bool HolderHost::takes_copies() const { return holder_ == nullptr || holder_->takes_copies(); }

}  // namespace p2p::agreed
