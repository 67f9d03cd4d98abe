#include "classic/ring_watch.h"
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
using NodeAddresses = std::vector<NodeAddress>;

class RingWatchTest : public ::testing::Test, protected StoreFixture {
 protected:
  RingWatchTest() {
    // As the plugin makes it: nothing is owned before the locator shows a ring.
    publish(OwnershipSnapshot{kSelf, 0, false, locator->ring_of({}), {}, {}});
    watch = std::make_shared<RingWatch>(log, strand, classic);
  }
  ~RingWatchTest() override {
    watch->stop();
    strand->run_posted();
  }

  void ring(NodeAddresses members, NodeAddresses leaving = {}) {
    locator->ring = std::make_shared<RankedRing>(kSelf, locator->ranks, std::move(members), std::move(leaving));
    watch->ring_changed(locator->ring);
    strand->run_posted();
  }
  void join() {
    watch->joined(Completion([this] { is_established = true; }));
    strand->run_posted();
  }
  std::shared_ptr<const OwnershipSnapshot> ownership() const { return classic->ownership->share(); }
  std::int64_t view() const { return fingerprint_of(*ownership()->ring); }

  // What a node answers that works by the same ring.
  wire::TransferRequestReply same_ring(bool is_fenced, bool is_handed_over,
                                       std::vector<std::string> sources = {}) const {
    wire::TransferRequestReply reply;
    reply.fenced = is_fenced;
    reply.handed_over = is_handed_over;
    reply.view = view();
    reply.sources = std::move(sources);
    return reply;
  }
  wire::TransferRequest take_transfer_request(const NodeAddress& of, Asked& asked) {
    asked = peers.take("claim", of);
    return Arguments<wire::StorePeer_claim_args>(asked)->claim;
  }
  void answer(const NodeAddress& of, const wire::TransferRequestReply& reply) {
    answer(of, reply_with<wire::StorePeer_claim_result>("claim", reply));
  }
  void answer(const NodeAddress& of, Result<std::string> reply) {
    peers.take("claim", of).done(std::move(reply));
    strand->run_posted();
  }

  // A node of the 2009 system answers get_all.
  void show(const NodeAddress& of, const NodeAddresses& members) {
    std::vector<locator::Location> shown;
    for (const NodeAddress& member : members) shown.push_back(to_wire(member));
    const Asked asked = peers.take("get_all", of);
    EXPECT_TRUE(asked.is_classic);
    asked.done(reply_with<locator::Locator_get_all_result>("get_all", shown));
    strand->run_posted();
  }

  // The same once more after a pause: then it has given all.
  void show_again(const NodeAddress& of, const NodeAddresses& members) {
    strand->advance(kTransferRequestPauseMax);
    answer(of, Error{ErrorKind::unsupported, "a node of the 2009 system"});
    show(of, members);
  }

  std::shared_ptr<RingWatch> watch;
  bool is_established = false;
};

// --- view versions
// ------------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, EachRingBeginsAnViewVersionOfWhichTheOwnershipSnapshotTells) {
  ring({kSelf, kOther});
  EXPECT_EQ(ownership()->self, kSelf);
  EXPECT_EQ(ownership()->view_version, 1u);
  EXPECT_EQ(ownership()->ring, locator->ring);
  EXPECT_TRUE(ownership()->former_rings.empty()) << "before the first there was none";
  const auto first = locator->ring;
  ring({kSelf, kOther}, {kThird});
  EXPECT_EQ(ownership()->view_version, 2u);
  EXPECT_EQ(ownership()->ring, locator->ring);
  ASSERT_EQ(ownership()->former_rings.size(), 1u);
  EXPECT_EQ(ownership()->former_rings.front(), first);
}

TEST_F(RingWatchTest, TheRingThatWasThereAtFirstIsTakenOver) {
  watch->begin(locator->ring);
  strand->run_posted();
  EXPECT_EQ(ownership()->view_version, 1u);
  EXPECT_EQ(ownership()->ring, locator->ring);
}

TEST_F(RingWatchTest, TheRingThatWasThereAtFirstReplacesNoneThatItWasToldOfSince) {
  const auto first = locator->ring;
  ring({kSelf, kOther});
  watch->begin(first);
  strand->run_posted();
  EXPECT_EQ(ownership()->view_version, 1u);
  EXPECT_EQ(ownership()->ring, locator->ring);
}

