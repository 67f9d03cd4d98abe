// How many copies a write must reach (W1): cluster/map/cluster_map.h.
#include "cluster_fixture.h"

namespace p2p::cluster {
namespace {

std::size_t required(const ClusterMap& map, PartitionNumber partition = 0) {
  return RequiredCopies(map).of(map.partitions[partition]);
}

TEST(RequiredCopies, AMemberThatJoinsCountsOnceItIsFilled) {
  const ClusterMap alone = founded();
  EXPECT_EQ(required(alone), 1u);
  const ClusterMap joined = with_members(alone, 2);
  EXPECT_EQ(required(joined), 1u) << "it could not be filled yet";
  const ClusterMap learning = after(joined, {learn(0, 2)});
  EXPECT_EQ(required(learning), 1u);
  const ClusterMap filled = after(learning, {put_in_sync(learning, 0, 2)});
  EXPECT_EQ(required(filled), 2u);
  EXPECT_EQ(required(filled, 1), 1u) << "of another partition";
  EXPECT_EQ(required(after(filled, {take_out(filled, 0, 2)})), 2u) << "it had a copy, and is up";
}

TEST(RequiredCopies, AMemberThatRestartsCountsOnceItIsFilled) {
  const ClusterMap two = in_sync_at(with_members(founded(), 2), {2});
  const ClusterMap one = after(two, {down(2)});
  EXPECT_EQ(required(one), 1u);
  EXPECT_EQ(required(after(one, {up(2, 1)})), 1u) << "the same process, back after a pause";
  EXPECT_EQ(required(after(one, {up(2, 2)})), 1u);
  EXPECT_EQ(required(after(two, {up(2, 2)})), 1u) << "it was up again before anybody missed it";
}

TEST(RequiredCopies, MembersThatStayedCountThoughTheyHaveNoCopyYet) {
  const ClusterMap five = in_sync_at(with_members(founded(), 5), {2});
  const ClusterMap four = after(five, {down(2)});
  EXPECT_EQ(required(four), 2u);
  EXPECT_EQ(required(after(four, {leave(3), leave(4), leave(5)})), 1u) << "nobody is left who would take one";
}

TEST(RequiredCopies, AMemberThatTurnsTheServiceOnCountsLikeOneThatJoins) {
  const ClusterMap two = after(with_members(founded(), 2), {runs(2, {.holds_partitions = false})});
  const ClusterMap restarted = after(two, {up(1, 2)});  // its copies change: member 2 has been there before
  EXPECT_EQ(required(restarted), 1u);
  EXPECT_EQ(required(after(restarted, {runs(2, {.holds_partitions = true})})), 1u);
}

TEST(RequiredCopies, SoDoesOneWhoseWeightIsNoLongerZero) {
  const auto weight = [](std::uint32_t of) { return Describe{.node = id(2), .weight = of}; };
  const ClusterMap idle = after(with_members(founded(), 2), {weight(0)});
  const ClusterMap restarted = after(idle, {up(1, 2)});
  EXPECT_EQ(required(restarted), 1u);
  const ClusterMap given = after(restarted, {weight(50)});
  EXPECT_EQ(required(given), 1u);
  const ClusterMap filled = in_sync_at(given, {2});
  EXPECT_EQ(required(filled), 2u);
  EXPECT_EQ(required(after(filled, {weight(100)})), 2u) << "another weight changes nothing";
}

}  // namespace
}  // namespace p2p::cluster
