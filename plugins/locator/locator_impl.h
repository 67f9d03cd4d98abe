// What the locator offers to the other services of its node: ILocator in front of the shell and the ring.
#pragma once

#include "locator_shell.h"

#include <p2p/locator.h>
#include <p2p/log.h>

#include <functional>
#include <memory>
#include <string>

namespace p2p::ring {

// What nodes without incarnations announce about members in the calls of idl/locator.thrift. The membership
// implementation decides what to do with them. [any thread]
class Announcements {
 public:
  virtual ~Announcements() = default;

  // `visited`: nodes that already know it, or that could not be reached; empty when `address` announces itself.
  virtual void add(const NodeAddress& address, std::vector<NodeAddress> visited) = 0;
  virtual void remove(const NodeAddress& address, std::vector<NodeAddress> visited) = 0;
};

using HoldPartitions = std::function<Subscription(const std::string& service, std::shared_ptr<PartitionHolder> holder)>;

class LocatorImpl final : public ILocator {
 public:
  // `announcements` may be null: the calls are then ignored. An empty `placement` is that of the ring. So may
  // `lease_held_until`: this node may always act. Without `hold_partitions` there are none, and without `newest_map`
  // there is no map.
  LocatorImpl(std::shared_ptr<LocatorShell> node, std::shared_ptr<Announcements> announcements, Logger& log,
              std::string placement = {}, std::function<TimePoint()> lease_held_until = nullptr,
              HoldPartitions hold_partitions = nullptr, std::function<void(PartitionNode)> compare_maps = nullptr,
              std::function<NewestMap()> newest_map = nullptr)
      : node_(std::move(node)),
        announcements_(std::move(announcements)),
        log_(log),
        placement_(placement.empty() ? node_->changes().placement().name() : std::move(placement)),
        lease_held_until_(std::move(lease_held_until)),
        hold_partitions_(std::move(hold_partitions)),
        compare_maps_(std::move(compare_maps)),
        newest_map_(std::move(newest_map)) {}

  const RingView& view() const override { return node_->changes().view(); }
  std::shared_ptr<const RingView> shared_view() const override { return node_->changes().shared_view(); }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress> members) const override;
  TimePoint lease_held_until() const override { return lease_held_until_ ? lease_held_until_() : TimePoint::max(); }
  void when_joined(std::function<void()> then) override { node_->when_joined(std::move(then)); }
  Subscription push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) override;
  Subscription subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) override;
  void join(const NodeAddress& joiner) override;
  void add(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void remove(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) override;
  void log_view() const override;
  void report_unreachable(const NodeAddress& member) override;
  std::string placement() const override { return placement_; }
  std::string encode_table() const override;
  void merge_table(const NodeAddress& from, std::string_view table) override;
  void run_services(std::vector<std::string> names, Completion known) override;
  Subscription hold_partitions(std::string service, std::shared_ptr<PartitionHolder> holder) override;
  void compare_maps(PartitionNode node) override;
  NewestMap newest_map() const override { return newest_map_ ? newest_map_() : NewestMap{}; }

 private:
  const std::shared_ptr<LocatorShell> node_;
  const std::shared_ptr<Announcements> announcements_;
  Logger& log_;
  const std::string placement_;
  const std::function<TimePoint()> lease_held_until_;
  const HoldPartitions hold_partitions_;
  const std::function<void(PartitionNode)> compare_maps_;
  const std::function<NewestMap()> newest_map_;
};

}  // namespace p2p::ring
