#include "agreed/map_metrics.h"

#include "agreed/view/report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

namespace p2p::agreed {
namespace {

struct MapNumbers {
  std::array<double, 3> members{};  // by state
  Completeness partitions;
};

MapNumbers numbers_of(const cluster::ClusterMap& map) {
  MapNumbers numbers{.members = {}, .partitions = completeness(map)};
  for (const cluster::Member& member : map.members)
    if (!member.id.empty()) ++numbers.members[static_cast<std::size_t>(member.state)];
  return numbers;
}

// Counted once a map, whoever asks for which of its numbers. [any thread]
class CountedMap final {
 public:
  explicit CountedMap(std::shared_ptr<ClusterObserver> observer) : observer_(std::move(observer)) {}

  MapNumbers numbers() {
    const auto map = observer_->map();
    const std::lock_guard hold(mutex_);
    if (map != counted_) numbers_ = map == nullptr ? MapNumbers{} : numbers_of(*map);
    counted_ = map;
    return numbers_;
  }

 private:
  const std::shared_ptr<ClusterObserver> observer_;
  std::mutex mutex_;  // of what follows
  std::shared_ptr<const cluster::ClusterMap> counted_;
  MapNumbers numbers_;
};

double seconds_left(TimePoint until) {
  if (until == TimePoint::min()) return 0;
  const std::chrono::duration<double> left = until - std::chrono::steady_clock::now();
  return std::max(0.0, left.count());
}

}  // namespace

void show_metrics(Context& context, const std::shared_ptr<Adapter>& adapter,
                  const std::shared_ptr<ClusterObserver>& observer) {
  Metrics& metrics = context.metrics();
  metrics.show_gauge({"epoch", "Of the newest map that this node's ring shows."},
                     [adapter] { return static_cast<double>(adapter->epoch()); });
  metrics.show_gauge({"voters", "Members that vote."}, [adapter] { return static_cast<double>(adapter->voters()); });
  metrics.show_gauge({"lease_left_seconds", "How long this node may go on to own its keys; 0: it may not."},
                     [adapter] { return seconds_left(adapter->lease_held_until()); });

  const auto map = std::make_shared<CountedMap>(observer);
  constexpr std::array<const char*, 3> kStates{"up", "leaving", "down"};  // in the order of MemberState
  for (std::size_t state = 0; state < kStates.size(); ++state)
    metrics.show_gauge(
        {"cluster_members", "Members of the cluster, by what its map says.", {{"state", kStates[state]}}},
        [map, state] { return map->numbers().members[state]; });
  const auto show = [&](const char* name, const char* help, std::uint32_t Completeness::*number) {
    metrics.show_gauge({name, help}, [map, number] { return static_cast<double>(map->numbers().partitions.*number); });
  };
  show("complete_partitions", "Partitions of the cluster that have all of their copies in sync.",
       &Completeness::complete);
  show("under_replicated_partitions", "Partitions of the cluster that have too few copies in sync.",
       &Completeness::under_replicated);
  show("unserved_partitions", "Those among them of which all copies are down.", &Completeness::unserved);
}

}  // namespace p2p::agreed
