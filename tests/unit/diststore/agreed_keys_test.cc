// One key in an agreed cluster: what each verdict of the copies comes to, and when a read may be answered (W1, W5, W6).
#include "agreed_calls.h"

namespace p2p::diststore::agreed {
namespace {

using namespace std::chrono_literals;
using StoreErrors = wire::StoreErrorKind;

// --- reads -----------------------------------------------------------------------------------------------------------

TEST_F(AgreedCalls, APlaceIsThePartitionOfTheEngine) {
  for (const char* key : {"", "a", "apple", "a key of more than sixteen bytes"})
    EXPECT_EQ(KeyPlace::of(key).partition, partition_of(key)) << key;
}

TEST_F(AgreedCalls, AReadIsAnsweredAtOnceWithVersionAndView) {
  keep("a", "apple", {3, 17});
  const auto result = read_of(*read("a"));
  EXPECT_TRUE(result.found);
  EXPECT_EQ(result.value, "apple");
  EXPECT_EQ(result.version.stamp, 3);
  EXPECT_EQ(result.version.node, 17);
  EXPECT_EQ(result.view, 7);
  EXPECT_EQ(got(*get("a")), "apple");
  EXPECT_FALSE(read_of(*read("b")).found);
  EXPECT_EQ(got(*get("b")), "");
  EXPECT_TRUE(replicas->reads.empty());
}

TEST_F(AgreedCalls, AReadOfAKeyWithAWriteUnderWayWaitsForThatWrite) {
  keep("a", "not committed");
  begin("a");
  const auto reading = read("a");
  const auto getting = get("a");
  EXPECT_TRUE(is_open(*reading) && is_open(*getting));
  const auto asked = replicas->take_read();
  EXPECT_EQ(asked.key, "a");
  EXPECT_EQ(asked.partition, partition_of("a"));
  asked.answer("committed", {3, 9});
  EXPECT_EQ(read_of(*reading).value, "committed");
  EXPECT_EQ(read_of(*reading).version.node, 9);
  EXPECT_EQ(read_of(*reading).view, 7);
  replicas->take_read().answer(Verdict::missing);
  EXPECT_EQ(got(*getting), "");
}

TEST_F(AgreedCalls, AReadWhoseWriteEndsWithoutAVerdictIsTriedAgain) {
  keep("a", "apple");
  begin("a");
  const auto reading = read("a");
  replicas->take_read().answer(Verdict::refused);
  EXPECT_TRUE(is_open(*reading));
  end("a");
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*reading).value, "apple");
}

TEST_F(AgreedCalls, TooManyWaitingReadsAreRefusedAsOverloaded) {
  begin("a");
  const auto reading = read("a");
  replicas->take_read().answer(Verdict::overloaded);
  EXPECT_TRUE(reading->failure.starts_with(kOverloadedPrefix)) << reading->failure;
}

TEST_F(AgreedCalls, AReadWithoutALeaseIsNotAnsweredAndNotExecutedInTheEnd) {
  keep("a", "apple");
  replicas->lease = strand->now();
  const auto reading = read("a");
  EXPECT_TRUE(is_open(*reading));
  wait_out(*reading);
  const auto error = error_of<wire::Store_read_result>(*reading);
  EXPECT_EQ(error.kind, StoreErrors::not_executed);
  EXPECT_NE(error.message.find("lease"), std::string::npos) << error.message;
  EXPECT_TRUE([&] {
    const auto getting = get("a");
    wait_out(*getting);
    return getting->failure.starts_with(kNotExecutedPrefix);
  }());
}

TEST_F(AgreedCalls, AReadWaitsForALeaseThatIsHeldAgain) {
  keep("a", "apple");
  replicas->lease = strand->now();
  const auto reading = read("a");
  replicas->lease = TimePoint::max();
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*reading).value, "apple");
}

TEST_F(AgreedCalls, AReadOfAPartitionThatIsNotServedWaits) {
  keep("a", "apple");
  serve(0);
  const auto reading = read("a");
  EXPECT_TRUE(is_open(*reading));
  serve(4);
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*reading).value, "apple");
}

