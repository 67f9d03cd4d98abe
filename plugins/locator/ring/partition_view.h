// What does a reader see of an agreed cluster at one epoch? Its members, and by the partitions of the cluster map who
// owns each key (cluster.md M6).
#pragma once

#include "cluster/map/cluster_map.h"
#include "placement/partition_table.h"

#include <p2p/locator.h>

#include <memory>
#include <string>
#include <vector>

namespace p2p::ring {

// Members are those that are up and not leaving; who leaves may still be the primary of a partition. With 300 members
// and 4,096 partitions it is built in about 0.1 ms (tests/bench/RESULTS.md).
class PartitionView final : public RingView {
 public:
  // `self` may be no member (yet): then this node owns nothing.
  PartitionView(std::shared_ptr<const cluster::ClusterMap> map, const cluster::NodeId& self);

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  std::uint64_t epoch() const noexcept override { return map_->epoch; }
  std::uint32_t partition_count() const noexcept override { return table_.partitions(); }
  std::uint32_t partition_of(std::string_view key) const noexcept override;
  Owner owner_of(std::string_view key) const override { return owner_at(table_.owner_of(key)); }
  Owner owner_of_partition(std::uint32_t partition) const override { return owner_at(table_.primary(partition)); }

  // Costs more where the service runs on no in-sync copy: the weight of each member that runs it.
  Owner owner_of(std::string_view key, std::string_view service) const override;

  // The up in-sync copies, the primary first, then the other members in the partition's rendezvous order. Empty if the
  // key has no owner.
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override;

  std::vector<NodeAddress> copies_of(std::string_view key) const override;

 private:
  // Who runs one service.
  struct Runners {
    std::string service;
    std::vector<bool> is_runner;         // by slot: up, leaving or not
    std::vector<cluster::Slot> members;  // that are not leaving
  };

  void list_members();
  void add_runner(const std::string& service, cluster::Slot slot);
  Owner owner_at(cluster::Slot slot) const noexcept;
  std::uint64_t weight(std::uint32_t partition, cluster::Slot slot) const noexcept;

  // Whether the first comes before the second in the rendezvous order.
  bool precedes(std::uint32_t partition, cluster::Slot one, cluster::Slot other) const noexcept;

  const std::shared_ptr<const cluster::ClusterMap> map_;
  const cluster::Slot self_;
  const placement::PartitionTable table_;  // of slots
  std::vector<NodeAddress> members_;
  std::vector<NodeAddress> leaving_;
  std::vector<cluster::Slot> member_slots_;
  std::vector<Runners> runners_;  // some ten services: a search through them is faster than a map
  std::uint64_t fingerprint_ = 0;
};

}  // namespace p2p::ring
