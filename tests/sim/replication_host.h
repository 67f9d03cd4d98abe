// A host of partitions with data: the cores of the store, driven by those of the locator. What stands here is what the
// product's shell has to do between the two.
#pragma once

#include "cluster_host.h"
#include "replication_engine.h"

#include "replication/replicas.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace p2p::sim {

class ReplicationHost final : public SimulatedHost {
 public:
  // Called when the cores have asked for something.
  using Obey = std::function<void(diststore::replication::Effects& effects)>;
  using Lease = std::function<TimePoint()>;
  using WallClock = std::function<diststore::WallMs()>;

  ReplicationHost(const cluster::NodeId& self, const cluster::Boot& boot, std::unique_ptr<ReplicationEngine> engine,
                  const diststore::replication::ReplicationOptions& options, Lease lease_held_until, WallClock wall,
                  Obey obey);

  void on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<cluster::Assignment>& changed,
              TimePoint now) override;
  void stop_serving(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  bool resume(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  std::vector<cluster::CopyReport> filled(TimePoint now) const override;
  std::vector<cluster::CopyReport> failed(TimePoint now) const override;
  bool has_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const override;
  bool is_healthy(TimePoint now) const override { return !hangs_ && replicas.is_healthy(now); }
  void hang(bool hangs) override { hangs_ = hangs; }
  void work(TimePoint) override {}

  diststore::replication::Moment moment(TimePoint now) const { return {now, lease_held_until_(), wall_()}; }
  // Nodes that this one has to be connected to.
  const std::vector<diststore::replication::Node>& wanted() const { return wanted_; }
  static diststore::replication::Node number_of(const cluster::NodeId& id) {
    return static_cast<diststore::replication::Node>(id.low);
  }

  const std::unique_ptr<ReplicationEngine> engine;
  mutable diststore::replication::Replicas replicas;

 private:
  diststore::replication::Assignment assignment(const cluster::ClusterMap& map, const cluster::Assignment& of,
                                                const cluster::RequiredCopies& required) const;
  std::vector<cluster::CopyReport> reports(const std::vector<diststore::replication::CopyReport>& from) const;

  const cluster::NodeId self_;
  const cluster::Boot boot_;
  const Lease lease_held_until_;
  const WallClock wall_;
  const Obey obey_;
  bool hangs_ = false;
  std::map<cluster::PartitionNumber, cluster::Assignment> assigned_;
  std::vector<diststore::replication::Assignment> told_;
  std::vector<diststore::replication::Node> wanted_;
  std::map<diststore::replication::Node, cluster::NodeId> ids_;
};

}  // namespace p2p::sim
