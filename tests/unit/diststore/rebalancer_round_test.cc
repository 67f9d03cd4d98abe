// From one look at all keys to the next: changes of the ring, receipts, and the end of a node.
#include "classic/store_layer.h"
#include "rebalancer_fixture.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// --- looks -----------------------------------------------------------------------------------------------------------

TEST_F(RebalancerTest, AScanThatFindsNothingForeignMakesTheViewVersionHandedOver) {
  hold("a", "apple");
  EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
  rescan();
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
  EXPECT_TRUE(peers.asked.empty());
  own(kSelf);
  EXPECT_FALSE(rebalancer->is_handed_over(view_version())) << "a new ring has to be looked at";
}

TEST_F(RebalancerTest, AnViewVersionIsHandedOverWhenAllForeignKeysAreConfirmed) {
  hold("a", "apple");
  move_to(kOther);
  EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
  confirm(take_batch());
  confirm_all();
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, WhatIsHandedOverIsNotScannedAgain) {
  move_to(kOther);
  ASSERT_TRUE(rebalancer->is_handed_over(view_version()));
  hold("a", "as nobody writes by this ring");
  rescan();
  EXPECT_TRUE(peers.asked.empty());
  move_to(kOther);
  EXPECT_EQ(peers.asked.size(), 1u);
}

TEST_F(RebalancerTest, AChangeOfTheRingEndsAScanAndBeginsAnother) {
  hold_large_keys(6);
  move_to(kOther);
  const Batch first = take_batch();
  const Batch second = take_batch();
  own(kThird);
  rescan();
  EXPECT_TRUE(peers.asked.empty()) << "it waits for what is in flight";
  confirm(first);
  EXPECT_TRUE(peers.asked.empty());
  confirm(second);
  EXPECT_EQ(agree_on_receipt().keys, 2) << "what was sent by the former ring is told to its receiver";
  ASSERT_EQ(peers.asked.size(), 2u);
  EXPECT_EQ(peers.asked[0].to, kThird);
  EXPECT_EQ(peers.asked[1].to, kThird);
  EXPECT_EQ(confirm_all(), 6u) << "with those whose confirmation came too late to count";
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, AScanByARingThatHasChangedUnnoticedDoesNotCount) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kSelf, {{"b", kOther}});
  const Batch batch = take_batch();
  own(kSelf, {{"a", kOther}, {"b", kOther}});
  confirm(batch);
  agree_on_receipt();
  EXPECT_EQ(take_batch().items.size(), 2u) << "at once, and with the one whose confirmation came too late to count";
}

TEST_F(RebalancerTest, ATransferRequestMakesItScanUnlessItDoesSoAnyway) {
  hold("a", "apple");
  own(kOther);
  rebalancer->scan_for_receiver();
  run();
  fail(take_batch(), ErrorKind::timed_out);
  rebalancer->scan_for_receiver();
  run();
  EXPECT_TRUE(peers.asked.empty()) << "what has failed waits for its time";
  strand->advance(20ms);
  EXPECT_EQ(confirm_all(), 1u);
  ASSERT_TRUE(rebalancer->is_handed_over(view_version()));
  hold("b", "as nobody writes by this ring");
  rebalancer->scan_for_receiver();
  run();
  EXPECT_TRUE(peers.asked.empty()) << "it is clean";
}

