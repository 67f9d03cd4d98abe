// Whole networks of locators in virtual time: many seeds, each with its own schedule of faults. A failing seed is
// printed; put it into seeds.txt, and it is run for ever after. P2P_SIM_SEED=17 runs one alone, P2P_SIM_RUNS=999 more.
#include "locator_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace p2p::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// As many as keep the whole program within a few seconds in a debug build.
constexpr std::uint64_t kRuns = 60;

std::vector<std::uint64_t> seeds() {
  if (const char* chosen = std::getenv("P2P_SIM_SEED")) return {std::stoull(chosen)};
  std::vector<std::uint64_t> all;
  std::ifstream file(P2P_SIM_SEEDS);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') all.push_back(std::stoull(line));
  }
  const char* wanted = std::getenv("P2P_SIM_RUNS");
  const std::uint64_t runs = wanted != nullptr ? std::stoull(wanted) : kRuns;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) all.push_back(seed);
  return all;
}

std::string first_broken(const LocatorWorld& world) {
  return world.broken_invariants().empty() ? "" : world.broken_invariants().front();
}

// Runs until all agree, `patience` at most; true when they do.
bool agree_within(LocatorWorld& world, Duration patience) {
  const TimePoint until = world.time().now() + patience;
  while (!world.disagreement().empty() && world.time().now() < until) world.run_for(patience / 50);
  return world.disagreement().empty();
}

// Nodes that have `port` on their ring.
std::vector<int> rings_with(const LocatorWorld& world, int port) {
  std::vector<int> ports;
  for (const int other : world.running()) {
    if (world.ring(other).contains(world.name(port))) ports.push_back(other);
  }
  return ports;
}

// Nodes that do not know that `port` is leaving.
std::vector<int> rings_without_leaving(const LocatorWorld& world, int port) {
  std::vector<int> ports;
  for (const int other : world.running()) {
    if (other != port && !world.leaving(other).contains(world.name(port))) ports.push_back(other);
  }
  return ports;
}

void start_all(LocatorWorld& world, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const int port = world.ports()[i];
    world.time().after(world.time().between(Duration::zero(), milliseconds(50)), [&world, port] { world.start(port); });
  }
  world.run_for(milliseconds(50));
}

