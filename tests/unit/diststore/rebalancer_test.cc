// What is sent, and what is deleted then.
#include "rebalancer_fixture.h"

#include <Store.h>

#include <algorithm>
#include <functional>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(RebalancerTest, KeysOfANewOwnerMoveAndTheOthersStay) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kSelf, {{"b", kOther}});
  ASSERT_EQ(peers.asked.size(), 1u);
  const Batch batch = take_batch();
  EXPECT_EQ(batch.asked.to, kOther);
  EXPECT_EQ(batch.asked.service, "diststore.peer");
  ASSERT_EQ(batch.items.size(), 1u);
  EXPECT_EQ(batch.items[0].key, "b");
  EXPECT_EQ(batch.items[0].value, "banana");
  EXPECT_GT(batch.items[0].version.stamp, 0);
  EXPECT_EQ(value_of("b"), "banana") << "nothing is deleted before it is confirmed";
  confirm(batch);
  EXPECT_FALSE(stored("b"));
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(rebalancer->keys_moved_out(), 1);
}

TEST_F(RebalancerTest, EachBatchNamesItsTransfer) {
  hold_large_keys(2);
  hold("c", "cherry");
  own(kOther, {{"c", kThird}}, 8);
  rescan();
  const Batch first = take_batch_to(kOther);
  confirm(first);
  const Batch second = take_batch_to(kOther);
  const Batch elsewhere = take_batch_to(kThird);
  EXPECT_EQ(first.head.donor, kSelf.name());
  EXPECT_EQ(first.head.view, 8);
  EXPECT_FALSE(first.head.__isset.members);
  EXPECT_EQ(second.head.session, first.head.session);
  EXPECT_NE(elsewhere.head.session, first.head.session);
}

TEST_F(RebalancerTest, AnErasedKeyMovesAsATombstone) {
  hold("a", "apple");
  erase("a");
  move_to(kOther);
  const Batch batch = take_batch();
  ASSERT_EQ(batch.items.size(), 1u);
  EXPECT_TRUE(batch.items[0].erased);
  EXPECT_EQ(batch.items[0].value, "");
  confirm(batch);
  EXPECT_FALSE(stored("a"));
}

TEST_F(RebalancerTest, WhoWasTheLastOwnerSaysThatItKnowsTheNewestVersion) {
  hold("ours", "apple");
  hold("not ours", "banana", {5, 9});
  own(kSelf, {{"not ours", kThird}});
  own(kOther);
  rescan();
  std::map<std::string, bool> is_latest;
  const Batch batch = take_batch();
  for (const auto& item : batch.items) is_latest[item.key] = item.__isset.latest && item.latest;
  EXPECT_EQ(is_latest, (std::map<std::string, bool>{{"ours", true}, {"not ours", false}}))
      << "the third owned the other one after us";
  confirm(batch);
}

TEST_F(RebalancerTest, WhoAwaitsAKeyItselfDoesNotKnowItsNewestVersion) {
  hold("unconfirmed", "apple", {5, 9});
  hold("written", "banana");
  own(kOther);
  await_keys(view_version() - 1, {kThird});
  rescan();
  for (const auto& item : take_batch().items) EXPECT_EQ(item.latest, item.key == "written") << item.key;
}

TEST_F(RebalancerTest, WhoHasNotJoinedDoesNotKnowTheNewestVersionOfAPutThatItKept) {
  be_established(false);
  hold("kept", "apple", {5, 9});
  own(kOther);
  rescan();
  EXPECT_FALSE(take_batch().items.at(0).latest);
}

TEST_F(RebalancerTest, AKeyThatIsWrittenWhileItMovesIsSentAgain) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  hold("a", "apricot");
  confirm(batch);
  EXPECT_EQ(value_of("a"), "apricot");
  EXPECT_EQ(rebalancer->keys_moved_out(), 0);
  confirm_all();
  EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
  strand->advance(20ms);
  const Batch again = take_batch();
  EXPECT_EQ(again.items.at(0).value, "apricot");
  confirm(again);
  EXPECT_EQ(value_of("a"), std::nullopt);
  EXPECT_EQ(rebalancer->keys_moved_out(), 1);
}

TEST_F(RebalancerTest, AKeyThatIsErasedWhileItMovesIsSentAgain) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  erase("a");
  confirm(batch);
  confirm_all();
  ASSERT_TRUE(stored("a"));
  strand->advance(20ms);
  EXPECT_TRUE(take_batch().items.at(0).erased);
}

