// What counts, and for whom: view versions, what is confirmed, and what other nodes' items do to it.
#include "engine_fixture.h"

#include <thread>

namespace p2p::diststore {
namespace {

// --- view versions
// ------------------------------------------------------------------------------------------------------------

TEST_P(EngineTest, AFenceEndsTheProofsOfTheFormerViewVersion) {
  write("a", "apple", 5);
  engine.fence(2);
  EXPECT_EQ(read("a"), Outcome::fenced);
  expect_refused(kProof, Outcome::fenced);
  EXPECT_EQ(confirm("a", 1), Outcome::fenced);
  EXPECT_EQ(confirm("new", 1), Outcome::fenced);
  const auto stored = copy("a");
  EXPECT_EQ(stored->value, "apple");
  EXPECT_EQ(stored->version, (Version{5, 1}));
  EXPECT_EQ(stored->confirmed_in, 1u);
  EXPECT_FALSE(copy("new"));
}

TEST_P(EngineTest, AnItemOfAnotherNodeIsFencedToo) {
  write("a", "apple", 5);
  engine.fence(2);
  StoredEntry item{"avocado", {9, 9}, false, kNeverConfirmed};
  Change change = Change::merge("a", item, 1, true);
  EXPECT_EQ(engine.apply_one(change).value(), Outcome::fenced);
  EXPECT_EQ(item.value, "avocado");
  EXPECT_EQ(change.digest, 0u);
  EXPECT_EQ(copy("a")->value, "apple");
  EXPECT_EQ(merge("a", item, 2, true), Outcome::done);
}

TEST_P(EngineTest, TheNewViewVersionsProofsHoldAndAMovedKeyCanBeRemovedInAnyViewVersion) {
  write("a", "apple", 5);
  engine.fence(2);
  EXPECT_EQ(value_of("a", {2}), "apple");
  EXPECT_EQ(write("a", "apricot", 6, {2}), (Version{6, 1}));
  EXPECT_EQ(copy("a")->confirmed_in, 2u);
  EXPECT_EQ(scan_all(10).count("a"), 1u);
  EXPECT_EQ(remove("a", {6, 1}), Outcome::done);
}

// Each shard is locked by itself; the promise is about what happens after fence() has returned.
TEST_P(EngineTest, WhenAFenceHasReturnedNothingIsDoneByAnOlderRight) {
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
  for (int i = 0; i < kWritten; ++i) versions.push_back(copy(std::to_string(i))->version);
  for (auto& writer : writers) writer.join();
  for (int i = 0; i < kWritten; ++i) EXPECT_EQ(copy(std::to_string(i))->version, versions[static_cast<std::size_t>(i)]);
}

// --- what is confirmed
// -------------------------------------------------------------------------------------------------

TEST_P(EngineTest, WhatWasConfirmedBeforeTheKeyBecameOursDoesNotCount) {
  write("a", "apple", 5);
  engine.fence(2);
  const OwnershipProof right{2, 2};
  EXPECT_EQ(read("a", right), Outcome::unconfirmed);
  expect_refused(right, Outcome::unconfirmed);
  EXPECT_EQ(copy("a")->value, "apple");
  EXPECT_EQ(copy("a")->version, (Version{5, 1}));
  EXPECT_EQ(value_of("a", {2, 1}), "apple") << "it was confirmed in 1";
}

TEST_P(EngineTest, WhatIsNotThereIsMissingOnlyWhereNobodyElseMayHoldIt) {
  EXPECT_EQ(read("a", {1, kNeverConfirmed}), Outcome::missing);
  EXPECT_EQ(read("a", {1, 1}), Outcome::unconfirmed);
  EXPECT_EQ(write("a", "apple", 1, {1, 1}), std::nullopt);
  EXPECT_EQ(engine.apply_one(Change::erase("a", {1, 1}, {2, 1})).value(), Outcome::unconfirmed);
  EXPECT_FALSE(copy("a"));
}

TEST_P(EngineTest, AFenceOutranksWhatIsUnconfirmed) {
  engine.fence(2);
  EXPECT_EQ(read("a", {1, 1}), Outcome::fenced);
}

TEST_P(EngineTest, WhatIsWrittenOrErasedIsConfirmed) {
  write("a", "apple", 5);
  engine.fence(2);
  EXPECT_EQ(copy("a")->confirmed_in, 1u);
  write("a", "apricot", 6, {2, 1});
  EXPECT_EQ(copy("a")->confirmed_in, 2u);
  EXPECT_EQ(value_of("a", {2, 2}), "apricot");
  engine.fence(3);
  ASSERT_TRUE(erase("a", 7, {3, 2}));
  EXPECT_EQ(read("a", {3, 3}), Outcome::missing);
}

TEST_P(EngineTest, ConfirmingMakesTheStoredEntryCount) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(read("a", {1, 1}), Outcome::unconfirmed);
  EXPECT_EQ(confirm("a", 1), Outcome::done);
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
  EXPECT_EQ(copy("a")->version, (Version{5, 9})) << "confirming is not a write";
}

TEST_P(EngineTest, ConfirmingAMissingKeyLeavesAPlaceholderThatLosesToEverything) {
  EXPECT_EQ(confirm("a", 1), Outcome::done);
  EXPECT_EQ(read("a", {1, 1}), Outcome::missing);
  const auto left = copy("a");
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->is_erased);
  EXPECT_EQ(left->version, Version());
  EXPECT_EQ(erase("a", 50), std::nullopt) << "there is nothing to erase";
  EXPECT_EQ(copy("a")->version, Version());
  EXPECT_EQ(merge("a", "the oldest of all", {0, 1}), Outcome::done);
  EXPECT_EQ(value_of("a", {1, 1}), "the oldest of all");
}

