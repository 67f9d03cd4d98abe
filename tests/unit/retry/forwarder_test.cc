// A call whose key another node owns, until it is answered, tried again or given up.
#include "retry/forwarder.h"

#include "fake_call.h"
#include "fake_ring.h"
#include "fake_strand.h"

#include <Store.h>
#include <gtest/gtest.h>

#include <deque>

namespace p2p::retry {
namespace {

using namespace std::chrono_literals;
using diststore::FakeCall;
using diststore::kOther;
using diststore::kSelf;

constexpr Duration kTryTimeout = 1s;

void give_up(Call call, const std::string& why) {
  call.fail(CallFault::internal_error, (call.has_unknown_outcome() ? "unknown: " : "not executed: ") + why);
}
constexpr CallKind kRead{Repeat::always, give_up};
constexpr CallKind kWrite{Repeat::if_closed, give_up};
constexpr CallKind kErase{Repeat::never, give_up};

// Every key is `owner`'s.
struct Forwarding : testing::Test, Endpoint {
  void handle(Call call) override { forwarder->pass_on(Owner{owner, false}, std::move(call), *kind); }

  FakeCall& begin(const CallKind& of, Duration time = 5s, std::uint32_t hops = 0) {
    kind = &of;
    calls.emplace_back("read", ::diststore::Store_get_args(), strand->now() + time, hops);
    calls.back().dispatch(*this);
    return calls.back();
  }
  void TearDown() override { forwarder->stop(); }  // what waits holds it

  std::deque<FakeCall> calls;  // outlive what waits

