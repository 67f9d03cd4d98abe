#include "classic/progress.h"

#include <gtest/gtest.h>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

TEST(MoveProgress, NothingMovesAtFirst) {
  const auto figures = MoveProgress().figures(kStart);
  EXPECT_FALSE(figures.is_moving);
  EXPECT_EQ(figures.keys_left, 0);
}

TEST(MoveProgress, WhenAllKeysHaveBeenScannedWhatIsLeftIsExact) {
  MoveProgress progress;
  progress.begin(1'000, kStart);
  progress.scanned_keys(1'000);
  progress.planned(400, 40'000);
  progress.confirmed(100, 15'000);
  const auto figures = progress.figures(kStart + 2s);
  EXPECT_TRUE(figures.is_moving);
  EXPECT_EQ(figures.keys_done, 100);
  EXPECT_EQ(figures.bytes_done, 15'000);
  EXPECT_EQ(figures.keys_left, 300);
  EXPECT_EQ(figures.bytes_left, 25'000);
  EXPECT_EQ(figures.keys_per_s, 50);
  EXPECT_EQ(figures.ms_left, 6'000);
}

TEST(MoveProgress, OfKeysNotScannedAsManyAreExpectedToMoveAsOfTheOthers) {
  MoveProgress progress;
  progress.begin(1'000, kStart);
  progress.scanned_keys(100);
  progress.scanned_keys(100);
  progress.planned(50, 5'000);
  progress.planned(50, 5'000);
  progress.confirmed(20, 2'000);
  const auto figures = progress.figures(kStart + 1s);
  EXPECT_EQ(figures.keys_left, 480);
  EXPECT_EQ(figures.bytes_left, 48'000);
  EXPECT_EQ(figures.ms_left, 24'000);
}

TEST(MoveProgress, KeysThatCameMeanwhileDoNotTurnTheEstimateNegative) {
  MoveProgress progress;
  progress.begin(10, kStart);
  progress.scanned_keys(25);
  progress.planned(20, 200);
  progress.confirmed(21, 210);
  const auto figures = progress.figures(kStart + 1s);
  EXPECT_EQ(figures.keys_left, 0);
  EXPECT_EQ(figures.bytes_left, 0);
  EXPECT_EQ(figures.ms_left, 0);
}

TEST(MoveProgress, NothingIsDividedByZero) {
  MoveProgress progress;
  progress.begin(1'000, kStart);
  EXPECT_EQ(progress.figures(kStart).keys_left, 0);
  progress.scanned_keys(10);
  progress.planned(10, 100);
  EXPECT_EQ(progress.figures(kStart).keys_per_s, 0);
  EXPECT_EQ(progress.figures(kStart).ms_left, 0);
  EXPECT_EQ(progress.figures(kStart + 1s).ms_left, 0) << "unknown, as long as nothing has moved";
  EXPECT_EQ(progress.figures(kStart + 1s).keys_left, 1'000);
}

TEST(MoveProgress, AScanThatGoesOnWhereAnotherWasBrokenOffKeepsWhatThatHasCounted) {
  MoveProgress progress;
  progress.begin(1'000, kStart);
  progress.scanned_keys(1'000);
  progress.planned(600, 6'000);
  progress.confirmed(200, 2'000);
  progress.begin(800, kStart + 2s);
  progress.scanned_keys(800);
  progress.planned(400, 4'000);
  progress.confirmed(100, 1'000);
  const auto figures = progress.figures(kStart + 3s);
  EXPECT_EQ(figures.keys_done, 300);
  EXPECT_EQ(figures.bytes_done, 3'000);
  EXPECT_EQ(figures.keys_left, 300);
  EXPECT_EQ(figures.bytes_left, 3'000);
  EXPECT_EQ(figures.keys_per_s, 100) << "since the first of them began";
}

TEST(MoveProgress, AScanAfterOneThatHasEndedCountsFromZero) {
  MoveProgress progress;
  progress.begin(10, kStart);
  progress.scanned_keys(10);
  progress.planned(5, 50);
  progress.confirmed(5, 50);
  progress.end();
  const auto ended = progress.figures(kStart + 1s);
  EXPECT_FALSE(ended.is_moving);
  EXPECT_EQ(ended.keys_done, 5) << "what was done can still be told";
  EXPECT_EQ(ended.keys_per_s, 0);
  progress.begin(10, kStart + 10s);
  EXPECT_EQ(progress.figures(kStart + 11s).keys_done, 0);
  EXPECT_EQ(progress.figures(kStart + 11s).bytes_done, 0);
}

}  // namespace
}  // namespace p2p::diststore
