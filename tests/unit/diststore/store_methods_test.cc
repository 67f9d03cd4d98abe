// Calls of clients for keys of this node and of others, and other nodes' parts of batches.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

TEST_F(StoreMethods, AnOwnKeyIsWrittenReadAndErasedOnTheSpot) {
  const auto written = decode_reply<wire::Store_write_result>(write("a", "apple")->reply);
  ASSERT_TRUE(written.ok());
  EXPECT_GT(written.value().success.version.stamp, 0);
  EXPECT_EQ(written.value().success.view, 7);
  const auto read_back = decode_reply<wire::Store_read_result>(read("a")->reply);
  EXPECT_TRUE(read_back.value().success.found);
  EXPECT_EQ(read_back.value().success.value, "apple");
  EXPECT_EQ(read_back.value().success.version, written.value().success.version);
  const auto erased = decode_reply<wire::Store_erase_result>(erase("a")->reply);
  EXPECT_TRUE(erased.value().success.found);
  EXPECT_GT(erased.value().success.version.stamp, written.value().success.version.stamp);
  EXPECT_EQ(erased.value().success.view, 7);
  EXPECT_FALSE(decode_reply<wire::Store_erase_result>(erase("a")->reply).value().success.found);
  EXPECT_FALSE(decode_reply<wire::Store_read_result>(read("a")->reply).value().success.__isset.value);
}

TEST_F(StoreMethods, TheClassicGetAnswersEmptyForAMissingKey) {
  hold("a", "apple");
  EXPECT_EQ(decode_reply<wire::Store_get_result>(get("a")->reply).value().success, "apple");
  EXPECT_EQ(decode_reply<wire::Store_get_result>(get("b")->reply).value().success, "");
}

TEST_F(StoreMethods, TheClassicPutStoresWithoutAReply) {
  const auto call = put("a", "apple");
  EXPECT_EQ(value_of("a"), "apple");
  EXPECT_TRUE(call->is_abandoned) << "letting go of a oneway call ends it";
}

TEST_F(StoreMethods, WhatIsTooLargeIsRefusedAndNotStored) {
  const auto large_key = decode_reply<wire::Store_write_result>(write(std::string(65, 'k'), "v")->reply);
  EXPECT_EQ(kind_of(large_key.value().error), wire::StoreErrorKind::too_large);
  const auto large_value = decode_reply<wire::Store_write_result>(write("k", std::string((5 << 20) + 1, 'v'))->reply);
  EXPECT_EQ(large_value.value().error.message, "the value has 5242881 bytes, the limit value_bytes_max is 5MiB");
  EXPECT_EQ(classic->local->engine().totals().keys, 0u);
}

TEST_F(StoreMethods, AKeyOfAnotherNodeIsPassedOnOnce) {
  own(kOther);
  const auto call = read("a");
  EXPECT_EQ(call->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(store->forwarder->forwarded(), 1);
  EXPECT_TRUE(call->reply.empty());
}

TEST_F(StoreMethods, ACallThatWasPassedOnToTheWrongNodeIsGivenBack) {
  own(kOther);
  EXPECT_TRUE(read("a", 1)->has_disagreed);
  EXPECT_TRUE(write("a", "apple", 1)->has_disagreed);
  own(kSelf);
  EXPECT_FALSE(read("a", 1)->reply.empty());
}

TEST_F(StoreMethods, ACallWhoseOwnerHasGoneIsAnsweredByTheNewOwner) {
  own(kOther);
  const auto call = write("a", "apple");
  call->fail_forward(ErrorKind::refused);
  EXPECT_EQ(locator->unreachable, std::vector<NodeAddress>{kOther});
  own(kSelf);
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(call->reply).ok());
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(StoreMethods, ACallIsTriedAgainUntilItsTimeIsOver) {
  own(kOther);
  const auto call = read("a");
  while (call->is_forwarding()) {
    call->fail_forward(ErrorKind::not_found);
    strand->advance(kShortPause);
  }
  EXPECT_GT(call->forwarded_to.size(), 200u);
  const auto reply = decode_reply<wire::Store_read_result>(call->reply);
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::not_executed);
  EXPECT_EQ(reply.value().error.message, "127.0.0.1:9901: test");
}

