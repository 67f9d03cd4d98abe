// A host of partitions without data: learners are filled after a while, some fail, and a primary takes its time to
// stop.
#pragma once

#include "virtual_time.h"

#include "cluster/partition_host.h"

#include <map>
#include <vector>

namespace p2p::sim {

// What a simulated node of a cluster has of its partitions.
class SimulatedHost : public cluster::PartitionHost {
 public:
  virtual void hang(bool hangs) = 0;
  virtual void work(TimePoint now) = 0;  // before each tick of the member
};

class ClusterHost final : public SimulatedHost {
 public:
  explicit ClusterHost(VirtualTime& chance) : chance_(chance) {}

  void on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<cluster::Assignment>& changed,
              TimePoint now) override;
  void stop_serving(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  bool resume(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  std::vector<cluster::CopyReport> filled(TimePoint now) const override;
  std::vector<cluster::CopyReport> failed(TimePoint now) const override;
  bool has_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const override;
  bool is_healthy(TimePoint) const override { return !hangs_; }

  void hang(bool hangs) override { hangs_ = hangs; }
  void work(TimePoint now) override { now_ = now; }

 private:
  struct Filling {
    cluster::CopyReport report;
    TimePoint filled_at{};
    bool fails = false;
  };

  void follow(const cluster::ClusterMap& map, const cluster::Assignment& primary, TimePoint now);

  VirtualTime& chance_;
  TimePoint now_{};
  bool hangs_ = false;
  std::map<cluster::PartitionNumber, cluster::Assignment> primaries_;
  std::map<cluster::PartitionNumber, std::vector<Filling>> fillings_;
  std::map<cluster::PartitionNumber, std::pair<cluster::Epoch, TimePoint>> stops_;
};

}  // namespace p2p::sim
