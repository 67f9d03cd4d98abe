// What a node keeps of the changes that made its map: enough for whoever was away for a while, and no more.
#include "cluster/embedded/history.h"

#include "cluster_fixture.h"

#include <memory>
#include <vector>

namespace p2p::cluster {
namespace {

std::shared_ptr<const ClusterMap> map_at(Epoch epoch) {
  ClusterMap map = founded();
  map.epoch = epoch;
  return std::make_shared<const ClusterMap>(std::move(map));
}

Change change_of(std::size_t requests) { return {std::vector<Request>(requests, Remove{.node = id(2)})}; }

TEST(History, WhoIsBehindGetsTheChangesAndOverAGapTheMap) {
  History history;
  for (Epoch base = 5; base < 8; ++base) history.add(base, change_of(base));
  const MapUpdate changes = history.since(6, map_at(8));
  EXPECT_EQ(changes.map, nullptr);
  EXPECT_EQ(changes.changes, (std::vector{change_of(6), change_of(7)}));
  EXPECT_NE(history.since(4, map_at(8)).map, nullptr);
  EXPECT_NE(history.since(6, map_at(9)).map, nullptr) << "the newest change is not known";
}

TEST(History, LongChangesAreKeptForFewerEpochs) {
  History history;
  constexpr std::size_t kKept = 4;
  for (Epoch base = 1; base <= 2 * kKept; ++base) history.add(base, change_of(kRequestsKept / kKept));
  const Epoch newest = 2 * kKept + 1;
  EXPECT_EQ(history.since(newest - kKept, map_at(newest)).changes.size(), kKept);
  EXPECT_NE(history.since(newest - kKept - 1, map_at(newest)).map, nullptr);
}

TEST(History, AChangeThatIsLargerThanTheMapIsNotKept) {
  History history;
  history.add(1, change_of(1));
  history.add(2, change_of(kRequestsKept + 1));
  EXPECT_NE(history.since(2, map_at(3)).map, nullptr);
  history.add(3, change_of(1));
  EXPECT_EQ(history.since(3, map_at(4)).changes.size(), 1U);
  EXPECT_NE(history.since(2, map_at(4)).map, nullptr);
}

TEST(History, AfterAGapItCountsAnew) {
  History history;
  constexpr std::size_t kKept = 4;
  for (Epoch base = 1; base <= 3; ++base) history.add(base, change_of(kRequestsKept / kKept));
  history.add(10, change_of(kRequestsKept / kKept));
  history.clear();
  for (Epoch base = 20; base < 20 + kKept; ++base) history.add(base, change_of(kRequestsKept / kKept));
  EXPECT_EQ(history.since(20, map_at(20 + kKept)).changes.size(), kKept);
}

}  // namespace
}  // namespace p2p::cluster
