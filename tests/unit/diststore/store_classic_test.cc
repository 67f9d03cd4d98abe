// Calls for keys whose owner is a node of the 2009 system.
#include "store_calls.h"

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

class ClassicOwner : public StoreMethods {
 protected:
  ClassicOwner() {
    own(kOther, {{"ours", kSelf}});
    classic->classics->remember(kOther);
  }

  void answer_get(const std::string& key, const std::string& value) {
    const Asked asked = peers.take("get", kOther);
    EXPECT_TRUE(asked.is_classic);
    EXPECT_EQ(Arguments<wire::Store_get_args>(asked)->key, key);
    asked.done(reply_with<wire::Store_get_result>("get", value));
  }
  void take_put(const std::string& key, const std::string& value) {
    const Asked asked = peers.take("put", kOther);
    EXPECT_TRUE(asked.is_classic);
    const Arguments<wire::Store_put_args> args(asked);
    EXPECT_EQ(args->key, key);
    EXPECT_EQ(args->value, value);
    asked.done(std::string());
  }
};

TEST_F(StoreMethods, AnOwnerThatTurnsOutToBeOfThe2009SystemIsAskedByItsOwnCalls) {
  own(kOther);
  const auto call = read("a");
  ASSERT_TRUE(call->is_forwarding());
  call->fail_forward(ErrorKind::unsupported);
  EXPECT_TRUE(classic->classics->knows(kOther));
  EXPECT_TRUE(locator->unreachable.empty());
  ASSERT_EQ(peers.asked.size(), 1u) << "at once";
  const Asked asked = peers.take("get", kOther);
  EXPECT_TRUE(asked.is_classic);
  asked.done(reply_with<wire::Store_get_result>("get", std::string("apple")));
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(StoreMethods, AnEmptyPutErasesWhatIsThereAndMakesNothing) {
  put("a", "apple");
  put("a", "");
  EXPECT_FALSE(read_of(*read("a")).found);
  put("b", "");
  EXPECT_FALSE(read_of(*read("b")).found);
  EXPECT_EQ(classic->local->engine().totals().keys, 0u);
}

TEST_F(ClassicOwner, AReadIsAGet) {
  const auto call = read("a");
  EXPECT_TRUE(call->is_kept);
  EXPECT_TRUE(call->forwarded_to.empty());
  EXPECT_EQ(peers.asked.front().deadline, store->options.forward_timeout);
  answer_get("a", "apple");
  const auto result = read_of(*call);
  EXPECT_TRUE(result.found);
  EXPECT_EQ(result.value, "apple");
  EXPECT_EQ(result.view, 7);
  EXPECT_FALSE(result.__isset.version) << "such nodes have none";
}

TEST_F(ClassicOwner, AnEmptyAnswerMeansThatTheKeyIsMissing) {
  const auto call = read("a");
  answer_get("a", "");
  EXPECT_FALSE(read_of(*call).found);
  EXPECT_FALSE(read_of(*call).__isset.value);
  const auto got_nothing = get("a");
  answer_get("a", "");
  EXPECT_EQ(got(*got_nothing), "");
  const auto got_something = get("a");
  answer_get("a", "apple");
  EXPECT_EQ(got(*got_something), "apple");
}

TEST_F(ClassicOwner, AWriteCountsOnceTheNodeAnswersWithWhatWasWritten) {
  const auto call = write("a", "apple");
  take_put("a", "apple");
  EXPECT_TRUE(call->reply.empty());
  answer_get("a", "apple");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(call->reply).ok());
  EXPECT_FALSE(stored("a"));
}

TEST_F(ClassicOwner, AWriteThatTheNodeDoesNotHaveIsTriedAgain) {
  const auto call = write("a", "apple");
  take_put("a", "apple");
  answer_get("a", "");
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  take_put("a", "apple");
  answer_get("a", "apple");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(call->reply).ok());
}