TEST_F(RebalancerTest, ATransferRequestDuringAScanDoesNotBeginAnother) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  rebalancer->scan_for_receiver();
  run();
  EXPECT_TRUE(peers.asked.empty());
  confirm(batch);
  agree_on_receipt();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, ANewRingIsTriedAtOnceAndSoonAgain) {
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

TEST_F(RebalancerTest, ItsProgressCanBeFollowedAndIsLogged) {
  hold_large_keys(3);
  move_to(kOther);
  confirm(take_batch());
  const auto figures = rebalancer->progress().figures(strand->now() + 1s);
  EXPECT_TRUE(figures.is_moving);
  EXPECT_EQ(figures.keys_done, 1);
  EXPECT_EQ(figures.bytes_done, 94);
  EXPECT_EQ(figures.keys_left, 2);
  EXPECT_EQ(figures.bytes_left, 188);
  strand->advance(1s);
  EXPECT_TRUE(log.has(LogLevel::info, "moving keys: 1 done (94 bytes), about 2 left (188 bytes), 1 keys/s, 2 s left"));
  confirm_all();
  EXPECT_FALSE(rebalancer->progress().figures(strand->now()).is_moving);
  log.lines.clear();
  strand->advance(10s);
  EXPECT_TRUE(log.lines.empty());
}

// --- receipts --------------------------------------------------------------------------------------------------------

TEST_F(RebalancerTest, WhenAllIsSentBothSidesCompareTheirReceipts) {
  hold_large_keys(2);
  hold("c", "cherry");
  erase("c");
  own(kOther, {}, 8);
  rescan();
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
  EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
  answer_finish(asked, donors);
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
  ASSERT_EQ(receipts->all().size(), 1u);
  EXPECT_TRUE(receipts->all().front().is_complete);
  EXPECT_TRUE(log.has(LogLevel::info, "moved 3 keys (189 bytes) to 127.0.0.1:9901 in 250 ms"));
}

TEST_F(RebalancerTest, AReceiptOfWhichTheReceiverCountsOtherwiseIsIncomplete) {
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

TEST_F(RebalancerTest, AReceiverThatDiesBeforeItGivesItsReceiptLeavesItIncomplete) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kOther, {{"b", kThird}});
  confirm(take_batch_to(kOther));
  confirm(take_batch_to(kThird));
  peers.take("finish", kOther).done(Error{ErrorKind::closed, "gone"});
  run();
  EXPECT_FALSE(rebalancer->is_handed_over(view_version())) << "one receipt is under way";
  peers.take("finish", kThird).done(exception_with("nothing of this transfer has arrived here"));
  run();
  ASSERT_EQ(receipts->all().size(), 2u);
  for (const Receipt& one : receipts->all()) EXPECT_FALSE(one.is_complete) << one.receiver;
  EXPECT_TRUE(rebalancer->is_handed_over(view_version())) << "the keys are confirmed all the same";
}

TEST_F(RebalancerTest, EachScanIsATransferOfItsOwn) {
  hold("a", "apple");
  move_to(kOther);
  const std::int64_t first = take_batch().head.session;
  rebalancer->stop();
  rebalancer = std::make_shared<Rebalancer>(log, strand, classic, receipts);
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

TEST_F(RebalancerTest, ALeaverHandsOverEverything) {
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
  EXPECT_TRUE(rebalancer->give_up().empty());
}

TEST_F(RebalancerTest, ALeaverScansAgainAlsoWhenItWasHandedOver) {
  own(kOther);
  rescan();
  ASSERT_TRUE(rebalancer->is_handed_over(view_version()));
  hold("a", "apple");
  const auto is_done = hand_over();
  EXPECT_FALSE(*is_done);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(*is_done);
}

TEST_F(RebalancerTest, AScanThatIsUnderWayWhenTheNodeLeavesDoesNotCount) {
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

TEST_F(RebalancerTest, ALeaverTriesAgainUntilItsKeysAreTaken) {
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

TEST_F(RebalancerTest, ALeaverWhoseReceiverDiesTurnsToTheNextOne) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  const Batch batch = take_batch();
  fail(batch, ErrorKind::refused);
  move_to(kThird);
  ASSERT_EQ(peers.asked.size(), 1u) << "at once";
  EXPECT_EQ(peers.asked.front().to, kThird);
  EXPECT_EQ(locator->unreachable, std::vector<NodeAddress>{kOther});
  confirm_all();
  EXPECT_TRUE(*is_done);
}

TEST_F(RebalancerTest, TheLastNodeLeavesWithItsKeysAndLeavesNothingBehindThatOthersShouldHave) {
  hold("a", "apple");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{}, std::vector<NodeAddress>{}));
  EXPECT_TRUE(*hand_over());
  EXPECT_EQ(rebalancer->give_up(), std::vector<std::string>{});
  EXPECT_TRUE(log.has(LogLevel::warn, "1 keys end with this node: it was the last of its network"));
  EXPECT_TRUE(receipts->all().empty());
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(RebalancerTest, KeysWhoseLastReceiverHasGoneAreLeftBehind) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  fail(take_batch(), ErrorKind::closed);
  own(NodeAddress{});
  rescan();
  EXPECT_TRUE(*is_done);
  EXPECT_EQ(rebalancer->give_up(), std::vector<std::string>{"1 of 1 keys (6 bytes), which nobody is left to take"});
}

TEST_F(RebalancerTest, GivingUpTellsHowManyKeysOfHowManyAndWhoShouldHaveGotThem) {
  for (int i = 0; i < 3; ++i) hold_large_keys(3);
  hold("b", "banana");
  hold("erased", "x");
  erase("erased");
  work_by(std::make_shared<RankedRing>(kSelf, Ranks{{"b", {kThird}}}, std::vector<NodeAddress>{kOther, kThird}));
  const auto is_done = hand_over();
  confirm(take_batch_to(kOther));
  fail(take_batch_to(kOther), ErrorKind::timed_out);
  EXPECT_FALSE(*is_done);
  const std::vector<std::string> lines = rebalancer->give_up();
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
  EXPECT_EQ(value_of("b"), "banana");
}

