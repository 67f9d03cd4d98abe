// Where copies and primaries are to be: balanced by weight, spread over zones.
#include "planner_fixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

namespace p2p::cluster {
namespace {

const MapOptions kShipped{.partitions = kPartitions};

std::size_t highest(const std::vector<std::size_t>& of) { return *std::ranges::max_element(of); }

double average(const std::vector<std::size_t>& of) {
  return static_cast<double>(std::accumulate(of.begin(), of.end(), std::size_t{0})) / static_cast<double>(of.size());
}

// No two copies of a partition at one member; the primary is one of them.
void expect_proper(const ClusterMap& map, const Target& target, std::size_t copies) {
  for (PartitionNumber number = 0; number < map.partitions.size(); ++number) {
    const std::set<Slot> distinct(target.copies[number].begin(), target.copies[number].end());
    ASSERT_EQ(distinct.size(), copies) << "partition " << number;
    ASSERT_TRUE(target.has(number, target.primaries[number]));
    for (const Slot copy : distinct) ASSERT_TRUE(Holders(map).include(map.at(copy)));
  }
}

// The most and the fewest copies of one partition in the zone.
std::pair<std::size_t, std::size_t> in_zone(const ClusterMap& map, const Target& target, const std::string& zone) {
  std::pair<std::size_t, std::size_t> range{0, kCopiesMax};
  for (const Slots& copies : target.copies) {
    const auto count =
        static_cast<std::size_t>(std::ranges::count_if(copies, [&](Slot copy) { return map.at(copy).zone == zone; }));
    range = {std::max(range.first, count), std::min(range.second, count)};
  }
  return range;
}

std::size_t partitions_with_two_in(const ClusterMap& map, const Target& target, const std::string& zone) {
  return static_cast<std::size_t>(std::ranges::count_if(target.copies, [&](const Slots& copies) {
    return std::ranges::count_if(copies, [&](Slot copy) { return map.at(copy).zone == zone; }) > 1;
  }));
}

TEST(PlannerTarget, AHundredMembersAreBalanced) {
  for (const bool with_zones : {false, true}) {
    const ClusterMap map =
        cluster_of(100, kShipped, [&](unsigned number) { return with_zones ? "z" + std::to_string(number % 7) : ""; });
    const Target target = make_target(map);
    expect_proper(map, target, 3);
    for (const auto& counts : {copies_by_slot(map, target), primaries_by_slot(map, target)})
      EXPECT_LE(static_cast<double>(highest(counts)) / average(counts), 1.02);
    EXPECT_LE(highest(copies_by_slot(map, target)), 123u);
    EXPECT_LE(highest(primaries_by_slot(map, target)), 41u);
  }
}

TEST(PlannerTarget, ABalancedMapStaysAsItIs) {
  const ClusterMap map = balanced(cluster_of(20, {.partitions = 256}));
  const Target target = make_target(map);
  EXPECT_EQ(remaining(map, target), Remaining{});
  EXPECT_EQ(moved_to(map, target), map);
}

TEST(PlannerTarget, TheSameMapHasTheSameTarget) {
  const ClusterMap map =
      cluster_of(30, {.partitions = 512}, [](unsigned number) { return std::to_string(number % 4); });
  const Target target = make_target(map);
  EXPECT_EQ(target.copies, make_target(map).copies);
  EXPECT_EQ(target.primaries, make_target(map).primaries);
}

TEST(PlannerTarget, SharesAreProportionalToWeights) {
  ClusterMap map = cluster_of(10, {.partitions = 4096});
  for (unsigned number = 1; number <= 10; ++number) map.members[slot(number)].weight = number * 20;
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  for (unsigned number = 1; number <= 10; ++number) {
    const double share = 4096.0 * 3 * number / 55;
    const auto copies = static_cast<double>(copies_by_slot(map, target)[slot(number)]);
    const auto primaries = static_cast<double>(primaries_by_slot(map, target)[slot(number)]);
    EXPECT_LT(std::abs(copies - share), 1.0) << number;
    EXPECT_LT(std::abs(primaries - share / 3), 1.0) << number;
  }
}

TEST(PlannerTarget, WhatIsMoreThanACopyOfEachGoesToTheOthersByWeight) {
  ClusterMap map = cluster_of(5, {.partitions = 64});
  map.members[0].weight = 10'000;
  map.members[1].weight = 200;
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  EXPECT_EQ(copies_by_slot(map, target)[0], 64u);
  EXPECT_EQ(copies_by_slot(map, target)[1], 51u);  // two fifths of 128
}

TEST(PlannerTarget, WhoLeavesIsDownOrHasNoWeightHoldsNothing) {
  ClusterMap map = cluster_of(8, {.partitions = 64});
  map = after(balanced(map), {leave(1), down(2), described(map, 3, 0, "")});
  map.members[slot(4)].holds_partitions = false;
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  for (const unsigned number : {1, 2, 3, 4}) EXPECT_EQ(copies_by_slot(map, target)[slot(number)], 0u);
}

TEST(PlannerTarget, WithFewerMembersThanCopiesEachHoldsEverything) {
  for (const unsigned members : {1, 2}) {
    const ClusterMap map = cluster_of(members, {.partitions = 64});
    const Target target = make_target(map);
    expect_proper(map, target, members);
    for (const std::size_t primaries : primaries_by_slot(map, target)) EXPECT_EQ(primaries, 64 / members);
  }
}

TEST(PlannerTarget, WithoutAMemberToHoldAnythingThereIsNoTarget) {
  const ClusterMap map = after(cluster_of(1, {.partitions = 8}), {leave(1)});
  const Target target = make_target(map);
  EXPECT_TRUE(target.copies.front().empty());
  EXPECT_EQ(target.primaries.front(), kNoSlot);
  EXPECT_EQ(remaining(map, target), Remaining{});
}

TEST(PlannerTarget, MoreMembersThanCopiesToGiveAway) {
  const ClusterMap map = cluster_of(40, {.partitions = 8});
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  EXPECT_EQ(highest(copies_by_slot(map, target)), 1u);
}

// --- zones -----------------------------------------------------------------------------------------------------------

TEST(PlannerZones, WithEnoughZonesNoTwoCopiesAreInOne) {
  for (const unsigned zones : {3, 4, 10}) {
    const ClusterMap map =
        cluster_of(30, {.partitions = 1024}, [&](unsigned number) { return std::to_string(number % zones); });
    const Target target = make_target(map);
    expect_proper(map, target, 3);
    for (unsigned zone = 0; zone < zones; ++zone) EXPECT_EQ(in_zone(map, target, std::to_string(zone)).first, 1u);
  }
}

TEST(PlannerZones, TwoZonesShareThreeCopiesTwoToOne) {
  const ClusterMap map =
      cluster_of(10, {.partitions = 1024}, [](unsigned number) { return number % 2 == 0 ? "a" : "b"; });
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  for (const char* zone : {"a", "b"}) EXPECT_EQ(in_zone(map, target, zone), std::pair(std::size_t{2}, std::size_t{1}));
}

TEST(PlannerZones, AZoneThatIsALittleLargerIsStretchedOver) {
  // 34, 33 and 33 members: the first zone's share is 2 % more than one copy of each partition.
  const ClusterMap map = cluster_of(100, kShipped, [](unsigned number) { return std::to_string((number - 1) % 3); });
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  for (const char* zone : {"0", "1", "2"}) EXPECT_EQ(in_zone(map, target, zone).first, 1u) << zone;
  const std::vector<std::size_t> counts = copies_by_slot(map, target);
  EXPECT_LE(static_cast<double>(highest(counts)), 1.02 * average(counts));
  EXPECT_LE(highest(primaries_by_slot(map, target)), 41u) << "primaries are not stretched";
}

TEST(PlannerZones, BalanceGoesBeforeSpreading) {
  // Half of the members are in one zone: one and a half copies of each partition.
  const ClusterMap map = cluster_of(12, {.partitions = 1024}, [](unsigned number) {
    return number <= 6 ? "big" : number <= 9 ? "b" : "c";
  });
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  const std::vector<std::size_t> counts = copies_by_slot(map, target);
  EXPECT_LE(highest(counts), 262u) << "1.02 of 256, up to the whole";
  EXPECT_EQ(in_zone(map, target, "big"), std::pair(std::size_t{2}, std::size_t{1}));
  EXPECT_LE(in_zone(map, target, "b").first, 1u);
  // The others' shares, 768 each, are stretched by 2 %.
  EXPECT_NEAR(static_cast<double>(partitions_with_two_in(map, target, "big")), 512 - 2 * 15.36, 1);
}

TEST(PlannerZones, ASmallZoneIsNotFilledBeyondItsWeight) {
  // Three zones, one of them a single member of 41: a copy of each partition would be thirteen times its share.
  const ClusterMap map = cluster_of(41, kShipped, [](unsigned number) {
    return number == 41 ? "c" : number % 2 == 0 ? "a" : "b";
  });
  const Target target = make_target(map);
  expect_proper(map, target, 3);
  EXPECT_LE(copies_by_slot(map, target)[slot(41)], 306u);  // 1.02 of 299.7
  EXPECT_GE(copies_by_slot(map, target)[slot(41)], 299u);
}

}  // namespace
}  // namespace p2p::cluster
