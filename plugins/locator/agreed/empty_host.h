// A host of partitions without data: every copy is filled at once, and a primary stops at once. While no service holds
// data, the map says who owns which key, and nothing more.
#pragma once

#include "cluster/partition_host.h"

#include <map>
#include <memory>
#include <vector>

namespace p2p::agreed {

class EmptyHost final : public cluster::PartitionHost {
 public:
  void on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<cluster::Assignment>& changed,
              TimePoint now) override;
  void stop_serving(cluster::PartitionNumber, cluster::Epoch, TimePoint) override {}
  bool resume(cluster::PartitionNumber, cluster::Epoch, TimePoint) override { return true; }
  std::vector<cluster::CopyReport> filled(TimePoint now) const override;
  std::vector<cluster::CopyReport> failed(TimePoint) const override { return {}; }
  bool has_stopped(cluster::PartitionNumber, cluster::Epoch) const override { return true; }
  bool is_healthy(TimePoint) const override { return true; }

 private:
  std::shared_ptr<const cluster::ClusterMap> map_;
  std::map<cluster::PartitionNumber, cluster::Epoch> primaries_;  // of this node, and their terms
};

}  // namespace p2p::agreed