// Decision 12.
TEST_F(StoreMethods, ALateWriteIsNotRepeatedBecauseTheFirstMayStillBeExecuted) {
  own(kOther);
  const auto written = write("a", "apple");
  written->fail_forward(ErrorKind::timed_out);
  strand->advance(kShortPause);
  EXPECT_EQ(written->forwarded_to.size(), 1u);
  EXPECT_EQ(kind_of(decode_reply<wire::Store_write_result>(written->reply).value().error),
            wire::StoreErrorKind::unavailable);
  const auto late = read("a");
  late->fail_forward(ErrorKind::timed_out);
  strand->advance(kShortPause);
  EXPECT_EQ(late->forwarded_to.size(), 2u) << "a read does no harm";
  late->fail_forward(ErrorKind::internal);
}

TEST_F(StoreMethods, AWriteWhoseConnectionBrokeIsRepeatedAndAnEraseIsNot) {
  own(kOther);
  const auto written = write("a", "apple");
  written->fail_forward(ErrorKind::closed);
  strand->advance(kShortPause);
  EXPECT_EQ(written->forwarded_to.size(), 2u);
  const auto erased = erase("a");
  erased->fail_forward(ErrorKind::closed);
  strand->advance(kShortPause);
  EXPECT_EQ(erased->forwarded_to.size(), 1u);
  EXPECT_EQ(kind_of(decode_reply<wire::Store_erase_result>(erased->reply).value().error),
            wire::StoreErrorKind::unavailable);
  written->fail_forward(ErrorKind::internal);
}

TEST_F(StoreMethods, ACallToANodeThatIsKnownToBeAwayIsTriedAgainAndReportsNobody) {
  own(kOther);
  const auto call = erase("a");
  call->fail_forward(ErrorKind::unreachable);
  strand->advance(kShortPause);
  EXPECT_EQ(call->forwarded_to.size(), 2u);
  EXPECT_TRUE(locator->unreachable.empty());
  call->fail_forward(ErrorKind::internal);
}

TEST_F(StoreMethods, ManyCallsThatFailWithOneConnectReportItOnce) {
  own(kOther);
  std::vector<std::unique_ptr<FakeCall>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(read(std::to_string(i)));
  for (auto& call : calls) call->fail_forward(ErrorKind::refused);
  EXPECT_EQ(locator->unreachable.size(), 1u);
  own(kSelf);
  strand->advance(kShortPause);
}

TEST_F(StoreMethods, ACallWaitsWhileNobodyOwnsItsKey) {
  own(NodeAddress{});
  const auto call = write("a", "apple");
  EXPECT_TRUE(call->reply.empty());
  own(kSelf);
  strand->advance(kShortPause);
  EXPECT_EQ(value_of("a"), "apple");
}

TEST_F(StoreMethods, StoppingAnswersWhatWaits) {
  own(NodeAddress{});
  const auto call = read("a");
  store->retries->stop();
  EXPECT_EQ(decode_reply<wire::Store_read_result>(call->reply).value().error.message, "this node stops");
}

TEST_F(StoreMethods, ABatchOfOwnKeysIsAnsweredInItsOrder) {
  hold("a", "apple");
  hold("c", "cherry");
  const auto reply = decode_reply<wire::Store_read_many_result>(read_many({"c", "b", "a"})->reply);
  ASSERT_EQ(reply.value().success.size(), 3u);
  EXPECT_EQ(reply.value().success[0].value, "cherry");
  EXPECT_FALSE(reply.value().success[1].found);
  EXPECT_EQ(reply.value().success[2].value, "apple");
}

