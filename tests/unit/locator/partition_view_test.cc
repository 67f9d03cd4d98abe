// What readers see of a cluster map: members, and owners by M6.
#include "ring/partition_view.h"
#include "cluster_fixture.h"

#include <algorithm>
#include <set>

namespace p2p::ring {
namespace {

using cluster::address;
using cluster::after;
using cluster::ClusterMap;
using cluster::down;
using cluster::founded;
using cluster::id;
using cluster::in_sync_at;
using cluster::leave;
using cluster::move_primary;
using cluster::slot;
using cluster::with_members;
using Addresses = std::vector<NodeAddress>;

PartitionView view_of(ClusterMap map, unsigned self = 1) {
  return {std::make_shared<const ClusterMap>(std::move(map)), id(self)};
}

// The first of the keys "0", "1", ... in that partition.
std::string key_in(const PartitionView& view, std::uint32_t partition) {
  for (int number = 0;; ++number)
    if (std::string key = std::to_string(number); view.partition_of(key) == partition) return key;
}

std::string named(const Owner& owner) { return owner.address == nullptr ? "nobody" : owner.address->name(); }
std::string named(unsigned number) { return address(number).name(); }

ClusterMap with_services(ClusterMap map, std::vector<std::vector<std::string>> services) {
  for (std::size_t at = 0; at < services.size(); ++at) map.members[at].services = std::move(services[at]);
  return map;
}

TEST(PartitionView, ShowsTheMembersThatAreUpAndThoseThatLeave) {
  ClusterMap map = with_members(founded(), 12);
  map = after(map, {down(5)});
  map = after(map, {leave(4)});
  const PartitionView view = view_of(map);
  EXPECT_EQ(view.members().size(), 10u);
  EXPECT_TRUE(std::ranges::is_sorted(view.members(), {}, &NodeAddress::classic_name));
  EXPECT_EQ(std::ranges::count(view.members(), address(5)), 0);
  EXPECT_EQ(view.leaving(), Addresses{address(4)});
  EXPECT_EQ(view.epoch(), map.epoch);
  EXPECT_EQ(view.partition_count(), 8u);
}

TEST(PartitionView, ThePrimaryOfItsPartitionOwnsAKey) {
  ClusterMap map = in_sync_at(with_members(founded(), 3), {2});
  map = after(map, {move_primary(map, 0, 2)});
  const PartitionView view = view_of(map, 2);
  for (std::uint32_t partition = 0; partition < 8; ++partition) {
    const Owner owner = view.owner_of(key_in(view, partition));
    EXPECT_EQ(named(owner), named(partition == 0 ? 2 : 1));
    EXPECT_EQ(owner.is_self, partition == 0);
    EXPECT_EQ(view.owner_of_partition(partition).address, owner.address);
  }
}

TEST(PartitionView, WhoLeavesOwnsWhatItHasNotHandedOver) {
  const PartitionView view = view_of(after(with_members(founded(), 2), {leave(1)}));
  EXPECT_EQ(named(view.owner_of("key")), named(1));
  EXPECT_EQ(view.members(), Addresses{address(2)});
}

TEST(PartitionView, NobodyOwnsAKeyWhoseCopiesAreAllDown) {
  ClusterMap map = with_members(founded({.durability = cluster::Durability::durable}), 2);
  map = with_services(map, {{"counter"}, {"counter"}});
  const PartitionView view = view_of(after(map, {down(1)}));
  EXPECT_EQ(named(view.owner_of("key")), "nobody");
  EXPECT_TRUE(view.owners_of("key", 3).empty());
  EXPECT_EQ(named(view.owner_of("key", "counter")), named(2)) << "it needs no data of the partition";
}

TEST(PartitionView, ANodeThatIsNoMemberOwnsNothing) {
  const PartitionView view = view_of(founded(), 9);
  EXPECT_FALSE(view.owner_of("key").is_self);
  EXPECT_EQ(named(view.owner_of("key")), named(1));
}

// --- M6 --------------------------------------------------------------------------------------------------------------

TEST(PartitionViewM6, TheOwnerForAServiceIsThePrimaryIfItRunsIt) {
  ClusterMap map = in_sync_at(with_members(founded(), 4), {3, 2});
  const PartitionView view = view_of(with_services(map, {{"counter", "store"}, {}, {"counter"}, {}}));
  EXPECT_EQ(named(view.owner_of(key_in(view, 0), "counter")), named(1));
}

TEST(PartitionViewM6, ElseItIsTheNextInSyncCopyThatDoes) {
  ClusterMap map = in_sync_at(with_members(founded(), 4), {3, 2});
  const PartitionView view = view_of(with_services(map, {{"store"}, {"counter"}, {}, {"counter"}}));
  EXPECT_EQ(named(view.owner_of(key_in(view, 0), "counter")), named(2)) << "not 4, which has no copy";
}

TEST(PartitionViewM6, ElseItIsTheFirstOfTheRendezvousOrderThatDoes) {
  ClusterMap map = with_members(founded({.partitions = 64}), 5);
  map = with_services(map, {{}, {}, {"counter"}, {"counter"}, {"counter"}});
  const PartitionView view = view_of(map);
  const PartitionView without_four = view_of(after(map, {down(4)}));
  std::set<std::string> owners;
  for (std::uint32_t partition = 0; partition < 64; ++partition) {
    const std::string key = key_in(view, partition);
    const Addresses order = view.owners_of(key, 5);
    const auto first =
        std::ranges::find_if(order, [](const auto& node) { return node != address(1) && node != address(2); });
    const std::string owner = named(view.owner_of(key, "counter"));
    EXPECT_EQ(owner, first->name());
    const bool has_moved = named(without_four.owner_of(key, "counter")) != owner;
    EXPECT_EQ(has_moved, owner == named(4)) << "only what it had moves";
    owners.insert(owner);
  }
  EXPECT_EQ(owners.size(), 3u);
}

TEST(PartitionViewM6, NobodyOwnsAKeyForAServiceThatRunsNowhere) {
  ClusterMap map = with_services(with_members(founded(), 2), {{"store"}, {"counter"}});
  map = after(map, {down(2)});
  EXPECT_EQ(named(view_of(map).owner_of("key", "counter")), "nobody");
  EXPECT_EQ(named(view_of(map).owner_of("key", "unheard-of")), "nobody");
}

// --- orders and fingerprints
// ------------------------------------------------------------------------------------------

TEST(PartitionView, OwnersAreTheCopiesInOrderOfTakeoverAndThenEveryOtherMemberOnce) {
  ClusterMap map = in_sync_at(with_members(founded(), 6), {4, 2});
  map = after(map, {move_primary(map, 0, 4)});
  const PartitionView view = view_of(map);
  const std::string key = key_in(view, 0);
  const Addresses order = view.owners_of(key, 100);
  ASSERT_EQ(order.size(), 6u);
  EXPECT_EQ(Addresses(order.begin(), order.begin() + 3), (Addresses{address(4), address(1), address(2)}));
  EXPECT_EQ(view.copies_of(key), (Addresses{address(4), address(1), address(2)})) << "and no other member";
  EXPECT_EQ(std::set<NodeAddress>(order.begin(), order.end()).size(), 6u);
  for (std::size_t count = 0; count < 6; ++count)
    EXPECT_EQ(view.owners_of(key, count), Addresses(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)));
}

TEST(PartitionView, TheFingerprintIsOfTheClusterAndTheEpoch) {
  const ClusterMap map = with_members(founded(), 2);
  EXPECT_EQ(view_of(map, 1).fingerprint(), view_of(map, 2).fingerprint());
  ClusterMap later = map, other = map, recovered = map;
  ++later.epoch;
  ++other.cluster.low;
  ++recovered.generation;
  for (const ClusterMap& changed : {later, other, recovered})
    EXPECT_NE(view_of(changed).fingerprint(), view_of(map).fingerprint());
}

}  // namespace
}  // namespace p2p::ring
