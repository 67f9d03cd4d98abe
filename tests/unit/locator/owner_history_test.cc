// What clients are told of an agreed cluster's steps: by following deltas they come to what the newest view shows.
#include "ring/owner_history.h"
#include "cluster_fixture.h"
#include "ring/partition_view.h"

#include <random>

namespace p2p::ring {
namespace {

using cluster::ClusterMap;
using placement::kNobody;
using placement::MemberIndex;
using State = OwnerHistory::State;

// Larger than what a few moves take.
ClusterMap map_of_members(unsigned count) { return cluster::with_members(cluster::founded({.partitions = 64}), count); }

ClusterMap moved(ClusterMap map, cluster::PartitionNumber partition, unsigned to) {
  ++map.epoch;
  map.partitions[partition].primary = cluster::slot(to);
  map.partitions[partition].in_sync = {cluster::slot(to)};
  return map;
}

PartitionView view_of_map(const ClusterMap& map) { return {std::make_shared<const ClusterMap>(map), cluster::id(1)}; }

std::vector<NodeAddress> nodes_in(const State& state) {
  auto nodes = state.members;
  nodes.insert(nodes.end(), state.leaving.begin(), state.leaving.end());
  return nodes;
}

std::vector<std::string> owner_names(const State& state) {
  const auto nodes = nodes_in(state);
  std::vector<std::string> names;
  for (const MemberIndex owner : state.owners) names.push_back(owner == kNobody ? "" : nodes[owner].name());
  return names;
}

std::vector<std::string> owner_names(const RingView& view) {
  std::vector<std::string> names;
  for (std::uint32_t partition = 0; partition < view.partition_count(); ++partition) {
    const Owner owner = view.owner_of_partition(partition);
    names.push_back(owner.address == nullptr ? "" : owner.address->name());
  }
  return names;
}

// As a client does it.
State followed(State known, const OwnerHistory& history) {
  const State& newest = history.newest();
  const auto delta = history.since(known.epoch, known.fingerprint);
  if (!delta) return newest;
  const auto before = nodes_in(known);
  if (delta->has_new_members) {
    known.members = newest.members;
    known.leaving = newest.leaving;
    const auto indexes = placement::indexes_after(before, nodes_in(known));
    for (MemberIndex& owner : known.owners) owner = owner == kNobody ? kNobody : indexes[owner];
  }
  EXPECT_TRUE(placement::apply_moves(delta->moved, nodes_in(known).size(), known.owners));
  known.epoch = newest.epoch;
  known.fingerprint = newest.fingerprint;
  return known;
}

TEST(OwnerHistory, TellsTheNewestViewWhole) {
  const ClusterMap map = moved(map_of_members(3), 5, 2);
  OwnerHistory history;
  history.add(view_of_map(map));
  EXPECT_EQ(history.newest().epoch, map.epoch);
  EXPECT_EQ(owner_names(history.newest()), owner_names(view_of_map(map)));
}

TEST(OwnerHistory, TellsWhoIsCurrentOfNothing) {
  OwnerHistory history;
  history.add(view_of_map(map_of_members(3)));
  history.add(view_of_map(map_of_members(3)));
  const auto delta = history.since(history.newest().epoch, history.newest().fingerprint);
  ASSERT_TRUE(delta);
  EXPECT_FALSE(delta->has_new_members);
  EXPECT_EQ(delta->moved, "");
}

TEST(OwnerHistory, TellsWhatHasMovedOnceWithItsOwnerNow) {
  ClusterMap map = map_of_members(3);
  OwnerHistory history;
  history.add(view_of_map(map));
  const State before = history.newest();
  for (const unsigned to : {2u, 3u, 2u}) history.add(view_of_map(map = moved(map, 7, to)));
  const auto delta = history.since(before.epoch, before.fingerprint);
  ASSERT_TRUE(delta);
  EXPECT_FALSE(delta->has_new_members);
  EXPECT_EQ(delta->moved, std::string("\x00\x07\x00\x01", 4));
}

TEST(OwnerHistory, DoesNotKnowAStateOfAnotherViewNorOneLongAgo) {
  ClusterMap map = map_of_members(2);
  OwnerHistory history;
  history.add(view_of_map(map));
  const State first = history.newest();
  EXPECT_FALSE(history.since(first.epoch, first.fingerprint + 1));
  EXPECT_FALSE(history.since(first.epoch - 1, first.fingerprint));
  for (std::size_t step = 1; step < kStepsKept; ++step) history.add(view_of_map(map = moved(map, 7, 1 + step % 2)));
  EXPECT_TRUE(history.since(first.epoch, first.fingerprint));
  history.add(view_of_map(moved(map, 7, 2)));
  EXPECT_FALSE(history.since(first.epoch, first.fingerprint));
}

TEST(OwnerHistory, BeginsAnewWhereEpochsDoNotRise) {
  ClusterMap map = map_of_members(2);
  OwnerHistory history;
  history.add(view_of_map(map));
  const State before = history.newest();
  ++map.cluster.low;
  history.add(view_of_map(moved(map, 1, 2)));
  history.add(view_of_map(map));
  EXPECT_EQ(owner_names(history.newest()), owner_names(view_of_map(map)));
  EXPECT_FALSE(history.since(before.epoch, before.fingerprint));
}

TEST(OwnerHistory, GivesNoDeltaThatIsAsLongAsTheWhole) {
  ClusterMap map = map_of_members(2);
  OwnerHistory history;
  history.add(view_of_map(map));
  const State before = history.newest();
  for (cluster::PartitionNumber partition = 0; partition < 32; ++partition) map = moved(map, partition, 2);
  history.add(view_of_map(map));
  EXPECT_FALSE(history.since(before.epoch, before.fingerprint));
}

TEST(OwnerHistory, LeadsWhoeverFollowsToTheNewestView) {
  std::mt19937 random(7);
  const auto one_of = [&](unsigned count) { return 1 + random() % count; };
  ClusterMap map = map_of_members(6);
  OwnerHistory history;
  history.add(view_of_map(map));
  std::vector<State> clients(3, history.newest());
  for (int step = 0; step < 2'000; ++step) {
    map = moved(map, random() % 64, one_of(6));
    cluster::Member& changed = map.members[one_of(6) - 1];
    if (one_of(4) == 1) changed.state = static_cast<cluster::MemberState>(random() % 3);
    history.add(view_of_map(map));
    State& client = clients[random() % 3];
    client = followed(client, history);
    ASSERT_EQ(owner_names(client), owner_names(view_of_map(map)));
    ASSERT_EQ(client.members, view_of_map(map).members());
    ASSERT_EQ(client.leaving, view_of_map(map).leaving());
  }
}

}  // namespace
}  // namespace p2p::ring
