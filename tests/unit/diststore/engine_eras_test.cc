// What counts, and for whom: eras, what is settled, and what other nodes' items do to it.
#include "memory_engine_fixture.h"

#include <thread>

namespace p2p::diststore {
namespace {

// --- eras ------------------------------------------------------------------------------------------------------------

TEST_F(MemoryEngineTest, AFenceEndsTheRightsOfTheFormerEra) {
  write("a", "apple", 5);
  engine.fence(2);
  std::string value = "untouched";
  Version version{77, 7};
  EXPECT_EQ(engine.read("a", kRight, value, version), Outcome::fenced);
  EXPECT_EQ(engine.erase("a", kRight, version), Outcome::fenced);
  std::string key = "a";
  EXPECT_EQ(engine.write(key, value, kRight, version), Outcome::fenced);
  EXPECT_EQ(engine.settle("a", 1), Outcome::fenced);
  EXPECT_EQ(engine.settle("new", 1), Outcome::fenced);
  EXPECT_EQ(value, "untouched") << "a refused write keeps its value for another try";
  EXPECT_EQ(key, "a");
  EXPECT_EQ(version, (Version{77, 7}));
  const auto held = engine.copy("a");
  EXPECT_EQ(held->value, "apple");
  EXPECT_EQ(held->version, (Version{5, 1}));
  EXPECT_EQ(held->settled_in, 1u);
  EXPECT_FALSE(engine.copy("new"));
}

TEST_F(MemoryEngineTest, AnItemOfAnotherNodeIsFencedToo) {
  write("a", "apple", 5);
  engine.fence(2);
  std::string key = "a";
  Held item{"avocado", {9, 9}, false, kNeverSettled};
  EXPECT_EQ(engine.merge(key, item, 1, true, digest), MergeOutcome::fenced);
  EXPECT_EQ(item.value, "avocado");
  EXPECT_EQ(digest, 0u);
  EXPECT_EQ(engine.copy("a")->value, "apple");
  EXPECT_EQ(engine.merge(key, item, 2, true, digest), MergeOutcome::stored);
}

TEST_F(MemoryEngineTest, TheNewErasRightsHoldAndAMovedKeyCanBeRemovedInAnyEra) {
  write("a", "apple", 5);
  engine.fence(2);
  EXPECT_EQ(value_of("a", {2}), "apple");
  EXPECT_EQ(write("a", "apricot", 6, {2}), (Version{6, 1}));
  EXPECT_EQ(engine.copy("a")->settled_in, 2u);
  EXPECT_EQ(scan_all(10).count("a"), 1u);
  EXPECT_TRUE(engine.remove_unchanged("a", {6, 1}));
}

// Each shard is locked by itself; the promise is about what happens after fence() has returned.
TEST_F(MemoryEngineTest, WhenAFenceHasReturnedNothingIsDoneByAnOlderRight) {
  constexpr int kWritten = 200;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; ++thread) {
    writers.emplace_back([this] {
      for (int i = 0, refused = 0; refused < kWritten; i = (i + 1) % kWritten) {
        const bool is_done = write(std::to_string(i), "value", 1).has_value();
        refused = is_done ? 0 : refused + 1;
      }
    });
  }
  while (engine.totals().keys < kWritten) std::this_thread::yield();
  engine.fence(2);
  std::vector<Version> versions;
  for (int i = 0; i < kWritten; ++i) versions.push_back(engine.copy(std::to_string(i))->version);
  for (auto& writer : writers) writer.join();
  for (int i = 0; i < kWritten; ++i)
    EXPECT_EQ(engine.copy(std::to_string(i))->version, versions[static_cast<std::size_t>(i)]);
}

// --- what is settled -------------------------------------------------------------------------------------------------

TEST_F(MemoryEngineTest, WhatWasSettledBeforeTheKeyBecameOursDoesNotCount) {
  write("a", "apple", 5);
  engine.fence(2);
  const Right right{2, 2};
  std::string key = "a";
  std::string value = "untouched";
  Version version{77, 7};
  EXPECT_EQ(engine.read("a", right, value, version), Outcome::unsettled);
  EXPECT_EQ(engine.write(key, value, right, version), Outcome::unsettled);
  EXPECT_EQ(engine.erase("a", right, version), Outcome::unsettled);
  EXPECT_EQ(value, "untouched");
  EXPECT_EQ(key, "a");
  EXPECT_EQ(version, (Version{77, 7}));
  EXPECT_EQ(engine.copy("a")->value, "apple");
  EXPECT_EQ(engine.copy("a")->version, (Version{5, 1}));
  EXPECT_EQ(value_of("a", {2, 1}), "apple") << "it was settled in 1";
}

TEST_F(MemoryEngineTest, WhatIsNotThereIsMissingOnlyWhereNobodyElseMayHoldIt) {
  EXPECT_EQ(read("a", {1, kNeverSettled}), Outcome::missing);
  EXPECT_EQ(read("a", {1, 1}), Outcome::unsettled);
  EXPECT_EQ(write("a", "apple", 1, {1, 1}), std::nullopt);
  Version version;
  EXPECT_EQ(engine.erase("a", {1, 1}, version), Outcome::unsettled);
  EXPECT_FALSE(engine.copy("a"));
}

TEST_F(MemoryEngineTest, AFenceOutranksWhatIsUnsettled) {
  engine.fence(2);
  EXPECT_EQ(read("a", {1, 1}), Outcome::fenced);
}

TEST_F(MemoryEngineTest, WhatIsWrittenOrErasedIsSettled) {
  write("a", "apple", 5);
  engine.fence(2);
  EXPECT_EQ(engine.copy("a")->settled_in, 1u);
  write("a", "apricot", 6, {2, 1});
  EXPECT_EQ(engine.copy("a")->settled_in, 2u);
  EXPECT_EQ(value_of("a", {2, 2}), "apricot");
  engine.fence(3);
  ASSERT_TRUE(erase("a", 7, {3, 2}));
  EXPECT_EQ(read("a", {3, 3}), Outcome::missing);
}

TEST_F(MemoryEngineTest, SettlingMakesWhatLiesHereCount) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(read("a", {1, 1}), Outcome::unsettled);
  EXPECT_EQ(engine.settle("a", 1), Outcome::done);
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
  EXPECT_EQ(engine.copy("a")->version, (Version{5, 9})) << "settling is not a write";
}

