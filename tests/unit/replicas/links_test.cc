// Sessions between two stores over a network that loses, doubles and reorders calls, as it may: what arrives is what
// was said, in order, up to some point.
#include "agreed/links.h"
#include "agreed/incoming_sessions.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::diststore::agreed {
namespace {

using namespace std::chrono_literals;
using replication::Ack;
using replication::CommitIndex;
using replication::Message;
using replication::Node;

constexpr Node kMaker = 1;
constexpr Node kOther = 2;

Message commit(std::uint64_t number) { return {.head = {.partition = 3}, .body = CommitIndex{.commit = number}}; }
Message ack(std::uint64_t number) { return {.head = {.partition = 3}, .body = Ack{.position = number}}; }
Message write_of(std::size_t bytes) {
  return {.head = {.partition = 3},
          .body = replication::Replicate{
              .seq = 1, .batch = replication::batch_of(replication::KeyWrite::put("k", std::string(bytes, 'v')))}};
}

std::vector<std::uint64_t> commits_in(const std::vector<Message>& messages) {
  std::vector<std::uint64_t> all;
  for (const Message& one : messages) all.push_back(std::get<CommitIndex>(one.body).commit);
  return all;
}
std::vector<std::uint64_t> acks_in(const std::vector<Message>& messages) {
  std::vector<std::uint64_t> all;
  for (const Message& one : messages) all.push_back(std::get<Ack>(one.body).position);
  return all;
}

// One maker of a session and its other end. What the maker calls waits here until the test lets it arrive.
class LinksTest : public ::testing::Test {
 protected:
  void SetUp() override { links.want(std::vector<Node>{kOther}, now, out); }

  void pump() {
    links.pump(now, out);
    for (auto& one : out.delivers) calls.push_back(std::move(one));
    out.delivers.clear();
  }
  // The newest attempt.
  void open() {
    pump();
    ASSERT_FALSE(out.opens.empty());
    const auto opened = out.opens.back();
    out.opens.clear();
    sessions.on_open(kMaker, opened.session, in);
    links.on_opened(kOther, opened.session, true, now, out);
    ASSERT_EQ(out.connected, std::vector{kOther});
    out.connected.clear();
  }
  // It arrives; the reply waits in `replies`.
  void arrive(std::size_t which) {
    const auto& call = calls[which];
    sessions.on_deliver(call.session, *call.said, which + 1, in);
    for (auto& said : in.said)
      for (auto& message : said.messages) heard.push_back(std::move(message));
    in.said.clear();
  }
  void flush() { sessions.flush(now, in); }
  // All replies come back, in this order.
  void reply(bool backwards = false) {
    auto replies = std::exchange(in.replies, {});
    if (backwards) std::reverse(replies.begin(), replies.end());
    for (auto& one : replies)
      links.on_delivered(kOther, calls[one.call - 1].session, calls[one.call - 1].said->number,
                         one.is_taken ? &one.answers : nullptr, now, out);
    for (auto& answers : out.answers)
      for (auto& message : answers.messages) answered.push_back(std::move(message));
    out.answers.clear();
  }
  void say(std::uint64_t number) {
    links.send(kOther, commit(number));
    pump();
  }

  std::uint64_t drawn = 100;
  Links links{std::size_t{1000}, [this] { return ++drawn; }};
  IncomingSessions sessions;
  LinkEffects out;
  SessionEffects in;
  TimePoint now{1h};
  std::vector<LinkEffects::Deliver> calls;
  std::vector<Message> heard;
  std::vector<Message> answered;
};

TEST_F(LinksTest, WhatIsSaidBeforeASessionIsOpenIsLost) {
  links.send(kOther, commit(1));
  open();
  say(2);
  ASSERT_EQ(calls.size(), 1u);
  arrive(0);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{2}));
}

