// Who asks what a node knows of its cluster gets it now, or when it happens, or when its time is over.
#include "cluster_fixture.h"

#include "agreed/observer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::agreed {
namespace {

using namespace std::chrono_literals;
using cluster::after;
using cluster::id;

class ClusterObserverTest : public testing::Test {
 protected:
  void note(const cluster::ClusterMap& map) {
    map_ = map;
    observer_.note_map(std::make_shared<cluster::ClusterMap>(map), id(1));
  }
  void await_events(cluster::Epoch epoch, TimePoint until) {
    observer_.await_events(map_.cluster, epoch, until, [this](const auto& told) { happened_.push_back(told); });
  }
  void await_removal(unsigned number, TimePoint until) {
    observer_.await_order(cluster::Remove{id(number)}, until,
                          [this](bool is_done, const auto&) { done_.push_back(is_done); });
  }

  std::chrono::milliseconds wall_clock_{1'000};
  ClusterObserver observer_{[this] { return wall_clock_; }};
  cluster::ClusterMap map_;
  std::vector<ClusterObserver::Happened> happened_;
  std::vector<bool> done_;
  const TimePoint now_{1h};
};

TEST_F(ClusterObserverTest, KnowsNothingBeforeTheFirstMap) {
  EXPECT_EQ(observer_.map(), nullptr);
  observer_.note_wait("nobody is there");
  EXPECT_EQ(observer_.knowledge().waits_for, "nobody is there");
}

TEST_F(ClusterObserverTest, TellsTheMapWhenItWasLearntAndWhichLinksAreBroken) {
  note(cluster::with_members(cluster::founded(), 2));
  wall_clock_ = 1'500ms;
  observer_.note_failure(id(2), "refused");
  const Knowledge known = observer_.knowledge();
  EXPECT_EQ(known.map->epoch, map_.epoch);
  EXPECT_EQ(known.learnt_at, 1'000ms);
  EXPECT_EQ(known.self, id(1));
  EXPECT_EQ(known.broken_links.at(id(2)).since, 1'500ms);
  observer_.note_answer(id(2));
  EXPECT_TRUE(observer_.knowledge().broken_links.empty());
}

TEST_F(ClusterObserverTest, WhatHasHappenedIsToldAtOnce) {
  note(cluster::with_members(cluster::founded(), 2));
  const cluster::Epoch before = map_.epoch;
  note(after(map_, {cluster::down(2)}));
  await_events(before, now_);
  ASSERT_EQ(happened_.size(), 1u);
  EXPECT_EQ(happened_.front().found.entries.size(), 1u);
}

TEST_F(ClusterObserverTest, WhoWaitsIsToldOnceWhenSomethingHappens) {
  note(cluster::with_members(cluster::founded(), 2));
  await_events(map_.epoch, now_ + 1s);
  observer_.tick(now_);
  EXPECT_TRUE(happened_.empty());
  note(after(map_, {cluster::down(2)}));
  observer_.tick(now_ + 1s);
  ASSERT_EQ(happened_.size(), 1u);
  EXPECT_EQ(happened_.front().map->epoch, map_.epoch);
}

TEST_F(ClusterObserverTest, WhenNothingHappensTheAnswerComesInTime) {
  note(cluster::with_members(cluster::founded(), 2));
  await_events(map_.epoch, now_ + 1s);
  observer_.tick(now_ + 999ms);
  EXPECT_TRUE(happened_.empty());
  observer_.tick(now_ + 1s);
  ASSERT_EQ(happened_.size(), 1u);
  EXPECT_TRUE(happened_.front().found.entries.empty());
}

TEST_F(ClusterObserverTest, OfAnotherClusterNothingIsAwaited) {
  note(cluster::with_members(cluster::founded(), 2));
  map_.cluster.high = 99;
  await_events(map_.epoch + 7, now_ + 1s);
  ASSERT_EQ(happened_.size(), 1u);
  EXPECT_EQ(happened_.front().map->cluster.high, 7u);
}

TEST_F(ClusterObserverTest, AnOrderIsAwaitedUntilTheMapShowsIt) {
  note(after(cluster::with_members(cluster::founded(), 3), {cluster::down(3)}));
  await_removal(3, now_ + 1s);
  EXPECT_TRUE(done_.empty());
  note(after(map_, {cluster::Remove{id(3)}}));
  EXPECT_EQ(done_, (std::vector{true}));
}

TEST_F(ClusterObserverTest, AnOrderThatIsNotDoneInTimeSaysSo) {
  note(after(cluster::with_members(cluster::founded(), 3), {cluster::down(3)}));
  await_removal(3, now_ + 1s);
  observer_.tick(now_ + 1s);
  EXPECT_EQ(done_, (std::vector{false}));
}

TEST_F(ClusterObserverTest, WhenTheNodeEndsNobodyWaitsAnyMore) {
  note(cluster::with_members(cluster::founded(), 2));
  await_events(map_.epoch, now_ + 1h);
  observer_.end_waits();
  EXPECT_EQ(happened_.size(), 1u);
  await_events(map_.epoch, now_ + 1h);
  EXPECT_EQ(happened_.size(), 2u) << "nor whoever comes later";
}

TEST_F(ClusterObserverTest, OneTooManyIsAnsweredInsteadOfTheFirst) {
  note(cluster::with_members(cluster::founded(), 2));
  for (std::size_t at = 0; at <= kObserversMax; ++at) await_events(map_.epoch, now_ + 1h);
  EXPECT_EQ(happened_.size(), 1u);
}

TEST_F(ClusterObserverTest, WhoIsToldMayAskAgain) {
  note(cluster::with_members(cluster::founded(), 2));
  const auto again = [this](const auto& told) {
    happened_.push_back(told);
    await_events(told.map->epoch, now_ + 1h);
  };
  observer_.await_events(map_.cluster, map_.epoch, now_ + 1h, again);
  note(after(map_, {cluster::down(2)}));
  EXPECT_EQ(happened_.size(), 1u);
  note(after(map_, {cluster::up(2, 2)}));
  EXPECT_EQ(happened_.size(), 2u);
}

}  // namespace
}  // namespace p2p::agreed
