#include "moving/ring_watch.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using Locations = std::vector<Location>;

class RingWatchTest : public ::testing::Test, protected StoreFixture {
 protected:
  RingWatchTest() {
    // As the plugin makes it: nothing is owned before the locator shows a ring.
    publish(Standing{kSelf, 0, false, locator->ring_of({}), {}, {}});
    watch = std::make_shared<RingWatch>(log, strand, store);
  }
  ~RingWatchTest() override {
    watch->stop();
    strand->run_posted();
  }

  void ring(Locations members, Locations leaving = {}) {
    locator->ring = std::make_shared<RankedRing>(kSelf, locator->ranks, std::move(members), std::move(leaving));
    watch->ring_changed(locator->ring);
    strand->run_posted();
  }
  void join() {
    watch->joined(Completion([this] { is_established = true; }));
    strand->run_posted();
  }
  std::shared_ptr<const Standing> standing() const { return store->standing->share(); }
  std::int64_t view() const { return fingerprint_of(*standing()->ring); }

  // What a node answers that works by the same ring.
  wire::ClaimReply same_ring(bool is_fenced, bool is_clean, std::vector<std::string> sources = {}) const {
    wire::ClaimReply reply;
    reply.fenced = is_fenced;
    reply.clean = is_clean;
    reply.view = view();
    reply.sources = std::move(sources);
    return reply;
  }
  wire::Claim take_claim(const Location& of, Asked& asked) {
    asked = peers.take("claim", of);
    return Arguments<wire::StorePeer_claim_args>(asked)->claim;
  }
  void answer(const Location& of, const wire::ClaimReply& reply) {
    answer(of, reply_with<wire::StorePeer_claim_result>("claim", reply));
  }
  void answer(const Location& of, Result<std::string> reply) {
    peers.take("claim", of).done(std::move(reply));
    strand->run_posted();
  }

  // A node of the 2009 system answers get_all.
  void show(const Location& of, const Locations& members) {
    std::vector<locator::Location> shown;
    for (const Location& member : members) shown.push_back(to_wire(member));
    const Asked asked = peers.take("get_all", of);
    EXPECT_TRUE(asked.is_classic);
    asked.done(reply_with<locator::Locator_get_all_result>("get_all", shown));
    strand->run_posted();
  }

  // The same once more after a pause: then it has given all.
  void show_again(const Location& of, const Locations& members) {
    strand->advance(kClaimPauseMax);
    answer(of, Error{ErrorKind::unsupported, "a node of the 2009 system"});
    show(of, members);
  }

  std::shared_ptr<RingWatch> watch;
  bool is_established = false;
};

// --- eras ------------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, EachRingBeginsAnEraOfWhichTheStandingTells) {
  ring({kSelf, kOther});
  EXPECT_EQ(standing()->self, kSelf);
  EXPECT_EQ(standing()->era, 1u);
  EXPECT_EQ(standing()->ring, locator->ring);
  EXPECT_TRUE(standing()->former_rings.empty()) << "before the first there was none";
  const auto first = locator->ring;
  ring({kSelf, kOther}, {kThird});
  EXPECT_EQ(standing()->era, 2u);
  EXPECT_EQ(standing()->ring, locator->ring);
  ASSERT_EQ(standing()->former_rings.size(), 1u);
  EXPECT_EQ(standing()->former_rings.front(), first);
}

TEST_F(RingWatchTest, OnlyTheLastRingsAreRememberedTheNewestFirst) {
  std::vector<std::shared_ptr<const RingView>> rings;
  for (int i = 0; i < 7; ++i) {
    ring({kSelf, kOther});
    rings.insert(rings.begin(), locator->ring);
  }
  EXPECT_EQ(standing()->former_rings,
            (std::vector<std::shared_ptr<const RingView>>(rings.begin() + 1, rings.begin() + 1 + kFormerRingsMax)));
}

TEST_F(RingWatchTest, ARingTakesAwayTheRightsOfTheFormerOne) {
  ring({kSelf});
  hold("a", "apple");
  const Right former = standing()->right_to("a");
  ring({kSelf, kOther});
  std::string key = "a";
  std::string value = "too late";
  Version version{~Stamp{0}, 9};
  EXPECT_EQ(store->local->engine().write(key, value, former, version), Outcome::fenced);
  EXPECT_EQ(store->local->engine().write(key, value, standing()->right_to("a"), version), Outcome::done);
}

