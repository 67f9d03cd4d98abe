// Every read of a Snapshot sees the newest value of that one, whatever the thread has read before.
#include <p2p/snapshot.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>

namespace p2p {
namespace {

TEST(Snapshot, AReadSeesWhatWasPublishedLast) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  EXPECT_EQ(snapshot.read(), 1);
  snapshot.publish(std::make_shared<const int>(2));
  EXPECT_EQ(snapshot.read(), 2);
  EXPECT_EQ(*snapshot.share(), 2);
}

TEST(Snapshot, AThreadMayReadSeveralOfOneTypeInTurn) {
  Snapshot<int> one(std::make_shared<const int>(1));
  Snapshot<int> other(std::make_shared<const int>(10));
  for (int round = 1; round < 4; ++round) {
    EXPECT_EQ(one.read(), round);
    EXPECT_EQ(other.read(), 10 * round);
    one.publish(std::make_shared<const int>(round + 1));
    other.publish(std::make_shared<const int>(10 * (round + 1)));
  }
}

TEST(Snapshot, OneThatFollowsAnotherInTheSamePlaceIsNotTakenForThat) {
  std::optional<Snapshot<int>> snapshot;
  for (int number = 0; number < 50; ++number) {
    snapshot.emplace(std::make_shared<const int>(number));
    EXPECT_EQ(snapshot->read(), number);
  }
}

TEST(Snapshot, EachThreadSeesWhatAnotherHasPublished) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  EXPECT_EQ(snapshot.read(), 1);
  std::thread([&] {
    EXPECT_EQ(snapshot.read(), 1);
    snapshot.publish(std::make_shared<const int>(2));
    EXPECT_EQ(snapshot.read(), 2);
  }).join();
  EXPECT_EQ(snapshot.read(), 2);
}

}  // namespace
}  // namespace p2p
