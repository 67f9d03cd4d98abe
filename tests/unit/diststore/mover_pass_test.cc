// From one look at all keys to the next: changes of the ring, receipts, and the end of a node.
#include "mover_fixture.h"
#include "moving/store_layer.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// --- looks -----------------------------------------------------------------------------------------------------------

TEST_F(MoverTest, ALookThatFindsNothingForeignMakesTheEraClean) {
  hold("a", "apple");
  EXPECT_FALSE(mover->is_clean(era()));
  look();
  EXPECT_TRUE(mover->is_clean(era()));
  EXPECT_TRUE(peers.asked.empty());
  own(kSelf);
  EXPECT_FALSE(mover->is_clean(era())) << "a new ring has to be looked at";
}

TEST_F(MoverTest, AnEraIsCleanWhenAllForeignKeysAreConfirmed) {
  hold("a", "apple");
  move_to(kOther);
  EXPECT_FALSE(mover->is_clean(era()));
  confirm(take_batch());
  confirm_all();
  EXPECT_TRUE(mover->is_clean(era()));
}

TEST_F(MoverTest, WhatIsCleanIsNotLookedAtAgain) {
  move_to(kOther);
  ASSERT_TRUE(mover->is_clean(era()));
  hold("a", "as nobody writes by this ring");
  look();
  EXPECT_TRUE(peers.asked.empty());
  move_to(kOther);
  EXPECT_EQ(peers.asked.size(), 1u);
}

TEST_F(MoverTest, AChangeOfTheRingEndsALookAndBeginsAnother) {
  hold_large_keys(6);
  move_to(kOther);
  const Batch first = take_batch();
  const Batch second = take_batch();
  own(kThird);
  look();
  EXPECT_TRUE(peers.asked.empty()) << "it waits for what is in flight";
  confirm(first);
  EXPECT_TRUE(peers.asked.empty());
  confirm(second);
  EXPECT_EQ(agree_on_receipt().keys, 2) << "what was sent by the former ring is told to its receiver";
  ASSERT_EQ(peers.asked.size(), 2u);
  EXPECT_EQ(peers.asked[0].to, kThird);
  EXPECT_EQ(peers.asked[1].to, kThird);
  EXPECT_EQ(confirm_all(), 6u) << "with those whose confirmation came too late to count";
  EXPECT_TRUE(mover->is_clean(era()));
}

TEST_F(MoverTest, ALookByARingThatHasChangedUnnoticedDoesNotCount) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kSelf, {{"b", kOther}});
  const Batch batch = take_batch();
  own(kSelf, {{"a", kOther}, {"b", kOther}});
  confirm(batch);
  agree_on_receipt();
  EXPECT_EQ(take_batch().items.size(), 2u) << "at once, and with the one whose confirmation came too late to count";
}

TEST_F(MoverTest, AClaimMakesItLookUnlessItDoesSoAnyway) {
  hold("a", "apple");
  own(kOther);
  mover->look_for_claimant();
  run();
  fail(take_batch(), ErrorKind::timed_out);
  mover->look_for_claimant();
  run();
  EXPECT_TRUE(peers.asked.empty()) << "what has failed waits for its time";
  strand->advance(20ms);
  EXPECT_EQ(confirm_all(), 1u);
  ASSERT_TRUE(mover->is_clean(era()));
  hold("b", "as nobody writes by this ring");
  mover->look_for_claimant();
  run();
  EXPECT_TRUE(peers.asked.empty()) << "it is clean";
}

TEST_F(MoverTest, AClaimDuringALookDoesNotBeginAnother) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  mover->look_for_claimant();
  run();
  EXPECT_TRUE(peers.asked.empty());
  confirm(batch);
  agree_on_receipt();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(mover->is_clean(era()));
}

TEST_F(MoverTest, ANewRingIsTriedAtOnceAndSoonAgain) {
  hold("a", "apple");
  move_to(kOther);
  for (int attempt = 0; attempt < 8; ++attempt) {
    fail(take_batch(), ErrorKind::timed_out);
    strand->advance(1s);
  }
  fail(take_batch(), ErrorKind::timed_out);
  move_to(kThird);
  const Batch batch = take_batch();
  EXPECT_EQ(batch.asked.to, kThird);
  fail(batch, ErrorKind::timed_out);
  strand->advance(20ms);
  EXPECT_EQ(peers.asked.size(), 1u);
}