TEST_F(RebalancerTest, AKeyThatIsOursAgainBeforeItsConfirmationStays) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  own(kSelf);
  confirm(batch);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(rebalancer->keys_moved_out(), 0);
}

TEST_F(RebalancerTest, AConfirmationThatComesInALaterViewVersionDeletesNothing) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  own(kThird);  // to which the other may have given the key since, or it may have come back to us and gone again
  confirm(batch);
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_EQ(rebalancer->keys_moved_out(), 0);
}

TEST_F(RebalancerTest, AValueThatTheReceiverHasInANewerVersionIsConfirmedToo) {
  hold("a", "apple");
  move_to(kOther);
  const Batch batch = take_batch();
  answer(batch, confirmation_of(batch, 1));
  EXPECT_EQ(value_of("a"), std::nullopt);
}

// --- replies that do not account for everything ----------------------------------------------------------------------

TEST_F(RebalancerTest, AReplyThatDoesNotAccountForEveryKeyAndByteConfirmsNothing) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kOther);
  const auto damages = std::vector<std::function<void(wire::TransferReply&)>>{
      [](auto& reply) { --reply.stored; }, [](auto& reply) { ++reply.stored; },     [](auto& reply) { ++reply.kept; },
      [](auto& reply) { ++reply.digest; }, [](auto& reply) { reply.undone = {0}; },
  };
  for (const auto& damage : damages) {
    const Batch batch = take_batch();
    ASSERT_EQ(batch.items.size(), 2u);
    auto reply = confirmation_of(batch);
    damage(reply);
    answer(batch, reply);
    EXPECT_EQ(value_of("a"), "apple");
    EXPECT_EQ(value_of("b"), "banana");
    EXPECT_TRUE(log.has(LogLevel::warn, "keys for 127.0.0.1:9901 stay here")) << "an operator should know";
    EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
    strand->advance(1s);
  }
  EXPECT_EQ(rebalancer->keys_moved_out(), 0);
  EXPECT_EQ(confirm_all(), 2u);
  EXPECT_EQ(rebalancer->keys_moved_out(), 2);
}

TEST_F(RebalancerTest, KeysThatTheReceiverDoesNotTakeStayAndTheOthersAreDeleted) {
  hold("a", "apple");
  hold("b", "banana");
  move_to(kOther);
  const Batch batch = take_batch();
  ASSERT_EQ(batch.items.size(), 2u);
  const auto& [untaken, taken] = std::pair(batch.items[0], batch.items[1]);
  wire::TransferReply reply;
  reply.stored = 1;
  reply.kept = 0;
  reply.undone = {0};
  reply.digest = static_cast<std::int64_t>(digest_of(taken.key, taken.value, from_wire(taken.version), false));
  answer(batch, reply);
  EXPECT_EQ(value_of(untaken.key), untaken.value);
  EXPECT_EQ(value_of(taken.key), std::nullopt);
  EXPECT_EQ(rebalancer->keys_moved_out(), 1);
  EXPECT_EQ(agree_on_receipt().keys, 1);
  EXPECT_FALSE(rebalancer->is_handed_over(view_version())) << "one of them lies where nobody looks for it";
  strand->advance(20ms);
  EXPECT_EQ(take_batch().items.at(0).key, untaken.key);
}

TEST_F(RebalancerTest, WhoDoesNotTakeAKeyAndThisNodeExchangeTheirTables) {
  hold("a", "apple");
  move_to(kOther);
  const Batch refused = take_batch();
  EXPECT_FALSE(refused.head.__isset.members);
  wire::TransferReply reply;
  reply.stored = reply.kept = 0;
  reply.digest = 0;
  reply.undone = {0};
  reply.__set_members("table of the other");
  answer(refused, reply);
  EXPECT_EQ(locator->merged, (std::vector<std::pair<NodeAddress, std::string>>{{kOther, "table of the other"}}));
  strand->advance(20ms);
  const Batch again = take_batch();
  EXPECT_EQ(again.head.members, "table of 127.0.0.1:9900");
  confirm(again);
  confirm_all();
  hold("b", "banana");
  move_to(kOther);
  EXPECT_FALSE(take_batch().head.__isset.members) << "it has taken everything since";
}

TEST_F(RebalancerTest, AKeyThatNobodyTakesIsTriedAgainAndAgain) {
  hold("a", "apple");
  move_to(kOther);
  for (int attempt = 0; attempt < 5; ++attempt) {
    wire::TransferReply reply;
    reply.stored = reply.kept = 0;
    reply.digest = 0;
    reply.undone = {0};
    answer(take_batch(), reply);
    EXPECT_TRUE(peers.asked.empty()) << "nothing was moved: there is no receipt to compare";
    strand->advance(1s);
  }
  EXPECT_EQ(confirm_all(), 1u);
}

