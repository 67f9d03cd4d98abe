// The agreed cluster in virtual time: whole networks of the product's own cores, each made of one seed. A failing seed
// is printed with its last events; put it into cluster_seeds.txt, and it is run for ever after. P2P_SIM_SEED=17 runs
// one alone; P2P_SIM_FIRST=20001 P2P_SIM_RUNS=1000 others; P2P_SIM_LINES=500 shows more of the time line.
#include "cluster_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

namespace p2p::sim {
namespace {

constexpr std::uint64_t kSeedsOfAQuickRun = 100;
constexpr std::uint64_t kSeedsOfAPart = 1'000;  // of four, in about a minute of one core

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given == nullptr ? otherwise : std::stoull(given);
}

std::string timeline_of(ClusterWorldOptions options) {
  options.traces = true;
  ClusterWorld world(options);
  static_cast<void>(world.run());
  const auto& lines = world.timeline();
  const std::size_t wanted = number("P2P_SIM_LINES", 60);
  std::string text;
  for (std::size_t at = lines.size() - std::min(wanted, lines.size()); at < lines.size(); ++at)
    text += lines[at] + '\n';
  return text;
}

bool run(const ClusterWorldOptions& options) {
  ClusterWorld world(options);
  const std::vector<std::string> broken = world.run();
  if (broken.empty()) return true;
  std::string text;
  for (const std::string& line : broken) text += line + '\n';
  ADD_FAILURE() << "seed " << options.seed << ":\n" << text << "its last events:\n" << timeline_of(options);
  return false;
}

void run_all(std::uint64_t first, std::uint64_t count) {
  ClusterWorldOptions options;
  for (options.seed = first; options.seed < first + count; ++options.seed) {
    if (!run(options)) return;
  }
}

TEST(ClusterSim, TheSeedsThatOnceFailed) {
  std::ifstream file(P2P_CLUSTER_SIM_SEEDS);
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') run({.seed = std::stoull(line)});
}

TEST(ClusterSim, AFewSeeds) {
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_all(number("P2P_SIM_SEED", 1), 1);
  run_all(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun));
}

TEST(ClusterSim, EqualSeedsGiveEqualRuns) {
  for (const std::uint64_t seed : {3, 14, 15}) {
    ClusterWorld one({.seed = seed});
    ClusterWorld other({.seed = seed});
    EXPECT_EQ(one.run(), other.run());
    EXPECT_EQ(one.trace_hash(), other.trace_hash());
    EXPECT_GT(one.epoch(), 20U);
  }
}

class ClusterSimOfMany : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ClusterSimOfMany, Seeds) { run_all(1 + GetParam() * kSeedsOfAPart, kSeedsOfAPart); }

INSTANTIATE_TEST_SUITE_P(Parts, ClusterSimOfMany, ::testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace p2p::sim