TEST_F(ClassicOwner, AnEraseIsAWriteOfNothing) {
  const auto call = erase("a");
  answer_get("a", "apple");
  take_put("a", "");
  answer_get("a", "");
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(call->reply).value().success.found);
  const auto missing = erase("a");
  answer_get("a", "");
  EXPECT_TRUE(peers.asked.empty()) << "there is nothing to erase";
  EXPECT_FALSE(decode_reply<wire::Store_erase_result>(missing->reply).value().success.found);
}

TEST_F(ClassicOwner, AnEraseThatMayHaveHappenedIsNotRepeated) {
  const auto call = erase("a");
  answer_get("a", "apple");
  peers.take("put").done(Error{ErrorKind::timed_out, "busy"});
  EXPECT_EQ(kind_of(decode_reply<wire::Store_erase_result>(call->reply).value().error),
            wire::StoreErrorKind::unavailable);
}

TEST_F(ClassicOwner, APutIsWrittenAndCheckedLikeAWrite) {
  const auto call = put("a", "apple");
  take_put("a", "apple");
  EXPECT_FALSE(call->is_abandoned);
  answer_get("a", "apple");
  EXPECT_TRUE(call->is_abandoned) << "letting go of a oneway call ends it";
  EXPECT_TRUE(call->reply.empty());
}

TEST_F(ClassicOwner, ANodeThatDoesNotListenIsReportedAndAskedAgain) {
  const auto call = read("a");
  peers.take("get").done(Error{ErrorKind::refused, "nobody listens"});
  EXPECT_EQ(locator->unreachable, std::vector<NodeAddress>{kOther});
  strand->advance(kShortPause);
  answer_get("a", "apple");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(ClassicOwner, ACallThatWasPassedOnIsGivenBack) {
  EXPECT_TRUE(read("a", 1)->has_disagreed);
  EXPECT_TRUE(write("a", "apple", 1)->has_disagreed);
  EXPECT_TRUE(peers.asked.empty()) << "who passed it on can ask the owner itself";
}

TEST_F(ClassicOwner, NothingIsAskedWhenTheCallsTimeIsOver) {
  wire::Store_read_args args;
  args.key = "a";
  FakeCall call("read", args, in(10ms));
  call.dispatch(methods);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(kind_of(decode_reply<wire::Store_read_result>(call.reply).value().error),
            wire::StoreErrorKind::not_executed);
}

// "" would be the word for a missing key, and this one may be there.
TEST_F(ClassicOwner, AGetThatIsNotAnsweredIsAFaultThatNamesTheOwner) {
  const auto call = get("a");
  for (int attempt = 0; attempt < 1'000 && call->failure.empty(); ++attempt) {
    peers.take("get", kOther).done(Error{ErrorKind::timed_out, "no answer in time"});
    strand->advance(kShortPause);
  }
  EXPECT_TRUE(call->reply.empty());
  EXPECT_TRUE(call->failure.starts_with(kUnknownOutcomePrefix)) << call->failure;
  EXPECT_NE(call->failure.find(kOther.name() + ": no answer in time"), std::string::npos) << call->failure;
}

TEST_F(ClassicOwner, APutIsTakenBackFromANodeThatHasLeftMeanwhile) {
  const auto call = put("a", "apple");
  const Asked asked = peers.take("put", kOther);
  locator->ring = std::make_shared<FakeRing>(kSelf, FakeRing::Owners{}, 8, std::vector<NodeAddress>{kSelf, kThird});
  work_by(locator->ring);
  asked.done(Error{ErrorKind::timed_out, "no answer in time"});
  strand->advance(kShortPause);
  EXPECT_EQ(got(*get("a")), "apple");
}

TEST_F(ClassicOwner, APutIsNotRepeatedWhileItsOwnerMayExecuteItLate) {
  const auto call = put("a", "apple");
  peers.take("put", kOther).done(Error{ErrorKind::timed_out, "no answer in time"});
  strand->advance(1s);
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(ClassicOwner, AWriteIsNotBegunWhenTheCallsTimeIsOver) {
  wire::Store_write_args args;
  args.key = "a";
  FakeCall call("write", args, in(10ms));
  call.dispatch(methods);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(kind_of(decode_reply<wire::Store_write_result>(call.reply).value().error),
            wire::StoreErrorKind::not_executed);
}

TEST_F(ClassicOwner, OwnKeysAreAnsweredHere) {
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(write("ours", "orange")->reply).ok());
  EXPECT_EQ(got(*get("ours")), "orange");
  EXPECT_TRUE(peers.asked.empty());
}

// --- batches ---------------------------------------------------------------------------------------------------------

TEST_F(ClassicOwner, OfABatchItIsAskedForOneKeyAfterTheOther) {
  hold("ours", "orange");
  const auto call = read_many({"a", "ours", "b", "c"});
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"get of 9901"})) << "it serves one connection at a time";
  answer_get("a", "apple");
  answer_get("b", "");
  EXPECT_TRUE(call->reply.empty());
  answer_get("c", "cherry");
  const auto reply = decode_reply<wire::Store_read_many_result>(call->reply);
  ASSERT_EQ(reply.value().success.size(), 4u);
  EXPECT_EQ(reply.value().success[0].value, "apple");
  EXPECT_EQ(reply.value().success[1].value, "orange");
  EXPECT_FALSE(reply.value().success[2].found);
  EXPECT_EQ(reply.value().success[3].value, "cherry");
}