// Whoever reads the new standing relies on it that nothing is done by the former one any more. The shards are fenced
// one after the other; what a scan meets last lies in the last of them.
TEST_F(RingWatchTest, TheFormerRightsHaveEndedBeforeTheNewStandingIsSeen) {
  ring({kSelf});
  for (int i = 0; i < 1'000; ++i) hold(std::to_string(i), "");
  std::vector<HeldKey> met;
  for (ScanPosition position; !position.at_end;) store->local->engine().scan(position, 1'000, met);
  const std::string last = met.back().key;
  std::atomic<bool> is_over{false};
  std::atomic<Era> seen{1};
  std::atomic<int> broken{0};
  std::thread reader([&] {
    while (!is_over.load()) {
      const Era era = store->standing->read().era;
      if (era == seen.load()) continue;
      std::string value;
      Version version;
      if (store->local->engine().read(last, {era - 1}, value, version) != Outcome::fenced) ++broken;
      seen.store(era);
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    ring({kSelf});
    while (seen.load() < standing()->era) std::this_thread::yield();
  }
  is_over.store(true);
  reader.join();
  EXPECT_EQ(broken.load(), 0);
}

// --- joining ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, AFounderIsEstablishedAtOnce) {
  ring({kSelf});
  EXPECT_FALSE(standing()->is_established);
  join();
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(standing()->is_established);
  EXPECT_TRUE(standing()->gains.empty());
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RingWatchTest, AJoinerClaimsItsKeysFromEveryOtherNode) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"claim of 9901", "claim of 9902"}));
  Asked asked;
  const wire::Claim claim = take_claim(kOther, asked);
  EXPECT_EQ(asked.service, "diststore.peer");
  EXPECT_EQ(asked.deadline, 1s);
  EXPECT_EQ(claim.claimant, kSelf.name());
  EXPECT_EQ(claim.view, view());
  EXPECT_FALSE(claim.__isset.members);
  ASSERT_EQ(standing()->gains.size(), 1u);
  EXPECT_TRUE(standing()->gains.front().is_join);
  EXPECT_EQ(standing()->gains.front().era, 1u);
  EXPECT_FALSE(standing()->is_established);
  EXPECT_FALSE(is_established);
}

TEST_F(RingWatchTest, AJoinerIsEstablishedWhenAllHaveAnsweredThatTheyWorkByItsRing) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, same_ring(true, false));
  EXPECT_FALSE(is_established);
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(standing()->is_established);
  ASSERT_EQ(standing()->gains.size(), 1u);
  EXPECT_EQ(standing()->gains.front().sources, (Locations{kOther}));
  EXPECT_EQ(standing()->era, 1u) << "no ring has changed";
}

TEST_F(RingWatchTest, WhoDoesNotCountThisNodeAmongItsMembersIsNotFenced) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(false, true));
  EXPECT_FALSE(is_established);
  ASSERT_EQ(standing()->gains.size(), 1u);
}

TEST_F(RingWatchTest, ClaimsAreRepeatedUntilEverythingHasComeAndThenNoMore) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, false));
  EXPECT_TRUE(peers.asked.empty());
  strand->advance(kClaimPauseMin);
  answer(kOther, same_ring(true, false));
  strand->advance(kClaimPauseMin);
  EXPECT_TRUE(peers.asked.empty()) << "the pause has doubled";
  strand->advance(kClaimPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_TRUE(standing()->gains.empty());
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RingWatchTest, AnAnswerByAnotherRingDoesNotCountAndTablesAreExchanged) {
  ring({kSelf, kOther});
  join();
  wire::ClaimReply other_ring = same_ring(true, true);
  other_ring.view = view() + 1;
  other_ring.__set_members("table of the other");
  answer(kOther, other_ring);
  EXPECT_FALSE(is_established);
  EXPECT_EQ(locator->merged, (std::vector<std::pair<Location, std::string>>{{kOther, "table of the other"}}));
  strand->advance(kClaimPauseMin);
  Asked asked;
  EXPECT_EQ(take_claim(kOther, asked).members, "table of 127.0.0.1:9900");
  asked.done(reply_with<wire::StorePeer_claim_result>("claim", same_ring(true, false)));
  strand->run_posted();
  EXPECT_TRUE(is_established);
  strand->advance(2 * kClaimPauseMin);
  EXPECT_FALSE(take_claim(kOther, asked).__isset.members) << "they agree by now";
}