// --- transfers that fail ---------------------------------------------------------------------------------------------

TEST_F(RebalancerTest, AFailedTransferIsTriedAgainUntilItSucceeds) {
  hold("a", "apple");
  move_to(kOther);
  std::vector<Duration> pauses;
  for (int attempt = 0; attempt < 8; ++attempt) {
    fail(take_batch(), ErrorKind::refused);
    EXPECT_EQ(value_of("a"), "apple");
    const TimePoint failed_at = strand->now();
    while (peers.asked.empty()) strand->advance(1ms);
    pauses.push_back(strand->now() - failed_at);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s, 1s}));
  EXPECT_EQ(confirm_all(), 1u);
  EXPECT_EQ(value_of("a"), std::nullopt);
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, AReceiverThatDoesNotListenIsReported) {
  hold("a", "apple");
  move_to(kOther);
  fail(take_batch(), ErrorKind::refused);
  EXPECT_EQ(locator->unreachable, std::vector<NodeAddress>{kOther});
  strand->advance(20ms);
  fail(take_batch(), ErrorKind::timed_out);
  EXPECT_EQ(locator->unreachable.size(), 1u) << "it listens, and is slow";
}

TEST_F(RebalancerTest, AReceiverThatSaysNoIsNotReportedAsUnreachable) {
  hold("a", "apple");
  move_to(kOther);
  take_batch().asked.done(exception_with("leaving"));
  run();
  EXPECT_TRUE(locator->unreachable.empty());
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_TRUE(log.has(LogLevel::warn, "leaving"));
}

TEST_F(RebalancerTest, AReceiverThatGoesOnFailingIsLoggedOnceUntilItHasTakenSomething) {
  hold("a", "apple");
  move_to(kOther);
  const auto warnings = [this] {
    return std::count_if(log.lines.begin(), log.lines.end(),
                         [](const auto& line) { return line.first == LogLevel::warn; });
  };
  for (int attempt = 0; attempt < 5; ++attempt) {
    fail(take_batch(), ErrorKind::timed_out);
    strand->advance(1s);
  }
  EXPECT_EQ(warnings(), 1);
  EXPECT_TRUE(log.has(LogLevel::warn, "keys for 127.0.0.1:9901 stay here for now: test"));
  EXPECT_EQ(confirm_all(), 1u);
  hold("b", "banana");
  move_to(kOther);
  fail(take_batch(), ErrorKind::timed_out);
  EXPECT_EQ(warnings(), 2);
}

TEST_F(RebalancerTest, WhoHasFailedGetsNothingMoreInThisScanAndOthersGetAll) {
  hold_large_keys(4);
  hold("elsewhere1", std::string(90, 'x'));
  hold("elsewhere2", std::string(90, 'x'));
  move_to(kOther, {{"elsewhere1", kThird}, {"elsewhere2", kThird}});
  std::size_t failed = 0;
  std::size_t taken = 0;
  while (!peers.asked.empty() && peers.asked.front().method() == "transfer") {
    const Batch batch = take_batch();
    if (batch.asked.to == kThird) {
      taken += confirm(batch);
    } else {
      ++failed;
      fail(batch, ErrorKind::timed_out);
    }
  }
  EXPECT_LE(failed, 2u) << "as many as were in flight";
  EXPECT_GE(failed, 1u);
  EXPECT_EQ(taken, 2u);
  EXPECT_EQ(keys_here(), 4u);
  const auto warnings =
      std::count_if(log.lines.begin(), log.lines.end(), [](const auto& line) { return line.first == LogLevel::warn; });
  EXPECT_EQ(warnings, 1);
}