TEST_F(MemoryEngineTest, SettlingNothingLeavesAPlaceholderThatLosesToEverything) {
  EXPECT_EQ(engine.settle("a", 1), Outcome::done);
  EXPECT_EQ(read("a", {1, 1}), Outcome::missing);
  const auto left = engine.copy("a");
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->is_erased);
  EXPECT_EQ(left->version, Version());
  EXPECT_EQ(erase("a", 50), std::nullopt) << "there is nothing to erase";
  EXPECT_EQ(engine.copy("a")->version, Version());
  EXPECT_EQ(merge("a", "the oldest of all", {0, 1}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a", {1, 1}), "the oldest of all");
}

TEST_F(MemoryEngineTest, APlaceholderIsWrittenOver) {
  engine.settle("a", 1);
  EXPECT_EQ(write("a", "apple", 5, {1, 1}), (Version{5, 1}));
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
}

TEST_F(MemoryEngineTest, SettlingATombstoneLeavesIt) {
  merge_erased("a", {5, 9});
  EXPECT_EQ(engine.settle("a", 1), Outcome::done);
  EXPECT_EQ(read("a", {1, 1}), Outcome::missing);
  EXPECT_EQ(engine.copy("a")->version, (Version{5, 9}));
}

// --- items of other nodes --------------------------------------------------------------------------------------------

TEST_F(MemoryEngineTest, AnItemFromAnotherNodeIsStoredOnlyIfNewer) {
  write("a", "ours", 10);
  EXPECT_EQ(merge("a", "older", {9, 9}), MergeOutcome::kept);
  EXPECT_EQ(merge("a", "the same", {10, 1}), MergeOutcome::kept);
  EXPECT_EQ(merge("a", "older by the tie-breaker", {10, 0}), MergeOutcome::kept);
  EXPECT_EQ(value_of("a"), "ours");
  EXPECT_EQ(merge("a", "newer by the tie-breaker", {10, 2}), MergeOutcome::stored);
  EXPECT_EQ(merge("b", "new here", {1, 1}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a"), "newer by the tie-breaker");
  EXPECT_EQ(engine.copy("a")->version, (Version{10, 2})) << "as it came";
  EXPECT_EQ(value_of("b"), "new here");
}

TEST_F(MemoryEngineTest, OnlyAStoredItemIsMovedFrom) {
  write("a", "ours", 10);
  std::string key = "a";
  Held item{"older", {9, 9}, false, kNeverSettled};
  EXPECT_EQ(engine.merge(key, item, 1, false, digest), MergeOutcome::kept);
  EXPECT_EQ(key, "a");
  EXPECT_EQ(item.value, "older");
}

TEST_F(MemoryEngineTest, ATombstoneOutranksOlderItemsAndLosesToNewerOnes) {
  write("a", "apple", 5);
  erase("a", 10);
  EXPECT_EQ(merge("a", "older than the erase", {9, 9}), MergeOutcome::kept);
  EXPECT_EQ(value_of("a"), "(missing)");
  EXPECT_EQ(merge("a", "newer than the erase", {11, 1}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a"), "newer than the erase");
}

TEST_F(MemoryEngineTest, ATombstoneFromAnotherNodeErasesWhatIsOlder) {
  write("a", "apple", 5);
  EXPECT_EQ(merge_erased("a", {4, 9}), MergeOutcome::kept);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(merge_erased("a", {6, 9}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a"), "(missing)");
  EXPECT_EQ(merge_erased("b", {6, 9}), MergeOutcome::stored) << "also where nothing is: something older may still come";
  EXPECT_EQ(merge("b", "older", {5, 9}), MergeOutcome::kept);
}

TEST_F(MemoryEngineTest, AnItemCountsAsSettledExactlyWhenItsSenderKnowsOfNothingNewer) {
  merge("vouched for", "v", {5, 9}, 1, true);
  merge("not vouched for", "v", {5, 9}, 1, false);
  EXPECT_EQ(value_of("vouched for", {1, 1}), "v");
  EXPECT_EQ(read("not vouched for", {1, 1}), Outcome::unsettled);
  EXPECT_EQ(engine.copy("not vouched for")->settled_in, kNeverSettled);
}

TEST_F(MemoryEngineTest, WhatIsHeldAlreadyIsSettledByWhoVouchesForTheSame) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "apple", {5, 9}, 1, true), MergeOutcome::kept);
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
}

TEST_F(MemoryEngineTest, ANewerItemThatIsVouchedForIsSettledWhateverLayHere) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "newer", {6, 9}, 1, true), MergeOutcome::stored);
  EXPECT_EQ(value_of("a", {1, 1}), "newer");
}

TEST_F(MemoryEngineTest, AnItemThatIsKeptSettlesNothingWhenNobodyVouchesForIt) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "apple", {5, 9}), MergeOutcome::kept);
  EXPECT_EQ(read("a", {1, 1}), Outcome::unsettled);
}