TEST_F(MoverTest, ItsProgressCanBeFollowedAndIsLogged) {
  hold_large_keys(3);
  move_to(kOther);
  confirm(take_batch());
  const auto figures = mover->progress().figures(strand->now() + 1s);
  EXPECT_TRUE(figures.is_moving);
  EXPECT_EQ(figures.keys_done, 1);
  EXPECT_EQ(figures.bytes_done, 94);
  EXPECT_EQ(figures.keys_left, 2);
  EXPECT_EQ(figures.bytes_left, 188);
  strand->advance(1s);
  EXPECT_TRUE(log.has(LogLevel::info, "moving keys: 1 done (94 bytes), about 2 left (188 bytes), 1 keys/s, 2 s left"));
  confirm_all();
  EXPECT_FALSE(mover->progress().figures(strand->now()).is_moving);
  log.lines.clear();
  strand->advance(10s);
  EXPECT_TRUE(log.lines.empty());
}

// --- receipts --------------------------------------------------------------------------------------------------------

TEST_F(MoverTest, WhenAllIsSentBothSidesCompareTheirReceipts) {
  hold_large_keys(2);
  hold("c", "cherry");
  erase("c");
  own(kOther, {}, 8);
  look();
  const Batch first = take_batch();
  const std::int64_t session = first.head.session;
  std::uint64_t digest = 0;
  const auto add = [&](const Batch& batch) { digest += static_cast<std::uint64_t>(confirmation_of(batch).digest); };
  add(first);
  answer(first, confirmation_of(first, 1));
  strand->advance(250ms);
  while (peers.asked.front().method() == "transfer") {
    const Batch next = take_batch();
    add(next);
    confirm(next);
  }
  Asked asked;
  const wire::Receipt donors = take_finish(asked);
  EXPECT_EQ(asked.to, kOther);
  EXPECT_EQ(donors.session, session);
  EXPECT_EQ(donors.donor, kSelf.name());
  EXPECT_EQ(donors.receiver, kOther.name());
  EXPECT_EQ(donors.view, 8);
  EXPECT_EQ(donors.keys, 3);
  EXPECT_EQ(donors.kept, 1);
  EXPECT_EQ(donors.bytes, 2 * 94 + 1);
  EXPECT_EQ(static_cast<std::uint64_t>(donors.digest_before), digest);
  EXPECT_EQ(static_cast<std::uint64_t>(donors.digest_after), digest);
  EXPECT_EQ(donors.duration_ms, 250);
  EXPECT_FALSE(donors.complete) << "not yet";
  EXPECT_FALSE(mover->is_clean(era()));
  answer_finish(asked, donors);
  EXPECT_TRUE(mover->is_clean(era()));
  ASSERT_EQ(receipts->all().size(), 1u);
  EXPECT_TRUE(receipts->all().front().is_complete);
  EXPECT_TRUE(log.has(LogLevel::info, "moved 3 keys (189 bytes) to 127.0.0.1:9901 in 250 ms"));
}

TEST_F(MoverTest, AReceiptOfWhichTheReceiverCountsOtherwiseIsIncomplete) {
  hold("a", "apple");
  move_to(kOther);
  confirm(take_batch());
  Asked asked;
  wire::Receipt theirs = take_finish(asked);
  ++theirs.keys;
  theirs.complete = true;
  answer_finish(asked, theirs);
  ASSERT_EQ(receipts->all().size(), 1u);
  EXPECT_FALSE(receipts->all().front().is_complete);
  EXPECT_EQ(receipts->all().front().keys, 1u);
  EXPECT_TRUE(log.has(LogLevel::warn, "moved 1 keys (6 bytes) to 127.0.0.1:9901, which has not confirmed"));
}

TEST_F(MoverTest, AReceiverThatDiesBeforeItGivesItsReceiptLeavesItIncomplete) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kOther, {{"b", kThird}});
  confirm(take_batch_to(kOther));
  confirm(take_batch_to(kThird));
  peers.take("finish", kOther).done(Error{ErrorKind::closed, "gone"});
  run();
  EXPECT_FALSE(mover->is_clean(era())) << "one receipt is under way";
  peers.take("finish", kThird).done(exception_with("nothing of this transfer has arrived here"));
  run();
  ASSERT_EQ(receipts->all().size(), 2u);
  for (const Receipt& one : receipts->all()) EXPECT_FALSE(one.is_complete) << one.receiver;
  EXPECT_TRUE(mover->is_clean(era())) << "the keys are confirmed all the same";
}

TEST_F(MoverTest, EachLookIsATransferOfItsOwn) {
  hold("a", "apple");
  move_to(kOther);
  const std::int64_t first = take_batch().head.session;
  mover->stop();
  mover = std::make_shared<Mover>(log, strand, store, receipts);
  move_to(kOther);
  const Batch batch = take_batch();
  EXPECT_NE(batch.head.session, first) << "not even after a new start";
  confirm(batch);
  confirm_all();
  hold("b", "banana");
  move_to(kOther);
  EXPECT_NE(take_batch().head.session, batch.head.session);
}