TEST_F(ClassicOwner, WhatOfABatchCouldNotBeAskedIsAskedAgainAndTheRestIsNot) {
  const auto call = write_many({{"a", "apple"}, {"b", "banana"}});
  take_put("a", "apple");
  answer_get("a", "apple");
  peers.take("put").done(Error{ErrorKind::closed, "gone"});
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  take_put("b", "banana");
  answer_get("b", "banana");
  EXPECT_EQ(decode_reply<wire::Store_write_many_result>(call->reply).value().success.size(), 2u);
}

TEST_F(ClassicOwner, ANodeThatDoesNotListenIsReportedForABatchToo) {
  const auto call = read_many({"a"});
  peers.take("get").done(Error{ErrorKind::refused, "nobody listens"});
  EXPECT_EQ(locator->unreachable, std::vector<NodeAddress>{kOther});
  strand->advance(kShortPause);
  answer_get("a", "apple");
  EXPECT_FALSE(call->reply.empty());
}

TEST_F(ClassicOwner, AnErasedBatchTellsWhatThereWas) {
  const auto call = erase_many({"a", "b"});
  answer_get("a", "apple");
  take_put("a", "");
  answer_get("a", "");
  answer_get("b", "");
  const auto reply = decode_reply<wire::Store_erase_many_result>(call->reply);
  ASSERT_EQ(reply.value().success.size(), 2u);
  EXPECT_TRUE(reply.value().success[0].found);
  EXPECT_FALSE(reply.value().success[1].found);
}

