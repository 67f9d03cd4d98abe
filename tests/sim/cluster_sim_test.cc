// The agreed cluster in virtual time: whole networks of the product's own cores, each made of one seed. A failing seed
// is printed with its last events; put it into cluster_seeds.txt, and it is run for ever after. P2P_SIM_SEED=17 runs
// one alone; P2P_SIM_FIRST=20001 P2P_SIM_RUNS=1000 others; P2P_SIM_LINES=500 shows more of the time line.
// P2P_SIM_SHRINK: how often it is run again to find fewer faults that fail, too.
#include "cluster_smallest.h"
#include "cluster_world.h"
#include "seed_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace p2p::sim {
namespace {

constexpr std::uint64_t kSeedsOfAQuickRun = 100 / kRoundsShare;
constexpr std::uint64_t kSeedsOfAPart = 250;  // of four, in a quarter of a minute of one core; the soak runs 100,000
constexpr std::uint64_t kRunsToShrink = 400;  // in half a minute, too, and once: the first failure ends a test

std::string timeline_of(ClusterWorldOptions options) {
  options.traces = true;
  ClusterWorld world(options);
  static_cast<void>(world.run());
  return last_lines(world.timeline());
}

std::string text_of(const std::vector<std::string>& broken) {
  std::string text;
  for (const std::string& line : broken) text += line + '\n';
  return text;
}

// Of a world that has failed after so many faults.
std::string smallest_of(const ClusterWorldOptions& options, std::uint64_t faults) {
  const auto fails = [](const ClusterWorldOptions& tried) -> std::optional<std::uint64_t> {
    ClusterWorld world(tried);
    if (world.run().empty()) return std::nullopt;
    return world.faults();
  };
  ClusterWorldOptions smallest = smallest_failure(options, faults, number("P2P_SIM_SHRINK", kRunsToShrink), fails);
  if (smallest.without.empty()) return "its last events:\n" + timeline_of(options);
  ClusterWorld world(smallest);
  const std::string broken = text_of(world.run());
  std::string text = "with " + std::to_string(world.faults() - smallest.without.size()) + " of its " +
                     std::to_string(faults) + " faults alone (ClusterWorldOptions::without = {";
  for (const auto& [fault, draws] : smallest.without)
    text += (text.back() == '{' ? "{" : ", {") + std::to_string(fault) + ", " + std::to_string(draws) + "}";
  return text + "}):\n" + broken + "its last events:\n" + timeline_of(smallest);
}

struct Recovered {
  std::size_t generations = 0;
  std::size_t worlds_lost = 0;
};

bool run(const ClusterWorldOptions& options, Recovered* recovered = nullptr) {
  ClusterWorld world(options);
  const std::vector<std::string> broken = world.run();
  if (recovered != nullptr) recovered->generations += world.generations_opened();
  if (recovered != nullptr && world.is_lost()) ++recovered->worlds_lost;
  if (broken.empty()) return true;
  ADD_FAILURE() << "seed " << options.seed << ":\n" << text_of(broken) << smallest_of(options, world.faults());
  return false;
}

void run_all(std::uint64_t first, std::uint64_t count) {
  ClusterWorldOptions options;
  for (options.seed = first; options.seed < first + count; ++options.seed) {
    if (!run(options)) return;
  }
}

void run_recoveries(std::uint64_t first, std::uint64_t count) {
  Recovered all;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    if (!run({.seed = seed, .recovers = true}, &all)) return;
  ::testing::Test::RecordProperty("generations", std::to_string(all.generations));
  ::testing::Test::RecordProperty("worlds_lost", std::to_string(all.worlds_lost));
  EXPECT_GE(all.generations, count / 2) << "operators are to have something to do";
  EXPECT_LE(all.worlds_lost, 1 + count / 50) << "hardly any disaster is to be the last";
}

// "17": a seed of any world; "recovery 17": of one with recoveries.
TEST(ClusterSim, TheSeedsThatOnceFailed) {
  const std::string recovery = "recovery ";
  std::ifstream file(P2P_CLUSTER_SIM_SEEDS);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const bool recovers = line.starts_with(recovery);
    run({.seed = std::stoull(recovers ? line.substr(recovery.size()) : line), .recovers = recovers});
  }
}