TEST_F(LinksTest, WhatIsSaidInOneRunSharesACall) {
  open();
  links.send(kOther, commit(1));
  links.send(kOther, commit(2));
  pump();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(commits_in(calls[0].said->messages), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(LinksTest, AFewCallsAreInFlightAndTheRestWaits) {
  open();
  for (std::uint64_t number = 1; number <= 5; ++number) say(number);
  ASSERT_EQ(calls.size(), kCallsInFlightMax);
  EXPECT_GT(links.queued_bytes(), 0u);
  arrive(0);
  flush();
  reply();
  pump();
  ASSERT_EQ(calls.size(), kCallsInFlightMax + 1);
  EXPECT_EQ(commits_in(calls.back().said->messages), (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_EQ(links.queued_bytes(), 0u);
}

TEST_F(LinksTest, ACallTakesNoMoreThanItMay) {
  Links roomy{std::size_t{64} << 20, [this] { return ++drawn; }};
  roomy.want(std::vector<Node>{kOther}, now, out);
  roomy.pump(now, out);
  roomy.on_opened(kOther, drawn, true, now, out);
  for (int count = 0; count < 3; ++count) roomy.send(kOther, write_of(kCallBytesMax * 2 / 3));
  roomy.send(kOther, write_of(2 * kCallBytesMax));
  roomy.pump(now, out);
  ASSERT_EQ(out.delivers.size(), kCallsInFlightMax);
  for (const auto& call : out.delivers) EXPECT_EQ(call.said->messages.size(), 1u) << "two do not fit";
  EXPECT_GT(roomy.queued_bytes(), 2 * kCallBytesMax);
  Numbered nothing;
  roomy.on_delivered(kOther, drawn, 1, &nothing, now, out);
  roomy.on_delivered(kOther, drawn, 2, &nothing, now, out);
  out.delivers.clear();
  roomy.pump(now, out);
  ASSERT_EQ(out.delivers.size(), 2u);
  EXPECT_EQ(out.delivers[1].said->messages.size(), 1u) << "one that is too large goes alone";
  EXPECT_EQ(roomy.queued_bytes(), 0u);
}

TEST_F(LinksTest, CallsThatOvertakeEachOtherAreTakenInOrder) {
  open();
  say(1);
  say(2);
  arrive(1);
  EXPECT_TRUE(heard.empty());
  flush();
  EXPECT_TRUE(in.replies.empty()) << "it waits for the first";
  arrive(0);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{1, 2}));
  flush();
  EXPECT_EQ(in.replies.size(), 2u);
}

TEST_F(LinksTest, AnswersComeWithRepliesInOrder) {
  open();
  say(1);
  say(2);
  arrive(0);
  sessions.answer(kMaker, ack(1));
  flush();
  arrive(1);
  sessions.answer(kMaker, ack(2));
  flush();
  reply(true);
  EXPECT_EQ(acks_in(answered), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(LinksTest, AnswersThatComeLaterAreSentUntilTheyAreTaken) {
  open();
  sessions.answer(kMaker, ack(1));
  flush();
  ASSERT_EQ(in.answers.size(), 1u);
  EXPECT_EQ(in.answers[0].to, kMaker);
  const SessionEffects::Answer first = in.answers[0];
  in.answers.clear();
  sessions.answer(kMaker, ack(2));
  flush();
  EXPECT_TRUE(in.answers.empty()) << "one at a time";
  sessions.on_answered(first.session, IncomingSessions::Outcome::failed, now, in);
  EXPECT_EQ(sessions.next_wakeup(), now + kAnswerPause);
  now += kAnswerPause;
  flush();
  ASSERT_EQ(in.answers.size(), 1u);
  EXPECT_EQ(in.answers[0].said.number, first.said.number);
  // It had come.
  EXPECT_TRUE(links.on_answer(first.session, first.said, now, out));
  EXPECT_TRUE(links.on_answer(first.session, in.answers[0].said, now, out));
  EXPECT_EQ(out.answers.size(), 1u);
  in.answers.clear();
  sessions.on_answered(first.session, IncomingSessions::Outcome::taken, now, in);
  flush();
  ASSERT_EQ(in.answers.size(), 1u);
  EXPECT_EQ(acks_in(in.answers[0].said.messages), (std::vector<std::uint64_t>{2}));
}

TEST_F(LinksTest, AnAnswerThatNeverArrivesEndsTheSession) {
  open();
  sessions.answer(kMaker, ack(1));
  for (unsigned tries = 0; tries < kAnswerTriesMax; ++tries) {
    flush();
    ASSERT_EQ(in.answers.size(), 1u) << tries;
    const SessionId session = in.answers[0].session;
    in.answers.clear();
    sessions.on_answered(session, IncomingSessions::Outcome::failed, now, in);
    now += kAnswerPause;
  }
  EXPECT_EQ(in.gone, std::vector{kMaker});
  EXPECT_EQ(in.ends.size(), 1u);
  EXPECT_EQ(sessions.next_wakeup(), TimePoint::max());
}

// --- what breaks -----------------------------------------------------------------------------------------------------

TEST_F(LinksTest, ACallThatFailsEndsTheSessionAndAnotherOneIsOpenedAtOnce) {
  open();
  now += 1s;
  say(1);
  say(2);
  links.on_delivered(kOther, calls[0].session, 1, nullptr, now, out);
  EXPECT_EQ(out.disconnected, std::vector{kOther});
  EXPECT_EQ(links.next_wakeup(), now);
  links.send(kOther, commit(3));
  open();
  EXPECT_EQ(in.gone, std::vector{kMaker}) << "the session before has ended";
  arrive(1);
  EXPECT_TRUE(heard.empty()) << "a call of the session before";
  ASSERT_EQ(in.replies.size(), 1u);
  EXPECT_FALSE(in.replies[0].is_taken);
  reply();
  EXPECT_TRUE(links.is_open(kOther)) << "nor does its reply end the new one";
  say(4);
  arrive(2);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{4}));
}

TEST_F(LinksTest, AGapIsNotTaken) {
  open();
  say(1);
  Numbered late = *calls[0].said;
  late.number += kEarlyMax + 1;
  sessions.on_deliver(calls[0].session, late, 9, in);
  ASSERT_EQ(in.replies.size(), 1u);
  EXPECT_FALSE(in.replies[0].is_taken);
  EXPECT_EQ(in.gone, std::vector{kMaker});
}

TEST_F(LinksTest, ACallThatComesTwiceIsNotTakenTwice) {
  open();
  say(1);
  arrive(0);
  arrive(0);
  EXPECT_EQ(heard.size(), 1u);
  EXPECT_EQ(in.gone, std::vector{kMaker});
}

TEST_F(LinksTest, AnOtherEndThatHasRestartedKnowsNoSession) {
  open();
  sessions = {};
  say(1);
  arrive(0);
  EXPECT_TRUE(heard.empty());
  reply();
  EXPECT_EQ(out.disconnected, std::vector{kOther});
}

TEST_F(LinksTest, AMakerThatHasRestartedEndsItsOldSession) {
  open();
  say(1);
  sessions.on_open(kMaker, 5000, in);
  EXPECT_EQ(in.gone, std::vector{kMaker});
  arrive(0);
  EXPECT_TRUE(heard.empty());
}

TEST_F(LinksTest, ALateOpenEndsTheNewerSessionAndItsMakerKnows) {
  open();
  const SessionId newer = drawn;
  sessions.on_open(kMaker, 50, in);  // of an attempt that the maker gave up
  ASSERT_EQ(in.ends.size(), 1u);
  EXPECT_EQ(in.ends[0].session, newer);
  links.on_end(in.ends[0].session, now, out);
  EXPECT_EQ(out.disconnected, std::vector{kOther});
  now += kRedialMax;
  open();
  say(1);
  arrive(0);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{1}));
}