TEST_F(RebalancerTest, NothingIsDeletedOnceItWasGivenUp) {
  hold("a", "apple");
  own(kOther);
  hand_over();
  const Batch batch = take_batch();
  EXPECT_EQ(rebalancer->give_up().size(), 1u);
  confirm(batch);
  EXPECT_EQ(value_of("a"), "apple") << "it was said to be lost";
}

TEST_F(RebalancerTest, AStopCallsWhoWaitsForTheHandOver) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  rebalancer->stop();
  run();
  EXPECT_TRUE(*is_done);
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(RebalancerTest, ANodeThatIsOnItsRingLeavesNothingBehindThatOthersShouldHave) {
  hold("a", "apple");
  own(kSelf);
  EXPECT_TRUE(rebalancer->give_up().empty());
}

TEST_F(RebalancerTest, WhatIsPutToALeaverIsHandedOverBeforeItEnds) {
  hold("a", "apple");
  own(kOther);
  const auto is_done = hand_over();
  const Batch batch = take_batch();
  ASSERT_TRUE(classic->kept_puts->keep(*classic->local, "late", "not lost", view_version(), kUnconfirmed).value());
  confirm(batch);
  confirm_all();
  EXPECT_FALSE(*is_done);
  strand->advance(1s);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(*is_done);
  EXPECT_FALSE(
      classic->kept_puts->keep(*classic->local, "later", "passed on at once", view_version(), kUnconfirmed).value());
  EXPECT_EQ(keys_here(), 0u);
}

TEST_F(RebalancerTest, WhatIsPutWhileANodeOfThe2009SystemIsWaitedForIsHandedOverToo) {
  own(kOther);
  classic->classics->remember(kFourth);
  const auto is_done = hand_over();
  Asked told = peers.take("remove");
  ASSERT_TRUE(classic->kept_puts->keep(*classic->local, "late", "not lost", view_version(), kUnconfirmed).value());
  strand->advance(1s);
  const Batch batch = take_batch();
  told.done(Error{ErrorKind::closed, "its process has ended"});
  run();
  EXPECT_FALSE(*is_done) << "the last key is under way";
  confirm(batch);
  confirm_all();
  EXPECT_TRUE(*is_done);
}

TEST_F(RebalancerTest, GivingUpAfterEverythingWasConfirmedHasNothingToTell) {
  hold("a", "apple");
  own(kOther);
  hand_over();
  confirm(take_batch());
  EXPECT_TRUE(rebalancer->give_up().empty()) << "only the receipt is under way";
}

TEST_F(RebalancerTest, AStopEndsWhatWasToComeLater) {
  hold("a", "apple");
  move_to(kOther);
  fail(take_batch(), ErrorKind::timed_out);
  EXPECT_EQ(strand->timers(), 1u) << "the next attempt";
  rebalancer->stop();
  run();
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RebalancerTest, AStopEndsAPause) {
  for (int i = 0; i < 1'000; ++i) hold(std::to_string(i), "");
  classic->options.transfer_share = 1;
  strand->cost_of_now = 1ms;
  own(kSelf);
  rebalancer->rescan();
  strand->advance(10ms);
  EXPECT_EQ(strand->timers(), 2u) << "the next step, and the progress";
  rebalancer->stop();
  run();
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RebalancerTest, NothingIsSentOrDeletedAfterTheStop) {
  hold_large_keys(4);
  move_to(kOther);
  const Batch batch = take_batch();
  const Batch failing = take_batch();
  rebalancer->stop();
  confirm(batch);
  fail(failing, ErrorKind::refused);
  strand->advance(10s);
  rescan();
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(keys_here(), 4u);
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RebalancerTest, NothingIsGivenClassicallyAfterTheStopAndNothingIsStored) {
  hold("a", "apple");
  classic->classics->remember(kOther);
  move_to(kOther);
  peers.take("ping").done(Error{ErrorKind::refused, "nobody listens"});
  run();
  EXPECT_GT(strand->timers(), 0u) << "it will be pinged again";
  rebalancer->stop();
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
  const std::weak_ptr<Rebalancer> gone = rebalancer;
  rebalancer = std::make_shared<Rebalancer>(log, strand, classic, receipts);
  EXPECT_TRUE(gone.expired());
}

// --- the ring's layer ------------------------------------------------------------------------------------------------

TEST_F(RebalancerTest, TheLayerContinuesACleanupOnlyWhenTheKeysAreGone) {
  hold("a", "apple");
  own(kOther);
  bool is_continued = false;
  StoreLayer layer(rebalancer);
  layer.cleanup(classic->ownership->share()->ring, Next([&] { is_continued = true; }));
  run();
  EXPECT_FALSE(is_continued);
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_TRUE(is_continued);
}

}  // namespace
}  // namespace p2p::diststore