TEST(ClusterSim, AFewSeeds) {
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_all(number("P2P_SIM_SEED", 1), 1);
  run_all(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun));
}

// J5: majorities are lost, some of them for good, and operators go on without them; old voters come back.
TEST(ClusterSim, AFewRecoveries) {
  if (std::getenv("P2P_SIM_SEED") != nullptr) return run_recoveries(number("P2P_SIM_SEED", 1), 1);
  run_recoveries(number("P2P_SIM_FIRST", 1), number("P2P_SIM_RUNS", kSeedsOfAQuickRun));
}

TEST(ClusterSim, EqualSeedsGiveEqualRuns) {
  for (const std::uint64_t seed : {3, 14, 15}) {
    ClusterWorld one({.seed = seed});
    ClusterWorld other({.seed = seed});
    EXPECT_EQ(one.run(), other.run());
    EXPECT_EQ(one.trace_hash(), other.trace_hash());
    EXPECT_GT(one.epoch(), 10U);
  }
}

// What a failure needs is left, and nothing else.
TEST(ClusterSim, AFailureIsMadeSmaller) {
  const auto fails = [](const ClusterWorldOptions& tried) -> std::optional<std::uint64_t> {
    if (tried.without.contains(2) || tried.without.contains(5)) return std::nullopt;
    const auto without_three = tried.without.find(3);
    if (without_three != tried.without.end() && without_three->second != 4) return std::nullopt;  // but in one way
    return 7;
  };
  const ClusterWorldOptions smallest = smallest_failure({.seed = 3}, 9, 1'000, fails);
  EXPECT_EQ(smallest.without, (std::map<std::uint64_t, unsigned>{{1, 0}, {3, 4}, {4, 0}, {6, 0}, {7, 0}}));
  EXPECT_TRUE(smallest_failure({.seed = 3}, 9, 0, fails).without.empty()) << "not more often than it may";
}

TEST(ClusterSim, WithoutAFaultAWorldGoesAnotherWay) {
  ClusterWorld whole({.seed = 3});
  EXPECT_EQ(whole.run(), std::vector<std::string>{});
  ClusterWorldOptions options{.seed = 3};
  for (std::uint64_t fault = 1; fault <= whole.faults(); ++fault) options.without[fault] = 0;
  ClusterWorld calm(options);
  EXPECT_EQ(calm.run(), std::vector<std::string>{});
  EXPECT_NE(calm.trace_hash(), whole.trace_hash());
}

Duration until_they_agree(ClusterWorld& world, Duration patience) {
  using namespace std::chrono_literals;
  for (Duration waited{}; waited < patience; waited += 20ms) {
    if (world.agree()) return waited;
    EXPECT_EQ(world.run_for(20ms), std::vector<std::string>{});
  }
  return patience;
}

// Joins at once become a few changes, and so do deaths.
void run_many(std::size_t nodes) {
  using namespace std::chrono_literals;
  ClusterWorld world({.seed = nodes, .nodes = nodes, .partitions = 8, .is_scripted = true});
  EXPECT_EQ(world.run_for(400ms), std::vector<std::string>{});
  EXPECT_LT(until_they_agree(world, 10s), 10s);
  EXPECT_EQ(world.newest()->up_count(), nodes);
  EXPECT_EQ(world.run_for(3s), std::vector<std::string>{});

  const std::size_t killed = (nodes + 99) / 100;
  for (std::size_t turn = 0; turn < killed; ++turn) world.kill(3 + turn * 97 % (nodes - 3));
  EXPECT_LT(until_they_agree(world, 5s), 500ms);
  EXPECT_EQ(world.newest()->up_count(), nodes - killed);  // and nobody healthy is declared down
  EXPECT_EQ(world.run_for(5s), std::vector<std::string>{});
  EXPECT_TRUE(world.agree());
}

// E1: proof that only members without a vote can find is worth as much as the voters' own.
TEST(ClusterSim, WhomMembersWithoutAVoteFindDeadIsDownBeforeItsLeaseIsOver) {
  using namespace std::chrono_literals;
  ClusterWorld world({.seed = 1, .nodes = 9, .partitions = 8, .is_scripted = true, .voters_look = false});
  EXPECT_LT(until_they_agree(world, 10s), 10s);
  EXPECT_EQ(world.run_for(3s), std::vector<std::string>{});
  for (const std::size_t killed : {8, 1}) {  // one of them, and a voter
    world.kill(killed);
    EXPECT_LT(until_they_agree(world, 5s), 700ms);
  }
  EXPECT_EQ(world.newest()->up_count(), 7U);
}

// Seven nodes at rest, of which five vote.
std::unique_ptr<ClusterWorld> at_rest(std::uint64_t seed) {
  using namespace std::chrono_literals;
  auto world = std::make_unique<ClusterWorld>(
      ClusterWorldOptions{.seed = seed, .nodes = 7, .partitions = 8, .is_scripted = true});
  EXPECT_EQ(world->run_for(1s), std::vector<std::string>{});
  EXPECT_LT(until_they_agree(*world, 10s), 10s);
  EXPECT_EQ(world->run_for(5s), std::vector<std::string>{});
  EXPECT_EQ(world->newest()->voters.size(), 5U);
  return world;
}

// Two machines, by their places among the voters, or the one that does not vote (E2).
void break_link_between(std::uint64_t seed, std::size_t one, std::size_t other) {
  using namespace std::chrono_literals;
  const auto world = at_rest(seed);
  const auto machine = [&](std::size_t place) -> std::size_t {
    const cluster::ClusterMap& map = *world->newest();
    if (place < map.voters.size()) return world->machine_of(map.voters[place]);
    for (cluster::Slot slot = 0;; ++slot)
      if (!map.is_voter(slot)) return world->machine_of(slot);
  };
  world->break_link(machine(one), machine(other));
  const cluster::Epoch epoch = world->epoch();
  EXPECT_EQ(world->run_for(20s), std::vector<std::string>{});
  EXPECT_EQ(world->epoch(), epoch) << "a change was made for a broken link between " << one << " and " << other;
  EXPECT_TRUE(world->agree());
}

TEST(ClusterSim, ABrokenLinkChangesNothing) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    break_link_between(seed, 0, 1);
    break_link_between(seed, 0, 4);
    break_link_between(seed, 0, 5);
    break_link_between(seed, 2, 3);
  }
}