TEST_F(AgreedCalls, AValueReadWhileTheTermChangedIsNotAnswered) {
  keep("a", "a copy's");
  replicas->before_read = [&] { serve(4); };
  const auto reading = read("a");
  EXPECT_TRUE(is_open(*reading)) << "between the terms the content may have been that of a copy";
  const auto missing = read("b");
  EXPECT_FALSE(is_open(*missing)) << "this one began in the new term";
  replicas->before_read = nullptr;
  strand->advance(kShortPause);
  EXPECT_EQ(read_of(*reading).value, "a copy's");
}

TEST_F(AgreedCalls, NorIsAMissingOne) {
  replicas->before_read = [&] { serve(4); };
  EXPECT_TRUE(is_open(stay(read("b"))));
}

TEST_F(AgreedCalls, ALeaseThatEndsWhileTheValueIsReadCountsAsEnded) {
  keep("a", "apple");
  replicas->before_read = [&] { replicas->lease = strand->now(); };
  EXPECT_TRUE(is_open(stay(read("a"))));
}

TEST_F(AgreedCalls, AWriteThatBeginsWhileTheValueIsReadIsWaitedFor) {
  keep("a", "apple");
  replicas->before_read = [&] { begin("a"); };
  EXPECT_TRUE(is_open(stay(read("a"))));
  EXPECT_EQ(replicas->reads.size(), 1u);
}

// --- changes ---------------------------------------------------------------------------------------------------------

TEST_F(AgreedCalls, AWriteIsAnsweredWhenTheCopiesHaveItWithItsVersion) {
  const auto writing = write("a", "apple");
  EXPECT_TRUE(is_open(*writing));
  const auto written = replicas->take_write();
  EXPECT_EQ(written.partition, partition_of("a"));
  ASSERT_EQ(written.batch->writes.size(), 1u);
  EXPECT_EQ(written.batch->writes[0].key, "a");
  EXPECT_EQ(written.batch->writes[0].value, "apple");
  EXPECT_FALSE(written.batch->writes[0].is_erase);
  written.answer(Verdict::done, {3, 5});
  EXPECT_EQ(write_of(*writing).version.stamp, 3);
  EXPECT_EQ(write_of(*writing).version.node, 5);
  EXPECT_EQ(write_of(*writing).view, 7);
}

TEST_F(AgreedCalls, AnEraseSaysWhetherThereWasAValue) {
  const auto erasing = erase("a");
  const auto written = replicas->take_write();
  EXPECT_TRUE(written.batch->writes[0].is_erase);
  written.answer(Verdict::done, {3, 6});
  EXPECT_TRUE(erase_of(*erasing).found);
  EXPECT_EQ(erase_of(*erasing).version.node, 6);
  const auto nothing = erase("b");
  replicas->take_write().answer(Verdict::missing);
  EXPECT_FALSE(erase_of(*nothing).found);
  EXPECT_FALSE(erase_of(*nothing).__isset.version);
}

TEST_F(AgreedCalls, AClassicPutIsAWriteAndWithoutAValueAnErase) {
  const auto stored = put("a", "apple");
  EXPECT_EQ(replicas->writes.front().batch->writes[0].value, "apple");
  replicas->take_write().answer(Verdict::done, {3, 1});
  const auto erased = put("a", "");
  EXPECT_TRUE(replicas->writes.front().batch->writes[0].is_erase);
  replicas->take_write().answer(Verdict::missing);
  EXPECT_TRUE(stored->reply.empty() && erased->reply.empty());
}

TEST_F(AgreedCalls, ARefusedChangeIsTriedAgainUntilTheDeadlineAndWasNotExecuted) {
  const auto writing = write("a", "apple");
  replicas->take_write().answer(Verdict::refused);
  EXPECT_TRUE(is_open(*writing));
  strand->advance(kShortPause);
  EXPECT_EQ(replicas->writes.front().batch->writes[0].value, "apple") << "it is asked for anew";
  while (is_open(*writing)) {
    if (!replicas->writes.empty()) replicas->take_write().answer(Verdict::refused);
    strand->advance(kShortPause);
  }
  const auto error = error_of_write(*writing);
  EXPECT_EQ(error.kind, StoreErrors::not_executed);
  EXPECT_EQ(error.message, "the key's partition is changing its primary");
}

