// Which answers count as right, where the search for an order is easily wrong.
#include "store_history.h"

#include <gtest/gtest.h>

namespace p2p::sim {
namespace {

using Kind = StoreOperation::Kind;

StoreOperation done(Kind kind, int value, int begun_ms, int ended_ms) {
  StoreOperation one{.kind = kind, .value = value, .outcome = StoreOperation::Outcome::done};
  one.begun += std::chrono::milliseconds(begun_ms);
  one.ended = TimePoint() + std::chrono::milliseconds(ended_ms);
  return one;
}

// Of 1 to 100, one after another: 7 from 70 to 75 ms.
StoreHistory hundred_writes() {
  StoreHistory history;
  for (int value = 1; value <= 100; ++value) history.push_back(done(Kind::write, value, 10 * value, 10 * value + 5));
  return history;
}

StoreHistory with(StoreHistory history, const StoreOperation& one) {
  history.push_back(one);
  return history;
}

TEST(StoreHistory, ACallMayOutlastAnyNumberOfOthers) {
  EXPECT_EQ(not_linearizable(with(hundred_writes(), done(Kind::read, 100, 0, 2000))), "");
  EXPECT_EQ(not_linearizable(with(hundred_writes(), done(Kind::read, 1, 0, 2000))), "");
  EXPECT_EQ(not_linearizable(with(hundred_writes(), done(Kind::read, 0, 0, 2000))), "");
}

TEST(StoreHistory, NoCallReadsWhatIsWrittenLaterOrWasOverwrittenBefore) {
  EXPECT_NE(not_linearizable(with(hundred_writes(), done(Kind::read, 100, 0, 999))), "");
  EXPECT_NE(not_linearizable(with(hundred_writes(), done(Kind::read, 1, 26, 2000))), "");
  EXPECT_NE(not_linearizable(with(hundred_writes(), done(Kind::read, 0, 16, 2000))), "");
}

TEST(StoreHistory, TwoThatOverlapMayHappenInEitherOrderButInOneForAll) {
  const StoreHistory both{done(Kind::write, 1, 0, 10), done(Kind::write, 2, 0, 10)};
  const StoreHistory one_read = with(both, done(Kind::read, 1, 20, 30));
  EXPECT_EQ(not_linearizable(one_read), "");
  EXPECT_EQ(not_linearizable(with(both, done(Kind::read, 2, 20, 30))), "");
  EXPECT_NE(not_linearizable(with(one_read, done(Kind::read, 2, 40, 50))), "");
}

TEST(StoreHistory, AWriteMayBeExecutedAsOftenAsItsConnectionBroke) {
  StoreOperation write{.kind = Kind::write, .value = 1, .repeats_most = 1};
  const StoreHistory once_more{write, done(Kind::erase, 1, 10, 20), done(Kind::erase, 1, 30, 40)};
  EXPECT_EQ(not_linearizable(once_more), "");
  EXPECT_NE(not_linearizable(with(once_more, done(Kind::erase, 1, 50, 60))), "");
  write.repeats_most = 2;
  EXPECT_EQ(not_linearizable({write, once_more[1], once_more[2], done(Kind::erase, 1, 50, 60)}), "");
}

}  // namespace
}  // namespace p2p::sim
