// The agreed store in virtual time: whole networks of the product's own cores, each made of one seed. A failing seed is
// printed with its last events; put it into replication_seeds.txt, and it is run for ever after. P2P_SIM_SEED=17 runs
// one alone; P2P_SIM_FIRST=20001 P2P_SIM_RUNS=1000 others; P2P_SIM_LINES=500 shows more of the time line.
#include "replication_world.h"
#include "seed_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

namespace p2p::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeedsOfAQuickRun = 150 / kRoundsShare;
constexpr std::uint64_t kSeedsOfAPart = 375;  // of four; the soak runs 100,000

ClusterWorldOptions options_of(std::uint64_t seed) { return {.seed = seed, .troubled_for = 5s}; }

std::string timeline_of(ClusterWorldOptions options) {
  options.traces = true;
  ReplicationWorld world(options);
  static_cast<void>(world.run_store());
  return last_lines(world.timeline());
}

bool run(const ClusterWorldOptions& options) {
  ReplicationWorld world(options);
  const std::vector<std::string> broken = world.run_store();
  if (broken.empty()) return true;
  std::string text;
  for (const std::string& line : broken) text += line + '\n';
  ADD_FAILURE() << "seed " << options.seed << ":\n" << text << "its last events:\n" << timeline_of(options);
  return false;
}

void run_all(std::uint64_t first, std::uint64_t count) {
  const bool goes_on = number("P2P_SIM_ALL", 0) != 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    if (!run(options_of(seed)) && !goes_on) return;
}

TEST(ReplicationSim, TheSeedsThatOnceFailed) {
  std::ifstream file(P2P_REPLICATION_SIM_SEEDS);
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') run(options_of(std::stoull(line)));
}

TEST(ReplicationSim, AFewSeeds) {
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_all(number("P2P_SIM_SEED", 1), 1);
  run_all(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun));
}

TEST(ReplicationSim, EqualSeedsGiveEqualRuns) {
  std::size_t acknowledged = 0;
  for (const std::uint64_t seed : {3, 14, 15}) {
    ReplicationWorld one(options_of(seed));
    ReplicationWorld other(options_of(seed));
    EXPECT_EQ(one.run_store(), other.run_store());
    EXPECT_EQ(one.trace_hash(), other.trace_hash());
    EXPECT_EQ(one.acknowledged(), other.acknowledged());
    acknowledged += one.acknowledged();
  }
  EXPECT_GT(acknowledged, 150U);
}

class ReplicationSimOfMany : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ReplicationSimOfMany, Seeds) { run_all(1 + GetParam() * kSeedsOfAPart, kSeedsOfAPart); }

INSTANTIATE_TEST_SUITE_P(Parts, ReplicationSimOfMany, ::testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace p2p::sim