TEST_F(AgreedCalls, AChangeThatIsRefusedForTooFewCopiesNamesBothNumbers) {
  const auto writing = write("a", "apple");
  while (is_open(*writing)) {
    if (!replicas->writes.empty()) replicas->take_write().refuse_for_copies(1, 2);
    strand->advance(kShortPause);
  }
  const auto error = error_of_write(*writing);
  EXPECT_EQ(error.kind, StoreErrors::not_executed);
  EXPECT_NE(error.message.find("1 of the 2 copies that a write needs (copies_min) is in sync"), std::string::npos)
      << error.message;
}

TEST_F(AgreedCalls, AChangeOfAPartitionThatIsNotServedDoesNotDisturbTheCopies) {
  serve(0);
  const auto writing = write("a", "apple");
  EXPECT_TRUE(replicas->writes.empty() && is_open(*writing));
  serve(4);
  strand->advance(kShortPause);
  replicas->take_write().answer(Verdict::done, {4, 1});
  EXPECT_EQ(write_of(*writing).version.stamp, 4);
}

TEST_F(AgreedCalls, ARefusedChangeGoesToTheNewPrimary) {
  const auto writing = write("a", "apple");
  const auto written = replicas->take_write();
  locator->ring = std::make_shared<FakeRing>(kOther);
  written.answer(Verdict::refused);
  strand->advance(kShortPause);
  EXPECT_EQ(writing->forwarded_to, std::vector<NodeAddress>{kOther});
}

TEST_F(AgreedCalls, AnUnknownOutcomeStaysUnknownAndIsNotRepeated) {
  const auto writing = write("a", "apple");
  const auto erasing = erase("a");
  const auto putting = put("a", "apple");
  for (int calls = 0; calls < 3; ++calls) replicas->take_write().answer(Verdict::unknown);
  EXPECT_EQ(error_of_write(*writing).kind, StoreErrors::unavailable);
  EXPECT_EQ(error_of_erase(*erasing).kind, StoreErrors::unavailable);
  EXPECT_TRUE(log.has(LogLevel::warn, "put failed"));
  strand->advance(1s);
  EXPECT_TRUE(replicas->writes.empty());
}

TEST_F(AgreedCalls, AnOverloadedPartitionSaysSoInTheHostsWords) {
  const auto writing = write("a", "apple");
  const auto erasing = erase("a");
  for (int calls = 0; calls < 2; ++calls) replicas->take_write().answer(Verdict::overloaded);
  for (const FakeCall* call : {writing.get(), erasing.get()}) {
    EXPECT_EQ(call->fault, CallFault::internal_error);
    EXPECT_TRUE(call->failure.starts_with(kOverloadedPrefix)) << call->failure;
  }
}

// To wait would make no room.
TEST_F(AgreedCalls, AWriteThatMemoryHasNoRoomForIsNotExecutedAndNotRepeated) {
  const auto writing = write("a", "apple");
  const auto putting = put("a", "apple");
  for (int calls = 0; calls < 2; ++calls) replicas->take_write().answer_full();
  EXPECT_EQ(error_of_write(*writing).kind, StoreErrors::not_executed);
  EXPECT_EQ(error_of_write(*writing).message, "memory_max: 7 of 8 MiB");
  EXPECT_TRUE(log.has(LogLevel::warn, "memory_max: 7 of 8 MiB"));
  strand->advance(1s);
  EXPECT_TRUE(replicas->writes.empty());
}

// --- conditions ------------------------------------------------------------------------------------------------------

TEST_F(AgreedCalls, AConditionReachesTheCopies) {
  using Conditions = replication::Condition::Kind;
  const auto first = write_if("a", "apple", if_absent());
  EXPECT_EQ(replicas->take_write().batch->writes[0].condition.kind, Conditions::if_absent);
  const auto second = write_if("a", "apple", if_version({3, 17}));
  const auto written = replicas->take_write();
  EXPECT_EQ(written.batch->writes[0].condition.kind, Conditions::if_version);
  EXPECT_EQ(written.batch->writes[0].condition.version, (WriteVersion{3, 17}));
  const auto third = erase_if("a", if_version({2, 1}));
  EXPECT_EQ(replicas->take_write().batch->writes[0].condition.version, (WriteVersion{2, 1}));
  const auto plain = write_if("a", "apple", {});
  EXPECT_EQ(replicas->take_write().batch->writes[0].condition.kind, Conditions::none);
}