TEST_F(LinksTest, AnotherNodesSessionIsNotTakenOver) {
  open();
  const SessionId session = drawn;
  sessions.on_open(7, session, in);
  say(1);
  arrive(0);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{1}));
}

TEST_F(LinksTest, WhoeverLostSomethingHangsUp) {
  open();
  say(1);
  arrive(0);
  sessions.hang_up(kMaker, in);
  ASSERT_EQ(in.ends.size(), 1u);
  ASSERT_EQ(in.replies.size(), 1u);
  EXPECT_FALSE(in.replies[0].is_taken);
  links.on_end(in.ends[0].session, now, out);
  EXPECT_EQ(out.disconnected, std::vector{kOther});
  links.on_end(in.ends[0].session, now, out);
  EXPECT_EQ(out.disconnected.size(), 1u);
}

TEST_F(LinksTest, ANodeThatDoesNotOpenIsAskedAgainWithPauses) {
  pump();
  Duration pause{};
  for (int tries = 0; tries < 8; ++tries) {
    ASSERT_EQ(out.opens.size(), 1u);
    links.on_opened(kOther, out.opens[0].session, false, now, out);
    out.opens.clear();
    pump();
    EXPECT_TRUE(out.opens.empty());
    const Duration next = links.next_wakeup() - now;
    EXPECT_GE(next, pause);
    EXPECT_LE(next, kRedialMax);
    pause = next;
    now += next;
    pump();
  }
  EXPECT_EQ(pause, kRedialMax);
}

TEST_F(LinksTest, ASessionThatBreaksAsSoonAsItIsOpenWaits) {
  open();
  say(1);
  links.on_delivered(kOther, calls[0].session, 1, nullptr, now, out);
  EXPECT_EQ(links.next_wakeup(), now + kRedialMax);
}

TEST_F(LinksTest, ANodeThatIsNotWantedAnyMoreIsDisconnected) {
  open();
  links.want({}, now, out);
  EXPECT_EQ(out.disconnected, std::vector{kOther});
  EXPECT_EQ(links.next_wakeup(), TimePoint::max());
  say(1);
  EXPECT_TRUE(calls.empty());
}