// It can hold no lease, and it is not declared up again and again by those that it reaches.
TEST(ClusterSim, WhoReachesFewVotersIsDownOnce) {
  using namespace std::chrono_literals;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto world = at_rest(seed);
    const cluster::Slot lonely = world->newest()->voters[4];
    const cluster::NodeId id = world->newest()->at(lonely).id;
    for (std::size_t place = 0; place < 3; ++place)
      world->break_link(world->machine_of(lonely), world->machine_of(world->newest()->voters[place]));
    EXPECT_EQ(world->run_for(4s), std::vector<std::string>{});
    const cluster::Member then = world->newest()->at(world->newest()->slot_of(id));
    EXPECT_EQ(then.state, cluster::MemberState::down);
    EXPECT_EQ(world->run_for(3s), std::vector<std::string>{});  // before it is removed
    EXPECT_EQ(world->newest()->at(world->newest()->slot_of(id)), then);
  }
}

TEST(ClusterSim, AHundredNodesJoinAndKnowOfADeathAtOnce) { run_many(100); }

class ClusterSimOfMany : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ClusterSimOfMany, Seeds) { run_all(1 + GetParam() * kSeedsOfAPart, kSeedsOfAPart); }

TEST(ClusterSimOfAThousand, NodesConvergeAfterOneInAHundredHasDied) { run_many(1'000); }

INSTANTIATE_TEST_SUITE_P(Parts, ClusterSimOfMany, ::testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace p2p::sim