TEST_F(MemoryEngineTest, WhatIsSettledStaysSoWhenSomethingNewerComes) {
  write("a", "apple", 5);
  EXPECT_EQ(merge("a", "newer", {6, 9}), MergeOutcome::stored);
  EXPECT_EQ(value_of("a", {1, 1}), "newer");
  engine.fence(2);
  EXPECT_EQ(merge("a", "newest", {7, 9}, 2), MergeOutcome::stored);
  EXPECT_EQ(read("a", {2, 2}), Outcome::unsettled) << "but no longer than it was";
}

TEST_F(MemoryEngineTest, AStoredItemIsAnsweredWithTheDigestOfWhatLiesHere) {
  EXPECT_EQ(merge("a", "apple", {5, 9}), MergeOutcome::stored);
  EXPECT_EQ(digest, digest_of("a", "apple", {5, 9}, false));
  EXPECT_EQ(merge_erased("a", {6, 9}), MergeOutcome::stored);
  EXPECT_EQ(digest, digest_of("a", "", {6, 9}, true));
  digest = 4711;
  EXPECT_EQ(merge("a", "older", {5, 9}), MergeOutcome::kept);
  EXPECT_EQ(digest, 4711u) << "nothing was stored";
}

}  // namespace
}  // namespace p2p::diststore
