// The store in virtual time: whole networks of real store plugins, each made of one seed, while nodes join, leave,
// freeze and are killed. A failing seed is printed with its last events; put it into store_seeds.txt, and it is run for
// ever after. P2P_SIM_SEED=17 runs one alone; P2P_SIM_FIRST=20001 P2P_SIM_RUNS=1000 others; P2P_SIM_LINES=500 shows
// more of the time line.
#include "seed_options.h"
#include "store_world.h"

#include <p2p/snapshot.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace p2p::sim {
namespace {

// All parts together take about a minute of one core.
constexpr std::uint64_t kSeedsOfAPart = 2'500;
constexpr std::uint64_t kSeedsOfAQuickRun = 300 / kRoundsShare;

std::string timeline_of(StoreWorldOptions options) {
  options.traces = true;
  StoreWorld world(options);
  static_cast<void>(world.run());
  return last_lines(world.timeline());
}

// False: it is not as it must be.
bool run(const StoreWorldOptions& options) {
  const std::uint64_t seed = options.seed;
  std::vector<std::string> broken;
  {
    StoreWorld world(options);
    broken = world.run();
  }
  // Each life of a node has snapshots of its own, which this thread would remember.
  if (seed % 64 == 0) snapshot_cache().clear();
  if (broken.empty()) return true;
  std::string text;
  for (const std::string& line : broken) text += line + '\n';
  ADD_FAILURE() << "seed " << seed << ":\n" << text << "its last events:\n" << timeline_of(options);
  return false;
}

void run_all(std::uint64_t first, std::uint64_t count, StoreWorldOptions options = {}) {
  for (options.seed = first; options.seed < first + count; ++options.seed) {
    if (!run(options)) return;
  }
}

TEST(StoreSim, TheSeedsThatOnceFailed) {
  std::ifstream file(P2P_STORE_SIM_SEEDS);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') run({.seed = std::stoull(line)});
  }
}

TEST(StoreSim, AFewSeeds) {
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_all(number("P2P_SIM_SEED", 1), 1);
  run_all(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun));
}

TEST(StoreSimBeside2009, AFewSeeds) {
  const StoreWorldOptions options{.is_beside_2009 = true};
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_all(number("P2P_SIM_SEED", 1), 1, options);
  run_all(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun), options);
}

TEST(StoreSim, EqualSeedsGiveEqualRuns) {
  for (const std::uint64_t seed : {3, 14, 15}) {
    StoreWorld one({.seed = seed});
    StoreWorld other({.seed = seed});
    EXPECT_EQ(one.run(), other.run());
    EXPECT_EQ(one.events(), other.events());
  }
}

class StoreSimOfMany : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(StoreSimOfMany, Seeds) { run_all(1 + GetParam() * kSeedsOfAPart, kSeedsOfAPart); }

TEST(StoreSimOfManyBeside2009, Seeds) { run_all(1, kSeedsOfAPart, {.is_beside_2009 = true}); }

INSTANTIATE_TEST_SUITE_P(Parts, StoreSimOfMany, ::testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace p2p::sim