// --- the end of a node -----------------------------------------------------------------------------------------------

TEST_F(MoverTest, ALeaverHandsOverEverything) {
  hold_large_keys(5);
  own(kOther, {{"key3", kThird}});
  const auto is_done = hand_over();
  EXPECT_FALSE(*is_done);
  while (peers.asked.front().method() == "transfer") {
    confirm(take_batch());
    EXPECT_FALSE(*is_done);
  }
  EXPECT_EQ(keys_here(), 0u);
  confirm_all();
  EXPECT_TRUE(*is_done);
  EXPECT_TRUE(mover->give_up().empty());
}

TEST_F(MoverTest, ALeaverLooksAgainAlsoWhenItWasClean) {
  own(kOther);
  look();
  ASSERT_TRUE(mover->is_clean(era()));
  hold("a", "apple");
  const auto is_done = hand_over();
  EXPECT_FALSE(*is_done);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(*is_done);
}

TEST_F(MoverTest, ALookThatIsUnderWayWhenTheNodeLeavesDoesNotCount) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  const auto is_done = hand_over();
  hold("b", "behind the look");
  confirm(batch);
  agree_on_receipt();
  EXPECT_FALSE(*is_done);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(*is_done);
}

TEST_F(MoverTest, ALeaverTriesAgainUntilItsKeysAreTaken) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  for (int attempt = 0; attempt < 5; ++attempt) {
    fail(take_batch(), ErrorKind::timed_out);
    EXPECT_FALSE(*is_done);
    strand->advance(1s);
  }
  confirm_all();
  EXPECT_TRUE(*is_done);
}

TEST_F(MoverTest, ALeaverWhoseReceiverDiesTurnsToTheNextOne) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  const Batch batch = take_batch();
  fail(batch, ErrorKind::refused);
  move_to(kThird);
  ASSERT_EQ(peers.asked.size(), 1u) << "at once";
  EXPECT_EQ(peers.asked.front().to, kThird);
  EXPECT_EQ(locator->unreachable, std::vector<Location>{kOther});
  confirm_all();
  EXPECT_TRUE(*is_done);
}

TEST_F(MoverTest, TheLastNodeLeavesWithItsKeysAndLeavesNothingBehindThatOthersShouldHave) {
  hold("a", "apple");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<Location>{}));
  EXPECT_TRUE(*hand_over());
  EXPECT_EQ(mover->give_up(), std::vector<std::string>{});
  EXPECT_TRUE(log.has(LogLevel::warn, "1 keys end with this node: it was the last of its network"));
  EXPECT_TRUE(receipts->all().empty());
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, KeysWhoseLastReceiverHasGoneAreLeftBehind) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  fail(take_batch(), ErrorKind::closed);
  own(Location{});
  look();
  EXPECT_TRUE(*is_done);
  EXPECT_EQ(mover->give_up(), std::vector<std::string>{"1 of 1 keys (6 bytes), which nobody is left to take"});
}

TEST_F(MoverTest, GivingUpTellsHowManyKeysOfHowManyAndWhoShouldHaveGotThem) {
  for (int i = 0; i < 3; ++i) hold_large_keys(3);
  hold("b", "banana");
  hold("erased", "x");
  erase("erased");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{{"b", {kThird}}}, std::vector<Location>{kOther, kThird}));
  const auto is_done = hand_over();
  confirm(take_batch_to(kOther));
  fail(take_batch_to(kOther), ErrorKind::timed_out);
  EXPECT_FALSE(*is_done);
  const std::vector<std::string> lines = mover->give_up();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "2 of 4 keys (188 bytes), which 127.0.0.1:9901 should have got: test");
  EXPECT_EQ(lines[1], "1 of 4 keys (7 bytes), which 127.0.0.1:9902 should have got");
  std::map<std::string, std::uint64_t> undelivered;
  for (const Receipt& one : receipts->all()) {
    if (one.undelivered > 0) undelivered[one.receiver] = one.undelivered;
    EXPECT_FALSE(one.undelivered > 0 && one.is_complete);
    EXPECT_EQ(one.undelivered_keys.size(), one.undelivered);
  }
  EXPECT_EQ(undelivered, (std::map<std::string, std::uint64_t>{{kOther.name(), 2}, {kThird.name(), 1}}));
  EXPECT_EQ(held("b"), "banana");
}

TEST_F(MoverTest, NothingIsDeletedOnceItWasGivenUp) {
  hold("a", "apple");
  own(kOther);
  hand_over();
  const Batch batch = take_batch();
  EXPECT_EQ(mover->give_up().size(), 1u);
  confirm(batch);
  EXPECT_EQ(held("a"), "apple") << "it was said to be lost";
}