TEST_F(StoreMethods, EachResultOfABatchOfOwnKeysIsWhole) {
  const auto written = decode_reply<wire::Store_write_many_result>(write_many({{"a", "apple"}, {"b", ""}})->reply);
  ASSERT_EQ(written.value().success.size(), 2u);
  const auto read = decode_reply<wire::Store_read_many_result>(read_many({"b", "a", "a", "none"})->reply);
  ASSERT_EQ(read.value().success.size(), 4u);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const wire::ReadResult& result = read.value().success[at];
    EXPECT_TRUE(result.found && result.__isset.value && result.__isset.version && result.__isset.view) << at;
    EXPECT_EQ(result.version, written.value().success[at == 0 ? 1 : 0].version) << at;
    EXPECT_EQ(result.view, written.value().success[0].view) << at;
  }
  EXPECT_EQ(read.value().success[0].value, "");
  EXPECT_EQ(read.value().success[1].value, "apple");
  const wire::ReadResult& none = read.value().success[3];
  EXPECT_FALSE(none.found || none.__isset.value || none.__isset.version);
  EXPECT_TRUE(none.__isset.view);
}

TEST_F(StoreMethods, AnEmptyBatchHasNoResults) {
  const auto reply = decode_reply<wire::Store_read_many_result>(read_many({})->reply);
  EXPECT_TRUE(reply.value().__isset.success && reply.value().success.empty());
  EXPECT_TRUE(decode_reply<wire::Store_write_many_result>(write_many({})->reply).value().__isset.success);
}

// The ring changes between the look at it and the writes: what was not written is written by the new one.
TEST_F(StoreMethods, ABatchWhoseViewVersionEndsIsDoneByTheNextOne) {
  classic->local->engine().fence(1'000);
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(value_of("a"), std::nullopt);
  OwnershipSnapshot next = *classic->ownership->share();
  next.view_version = 1'000;
  publish(std::move(next));
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 2u);
  EXPECT_EQ(value_of("b"), "banana");
}

TEST_F(StoreMethods, ABatchOverTheLimitStoresNothing) {
  std::vector<std::pair<std::string, std::string>> items(11, {"a", "apple"});
  EXPECT_EQ(kind_of(decode_reply<wire::Store_write_many_result>(write_many(items)->reply).value().error),
            wire::StoreErrorKind::too_many);
  items = {{"a", "apple"}, {std::string(65, 'k'), "too long a key"}};
  EXPECT_EQ(kind_of(decode_reply<wire::Store_write_many_result>(write_many(items)->reply).value().error),
            wire::StoreErrorKind::too_large);
  EXPECT_EQ(value_of("a"), std::nullopt);
}

TEST_F(StoreMethods, PartsOfOtherNodesAreHeldToTheSameLimits) {
  wire::StorePeer_read_here_args read_here;
  read_here.keys.assign(11, "a");
  EXPECT_NE(dispatch("read_here", read_here)->failure.find("batch_keys_max"), std::string::npos);
  wire::StorePeer_erase_here_args erase_here;
  erase_here.keys = {std::string(65, 'k')};
  EXPECT_EQ(dispatch("erase_here", erase_here)->failure, "")
      << "what was handed over may be larger than what is written";
  wire::StorePeer_write_here_args write_here;
  write_here.items.resize(2);
  write_here.items[0].key = "a";
  write_here.items[1].key = "b";
  write_here.items[1].value.assign((5 << 20) + 1, 'v');
  EXPECT_NE(dispatch("write_here", write_here)->failure.find("value_bytes_max"), std::string::npos);
  EXPECT_EQ(value_of("a"), std::nullopt) << "all or nothing";
}

TEST_F(StoreMethods, TheResultsOfABatchOverSeveralNodesStandInItsOrder) {
  own(kSelf, {{"b", kOther}});
  hold("a", "apple");
  StoreFixture other;
  other.hold("b", "banana");
  const auto call = read_many({"b", "a"});
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(peers.asked.front().service, "diststore.peer");
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  const auto reply = decode_reply<wire::Store_read_many_result>(call->reply);
  ASSERT_EQ(reply.value().success.size(), 2u);
  EXPECT_EQ(reply.value().success[0].value, "banana");
  EXPECT_EQ(reply.value().success[1].value, "apple");
}

