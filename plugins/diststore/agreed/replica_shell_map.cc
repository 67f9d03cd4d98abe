// The shell as the holder of this node's partitions.
#include "agreed/replica_shell.h"

#include <algorithm>

namespace p2p::diststore::agreed {

using replication::Moment;
using replication::Node;

namespace {

replication::Role role_of(PartitionRole role) {
  switch (role) {
    case PartitionRole::none:
      return replication::Role::none;
    case PartitionRole::learner:
      return replication::Role::learner;
    case PartitionRole::in_sync:
      return replication::Role::in_sync;
    case PartitionRole::primary:
      return replication::Role::primary;
  }
  return replication::Role::none;
}

}  // namespace

// --- on the locator's strand -----------------------------------------------------------------------------------------

// What may_end() asks for is known before the locator says that nobody is to take what is here. That copies are still
// counted which are gone from the newest map delays an end, and no more.
void ReplicaShell::on_map(std::shared_ptr<const PartitionMap> map) {
  holders_.store(map->members_up, std::memory_order_relaxed);
  hands_over_.store(map->hands_over, std::memory_order_relaxed);
  push(Event(std::move(map)));
}

// The request stands before the store hears of it.
void ReplicaShell::stop_serving(std::uint32_t partition, std::uint64_t term) {
  consents_.request(partition, term);
  push(StopServing{.partition = partition, .term = term});
}

bool ReplicaShell::has_stopped(std::uint32_t partition, std::uint64_t term) const {
  return consents_.has_consented(partition, term);
}

// The store notices by itself that nobody asks any more (replication::kStoppingMax).
bool ReplicaShell::resume(std::uint32_t partition, std::uint64_t term) { return consents_.give_up(partition, term); }

std::vector<PartitionReport> ReplicaShell::filled() const {
  const std::scoped_lock lock(published_mutex_);
  return filled_;
}

std::vector<PartitionReport> ReplicaShell::failed() const {
  const std::scoped_lock lock(published_mutex_);
  return failed_;
}

bool ReplicaShell::is_healthy() {
  const TimePoint now = environment_.strand->now();
  if (probes_answered_.load(std::memory_order_acquire) != probes_) return now < probed_at_ + kStrandHangMax;
  probed_at_ = now;
  push(Probe{++probes_});
  return can_keep_.load(std::memory_order_relaxed);
}

void ReplicaShell::on(const Probe& probe, Moment moment) {
  can_keep_.store(replicas_->is_healthy(moment.now), std::memory_order_relaxed);
  probes_answered_.store(probe.number, std::memory_order_release);
}

// --- on the store's strand -------------------------------------------------------------------------------------------

void ReplicaShell::on(const StopServing& stop, Moment moment) {
  if (!is_halted_.load(std::memory_order_relaxed)) replicas_->stop_serving(stop.partition, stop.term, moment, effects_);
}

void ReplicaShell::on(std::shared_ptr<const PartitionMap>& map, Moment moment) {
  if (is_halted_.load(std::memory_order_relaxed)) return;
  const bool is_another = !self_.empty() && (map->cluster != cluster_ || map->self != self_);
  if (is_another) begin_anew(moment);
  cluster_ = map->cluster;
  self_ = map->self;
  epoch_ = map->epoch;
  has_this_boot_ = map->has_this_boot;
  feature_level_.store(map->feature_level, std::memory_order_relaxed);
  note_members(*map);
  std::vector<replication::Assignment> changed;
  changed.reserve(map->changed.size());
  for (const PartitionAssignment& is : map->changed) {
    if (is.partition >= kPartitions) continue;
    consents_.forget_before(is.partition, is.term);
    changed.push_back(note(is));
  }
  replicas_->on_map({.epoch = map->epoch, .has_this_boot = map->has_this_boot}, changed, moment, effects_);
  want_links(moment);
  publish_reports(moment.now);
  if (has_this_boot_)
    for (Completion& done : std::exchange(establishing_, {})) done();
}

void ReplicaShell::on(Establish& wanted, Moment) {
  if (is_halted_.load(std::memory_order_relaxed)) return;
  if (has_this_boot_) return wanted.done();
  establishing_.push_back(std::move(wanted.done));
}

void ReplicaShell::note_members(const PartitionMap& map) {
  for (const PartitionMember& one : map.members) {
    if (one.node >= members_.size()) members_.resize(one.node + 1);
    members_[one.node].id = one.id;
    members_[one.node].address = one.address;
    members_[one.node].is_known = true;
    numbers_[one.id] = one.node;
  }
}

void ReplicaShell::publish_counts(const Known& known, std::int64_t sign) {
  const std::scoped_lock lock(counts_mutex_);
  counts_.primary += sign * (known.role == PartitionRole::primary ? 1 : 0);
  counts_.in_sync += sign * (known.role == PartitionRole::in_sync ? 1 : 0);
  counts_.learner += sign * (known.role == PartitionRole::learner ? 1 : 0);
  counts_.filling += sign * known.learners;
  counts_.last_copies += sign * (known.is_last_copy ? 1 : 0);
}

replication::Assignment ReplicaShell::note(const PartitionAssignment& is) {
  replication::Assignment told{.partition = is.partition,
                               .role = role_of(is.role),
                               .term = is.term,
                               .born = is.born,
                               .since = is.since,
                               .primary = is.primary,
                               .copies_required = is.copies_required};
  Known now{.role = is.role};
  now.is_last_copy = is.role == PartitionRole::primary;
  for (const PartitionCopy& copy : is.others) {
    told.others.push_back({.node = copy.node, .since = copy.since});
    now.others.push_back(copy.node);
    if (copy.since != 0)
      ++now.learners;
    else
      now.is_last_copy = false;
  }
  Known& before = known_[is.partition];
  publish_counts(before, -1);
  before = std::move(now);
  publish_counts(before, 1);
  return told;
}

void ReplicaShell::want_links(Moment moment) {
  std::vector<Node> nodes;
  for (const Known& one : known_) nodes.insert(nodes.end(), one.others.begin(), one.others.end());
  std::ranges::sort(nodes);
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  links_.want(nodes, moment.now, link_effects_);
  heed_links(moment);
}

void ReplicaShell::compare_maps(Node node, TimePoint now) {
  if (node >= members_.size()) return;
  Member& member = members_[node];
  if (member.compared_at != TimePoint::min() && now < member.compared_at + kCompareMapsEvery) return;
  member.compared_at = now;
  environment_.locator->compare_maps(node);
}

// As after a map in which this node has nothing.
void ReplicaShell::end_all_roles(Moment moment) {
  std::vector<replication::Assignment> none;
  for (Partition partition = 0; partition < kPartitions; ++partition) {
    Known& known = known_[partition];
    if (known.role == PartitionRole::none) continue;
    publish_counts(known, -1);
    known = {};
    none.push_back({.partition = partition});
  }
  replicas_->on_map({.epoch = epoch_ + 1, .has_this_boot = false}, none, moment, effects_);
  for (Node node = 0; node < members_.size(); ++node) sessions_.hang_up(node, session_effects_);
  links_.want({}, moment.now, link_effects_);
}

// This node is another one: what it holds belongs to nothing any more. A reader may still look at the gate, which says
// that nothing is served.
void ReplicaShell::begin_anew(Moment moment) {
  environment_.log.warn("this node has begun anew, and forgets what it held");
  end_all_roles(moment);
  heed_links(moment);
  obey(moment.now);
  scans_.clear();
  consents_.clear();
  for (Partition partition = 0; partition < kPartitions; ++partition)
    if (const auto dropped = engine_->drop(partition); !dropped.ok())
      environment_.log.error("partition {} cannot be emptied: {}", partition, dropped.error().text);
  expired_before_ += static_cast<std::int64_t>(replicas_->expired_keys());
  former_.push_back(std::exchange(replicas_, std::make_unique<replication::Replicas>(*engine_, options_.replication)));
  gate_.store(&replicas_->gate(), std::memory_order_release);
  copies_.store(&replicas_->copies(), std::memory_order_release);
}

ReplicaShell::Counts ReplicaShell::counts() const {
  const std::scoped_lock lock(counts_mutex_);
  return counts_;
}

bool ReplicaShell::has_copies() const {
  const Counts now = counts();
  return now.primary + now.in_sync + now.learner > 0;
}

}  // namespace p2p::diststore::agreed