TEST_F(AgreedCalls, AFailedConditionSaysWhatIsThere) {
  const auto writing = write_if("a", "apple", if_absent());
  replicas->take_write().answer(Verdict::condition_failed, {3, 8});
  EXPECT_EQ(error_of_write(*writing).kind, StoreErrors::condition_failed);
  EXPECT_EQ(error_of_write(*writing).version.node, 8);
  const auto erasing = erase_if("a", if_version({3, 8}));
  replicas->take_write().answer(Verdict::condition_failed, replication::kNoVersion);
  EXPECT_EQ(error_of_erase(*erasing).kind, StoreErrors::condition_failed);
  EXPECT_FALSE(error_of_erase(*erasing).__isset.version);
}

TEST_F(AgreedCalls, TwoConditionsAreOneTooMany) {
  auto options = if_absent();
  options.__set_if_version({});
  EXPECT_EQ(write_if("a", "apple", options)->fault, CallFault::protocol_error);
  EXPECT_EQ(erase_if("a", options)->fault, CallFault::protocol_error);
  EXPECT_TRUE(replicas->writes.empty());
}

TEST_F(StoreMethods, ClassicModeRefusesConditionsAndNamesTheMode) {
  wire::Store_write_args writing;
  writing.key = "a";
  writing.options.__set_if_absent(true);
  wire::Store_erase_args erasing;
  erasing.key = "a";
  erasing.options.__set_if_version({});
  for (const NodeAddress& owner : {kSelf, kOther}) {
    own(owner);
    const auto written = decode_reply<wire::Store_write_result>(dispatch("write", writing)->reply);
    ASSERT_TRUE(written.ok() && written.value().__isset.error);
    EXPECT_EQ(kind_of(written.value().error), StoreErrors::unsupported);
    EXPECT_NE(written.value().error.message.find("classic mode"), std::string::npos);
    const auto erased = decode_reply<wire::Store_erase_result>(dispatch("erase", erasing)->reply);
    ASSERT_TRUE(erased.ok() && erased.value().__isset.error);
    EXPECT_EQ(kind_of(erased.value().error), StoreErrors::unsupported);
  }
  EXPECT_FALSE(stored("a"));
}

// --- other nodes -----------------------------------------------------------------------------------------------------

TEST_F(AgreedCalls, AKeyOfAnotherPrimaryIsForwardedOnce) {
  locator->ring = std::make_shared<FakeRing>(kOther);
  EXPECT_EQ(read("a")->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(write("a", "apple")->forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_TRUE(write("a", "apple", kHopsMax)->has_disagreed);
  locator->ring = std::make_shared<FakeRing>(NodeAddress{});
  const auto lonely = write("a", "apple");
  wait_out(*lonely);
  EXPECT_EQ(error_of_write(*lonely).kind, StoreErrors::not_executed);
}

TEST_F(AgreedCalls, AForwardedCallIsServedAlike) {
  keep("a", "apple");
  EXPECT_EQ(read_of(*read("a", kHopsMax)).value, "apple");
  const auto writing = write("a", "apple", kHopsMax);
  replicas->take_write().answer(Verdict::done, {3, 2});
  EXPECT_EQ(write_of(*writing).version.node, 2);
  const auto unknown = write("a", "apple", kHopsMax);
  replicas->take_write().answer(Verdict::unknown);
  EXPECT_TRUE(unknown->is_outcome_unknown) << "the host turns what is said then into p2p:unknown-outcome";
  serve(0);
  const auto refused = write("a", "apple", kHopsMax);
  wait_out(*refused);
  EXPECT_TRUE(refused->failure.starts_with(kNotExecutedPrefix)) << refused->failure;
  EXPECT_FALSE(refused->is_outcome_unknown);
}

TEST_F(AgreedCalls, AForwardedChangeThatMayBeDoneIsNotRepeatedWhateverBroke) {
  locator->ring = std::make_shared<FakeRing>(kOther);
  for (const auto kind : {ErrorKind::closed, ErrorKind::timed_out}) {
    const auto writing = write("a", "apple");
    writing->fail_forward(kind);
    EXPECT_EQ(error_of_write(*writing).kind, StoreErrors::unavailable)
        << "a second one could undo what another client wrote after the first";
    const auto putting = put("a", "apple");
    putting->fail_forward(kind);
    strand->advance(1s);
    EXPECT_EQ(putting->forwarded_to.size(), 1u);
  }
}

}  // namespace
}  // namespace p2p::diststore::agreed