TEST(LocatorSim, TenNodesStartedAtOnceFormOneNetworkInHalfASecond) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed});
    start_all(world, 10);
    EXPECT_TRUE(agree_within(world, milliseconds(500))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, TenNodesThatAnswerOnlyOnceTheyHaveStartedFormOneNetworkToo) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .parks_calls_until_joined = true});
    start_all(world, 10);
    EXPECT_TRUE(agree_within(world, seconds(5))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

// The member before it sees it within an interval and decides within half a second more. Several that decide at once
// may cut each other's chains short, and then it takes the next comparison.
TEST(LocatorSim, AKilledNodeIsGoneFromThreeRingsWithinTwoSecondsAndFromTenWithinThree) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed});
    const std::size_t nodes = world.time().happens(0.5) ? 3 : 10;
    start_all(world, nodes);
    world.run_for(seconds(2) + world.time().between(Duration::zero(), seconds(1)));
    ASSERT_EQ(world.disagreement(), "");
    world.kill(world.ports()[world.time().below(nodes)]);
    EXPECT_TRUE(agree_within(world, seconds(nodes == 3 ? 2 : 3))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

// --- in trouble of its own -------------------------------------------------------------------------------------------

TEST(LocatorSim, AMachineThatIsSwitchedOffIsGoneFromEveryRingWithinSixSeconds) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .first_port = kPortsOfMachines});
    const std::size_t nodes = world.time().happens(0.5) ? 3 : 10;
    start_all(world, nodes);
    world.run_for(seconds(2) + world.time().between(Duration::zero(), seconds(1)));
    ASSERT_EQ(world.disagreement(), "");
    const int off = world.ports()[world.time().below(nodes)];
    world.unplug(off);
    world.kill(off);
    EXPECT_TRUE(agree_within(world, seconds(6))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, ANodeWhoseOwnLinkIsDownKeepsAllMembersAndIsOneAgainWhenItIsUp) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .first_port = kPortsOfMachines});
    start_all(world, 5);
    world.run_for(seconds(3));
    const int cut_off = world.ports()[world.time().below(5)];
    world.unplug(cut_off);
    world.run_for(seconds(30));
    EXPECT_EQ(world.ring(cut_off).size(), 4u);
    world.mend_all();
    EXPECT_TRUE(agree_within(world, seconds(60))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, ANodeThatCannotConnectToAnybodyRemovesNobodyAndStaysAMember) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed});
    start_all(world, 5);
    world.run_for(seconds(3));
    world.exhaust(world.ports()[world.time().below(5)]);
    for (int second = 0; second < 60; ++second) {
      world.run_for(seconds(1));
      ASSERT_EQ(world.disagreement(), "");
    }
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, AMemberWhoseAddressSomebodyElseHasTakenIsGoneFromEveryRingWithinSixSeconds) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed});
    start_all(world, 5);
    world.run_for(seconds(3));
    const int taken = world.ports()[world.time().below(5)];
    world.occupy(taken);
    world.kill(taken);
    EXPECT_TRUE(agree_within(world, seconds(6))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, ANodeThatLeavesIsOffEveryRingWithin300MillisecondsAndLeavingUntilItEnds) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .hand_over_least = seconds(3), .hand_over_most = seconds(3)});
    start_all(world, 10);
    world.run_for(seconds(3));
    const int leaver = world.ports()[world.time().below(10)];
    world.leave(leaver);
    EXPECT_TRUE(agree_within(world, milliseconds(300))) << world.disagreement();
    ASSERT_TRUE(world.has_withdrawn(leaver));
    EXPECT_EQ(rings_with(world, leaver), std::vector<int>{});
    EXPECT_EQ(rings_without_leaving(world, leaver), std::vector<int>{});
    world.run_for(milliseconds(2600));
    EXPECT_EQ(world.disagreement(), "") << "nothing changes while it hands over";
    world.run_for(milliseconds(500));
    EXPECT_FALSE(world.is_running(leaver));
    EXPECT_TRUE(agree_within(world, milliseconds(300))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, HalfOfTheNodesMayLeaveAtOnce) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .hand_over_least = seconds(4), .hand_over_most = seconds(5)});
    start_all(world, 10);
    world.run_for(seconds(3));
    const auto first = world.time().below(5);
    for (std::size_t i = first; i < first + 5; ++i) {
      const int port = world.ports()[i];
      world.time().after(world.time().between(Duration::zero(), milliseconds(5)),
                         [&world, port] { world.leave(port); });
    }
    world.run_for(milliseconds(5));
    EXPECT_TRUE(agree_within(world, seconds(3))) << world.disagreement();
    EXPECT_EQ(world.running().size(), 10u) << "they hand over still";
    world.run_for(seconds(5));
    EXPECT_TRUE(agree_within(world, seconds(3))) << world.disagreement();
    EXPECT_EQ(world.running().size(), 5u);
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, ANodeThatIsKilledWhileItHandsOverIsNoLongerLeavingWithinThreeSeconds) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .hand_over_least = seconds(60), .hand_over_most = seconds(60)});
    start_all(world, 10);
    world.run_for(seconds(3));
    const int leaver = world.ports()[world.time().below(10)];
    world.leave(leaver);
    world.run_for(world.time().between(Duration::zero(), seconds(2)));
    world.kill(leaver);
    EXPECT_TRUE(agree_within(world, seconds(3))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, WhoJoinsWhileAnotherHandsOverSeesItLeaving) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .hand_over_least = seconds(10), .hand_over_most = seconds(10)});
    start_all(world, 5);
    world.run_for(seconds(3));
    world.leave(world.ports()[world.time().below(5)]);
    world.run_for(world.time().between(Duration::zero(), seconds(1)));
    for (const int joiner : {9905, 9906}) world.start(joiner);
    EXPECT_TRUE(agree_within(world, seconds(3))) << world.disagreement();
    EXPECT_EQ(world.running().size(), 7u);
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, AKilledNodeThatStartsAgainOnItsAddressIsAMemberAgain) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed});
    start_all(world, 5);
    world.run_for(seconds(3));
    world.kill(9902);
    world.run_for(world.time().between(milliseconds(1), seconds(2)));
    world.start(9902);
    EXPECT_TRUE(agree_within(world, seconds(2))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, TwoHalvesThatLostEachOtherBecomeOneNetworkAgain) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .searches_on = seed % 2 == 0});
    start_all(world, 10);
    world.run_for(seconds(2));
    for (int one = 9900; one < 9905; ++one) {
      for (int other = 9905; other < 9910; ++other) world.cut(one, other);
    }
    world.run_for(seconds(30));
    EXPECT_EQ(world.ring(9900).size(), 4u);
    world.mend_all();
    EXPECT_TRUE(agree_within(world, seconds(30))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

// One fault, at any node.
void misfortune(LocatorWorld& world) {
  constexpr std::uint64_t kKinds = 11;
  const auto& ports = world.ports();
  const int port = ports[world.time().below(ports.size())];
  const int other = ports[world.time().below(ports.size())];
  switch (world.time().below(kKinds)) {
    case 0:
    case 1:
    case 2:
      return world.start(port);
    case 3:
      return world.kill(port);
    case 4:
      return world.leave(port);
    case 5:
      return world.freeze(port);
    case 6:
      return world.thaw(port);
    case 7:
      if (port != other) world.cut(port, other);
      return;
    case 8:
      if (!world.is_old(port)) world.unplug(port);
      return;
    case 9:
      if (!world.is_old(port)) world.exhaust(port);
      return;
    case 10:
      if (!world.is_old(port)) world.occupy(port);
      return;
  }
}

void misfortunes(LocatorWorld& world, Duration duration) {
  world.faults().latency_most = milliseconds(20);
  world.faults().loss = world.faults().delay = 0.05;
  const TimePoint until = world.time().now() + duration;
  while (world.time().now() < until) {
    misfortune(world);
    world.run_for(world.time().between(milliseconds(1), milliseconds(1500)));
  }
}

TEST(LocatorSim, AfterAnyMisfortuneTheNodesThatRunAgreeAndNoGhostStays) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .first_port = seed % 2 == 0 ? 9900 : kPortsOfMachines});
    start_all(world, 6);
    misfortunes(world, seconds(60));
    world.mend_all();
    EXPECT_TRUE(agree_within(world, seconds(60))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

// --- together with nodes of the 2009 system --------------------------------------------------------------------------

TEST(MixedSim, NodesOfBothKindsStartedAtOnceFormOneNetwork) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .ports = 5, .old_ports = 4});
    start_all(world, 9);
    EXPECT_TRUE(agree_within(world, seconds(10))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(MixedSim, ANodeOfOursLeavesEveryRingOfBothKindsBeforeItHandsOver) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world(
        {.seed = seed, .ports = 4, .old_ports = 4, .hand_over_least = seconds(4), .hand_over_most = seconds(4)});
    start_all(world, 8);
    ASSERT_TRUE(agree_within(world, seconds(10))) << world.disagreement();
    world.run_for(seconds(3));
    world.leave(world.ports()[world.time().below(4)]);
    EXPECT_TRUE(agree_within(world, milliseconds(300))) << world.disagreement();
    world.run_for(seconds(4));
    EXPECT_TRUE(agree_within(world, milliseconds(300))) << world.disagreement();
    EXPECT_EQ(world.running().size(), 7u);
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(MixedSim, ANodeOf2009ThatLeavesIsLeavingUntilItHasEnded) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world(
        {.seed = seed, .ports = 4, .old_ports = 4, .hand_over_least = seconds(4), .hand_over_most = seconds(4)});
    start_all(world, 8);
    ASSERT_TRUE(agree_within(world, seconds(10))) << world.disagreement();
    world.run_for(seconds(3));
    world.leave(world.ports()[4 + world.time().below(4)]);
    world.run_for(seconds(2));
    EXPECT_EQ(world.running().size(), 8u);
    EXPECT_EQ(world.disagreement(), "") << "it hands over";
    world.run_for(seconds(4));
    EXPECT_EQ(world.running().size(), 7u);
    EXPECT_TRUE(agree_within(world, seconds(2))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(MixedSim, ANodeThatIsKilledIsGoneFromEveryRingOfBothKinds) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .ports = 4, .old_ports = 4});
    start_all(world, 8);
    ASSERT_TRUE(agree_within(world, seconds(10))) << world.disagreement();
    const int killed = world.ports()[world.time().below(8)];
    world.kill(killed);
    EXPECT_TRUE(agree_within(world, seconds(20))) << world.disagreement();
    world.start(killed);
    EXPECT_TRUE(agree_within(world, seconds(20))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(MixedSim, AfterAnyMisfortuneNodesOfBothKindsAgree) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LocatorWorld world({.seed = seed, .ports = 5, .old_ports = 5});
    start_all(world, 10);
    misfortunes(world, seconds(60));
    world.mend_all();
    EXPECT_TRUE(agree_within(world, seconds(60))) << world.disagreement();
    EXPECT_EQ(first_broken(world), "");
  }
}

TEST(LocatorSim, AQuietNetworkSaysLittle) {
  LocatorWorld world({.seed = 1});
  start_all(world, 10);
  world.run_for(seconds(120));
  const auto before = world.calls();
  world.run_for(seconds(100));
  // Two comparisons a second each; all ten ports are members, so that nobody is looked for.
  EXPECT_LE(world.calls() - before, 10u * 2u * 101u);
}

TEST(LocatorSim, EqualSeedsGiveEqualRuns) {
  std::vector<std::uint64_t> counts;
  for (int run = 0; run < 2; ++run) {
    LocatorWorld world({.seed = 42, .ports = 7, .old_ports = 3});
    start_all(world, 10);
    misfortunes(world, seconds(30));
    counts.push_back(world.time().events_so_far());
  }
  EXPECT_EQ(counts[0], counts[1]);
}

}  // namespace
}  // namespace p2p::sim