TEST_F(LinksTest, ACallMayTakeAsLongAsItsBytesNeedOnASlowLink) {
  Links roomy{std::size_t{256} << 20, [this] { return ++drawn; }};
  roomy.want(std::vector<Node>{kOther}, now, out);
  roomy.pump(now, out);
  roomy.on_opened(kOther, drawn, true, now, out);
  const auto send = [&](std::size_t bytes) {
    roomy.send(kOther, write_of(bytes));
    roomy.pump(now, out);
    return out.delivers.back().deadline;
  };
  EXPECT_LT(send(1000), kDeliverDeadline + kAllowanceStep);
  EXPECT_TRUE(out.allowances.empty());
  const Duration of_large = send(4 * kLinkBytesPerSecondMin);
  EXPECT_GE(of_large, kDeliverDeadline + 4s);
  EXPECT_LE(of_large, kDeliverDeadline + 4s + kAllowanceStep);
  EXPECT_EQ(out.allowances, (std::vector<std::pair<Node, Duration>>{{kOther, 4s}}));
  Numbered nothing;
  roomy.on_delivered(kOther, drawn, 1, &nothing, now, out);
  EXPECT_GE(send(4 * kLinkBytesPerSecondMin), kDeliverDeadline + 8s) << "behind the other one, on one connection";
  roomy.on_delivered(kOther, drawn, 2, &nothing, now, out);
  EXPECT_EQ(out.allowances.back(), (std::pair<Node, Duration>{kOther, 4s}));
  EXPECT_EQ(send(100 * kLinkBytesPerSecondMin), kDeliverDeadlineMax) << "there is a bound";
  roomy.want({}, now, out);
  EXPECT_EQ(out.allowances.back(), (std::pair<Node, Duration>{kOther, Duration{}}));
}

// --- what this node's own host did not send --------------------------------------------------------------------------

TEST_F(LinksTest, ACallThatWasNotSentIsMadeAgainInTheSameSession) {
  open();
  say(1);
  say(2);
  links.on_unsent(kOther, calls[0].session, 1, now, out);
  EXPECT_TRUE(links.is_open(kOther));
  EXPECT_TRUE(out.disconnected.empty());
  pump();
  EXPECT_EQ(calls.size(), 2u) << "after a pause";
  EXPECT_EQ(links.next_wakeup(), now + kUnsentPause);
  now += kUnsentPause;
  pump();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(links.next_wakeup(), TimePoint::max());
  arrive(1);
  arrive(2);
  EXPECT_EQ(commits_in(heard), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(LinksTest, ANodeThatIsSentNothingForTooLongCountsAsDisconnected) {
  open();
  say(1);
  for (Duration passed{}; passed < kUnsentMax; passed += kUnsentPause) {
    ASSERT_TRUE(out.disconnected.empty());
    links.on_unsent(kOther, calls.back().session, 1, now, out);
    now += kUnsentPause;
    pump();
  }
  links.on_unsent(kOther, calls.back().session, 1, now, out);
  EXPECT_EQ(out.disconnected, std::vector{kOther});
}

TEST_F(LinksTest, ASessionThatCouldNotBeAskedForIsExcusedForAWhile) {
  std::size_t excused = 0;
  for (const TimePoint begun = now; now < begun + 2 * kUnsentMax;) {
    pump();
    if (!out.opens.empty()) links.on_unsent(kOther, std::exchange(out.opens, {}).back().session, 0, now, out);
    excused += out.excused.size();
    EXPECT_TRUE(out.excused.empty() || now <= begun + kUnsentMax);
    out.excused.clear();
    now = std::max(now + 1ms, links.next_wakeup());
  }
  EXPECT_GT(excused, 10u);
  open();
}

TEST_F(LinksTest, AnAnswerThatWasNotSentIsNoTry) {
  open();
  sessions.answer(kMaker, ack(1));
  for (unsigned tries = 0; tries < 3 * kAnswerTriesMax; ++tries) {
    flush();
    ASSERT_EQ(in.answers.size(), 1u) << tries;
    sessions.on_answered(std::exchange(in.answers, {})[0].session, IncomingSessions::Outcome::unsent, now, in);
    now += kUnsentPause;
  }
  EXPECT_TRUE(in.gone.empty());
}

// --- limits ----------------------------------------------------------------------------------------------------------

TEST_F(LinksTest, AQueueThatIsTooLongIsToldOnceAndOnceMoreWhenItIsShort) {
  open();
  say(1);
  say(2);
  ASSERT_EQ(calls.size(), kCallsInFlightMax);
  links.send(kOther, write_of(1200));
  pump();
  ASSERT_EQ(out.overfull, (std::vector<std::pair<Node, bool>>{{kOther, true}}));
  links.send(kOther, commit(3));
  pump();
  EXPECT_EQ(out.overfull.size(), 1u);
  arrive(0);
  flush();
  reply();
  pump();
  EXPECT_EQ(out.overfull.back(), (std::pair<Node, bool>{kOther, false}));
}

TEST_F(LinksTest, AQueueThatGrowsOnIsCutOff) {
  open();
  say(1);
  say(2);
  links.send(kOther, write_of(3000));
  pump();
  EXPECT_EQ(out.disconnected, std::vector{kOther});
  EXPECT_EQ(links.queued_bytes(), 0u);
  EXPECT_EQ(out.overfull.back(), (std::pair<Node, bool>{kOther, false}));
}

}  // namespace
}  // namespace p2p::diststore::agreed