TEST_P(EngineTest, APlaceholderIsWrittenOver) {
  confirm("a", 1);
  EXPECT_EQ(write("a", "apple", 5, {1, 1}), (Version{5, 1}));
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
}

TEST_P(EngineTest, ConfirmingATombstoneLeavesIt) {
  merge_erased("a", {5, 9});
  EXPECT_EQ(confirm("a", 1), Outcome::done);
  EXPECT_EQ(read("a", {1, 1}), Outcome::missing);
  EXPECT_EQ(copy("a")->version, (Version{5, 9}));
}

// --- items of other nodes --------------------------------------------------------------------------------------------

TEST_P(EngineTest, AnItemFromAnotherNodeIsStoredOnlyIfNewer) {
  write("a", "ours", 10);
  EXPECT_EQ(merge("a", "older", {9, 9}), Outcome::kept);
  EXPECT_EQ(merge("a", "the same", {10, 1}), Outcome::kept);
  EXPECT_EQ(merge("a", "older by the tie-breaker", {10, 0}), Outcome::kept);
  EXPECT_EQ(value_of("a"), "ours");
  EXPECT_EQ(merge("a", "newer by the tie-breaker", {10, 2}), Outcome::done);
  EXPECT_EQ(merge("b", "new here", {1, 1}), Outcome::done);
  EXPECT_EQ(value_of("a"), "newer by the tie-breaker");
  EXPECT_EQ(copy("a")->version, (Version{10, 2})) << "as it came";
  EXPECT_EQ(value_of("b"), "new here");
}

TEST_P(EngineTest, OnlyAStoredItemIsMovedFrom) {
  write("a", "ours", 10);
  StoredEntry item{"older", {9, 9}, false, kNeverConfirmed};
  EXPECT_EQ(engine.apply_one(Change::merge("a", item, 1, false)).value(), Outcome::kept);
  EXPECT_EQ(item.value, "older");
}

TEST_P(EngineTest, ATombstoneOutranksOlderItemsAndLosesToNewerOnes) {
  write("a", "apple", 5);
  erase("a", 10);
  EXPECT_EQ(merge("a", "older than the erase", {9, 9}), Outcome::kept);
  EXPECT_EQ(value_of("a"), "(missing)");
  EXPECT_EQ(merge("a", "newer than the erase", {11, 1}), Outcome::done);
  EXPECT_EQ(value_of("a"), "newer than the erase");
}

TEST_P(EngineTest, ATombstoneFromAnotherNodeErasesWhatIsOlder) {
  write("a", "apple", 5);
  EXPECT_EQ(merge_erased("a", {4, 9}), Outcome::kept);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(merge_erased("a", {6, 9}), Outcome::done);
  EXPECT_EQ(value_of("a"), "(missing)");
  EXPECT_EQ(merge_erased("b", {6, 9}), Outcome::done) << "also where nothing is: something older may still come";
  EXPECT_EQ(merge("b", "older", {5, 9}), Outcome::kept);
}

TEST_P(EngineTest, AnItemCountsAsConfirmedExactlyWhenItsSenderKnowsOfNothingNewer) {
  merge("vouched for", "v", {5, 9}, 1, true);
  merge("not vouched for", "v", {5, 9}, 1, false);
  EXPECT_EQ(value_of("vouched for", {1, 1}), "v");
  EXPECT_EQ(read("not vouched for", {1, 1}), Outcome::unconfirmed);
  EXPECT_EQ(copy("not vouched for")->confirmed_in, kNeverConfirmed);
}

TEST_P(EngineTest, WhatIsStoredAlreadyIsConfirmedByWhoVouchesForTheSame) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "apple", {5, 9}, 1, true), Outcome::kept);
  EXPECT_EQ(value_of("a", {1, 1}), "apple");
}

TEST_P(EngineTest, ANewerItemThatIsVouchedForIsConfirmedWhateverLayHere) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "newer", {6, 9}, 1, true), Outcome::done);
  EXPECT_EQ(value_of("a", {1, 1}), "newer");
}

TEST_P(EngineTest, AnItemThatIsKeptConfirmsNothingWhenNobodyVouchesForIt) {
  merge("a", "apple", {5, 9});
  EXPECT_EQ(merge("a", "apple", {5, 9}), Outcome::kept);
  EXPECT_EQ(read("a", {1, 1}), Outcome::unconfirmed);
}

TEST_P(EngineTest, WhatIsConfirmedStaysSoWhenSomethingNewerComes) {
  write("a", "apple", 5);
  EXPECT_EQ(merge("a", "newer", {6, 9}), Outcome::done);
  EXPECT_EQ(value_of("a", {1, 1}), "newer");
  engine.fence(2);
  EXPECT_EQ(merge("a", "newest", {7, 9}, 2), Outcome::done);
  EXPECT_EQ(read("a", {2, 2}), Outcome::unconfirmed) << "but no longer than it was";
}

TEST_P(EngineTest, AStoredItemIsAnsweredWithTheDigestOfWhatLiesHere) {
  EXPECT_EQ(merge("a", "apple", {5, 9}), Outcome::done);
  EXPECT_EQ(digest, digest_of("a", "apple", {5, 9}, false));
  EXPECT_EQ(merge_erased("a", {6, 9}), Outcome::done);
  EXPECT_EQ(digest, digest_of("a", "", {6, 9}, true));
  EXPECT_EQ(merge("a", "older", {5, 9}), Outcome::kept);
  EXPECT_EQ(digest, 0u) << "nothing was stored";
}

}  // namespace
}  // namespace p2p::diststore
