#include "cluster/planner/what_if.h"

namespace p2p::cluster {

namespace {

// Those that have a copy and are to have none give theirs to those that are to have one and have none.
void forecast_copies(const ClusterMap& map, const Target& target, PartitionNumber number, std::vector<Move>& moves) {
  const Partition& partition = map.partitions[number];
  std::vector<NodeId> givers;
  for (const Slot copy : partition.in_sync)
    if (!target.has(number, copy)) givers.push_back(map.at(copy).id);
  std::size_t next = 0;
  for (const Slot node : target.copies[number])
    if (!partition.is_in_sync(node))
      moves.push_back(
          {.partition = number, .from = next < givers.size() ? givers[next++] : NodeId{}, .to = map.at(node).id});
  for (; next < givers.size(); ++next) moves.push_back({.partition = number, .from = givers[next], .to = {}});
}

}  // namespace

Forecast forecast(const ClusterMap& map) {
  const Target target = make_target(map);
  Forecast all;
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
    if (target.copies[number].empty()) continue;
    forecast_copies(map, target, number, all.copies);
    const Slot from = map.partitions[number].primary;
    const Slot to = target.primaries[number];
    if (from != to) all.primaries.push_back({.partition = number, .from = map.at(from).id, .to = map.at(to).id});
  }
  return all;
}

Result<Forecast> what_if(const ClusterMap& map, const Change& change) {
  const Result<ClusterMap> next = apply(map, change);
  if (!next.ok()) return next.error();
  return forecast(next.value());
}

}  // namespace p2p::cluster