TEST_F(RebalancerTest, AReceiverOfThe2009SystemIsGivenItsKeysByItsOwnCalls) {
  hold("a", "apple");
  move_to(kOther);
  fail(take_batch(), ErrorKind::unsupported);
  EXPECT_TRUE(locator->unreachable.empty());
  EXPECT_FALSE(log.has(LogLevel::warn, "stay here")) << "nothing is wrong with it";
  strand->advance(20ms);
  const auto answer_next = [this](std::string_view method, std::string reply) {
    peers.take(method, kOther).done(std::move(reply));
    run();
  };
  answer_next("ping", "");
  answer_next("get_node", reply_with<locator::Locator_get_node_result>("get_node", to_wire(kOther)));
  answer_next("get", reply_with<wire::Store_get_result>("get", std::string()));
  answer_next("put", "");
  EXPECT_EQ(value_of("a"), "apple");
  answer_next("get", reply_with<wire::Store_get_result>("get", std::string("apple")));
  EXPECT_FALSE(stored("a"));
  EXPECT_EQ(rebalancer->keys_moved_out(), 1);
  EXPECT_TRUE(peers.asked.empty()) << "it gives no receipt";
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, WhatAReceiverOfThe2009SystemDoesNotTakeIsTriedAgainLater) {
  hold_large_keys(5);
  classic->classics->remember(kOther);
  move_to(kOther);
  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) {
    peers.take("ping").done(std::string());
    run();
  }
  const auto elsewhere = to_wire(kThird);  // by its ring
  for (std::size_t batch = 0; batch < kGivenAtOnce; ++batch) {
    peers.take("get_node").done(reply_with<locator::Locator_get_node_result>("get_node", elsewhere));
    run();
  }
  EXPECT_EQ(keys_here(), 5u);
  EXPECT_FALSE(rebalancer->is_handed_over(view_version()));
  EXPECT_TRUE(peers.asked.empty()) << "nothing more in this look";
  strand->advance(20ms);
  EXPECT_EQ(peers.questions(), std::vector<std::string>(kGivenAtOnce, "ping of 9901"));
}

// --- how much at a time ----------------------------------------------------------------------------------------------

TEST_F(RebalancerTest, OnlySoManyBatchesAreInFlight) {
  hold_large_keys(20);
  move_to(kOther);
  EXPECT_EQ(peers.asked.size(), 2u);
  confirm(take_batch());
  EXPECT_EQ(peers.asked.size(), 2u);
  EXPECT_EQ(confirm_all(), 19u);
  EXPECT_EQ(keys_here(), 0u);
}

TEST_F(RebalancerTest, ItWorksForItsShareOfTheTimeOnly) {
  for (int i = 0; i < 10'000; ++i) hold(std::to_string(i), "");
  strand->cost_of_now = 1ms;
  const auto time_of_a_scan = [this](std::size_t percent) {
    classic->options.transfer_share = percent;
    own(kSelf);
    const TimePoint began = strand->now();
    rebalancer->rescan();
    while (!rebalancer->is_handed_over(view_version())) strand->advance(1ms);
    return strand->now() - began;
  };
  // Each portion of keys takes a millisecond by the rebalancer's own count, and the clock costs another one. At a
  // quarter of the time a pause of three belongs to it, one of which passes while the clock is looked at.
  const Duration without_pauses = time_of_a_scan(100);
  const Duration pauses = time_of_a_scan(25) - without_pauses;
  EXPECT_GE(pauses, without_pauses * 8 / 10);
  EXPECT_LE(pauses, without_pauses * 12 / 10);
}

TEST_F(RebalancerTest, AKeyThatChangesBeforeItsBatchGoesArrivesAsItIsAtLast) {
  hold_large_keys(4);
  move_to(kOther);
  for (int i = 0; i < 4; ++i) hold("key" + std::to_string(i), "newer");
  std::map<std::string, std::string> arrived;
  for (int looks = 0; looks < 3; ++looks) {
    while (!peers.asked.empty()) {
      if (peers.asked.front().method() == "finish") {
        agree_on_receipt();
        continue;
      }
      const Batch batch = take_batch();
      for (const auto& item : batch.items) arrived[item.key] = item.value;
      confirm(batch);
    }
    strand->advance(1s);
  }
  EXPECT_EQ(arrived.size(), 4u);
  for (const auto& [key, value] : arrived) EXPECT_EQ(value, "newer") << key;
  EXPECT_EQ(keys_here(), 0u);
  EXPECT_EQ(rebalancer->keys_moved_out(), 4) << "each once";
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
}

TEST_F(RebalancerTest, AKeyThatIsGoneBeforeItsBatchGoesDoesNoHarm) {
  hold_large_keys(4);
  move_to(kOther);
  for (int i = 0; i < 4; ++i) {
    const std::string key = "key" + std::to_string(i);
    ASSERT_TRUE(remove(key, stored(key)->version));
  }
  confirm_all();
  strand->advance(1s);
  EXPECT_EQ(rebalancer->keys_moved_out(), 0);
  EXPECT_TRUE(rebalancer->is_handed_over(view_version()));
  EXPECT_TRUE(peers.asked.empty());
}

}  // namespace
}  // namespace p2p::diststore