  std::shared_ptr<diststore::FakeStrand> strand = std::make_shared<diststore::FakeStrand>();
  std::vector<NodeAddress> reported;
  std::vector<std::string> logged;
  std::vector<NodeAddress> classics;
  ForwarderHooks hooks{[this](const NodeAddress& member) { reported.push_back(member); },
                       [this](const CallInfo&, const std::string& why) { logged.push_back(why); }};
  std::shared_ptr<Forwarder> forwarder =
      std::make_shared<Forwarder>(std::make_shared<RetryQueue>(strand), kTryTimeout, hooks);
  const NodeAddress* owner = &kOther;
  const CallKind* kind = &kRead;
};

TEST_F(Forwarding, ACallGoesToTheOwnerOnce) {
  EXPECT_EQ(begin(kRead).forwarded_to, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(forwarder->forwarded(), 1);
}

TEST_F(Forwarding, ACallThatWasPassedOnIsGivenBack) {
  EXPECT_TRUE(begin(kRead, 5s, kHopsMax).has_disagreed);
  EXPECT_EQ(forwarder->forwarded(), 0);
}

TEST_F(Forwarding, WhereNobodyOwnsTheKeyItWaitsForANewView) {
  owner = nullptr;
  FakeCall& waiting = begin(kErase);
  EXPECT_TRUE(waiting.is_kept);
  owner = &kOther;
  strand->advance(kShortPause);
  EXPECT_EQ(waiting.forwarded_to, std::vector<NodeAddress>{kOther});
}

TEST_F(Forwarding, WhatWasNotExecutedIsTriedAgainWhateverItIs) {
  for (const CallKind* of : {&kRead, &kWrite, &kErase}) {
    for (const ErrorKind how : {ErrorKind::refused, ErrorKind::not_found, ErrorKind::overloaded, ErrorKind::local}) {
      FakeCall& failing = begin(*of);
      failing.fail_forward(how);
      EXPECT_EQ(failing.dispatched_again, 0) << "not at once";
      strand->advance(kShortPause);
      EXPECT_EQ(failing.dispatched_again, 1);
    }
  }
}

TEST_F(Forwarding, WhatMayHaveBeenExecutedIsTriedAgainWhereThatDoesNoHarm) {
  const auto is_tried_again = [this](const CallKind& of, ErrorKind how) {
    FakeCall& failing = begin(of);
    failing.fail_forward(how);
    strand->advance(kShortPause);
    return failing.dispatched_again == 1;
  };
  EXPECT_TRUE(is_tried_again(kRead, ErrorKind::closed));
  EXPECT_TRUE(is_tried_again(kRead, ErrorKind::timed_out));
  EXPECT_TRUE(is_tried_again(kWrite, ErrorKind::closed)) << "the owner drops what it has not executed";
  EXPECT_FALSE(is_tried_again(kWrite, ErrorKind::timed_out)) << "it may be executed late";
  EXPECT_FALSE(is_tried_again(kErase, ErrorKind::closed));
  EXPECT_EQ(calls.back().failure, "unknown: 127.0.0.1:9901: test");
}

TEST_F(Forwarding, WhatWasNeverSentIsTriedAgainHoweverItsTimeRanOut) {
  FakeCall& failing = begin(kErase);
  failing.fail_unsent(ErrorKind::timed_out);
  strand->advance(kShortPause);
  EXPECT_EQ(failing.dispatched_again, 1);
}

TEST_F(Forwarding, ItIsTriedUntilThereIsNoTimeForAnotherTryAndSaysWhy) {
  FakeCall& failing = begin(kRead, 1s);
  const TimePoint end = strand->now() + 1s;
  while (failing.is_forwarding()) {
    failing.fail_forward(ErrorKind::refused);
    strand->advance(kShortPause);
  }
  EXPECT_EQ(failing.failure, "not executed: 127.0.0.1:9901: test");
  EXPECT_EQ(logged, std::vector<std::string>{"127.0.0.1:9901: test"});
  EXPECT_GE(failing.dispatched_again, 30);
  EXPECT_LE(end - strand->now(), kLongPause + kAnswerMargin);
}

TEST_F(Forwarding, ACallWithoutTimeIsNotPassedOn) {
  EXPECT_EQ(begin(kRead, kAnswerMargin).failure, "not executed: 127.0.0.1:9901: the call's time is over");
  EXPECT_EQ(forwarder->forwarded(), 0);
}

TEST_F(Forwarding, OnlyWhatMayBeRepeatedLeavesTimeForAnotherTry) {
  const TimePoint deadline = strand->now() + 5s;
  EXPECT_EQ(forwarder->time_for_peer(deadline, Repeat::always), kTryTimeout);
  EXPECT_EQ(forwarder->time_for_peer(deadline, Repeat::if_closed), 5s - kAnswerMargin);
  EXPECT_EQ(forwarder->time_for_peer(strand->now() + 500ms, Repeat::always), 500ms - kAnswerMargin);
}

TEST_F(Forwarding, TheLocatorIsToldOnceAWhileThatAMemberRefuses) {
  for (int count = 0; count < 3; ++count) begin(kRead).fail_forward(ErrorKind::refused);
  forwarder->report_unreachable(kSelf);
  EXPECT_EQ(reported, (std::vector<NodeAddress>{kOther, kSelf})) << "each member for itself";
  strand->advance(kReportPause);
  forwarder->report_unreachable(kOther);
  EXPECT_EQ(reported.size(), 3U);
  begin(kRead).fail_forward(ErrorKind::silent);
  EXPECT_EQ(reported.size(), 3U) << "that is no refused connect";
}

TEST_F(Forwarding, ANodeOfThe2009SystemIsAskedInItsOwnWayWhereThatIsKnown) {
  begin(kRead).fail_forward(ErrorKind::unsupported);
  EXPECT_EQ(calls.back().failure, "not executed: 127.0.0.1:9901: test");
  hooks.note_foreign = [this](const NodeAddress& node) { classics.push_back(node); };
  forwarder = std::make_shared<Forwarder>(std::make_shared<RetryQueue>(strand), kTryTimeout, hooks);
  begin(kRead).fail_forward(ErrorKind::unsupported);
  EXPECT_EQ(classics, std::vector<NodeAddress>{kOther});
  EXPECT_EQ(calls.back().dispatched_again, 1) << "at once";
}

TEST_F(Forwarding, WhenItStopsAllThatWaitsEndsAndNothingIsLoggedOrReported) {
  FakeCall& waiting = begin(kRead);
  waiting.fail_forward(ErrorKind::refused);
  reported.clear();
  forwarder->stop();
  EXPECT_EQ(waiting.failure, "not executed: this node stops");
  begin(kRead).fail_forward(ErrorKind::refused);
  EXPECT_EQ(calls.back().failure, "not executed: 127.0.0.1:9901: test");
  forwarder->report_unreachable(kSelf);
  EXPECT_TRUE(logged.empty());
  EXPECT_TRUE(reported.empty());
}

}  // namespace
}  // namespace p2p::retry