TEST_F(StoreMethods, ABatchFindsOutThatAnOwnerIsOfThe2009System) {
  own(kOther);
  const auto call = erase_many({"a"});
  peers.take("erase_here").done(Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_TRUE(call->reply.empty()) << "nothing was done, so that even an erase may be repeated";
  strand->advance(kShortPause);
  const Asked asked = peers.take("get", kOther);
  EXPECT_TRUE(asked.is_classic);
  asked.done(reply_with<wire::Store_get_result>("get", std::string()));
  EXPECT_FALSE(decode_reply<wire::Store_erase_many_result>(call->reply).value().success.at(0).found);
}

// --- keys that are being given to it ---------------------------------------------------------------------------------

TEST_F(ClassicOwner, AGetForAKeyUnderCheckIsAnsweredHere) {
  hold("a", "apple");
  classic->classics->begin_check("a");
  EXPECT_EQ(got(*get("a")), "apple") << "the node asks us for what it should hold itself";
  EXPECT_TRUE(peers.asked.empty()) << "to ask it in turn would go round in circles";
  EXPECT_TRUE(classic->classics->has_come_back("a"));
  classic->classics->end_check("a");
  const auto call = get("a");
  EXPECT_EQ(peers.asked.size(), 1u);
  answer_get("a", "apple");
}

TEST_F(ClassicOwner, AChangeOfAKeyUnderCheckWaitsUntilThatIsOver) {
  classic->classics->begin_check("a");
  const auto written = write("a", "apricot");
  const auto erased = erase("a");
  EXPECT_TRUE(peers.asked.empty()) << "what is given would overwrite it";
  strand->advance(kShortPause);
  EXPECT_TRUE(peers.asked.empty());
  const auto read_back = read("a");
  answer_get("a", "apple");
  EXPECT_EQ(read_of(*read_back).value, "apple") << "a read does no harm";
  const auto elsewhere = write("b", "banana");
  take_put("b", "banana");
  answer_get("b", "banana");
  classic->classics->end_check("a");
  strand->advance(kShortPause);
  take_put("a", "apricot");
  answer_get("a", "");  // asked by the erase
  answer_get("a", "apricot");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  EXPECT_FALSE(decode_reply<wire::Store_erase_result>(erased->reply).value().success.found);
}

TEST_F(ClassicOwner, AGetForAnotherKeyIsNot) {
  classic->classics->begin_check("a");
  const auto call = get("b");
  answer_get("b", "banana");
  EXPECT_EQ(got(*call), "banana");
  EXPECT_FALSE(classic->classics->has_come_back("a"));
}

// --- keys that nodes of ours still hold for it -----------------------------------------------------------------------

// It has joined this node and the third, and what they held of its keys is on its way.
class JoinerOf2009 : public ClassicOwner {
 protected:
  JoinerOf2009() {
    const Ranks ranks{{"a", {kOther, kThird, kSelf}}, {"b", {kOther, kSelf}}, {"ours", {kSelf}}};
    work_by(std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kOther, kThird}));
    OwnershipSnapshot next = *classic->ownership->share();
    next.gifts = {{kOther, {kThird}, std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kThird})}};
    publish(std::move(next));
  }
  void end_gift() {
    OwnershipSnapshot next = *classic->ownership->share();
    next.gifts = {};
    publish(std::move(next));
  }
};

TEST_F(JoinerOf2009, WhatThisNodeHoldsForItIsNotMissing) {
  hold("b", "banana", {5, 9});
  const auto call = read("b");
  answer_get("b", "");
  EXPECT_EQ(read_of(*call).value, "banana");
  const auto again = read("b");
  answer_get("b", "newer");
  EXPECT_EQ(read_of(*again).value, "newer") << "it will not be given the older one";
}