TEST_F(RingWatchTest, OnlyTheLastRingsAreRememberedTheNewestFirst) {
  std::vector<std::shared_ptr<const RingView>> rings;
  for (int i = 0; i < 7; ++i) {
    ring({kSelf, kOther});
    rings.insert(rings.begin(), locator->ring);
  }
  EXPECT_EQ(ownership()->former_rings,
            (std::vector<std::shared_ptr<const RingView>>(rings.begin() + 1, rings.begin() + 1 + kFormerRingsMax)));
}

TEST_F(RingWatchTest, ARingTakesAwayTheProofsOfTheFormerOne) {
  ring({kSelf});
  hold("a", "apple");
  const OwnershipProof former = ownership()->proof_for("a");
  ring({kSelf, kOther});
  const auto write = [&](OwnershipProof right) {
    return classic->local->engine().apply_one(Change::write("a", "too late", right, {~Stamp{0}, 9})).value();
  };
  EXPECT_EQ(write(former), Outcome::fenced);
  EXPECT_EQ(write(ownership()->proof_for("a")), Outcome::done);
}

// Whoever reads the new ownership snapshot relies on it that nothing is done by the former one any more. The shards are
// fenced one after the other; what a scan meets last lies in the last of them.
TEST_F(RingWatchTest, TheFormerProofsHaveEndedBeforeTheNewOwnershipSnapshotIsSeen) {
  ring({kSelf});
  for (int i = 0; i < 1'000; ++i) hold(std::to_string(i), "");
  std::string last;
  const auto take = [&](const EntryView& entry) { return last = entry.key, true; };
  for (ScanPosition position; !position.at_end;)
    ASSERT_TRUE(classic->local->engine().scan(kAllPartitions, position, 1'000, take).ok());
  std::atomic<bool> is_over{false};
  std::atomic<ViewVersion> seen{1};
  std::atomic<int> broken{0};
  std::thread reader([&] {
    while (!is_over.load()) {
      const ViewVersion view_version = classic->ownership->read().view_version;
      if (view_version == seen.load()) continue;
      const auto outcome =
          classic->local->engine().get(last, {view_version - 1}, [](std::string_view, Version, WallMs) {});
      if (outcome.value() != Outcome::fenced) ++broken;
      seen.store(view_version);
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    ring({kSelf});
    while (seen.load() < ownership()->view_version) std::this_thread::yield();
  }
  is_over.store(true);
  reader.join();
  EXPECT_EQ(broken.load(), 0);
}

// --- joining ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, AFounderIsEstablishedAtOnce) {
  ring({kSelf});
  EXPECT_FALSE(ownership()->is_established);
  join();
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(ownership()->is_established);
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RingWatchTest, AJoinerRequestsItsKeysFromEveryOtherNode) {
  ring({kSelf, kOther, kThird});
  join();
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"claim of 9901", "claim of 9902"}));
  Asked asked;
  const wire::TransferRequest claim = take_transfer_request(kOther, asked);
  EXPECT_EQ(asked.service, "diststore.peer");
  EXPECT_EQ(asked.deadline, 1s);
  EXPECT_EQ(claim.receiver, kSelf.name());
  EXPECT_EQ(claim.view, view());
  EXPECT_FALSE(claim.__isset.members);
  ASSERT_EQ(ownership()->acquired_ranges.size(), 1u);
  EXPECT_TRUE(ownership()->acquired_ranges.front().is_join);
  EXPECT_EQ(ownership()->acquired_ranges.front().view_version, 1u);
  EXPECT_FALSE(ownership()->is_established);
  EXPECT_FALSE(is_established);
}

TEST_F(RingWatchTest, AJoinerIsEstablishedWhenAllHaveAnsweredThatTheyWorkByItsRing) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, same_ring(true, false));
  EXPECT_FALSE(is_established);
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(ownership()->is_established);
  ASSERT_EQ(ownership()->acquired_ranges.size(), 1u);
  EXPECT_EQ(ownership()->acquired_ranges.front().sources, (NodeAddresses{kOther}));
  EXPECT_EQ(ownership()->view_version, 1u) << "no ring has changed";
}

TEST_F(RingWatchTest, NothingIsNotedOfANodeThatHasLeftWhenItsLastAnswerComes) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, same_ring(true, true));
  ring({kSelf, kOther});
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(classic->classics->knows_as_ours(kOther));
  EXPECT_FALSE(classic->classics->knows_as_ours(kThird)) << "another node may start on its port (H30)";
}

