// Whatever is asked of a cluster map, in whatever order: the map stays sound, no data is thrown away, and what is
// refused leaves no trace. Random requests, most of them near enough to sense to be allowed.
#include "cluster_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace p2p::cluster {
namespace {

constexpr unsigned kNodes = 5;
constexpr PartitionNumber kFew = 8;
constexpr int kChanges = 4'000;  // of each run

class Requests final {
 public:
  explicit Requests(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  Request next(const ClusterMap& map) {
    const unsigned number = 1 + static_cast<unsigned>(below(kNodes));
    switch (below(4)) {
      case 0:
        return of_members(map, number);
      case 1:
        return of_voters();
      default:
        return of_partitions(map, number);
    }
  }

 private:
  Request of_members(const ClusterMap& map, unsigned number) {
    const Slot at = map.slot_of(id(number));
    const std::uint64_t now = at == kNoSlot ? 1 : map.members[at].boot.number;
    switch (below(8)) {
      case 0:
        return down(number, now);
      case 1:
        return below(4) == 0 ? leave(number, now) : down(number, now + 1);
      case 2:
        return Remove{id(number)};
      case 3:
        return Join{member(number, {.zone = {}, .weight = 100, .feature_level = 1 + unsigned(below(3))})};
      case 4:
        return RaiseFeatureLevel{static_cast<std::uint32_t>(below(4))};
      case 5:
        return Up{.node = id(number),
                  .boot = boot(now),
                  .address = address(number),
                  .services = {"z"},
                  .feature_level = 1 + unsigned(below(3))};
      case 6:
        return up(number, now + below(2));
      default:
        return up(number, now);
    }
  }

  Request of_voters() {
    SetVoters set;
    for (std::size_t left = 1 + below(3); left > 0; --left)
      set.voters.push_back(id(1 + static_cast<unsigned>(below(kNodes))));
    return set;
  }

  Request of_partitions(const ClusterMap& map, unsigned number) {
    const auto partition = static_cast<PartitionNumber>(below(kFew));
    const Partition& at = map.partitions[partition];
    const Slot node = map.slot_of(id(number));
    const Learner* learner = at.learner(node);
    const Epoch since = learner == nullptr ? below(map.epoch + 2) : learner->since;
    const Epoch term = below(8) == 0 ? below(map.epoch + 1) : at.term;
    switch (below(8)) {
      case 0:
        return RemoveLearner{.partition = partition, .node = id(number), .since = since};
      case 1:
      case 2:
        return PutInSync{.partition = partition, .node = id(number), .term = term, .since = since};
      case 3:
        return TakeOutOfSync{.partition = partition, .node = id(number), .term = term};
      case 4:
        return MovePrimary{.partition = partition, .to = id(number), .term = term};
      case 5:
        return RenewTerm{.partition = partition, .primary = id(number), .term = term};
      case 6:
        return StartEmpty{.partition = partition, .at = id(number), .term = term};
      default:
        return learn(partition, number);
    }
  }

  std::mt19937 random_;
};

// What may become of one partition.
void check_partition(const ClusterMap& before, const ClusterMap& after, PartitionNumber number) {
  const Partition& was = before.partitions[number];
  const Partition& is = after.partitions[number];
  const bool started_empty = is.born == after.epoch;
  const bool kept_one = std::ranges::any_of(was.in_sync, [&](Slot copy) { return is.is_in_sync(copy); });
  const bool learned_one = std::ranges::any_of(is.in_sync, [&](Slot copy) { return was.learner(copy) != nullptr; });
  EXPECT_TRUE(started_empty || kept_one || learned_one) << "the last in-sync copy is thrown away";
  for (const Slot copy : is.in_sync)
    EXPECT_TRUE(started_empty || was.is_in_sync(copy) || was.learner(copy) != nullptr)
        << "in sync, and was no learner: " << copy;
  const bool same = was.primary == is.primary && was.in_sync.size() == is.in_sync.size() &&
                    std::ranges::all_of(is.in_sync, [&](Slot copy) { return was.is_in_sync(copy); });
  EXPECT_TRUE(same || is.term == after.epoch);
  EXPECT_TRUE(is.term == was.term || is.term == after.epoch);
  EXPECT_TRUE(!started_empty || is.learners.empty());
}

// A map grown from all requests that were allowed, each of the refused ones in between.
ClusterMap grow(const ClusterMap& map, Requests& requests) {
  NextMap with_refused(map);
  for (std::size_t left = 1 + requests.below(6); left > 0; --left) {
    const Request request = requests.next(with_refused.map());
    const ClusterMap before = with_refused.map();
    const Change change = with_refused.change();
    if (with_refused.apply(request).ok()) continue;
    EXPECT_EQ(with_refused.map(), before) << "a refused request left a trace: " << text({{request}});
    EXPECT_EQ(with_refused.change(), change);
  }
  const Change change = with_refused.change();
  if (change.requests.empty()) return map;
  const ClusterMap next = std::move(with_refused).finish();
  const Result<ClusterMap> at_once = apply(map, change);
  EXPECT_TRUE(at_once.ok() && at_once.value() == next) << "apply() differs: " << text(change);
  return next;
}

class ClusterMapProperty : public testing::TestWithParam<unsigned> {};

TEST_P(ClusterMapProperty, TheMapStaysSoundAndKeepsItsData) {
  Requests requests(GetParam());
  const auto durability = GetParam() % 2 == 0 ? Durability::memory : Durability::durable;
  ClusterMap map = with_members(founded({.partitions = kFew, .durability = durability}), kNodes);
  int changed = 0;
  for (int left = kChanges; left > 0; --left) {
    const ClusterMap next = grow(map, requests);
    if (next.epoch == map.epoch) continue;
    ++changed;
    ASSERT_EQ(next.epoch, map.epoch + 1);
    ASSERT_EQ(unsoundness(next), "");
    for (PartitionNumber number = 0; number < kFew; ++number) check_partition(map, next, number);
    ASSERT_FALSE(HasFailure()) << "epoch " << next.epoch;
    map = next;
  }
  EXPECT_GT(changed, kChanges / 3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterMapProperty, testing::Range(1u, 7u));

}  // namespace
}  // namespace p2p::cluster