TEST_F(RingWatchTest, AnAnswerIsJudgedByTheRingOfTheMomentWhenItComes) {
  ring({kSelf, kOther});
  join();
  const wire::ClaimReply by_the_former_ring = same_ring(true, true);
  ring({kSelf, kOther, kThird});
  answer(kOther, by_the_former_ring);
  answer(kThird, same_ring(true, true));
  EXPECT_FALSE(is_established);
  strand->advance(kClaimPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(standing()->gains.empty());
}

TEST_F(RingWatchTest, ANodeWithoutAStoreIsNotWaitedFor) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  show(kOther, {kOther, kThird, kSelf});
  answer(kThird, exception_with("p2p:unknown: no service diststore.peer",
                                apache::thrift::TApplicationException::UNKNOWN_METHOD));
  EXPECT_TRUE(is_established);
  show_again(kOther, {kOther, kThird, kSelf});
  EXPECT_TRUE(standing()->gains.empty());
}

TEST_F(RingWatchTest, AMemberOfThe2009SystemIsAwaitedUntilItShowsThisNode) {
  ring({kSelf, kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_TRUE(is_established) << "it is fenced by no ring of ours";
  EXPECT_TRUE(store->classics->knows(kOther));
  show(kOther, {kOther});
  EXPECT_EQ(standing()->all_sources(), (Locations{kOther})) << "it gives when it hears of this node";
  show_again(kOther, {kOther, kSelf});
  EXPECT_EQ(standing()->all_sources(), (Locations{kOther})) << "its last put may not have been read";
  show_again(kOther, {kOther, kSelf});
  EXPECT_TRUE(standing()->gains.empty());
}

TEST_F(RingWatchTest, OneThatLeavesIsAskedNothing) {
  ring({kSelf}, {kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(standing()->all_sources(), (Locations{kOther}));
}

TEST_F(RingWatchTest, TheLastRingOfALeaverIsRememberedWhoeverJoinsSince) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, true));
  const auto last = locator->ring;
  ring({kSelf}, {kOther});
  ring({kSelf, kThird}, {kOther});
  ASSERT_EQ(standing()->leavers.size(), 1u);
  EXPECT_EQ(standing()->leavers.front().node, kOther);
  EXPECT_EQ(standing()->leavers.front().last_ring->members(), last->members());
  EXPECT_EQ(standing()->leavers.front().with_it->members(), (Locations{kSelf, kOther, kThird}));
  ring({kSelf, kThird, kOther});
  EXPECT_TRUE(standing()->leavers.empty());
}

TEST_F(RingWatchTest, WhatALeaverHasNotHeardOfIsNotOnItsLastRing) {
  ring({kSelf, kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  show(kOther, {kSelf, kOther});
  show_again(kOther, {kSelf, kOther});
  ring({kSelf, kOther, kThird});
  store->classics->note_ours(kThird);
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(standing()->leavers.front().last_ring->members(), (Locations{kSelf, kOther})) << "news come to it last";
}

TEST_F(RingWatchTest, AJoinerIsNotOnTheLastRingOfOneThatHasNotShownIt) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  answer(kThird, same_ring(true, true));
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(standing()->leavers.front().last_ring->members(), (Locations{kOther, kThird}));
}

TEST_F(RingWatchTest, WhoIsOffTheRingIsNotTakenForOneOfOursAnyMore) {
  ring({kSelf, kOther});
  store->classics->note_ours(kOther);
  ring({kSelf}, {kOther});
  EXPECT_TRUE(store->classics->knows_as_ours(kOther));
  ring({kSelf});
  EXPECT_FALSE(store->classics->knows_as_ours(kOther)) << "another one may come to its port";
}

TEST_F(RingWatchTest, WhoHasJoinedAndMayBeOfThe2009SystemIsKnownToBeGivenKeys) {
  ring({kSelf, kThird});
  join();
  answer(kThird, same_ring(true, true));
  ring({kSelf, kOther, kThird});
  ASSERT_EQ(standing()->gifts.size(), 1u);
  EXPECT_EQ(standing()->gifts.front().to, kOther);
  EXPECT_EQ(standing()->gifts.front().givers, (Locations{kThird}));
  strand->advance(kClaimPauseMax);
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  show(kOther, {kSelf, kOther, kThird});
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(standing()->gifts.empty());
}

TEST_F(RingWatchTest, ANodeThatCannotAnswerNowIsAskedAgain) {
  ring({kSelf, kOther});
  join();
  for (Result<std::string> failure : std::vector<Result<std::string>>{
           Error{ErrorKind::timed_out, "busy"}, Error{ErrorKind::closed, "gone"}, std::string("no message at all"),
           exception_with("p2p:draining: diststore.peer", apache::thrift::TApplicationException::UNKNOWN_METHOD)}) {
    answer(kOther, std::move(failure));
    EXPECT_FALSE(is_established);
    strand->advance(kClaimPauseMax);
    EXPECT_EQ(peers.asked.size(), 1u);
  }
  EXPECT_TRUE(locator->unreachable.empty());
  answer(kOther, Error{ErrorKind::refused, "nobody listens"});
  EXPECT_EQ(locator->unreachable, (Locations{kOther}));
  EXPECT_FALSE(is_established);
}

TEST_F(RingWatchTest, ASilentMemberHoldsAJoinUpForAWhileOnlyAndIsLogged) {
  ring({kSelf, kOther});
  join();
  strand->advance(kFencePatience - 1ms);
  EXPECT_FALSE(is_established);
  EXPECT_TRUE(log.lines.empty());
  strand->advance(1ms);
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(standing()->is_established);
  EXPECT_TRUE(log.has(LogLevel::warn, "127.0.0.1:9901 has not answered for 3s"));
}

// --- leaving ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, WhatALeaverAwaitsItselfIsClaimedThereToo) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, same_ring(true, true));
  answer(kThird, same_ring(true, true));
  ring({kSelf, kThird}, {kOther});
  ASSERT_EQ(standing()->gains.size(), 1u);
  EXPECT_FALSE(standing()->gains.front().is_join);
  EXPECT_EQ(standing()->gains.front().era, 2u);
  EXPECT_EQ(standing()->gains.front().before->members(), (Locations{kSelf, kOther, kThird}));
  EXPECT_TRUE(standing()->is_established);
  answer(kOther, same_ring(true, true, {kThird.name(), "nonsense"}));
  ASSERT_EQ(standing()->gains.size(), 1u);
  EXPECT_EQ(standing()->gains.front().sources, (Locations{kThird}));
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(standing()->gains.empty());
}

// --- the census ------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, ACensusEndsWhenEveryOtherNodeIsClean) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, true));
  int done = 0;
  watch->begin_census([&] { ++done; });
  strand->run_posted();
  answer(kOther, same_ring(true, false));
  EXPECT_EQ(done, 0);
  strand->advance(kClaimPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_EQ(done, 1);
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(done, 1);
}

TEST_F(RingWatchTest, ALonelyNodesCensusEndsAtOnce) {
  ring({kSelf});
  join();
  int done = 0;
  watch->begin_census([&] { ++done; });
  strand->run_posted();
  EXPECT_EQ(done, 1);
}

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, StoppingLetsGoOfWhoWaits) {
  ring({kSelf, kOther});
  join();
  const auto held = std::make_shared<int>();
  watch->begin_census([held] { ADD_FAILURE() << "no node has answered"; });
  watch->stop();
  strand->run_posted();
  EXPECT_TRUE(is_established) << "whoever waits for it may go on";
  EXPECT_EQ(held.use_count(), 1);
  watch->begin_census([held] { ADD_FAILURE() << "there is no end of it either"; });
  strand->run_posted();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(strand->timers(), 0u);
  answer(kOther, same_ring(true, false));
  ring({kSelf, kOther, kThird});
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(standing()->era, 1u);
}

}  // namespace
}  // namespace p2p::diststore