TEST_F(RingWatchTest, RequestsAreRepeatedUntilEverythingHasComeAndThenNoMore) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, false));
  EXPECT_TRUE(peers.asked.empty());
  strand->advance(kTransferRequestPauseMin);
  answer(kOther, same_ring(true, false));
  strand->advance(kTransferRequestPauseMin);
  EXPECT_TRUE(peers.asked.empty()) << "the pause has doubled";
  strand->advance(kTransferRequestPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

TEST_F(RingWatchTest, AnAnswerByAnotherRingDoesNotCountAndTablesAreExchanged) {
  ring({kSelf, kOther});
  join();
  wire::TransferRequestReply other_ring = same_ring(true, true);
  other_ring.view = view() + 1;
  other_ring.__set_members("table of the other");
  answer(kOther, other_ring);
  EXPECT_FALSE(is_established);
  EXPECT_EQ(locator->merged, (std::vector<std::pair<NodeAddress, std::string>>{{kOther, "table of the other"}}));
  strand->advance(kTransferRequestPauseMin);
  Asked asked;
  EXPECT_EQ(take_transfer_request(kOther, asked).members, "table of 127.0.0.1:9900");
  asked.done(reply_with<wire::StorePeer_claim_result>("claim", same_ring(true, false)));
  strand->run_posted();
  EXPECT_TRUE(is_established);
  strand->advance(2 * kTransferRequestPauseMin);
  EXPECT_FALSE(take_transfer_request(kOther, asked).__isset.members) << "they agree by now";
}

TEST_F(RingWatchTest, AnAnswerIsJudgedByTheRingOfTheMomentWhenItComes) {
  ring({kSelf, kOther});
  join();
  const wire::TransferRequestReply by_the_former_ring = same_ring(true, true);
  ring({kSelf, kOther, kThird});
  answer(kOther, by_the_former_ring);
  answer(kThird, same_ring(true, true));
  EXPECT_FALSE(is_established);
  strand->advance(kTransferRequestPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_TRUE(is_established);
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
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
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
}

TEST_F(RingWatchTest, AMemberOfThe2009SystemIsAwaitedUntilItShowsThisNode) {
  ring({kSelf, kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_TRUE(is_established) << "it is fenced by no ring of ours";
  EXPECT_TRUE(classic->classics->knows(kOther));
  show(kOther, {kOther});
  EXPECT_EQ(ownership()->all_sources(), (NodeAddresses{kOther})) << "it gives when it hears of this node";
  show_again(kOther, {kOther, kSelf});
  EXPECT_EQ(ownership()->all_sources(), (NodeAddresses{kOther})) << "its last put may not have been read";
  show_again(kOther, {kOther, kSelf});
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
}

TEST_F(RingWatchTest, OneThatLeavesIsAskedNothing) {
  ring({kSelf}, {kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(ownership()->all_sources(), (NodeAddresses{kOther}));
}

TEST_F(RingWatchTest, TheLastRingOfALeaverIsRememberedWhoeverJoinsSince) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, true));
  const auto last = locator->ring;
  ring({kSelf}, {kOther});
  ring({kSelf, kThird}, {kOther});
  ASSERT_EQ(ownership()->leavers.size(), 1u);
  EXPECT_EQ(ownership()->leavers.front().node, kOther);
  EXPECT_EQ(ownership()->leavers.front().last_ring->members(), last->members());
  EXPECT_EQ(ownership()->leavers.front().with_it->members(), (NodeAddresses{kSelf, kOther, kThird}));
  ring({kSelf, kThird, kOther});
  EXPECT_TRUE(ownership()->leavers.empty());
}

TEST_F(RingWatchTest, WhatALeaverHasNotHeardOfIsNotOnItsLastRing) {
  ring({kSelf, kOther});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  show(kOther, {kSelf, kOther});
  show_again(kOther, {kSelf, kOther});
  ring({kSelf, kOther, kThird});
  classic->classics->note_ours(kThird);
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(ownership()->leavers.front().last_ring->members(), (NodeAddresses{kSelf, kOther}))
      << "news come to it last";
}

TEST_F(RingWatchTest, AJoinerIsNotOnTheLastRingOfOneThatHasNotShownIt) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  answer(kThird, same_ring(true, true));
  ring({kSelf, kThird}, {kOther});
  EXPECT_EQ(ownership()->leavers.front().last_ring->members(), (NodeAddresses{kOther, kThird}));
}

TEST_F(RingWatchTest, WhoIsOffTheRingIsNotTakenForOneOfOursAnyMore) {
  ring({kSelf, kOther});
  classic->classics->note_ours(kOther);
  ring({kSelf}, {kOther});
  EXPECT_TRUE(classic->classics->knows_as_ours(kOther));
  ring({kSelf});
  EXPECT_FALSE(classic->classics->knows_as_ours(kOther)) << "another one may come to its port";
}

TEST_F(RingWatchTest, WhoHasJoinedAndMayBeOfThe2009SystemIsKnownToBeGivenKeys) {
  ring({kSelf, kThird});
  join();
  answer(kThird, same_ring(true, true));
  ring({kSelf, kOther, kThird});
  ASSERT_EQ(ownership()->gifts.size(), 1u);
  EXPECT_EQ(ownership()->gifts.front().to, kOther);
  EXPECT_EQ(ownership()->gifts.front().givers, (NodeAddresses{kThird}));
  strand->advance(kTransferRequestPauseMax);
  answer(kOther, Error{ErrorKind::unsupported, "a node of the 2009 system"});
  show(kOther, {kSelf, kOther, kThird});
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(ownership()->gifts.empty());
}

TEST_F(RingWatchTest, ANodeThatCannotAnswerNowIsAskedAgain) {
  ring({kSelf, kOther});
  join();
  for (Result<std::string> failure : std::vector<Result<std::string>>{
           Error{ErrorKind::timed_out, "busy"}, Error{ErrorKind::closed, "gone"}, std::string("no message at all"),
           exception_with("p2p:draining: diststore.peer", apache::thrift::TApplicationException::UNKNOWN_METHOD)}) {
    answer(kOther, std::move(failure));
    EXPECT_FALSE(is_established);
    strand->advance(kTransferRequestPauseMax);
    EXPECT_EQ(peers.asked.size(), 1u);
  }
  EXPECT_TRUE(locator->unreachable.empty());
  answer(kOther, Error{ErrorKind::refused, "nobody listens"});
  EXPECT_EQ(locator->unreachable, (NodeAddresses{kOther}));
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
  EXPECT_TRUE(ownership()->is_established);
  EXPECT_TRUE(log.has(LogLevel::warn, "127.0.0.1:9901 has not answered for 3s"));
}

// --- leaving ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, WhatALeaverAwaitsItselfIsRequestedThereToo) {
  ring({kSelf, kOther, kThird});
  join();
  answer(kOther, same_ring(true, true));
  answer(kThird, same_ring(true, true));
  ring({kSelf, kThird}, {kOther});
  ASSERT_EQ(ownership()->acquired_ranges.size(), 1u);
  EXPECT_FALSE(ownership()->acquired_ranges.front().is_join);
  EXPECT_EQ(ownership()->acquired_ranges.front().view_version, 2u);
  EXPECT_EQ(ownership()->acquired_ranges.front().before->members(), (NodeAddresses{kSelf, kOther, kThird}));
  EXPECT_TRUE(ownership()->is_established);
  answer(kOther, same_ring(true, true, {kThird.name(), "nonsense"}));
  ASSERT_EQ(ownership()->acquired_ranges.size(), 1u);
  EXPECT_EQ(ownership()->acquired_ranges.front().sources, (NodeAddresses{kThird}));
  answer(kThird, same_ring(true, true));
  EXPECT_TRUE(ownership()->acquired_ranges.empty());
}

// --- the tombstone check
// ------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, ATombstoneCheckEndsWhenEveryOtherNodeIsHandedOver) {
  ring({kSelf, kOther});
  join();
  answer(kOther, same_ring(true, true));
  int done = 0;
  watch->begin_tombstone_check([&] { ++done; });
  strand->run_posted();
  answer(kOther, same_ring(true, false));
  EXPECT_EQ(done, 0);
  strand->advance(kTransferRequestPauseMin);
  answer(kOther, same_ring(true, true));
  EXPECT_EQ(done, 1);
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(done, 1);
}

TEST_F(RingWatchTest, ALonelyNodesTombstoneCheckEndsAtOnce) {
  ring({kSelf});
  join();
  int done = 0;
  watch->begin_tombstone_check([&] { ++done; });
  strand->run_posted();
  EXPECT_EQ(done, 1);
}

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_F(RingWatchTest, StoppingLetsGoOfWhoWaits) {
  ring({kSelf, kOther});
  join();
  const auto stored = std::make_shared<int>();
  watch->begin_tombstone_check([stored] { ADD_FAILURE() << "no node has answered"; });
  watch->stop();
  strand->run_posted();
  EXPECT_TRUE(is_established) << "whoever waits for it may go on";
  EXPECT_EQ(stored.use_count(), 1);
  watch->begin_tombstone_check([stored] { ADD_FAILURE() << "there is no end of it either"; });
  strand->run_posted();
  EXPECT_EQ(stored.use_count(), 1);
  EXPECT_EQ(strand->timers(), 0u);
  answer(kOther, same_ring(true, false));
  ring({kSelf, kOther, kThird});
  strand->advance(10s);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(ownership()->view_version, 1u);
}

}  // namespace
}  // namespace p2p::diststore