TEST_F(StoreMethods, APartThatItsOwnerDoesNotOwnIsDealtAgain) {
  own(kSelf, {{"b", kOther}});
  StoreFixture other;
  other.own(kThird);
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  EXPECT_EQ(value_of("a"), "apple") << "the own part waits for nobody";
  let_peer_answer<wire::StorePeer_write_here_args>(other);
  EXPECT_TRUE(call->reply.empty());
  EXPECT_EQ(other.classic->local->engine().totals().keys, 0u);
  own(kSelf);
  strand->advance(kShortPause);
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 2u);
  EXPECT_EQ(value_of("b"), "banana");
}

TEST_F(StoreMethods, ABatchWhosePartFailsForGoodIsUnavailable) {
  own(kSelf, {{"b", kOther}});
  const auto call = erase_many({"a", "b"});
  peers.take("erase_here").done(Error{ErrorKind::timed_out, "no answer"});
  const auto reply = decode_reply<wire::Store_erase_many_result>(call->reply);
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::unavailable);
  EXPECT_EQ(reply.value().error.message, "127.0.0.1:9901: no answer");
}

TEST_F(StoreMethods, LargePartsAreAskedForInPortions) {
  own(kSelf, {{"b1", kOther}, {"b2", kOther}, {"b3", kOther}});
  StoreFixture other;
  for (const char* key : {"b1", "b2", "b3"}) other.hold(key, std::string(3 << 20, *key));
  const auto call = read_many({"b1", "b2", "b3"});
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  const auto reply = decode_reply<wire::Store_read_many_result>(call->reply);
  ASSERT_EQ(reply.value().success.size(), 3u);
  EXPECT_EQ(reply.value().success[2].value.size(), std::size_t{3} << 20);
}

TEST_F(StoreMethods, ValuesThatFitNoReplyAreRefusedWhoeverHoldsThem) {
  own(kSelf, {{"b", kOther}});
  StoreFixture other;
  hold("a", std::string(5 << 20, 'a'));
  other.hold("b", std::string(5 << 20, 'b'));
  const auto call = read_many({"a", "b", "a"});
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  const auto reply = decode_reply<wire::Store_read_many_result>(call->reply);
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::too_large);
}

TEST_F(StoreMethods, AClassicPutMayBringMoreThanAClientMayWrite) {
  const std::string key(65, 'k');
  const std::string value((5 << 20) + 1, 'v');
  put(key, value);
  EXPECT_EQ(value_of(key), value);
  EXPECT_EQ(classic->local->engine().totals().bytes, key.size() + value.size());
  EXPECT_EQ(decode_reply<wire::Store_read_result>(read(key)->reply).value().success.value, value);
  EXPECT_EQ(decode_reply<wire::Store_get_result>(get(key)->reply).value().success, value);
  EXPECT_EQ(decode_reply<wire::Store_read_many_result>(read_many({key})->reply).value().success.at(0).value, value);
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(erase(key)->reply).value().success.found);
  EXPECT_EQ(classic->local->engine().totals().keys, 0u);
}

TEST_F(StoreMethods, ValuesThatAreAllowedOneByOneComeInPartsThatFitAReply) {
  own(kOther);
  StoreFixture other;
  other.hold("b1", std::string(3 << 20, '1'));
  other.hold("b2", std::string(14 << 20, '2'));
  const auto call = read_many({"b1", "b2"});
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  EXPECT_TRUE(call->reply.empty()) << "17 MiB are no message any more";
  strand->advance(kShortPause);
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"read_here of 9901"})) << "the other one is asked for again";
  let_peer_answer<wire::StorePeer_read_here_args>(other);
  EXPECT_EQ(kind_of(decode_reply<wire::Store_read_many_result>(call->reply).value().error),
            wire::StoreErrorKind::too_large);
}

TEST_F(StoreMethods, ValuesThatFitNoReplyAreRefused) {
  for (const char* key : {"a", "b", "c"}) hold(key, std::string(5 << 20, *key));
  const auto reply = decode_reply<wire::Store_read_many_result>(read_many({"a", "b", "c"})->reply);
  EXPECT_EQ(kind_of(reply.value().error), wire::StoreErrorKind::too_large);
}

}  // namespace
}  // namespace p2p::diststore