TEST_F(JoinerOf2009, WhatItsFormerOwnerHoldsForItIsNotMissing) {
  const auto call = read("a");
  yield("a", "apple", {5, 9});
  answer_get("a", "");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(JoinerOf2009, WhatNobodyHoldsForItIsMissing) {
  const auto call = read("a");
  yield("a", "", {});
  answer_get("a", "");
  EXPECT_FALSE(read_of(*call).found);
  const auto erased = read("a");
  wire::FetchedKey fetched;
  fetched.yielded = true;
  fetched.__set_item({});
  fetched.item.version = to_wire(Version{5, 9});
  fetched.item.__set_erased(true);
  peers.take("pull", kThird)
      .done(reply_with<wire::StorePeer_pull_result>("pull", std::vector<wire::FetchedKey>{fetched}));
  answer_get("a", "");
  EXPECT_FALSE(read_of(*erased).found);
}

TEST_F(JoinerOf2009, WhileTheFormerOwnerDoesNotAnswerItIsNotKnown) {
  const auto call = read("a");
  peers.take("pull", kThird).done(Error{ErrorKind::timed_out, "busy"});
  answer_get("a", "");
  EXPECT_TRUE(call->reply.empty());
  strand->advance(kShortPause);
  yield("a", "apple", {5, 9});
  answer_get("a", "");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(JoinerOf2009, ChangesWaitUntilItHasBeenGivenTheKey) {
  const auto written = write("a", "newer");
  const auto erased = erase("a");
  yield("a", "apple", {5, 9});
  yield("a", "apple", {5, 9});
  EXPECT_TRUE(peers.asked.empty()) << "what it is given would overwrite it";
  strand->advance(kShortPause);
  yield("a", "", {});
  take_put("a", "newer");
  answer_get("a", "newer");
  EXPECT_TRUE(decode_reply<wire::Store_write_result>(written->reply).ok());
  yield("a", "", {});
  answer_get("a", "newer");
  take_put("a", "");
  answer_get("a", "");
  EXPECT_TRUE(decode_reply<wire::Store_erase_result>(erased->reply).value().success.found);
}

TEST_F(JoinerOf2009, OneOfItsKindThatDoesNotKnowItYetMayHoldTheKey) {
  classic->classics->remember(kThird);
  const auto call = read("a");
  answer_get("a", "");
  EXPECT_TRUE(call->reply.empty());
  EXPECT_TRUE(peers.asked.empty());
  end_gift();
  strand->advance(kShortPause);
  answer_get("a", "");
  EXPECT_FALSE(read_of(*call).found);
}

TEST_F(JoinerOf2009, WhatItHasIsTheValueWhateverOthersHold) {
  const auto call = read("a");
  peers.take("pull", kThird).done(Error{ErrorKind::timed_out, "frozen"});
  answer_get("a", "apple");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(JoinerOf2009, AGiverThatLeavesIsAskedToo) {
  OwnershipSnapshot next = *classic->ownership->share();
  const Ranks ranks{{"a", {kOther, kThird, kSelf}}};
  next.ring = std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kOther}, std::vector{kThird});
  publish(std::move(next));
  const auto call = read("a");
  yield("a", "apple", {5, 9});
  answer_get("a", "");
  EXPECT_EQ(read_of(*call).value, "apple");
}

TEST_F(JoinerOf2009, WhoHasJoinedSinceIsNotTheFormerOwner) {
  const Ranks ranks{{"a", {kOther, kFourth, kThird, kSelf}}};
  OwnershipSnapshot next = *classic->ownership->share();
  next.ring = std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kOther, kThird, kFourth});
  publish(std::move(next));
  classic->classics->note_ours(kFourth);
  const auto call = read("a");
  yield("a", "apple", {5, 9});
  answer_get("a", "");
  EXPECT_EQ(read_of(*call).value, "apple");
}

// Two of that system have joined one after the other.
TEST_F(JoinerOf2009, WhatTheFormerOwnerHadNotGotEitherIsSoughtBeforeThatOneJoined) {
  const Ranks ranks{{"a", {kOther, kFourth, kThird, kSelf}}};
  OwnershipSnapshot next = *classic->ownership->share();
  next.ring = std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kOther, kThird, kFourth});
  next.gifts = {{kFourth, {kThird}, std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kThird})},
                {kOther, {kThird}, std::make_shared<RankedRing>(kSelf, ranks, std::vector{kSelf, kThird, kFourth})}};
  publish(std::move(next));
  classic->classics->remember(kFourth);
  const auto call = read("a");
  yield("a", "apple", {5, 9});
  answer_get("a", "");
  EXPECT_EQ(read_of(*call).value, "apple");
}

// It would pass the call on, and serve nobody until that is answered.
TEST_F(ClassicOwner, WhoHasLostAKeyIsNotAskedForItAnyMore) {
  const auto call = read_many({"a", "b"});
  const auto erased = erase("a");
  own(kThird);
  answer_get("a", "apple");
  answer_get("a", "apple");
  EXPECT_TRUE(peers.asked.empty());
  strand->advance(kShortPause);
  EXPECT_EQ(erased->forwarded_to, (std::vector<NodeAddress>{kThird}));
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"read_here of 9902"}));
  peers.take("read_here", kThird).done(Error{ErrorKind::protocol, "ends the call"});
  EXPECT_FALSE(call->reply.empty());
}

TEST_F(JoinerOf2009, WhenAllIsGivenNobodyElseIsAsked) {
  end_gift();
  const auto call = read("a");
  answer_get("a", "");
  EXPECT_FALSE(read_of(*call).found);
}

}  // namespace
}  // namespace p2p::diststore