TEST_F(MoverTest, AStopCallsWhoWaitsForTheHandOver) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  mover->stop();
  run();
  EXPECT_TRUE(*is_done);
  EXPECT_EQ(held("a"), "apple");
}

TEST_F(MoverTest, ANodeThatIsOnItsRingLeavesNothingBehindThatOthersShouldHave) {
  hold("a", "apple");
  own(kSelf);
  EXPECT_TRUE(mover->give_up().empty());
}

TEST_F(MoverTest, WhatIsPutToALeaverIsHandedOverBeforeItEnds) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  const Batch batch = take_batch();
  ASSERT_TRUE(store->kept_puts->keep(*store->local, "late", "not lost", era(), kUnsettled));
  confirm(batch);
  confirm_all();
  EXPECT_FALSE(*is_done);
  strand->advance(1s);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(*is_done);
  EXPECT_FALSE(store->kept_puts->keep(*store->local, "later", "passed on at once", era(), kUnsettled));
  EXPECT_EQ(keys_here(), 0u);
}

TEST_F(MoverTest, WhatIsPutWhileANodeOfThe2009SystemIsWaitedForIsHandedOverToo) {
  own(kOther);
  store->classics->remember(kFourth);
  const auto is_done = hand_over();
  Asked told = peers.take("remove");
  ASSERT_TRUE(store->kept_puts->keep(*store->local, "late", "not lost", era(), kUnsettled));
  strand->advance(1s);
  const Batch batch = take_batch();
  told.done(Error{ErrorKind::closed, "its process has ended"});
  run();
  EXPECT_FALSE(*is_done) << "the last key is under way";
  confirm(batch);
  confirm_all();
  EXPECT_TRUE(*is_done);
}

TEST_F(MoverTest, GivingUpAfterEverythingWasConfirmedHasNothingToTell) {
  hold("a", "apple");
  own(kOther);
  hand_over();
  confirm(take_batch());
  EXPECT_TRUE(mover->give_up().empty()) << "only the receipt is under way";
}

TEST_F(MoverTest, AStopEndsWhatWasToComeLater) {
  hold("a", "apple");
  move_to(kOther);
  fail(take_batch(), ErrorKind::timed_out);
  EXPECT_EQ(strand->timers(), 1u) << "the next attempt";
  mover->stop();
  run();
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(MoverTest, AStopEndsAPause) {
  for (int i = 0; i < 1'000; ++i) hold(std::to_string(i), "");
  store->options.transfer_share = 1;
  strand->cost_of_now = 1ms;
  own(kSelf);
  mover->look();
  strand->advance(10ms);
  EXPECT_EQ(strand->timers(), 2u) << "the next step, and the progress";
  mover->stop();
  run();
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(MoverTest, NothingIsSentOrDeletedAfterTheStop) {
  hold_large_keys(4);
  move_to(kOther);
  const Batch batch = take_batch();
  const Batch failing = take_batch();
  mover->stop();
  confirm(batch);
  fail(failing, ErrorKind::refused);
  strand->advance(10s);
  look();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(keys_here(), 4u);
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(MoverTest, NothingIsGivenClassicallyAfterTheStopAndNothingIsHeld) {
  hold("a", "apple");
  store->classics->remember(kOther);
  move_to(kOther);
  peers.take("ping").done(Error{ErrorKind::refused, "nobody listens"});
  run();
  EXPECT_GT(strand->timers(), 0u) << "it will be pinged again";
  mover->stop();
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
  const std::weak_ptr<Mover> gone = mover;
  mover = std::make_shared<Mover>(log, strand, store, receipts);
  EXPECT_TRUE(gone.expired());
}

// --- the ring's layer ------------------------------------------------------------------------------------------------

TEST_F(MoverTest, TheLayerContinuesTheChainBeforeItLooksAtTheKeys) {
  hold("a", "apple");
  StoreLayer layer(mover);
  layer.add(kOther, Next([&] { own(kOther); }));
  run();
  EXPECT_EQ(confirm_all(), 1u);
  hold("b", "banana");
  layer.remove(kOther, Next([&] { own(kThird); }));
  run();
  EXPECT_EQ(peers.asked.front().to, kThird);
  EXPECT_EQ(confirm_all(), 1u);
}

TEST_F(MoverTest, TheLayerContinuesACleanupOnlyWhenTheKeysAreGone) {
  hold("a", "apple");
  own(kOther);
  bool is_continued = false;
  StoreLayer layer(mover);
  layer.cleanup(store->standing->share()->ring, Next([&] { is_continued = true; }));
  run();
  EXPECT_FALSE(is_continued);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(is_continued);
}

}  // namespace
}  // namespace p2p::diststore
