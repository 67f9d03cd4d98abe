// How long does it take to find the owner of a key? The classic ring alone, and as a service asks it: through a view of
// the network's members. A key has 16 bytes, and it is another one each time.
#include "placement/classic_ring.h"
#include "placement/md5_head.h"
#include "ring/member_view.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
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

}  // namespace
}  // namespace p2p::bench

BENCHMARK_MAIN();
