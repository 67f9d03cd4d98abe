// How long does it take to find the owner of a key? The classic ring alone, the table of partitions alone, and as a
// service asks it: through a view of the network's members. A key has 16 bytes, and it is another one each time.
#include "placement/classic_ring.h"
#include "placement/md5_head.h"
#include "placement/partition_table.h"
#include "ring/member_view.h"
#include "ring/partition_view.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace p2p::bench {
namespace {

constexpr std::size_t kKeys =
    4096;  // a power of two; with their text they fit the first two caches, as keys of requests do

const std::vector<std::string>& keys() {
  static const std::vector<std::string> made = [] {
    std::vector<std::string> list;
    for (std::size_t number = 0; number < kKeys; ++number) list.push_back(fmt::format("key:{:012}", number));
    return list;
  }();
  return made;
}

std::vector<NodeAddress> members(std::int64_t count) {
  std::vector<NodeAddress> list;
  for (std::int64_t number = 0; number < count; ++number) {
    list.push_back({fmt::format("10.0.{}.{:03}", number / 250, number % 250), 9900});
  }
  return list;
}

void hash_of_key(benchmark::State& state) {
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(placement::md5_head(keys()[at++ % kKeys]));
}
BENCHMARK(hash_of_key);

void owner_on_ring(benchmark::State& state) {
  std::vector<std::string> names;
  for (const NodeAddress& member : members(state.range(0))) names.push_back(member.name());
  const placement::ClassicRing ring(names);
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(ring.owner_of(keys()[at++ % kKeys]));
}
BENCHMARK(owner_on_ring)->ArgName("nodes")->Arg(1)->Arg(3)->Arg(10)->Arg(100);

void owner_in_view(benchmark::State& state) {
  const auto all = members(state.range(0));
  const ring::MemberView view(all, {}, all.front(), placement::ClassicPlacement());
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(view.owner_of(keys()[at++ % kKeys]));
}
BENCHMARK(owner_in_view)->ArgName("nodes")->Arg(1)->Arg(3)->Arg(10)->Arg(100);

cluster::NodeId id(std::size_t number) {
  cluster::NodeId id;
  id.high = number + 1;
  return id;
}

// Three copies of each partition, spread evenly; each member runs five services, the first two "rare" as well.
std::shared_ptr<const cluster::ClusterMap> map_of(std::int64_t nodes) {
  const auto addresses = members(nodes);
  auto map = cluster::found({.cluster = {}, .succeeds = {}, .founder = {}});
  map.members.clear();
  for (std::size_t number = 0; number < addresses.size(); ++number) {
    cluster::Member member;
    member.id = id(number);
    member.address = addresses[number];
    member.services = {"blobs", "counter", "diststore", "locator", "work"};
    if (number < 2) member.services.emplace_back("rare");
    map.members.push_back(std::move(member));
  }
  for (std::size_t number = 0; number < map.partitions.size(); ++number) {
    cluster::Partition& partition = map.partitions[number];
    partition.in_sync.clear();
    for (const std::size_t copy : {0, 7, 19})
      partition.in_sync.push_back(static_cast<cluster::Slot>((number * 31 + copy) % addresses.size()));
    partition.primary = partition.in_sync.front();
  }
  return std::make_shared<const cluster::ClusterMap>(std::move(map));
}

// What the loop costs by itself.
void key_alone(benchmark::State& state) {
  std::size_t at = 0;
  const auto& asked_for = keys();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(asked_for[at++ % kKeys].data());
}
BENCHMARK(key_alone);

void owner_in_table(benchmark::State& state) {
  const auto map = map_of(state.range(0));
  placement::OwnerLists lists(cluster::kPartitions);
  for (const auto& partition : map->partitions) lists.append({partition.in_sync.data(), partition.in_sync.size()});
  const placement::PartitionTable table(1, std::move(lists));
  std::size_t at = 0;
  const auto& asked_for = keys();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(table.owner_of(asked_for[at++ % kKeys]));
}
BENCHMARK(owner_in_table)->ArgName("nodes")->Arg(3)->Arg(300);

void owner_in_partition_view(benchmark::State& state) {
  const ring::PartitionView view(map_of(state.range(0)), id(0));
  const RingView& asked = view;
  std::size_t at = 0;
  const auto& asked_for = keys();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(asked.owner_of(asked_for[at++ % kKeys]));
}
BENCHMARK(owner_in_partition_view)->ArgName("nodes")->Arg(3)->Arg(300);

void owner_for_service(benchmark::State& state, const char* service) {
  const ring::PartitionView view(map_of(state.range(0)), id(0));
  std::size_t at = 0;
  const auto& asked_for = keys();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(view.owner_of(asked_for[at++ % kKeys], service));
}
BENCHMARK_CAPTURE(owner_for_service, everywhere, "work")->ArgName("nodes")->Arg(3)->Arg(300);
BENCHMARK_CAPTURE(owner_for_service, on_two, "rare")->ArgName("nodes")->Arg(3)->Arg(300);

void view_of_map(benchmark::State& state) {
  const auto map = map_of(state.range(0));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(ring::PartitionView(map, id(0)).fingerprint());
}
BENCHMARK(view_of_map)->ArgName("nodes")->Arg(3)->Arg(300)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace p2p::bench

BENCHMARK_MAIN();
