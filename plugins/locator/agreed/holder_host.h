// Which service of this node holds the data of partitions? Stands between the core and the holder that a service has
// registered (ILocator::hold_partitions): slots and ids become numbers, and assignments carry the other copies. Without
// a holder it is a host without data. Every method: [own strand].
#pragma once

#include "agreed/empty_host.h"
#include "cluster/partition_host.h"

#include <p2p/partitions.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace p2p::agreed {

class HolderHost final : public cluster::PartitionHost {
 public:
  // This node is another one from now on, or begins. Before the core that it is a host of.
  void begin(const cluster::NodeId& self, const cluster::Boot& boot);

  // Tells it the newest map, if there is one. Only one at a time.
  void set_holder(std::string service, std::shared_ptr<PartitionHolder> holder);
  // What it held is gone. Copies that the map still gives to this node are served, filled and taken by nobody until
  // they are moved away, or begin empty where they are nowhere else: at another node that holds partitions, or at the
  // next holder. Meanwhile that one gets no new ones.
  void clear_holder();
  // What the member is to say of itself, if it runs these services (M6).
  bool wants_partitions(const std::vector<std::string>& services) const;

  // Copies that the map gives to this node are to be moved to others, which there are: it holds none by its own word.
  bool is_handing_over() const;

  // Null: no node has this number.
  const cluster::NodeId* id_of(PartitionNode node) const;

  // --- PartitionHost ---
  void on_map(const std::shared_ptr<const cluster::ClusterMap>& map, const std::vector<cluster::Assignment>& changed,
              TimePoint now) override;
  void stop_serving(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  bool resume(cluster::PartitionNumber partition, cluster::Epoch term, TimePoint now) override;
  std::vector<cluster::CopyReport> filled(TimePoint now) const override;
  std::vector<cluster::CopyReport> failed(TimePoint now) const override;
  std::vector<cluster::PartitionNumber> lost() const override;
  bool serves_here() const override { return holder_ != nullptr; }
  bool has_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const override;
  bool is_healthy(TimePoint now) const override;
  bool takes_copies() const override;

 private:
  PartitionNode number_of(const cluster::NodeId& id);
  void tell();
  void add_members(PartitionMap& told);
  void forget_moved();
  bool is_stopped(cluster::PartitionNumber partition, cluster::Epoch term) const;
  PartitionAssignment assignment(const cluster::Assignment& of, const cluster::RequiredCopies& required);
  std::vector<cluster::CopyReport> reports(const std::vector<PartitionReport>& from) const;

  EmptyHost empty_;
  cluster::NodeId self_;
  cluster::Boot boot_;
  std::string service_;
  std::shared_ptr<PartitionHolder> holder_;
  std::shared_ptr<const cluster::ClusterMap> map_;
  std::vector<cluster::Assignment> assigned_;  // by partition
  std::vector<PartitionAssignment> told_;      // by partition; to this holder
  std::vector<NodeAddress> addresses_;         // by number; as this holder was told
  std::vector<cluster::NodeId> ids_;           // by number
  std::unordered_map<cluster::NodeId, PartitionNode> numbers_;
  struct Lost {
    cluster::Epoch since = 0;  // of the assignment as learner, if it was one
    cluster::Epoch born = 0;
  };
  // What a holder that is gone had, and the map still gives to this node. Empty, as a rule.
  std::unordered_map<cluster::PartitionNumber, Lost> lost_;
  // Handed over while there was no holder: one that comes serves nothing of them in that term (H1).
  std::unordered_map<cluster::PartitionNumber, cluster::Epoch> stopped_;
  bool had_holder_ = false;
};

}  // namespace p2p::agreed
