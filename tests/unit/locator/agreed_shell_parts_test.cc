// What the shell of an agreed cluster's member remembers of calls, newcomers and the disk.
#include "cluster_fixture.h"

#include "agreed/heard_members.h"
#include "agreed/keeping.h"
#include "agreed/lease_watch.h"
#include "agreed/newcomers.h"
#include "agreed/requests_in_hand.h"
#include "agreed/watchers.h"

#include <memory>

namespace p2p::agreed {
namespace {

using namespace std::chrono_literals;
using cluster::after;
using cluster::id;
using cluster::member;

const TimePoint kNow = TimePoint(1h);

cluster::wire::Respond count_in(int& answers) {
  return [&answers](const cluster::wire::Response&) { ++answers; };
}

// --- what is written, and when ---------------------------------------------------------------------------------------

class AgreedKeeping : public ::testing::Test {
 protected:
  // Member 1 is the only voter.
  std::optional<Keeping::Save> take(unsigned self, cluster::SaveId save_id, bool is_awaited, TimePoint now) {
    return keeping_.take({.id = save_id, .what = {.map = map_, .voter = {}}, .is_awaited = is_awaited}, id(self), now);
  }

  std::shared_ptr<const cluster::ClusterMap> map_ =
      std::make_shared<cluster::ClusterMap>(cluster::with_members(cluster::founded(), 2));
  Keeping keeping_;
};

TEST_F(AgreedKeeping, WhatAVoterAcceptsIsWrittenAtOnce) {
  EXPECT_TRUE(take(1, 1, false, kNow));
  EXPECT_TRUE(take(1, 2, false, kNow));
}

TEST_F(AgreedKeeping, AnotherMemberWritesTheLastOfManyMaps) {
  EXPECT_TRUE(take(2, 1, false, kNow)) << "the voters are new to it";
  EXPECT_FALSE(take(2, 2, false, kNow + 10ms));
  EXPECT_FALSE(take(2, 3, false, kNow + 20ms));
  EXPECT_FALSE(keeping_.take_due(kNow + kKeepEvery - 1ms));
  const auto due = keeping_.take_due(kNow + kKeepEvery);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->id, 3u);
  EXPECT_FALSE(keeping_.take_due(kNow + 2 * kKeepEvery));
}

TEST_F(AgreedKeeping, WhatSomebodyWaitsForOrOtherVotersAreWrittenAtOnce) {
  EXPECT_TRUE(take(2, 1, false, kNow));
  EXPECT_TRUE(take(2, 2, true, kNow + 10ms));
  map_ = std::make_shared<cluster::ClusterMap>(after(*map_, {cluster::SetVoters{.voters = {id(2)}}}));
  EXPECT_TRUE(take(2, 3, false, kNow + 20ms));
}

TEST_F(AgreedKeeping, WhoeverIsNoMemberNeedsNoDisk) {
  EXPECT_FALSE(take(3, 7, true, kNow));
  EXPECT_TRUE(keeping_.has_unwritten());
  EXPECT_EQ(keeping_.take_unwritten(), 7u);
  EXPECT_FALSE(keeping_.take_unwritten());
}

// --- J1: the way back to a newcomer ----------------------------------------------------------------------------------

TEST(AgreedNewcomers, EachIsTriedOnceAtATime) {
  int answers = 0;
  Newcomers newcomers;
  EXPECT_TRUE(newcomers.wait({.from = {}, .member = member(2), .respond = count_in(answers)}));
  EXPECT_FALSE(newcomers.wait({.from = {}, .member = member(2), .respond = count_in(answers)}));
  ASSERT_TRUE(newcomers.take(id(2)));
  EXPECT_FALSE(newcomers.take(id(2))) << "it was told already";
}

TEST(AgreedNewcomers, ThatItsAddressWasReachedCountsForAWhileAndForThatAddress) {
  Newcomers newcomers;
  EXPECT_FALSE(newcomers.was_reached(member(2), kNow));
  newcomers.note_reached(member(2), kNow);
  EXPECT_TRUE(newcomers.was_reached(member(2), kNow + kReachedFor - 1ms));
  EXPECT_FALSE(newcomers.was_reached(member(2), kNow + kReachedFor));
  cluster::Member moved = member(2);
  moved.address = cluster::address(9);
  EXPECT_FALSE(newcomers.was_reached(moved, kNow));
}

TEST(AgreedNewcomers, ThereIsALimitAndRoomAgainWhenTheyAreIn) {
  Newcomers newcomers;
  for (unsigned number = 0; number < kNewcomersMax; ++number) {
    EXPECT_FALSE(newcomers.is_full());
    newcomers.wait({.from = {}, .member = member(number + 2), .respond = {}});
    newcomers.note_reached(member(number + 2), kNow);
  }
  EXPECT_TRUE(newcomers.is_full());
  newcomers.note_reached(member(1), kNow + 1ms);
  EXPECT_FALSE(newcomers.was_reached(member(1), kNow + 1ms)) << "no room: it is tried again";
  newcomers.note_reached(member(1), kNow + kReachedFor);
  EXPECT_TRUE(newcomers.was_reached(member(1), kNow + kReachedFor)) << "the others are forgotten by then";
  newcomers.drop_waiting();
  EXPECT_FALSE(newcomers.is_full());
}

// --- watches ---------------------------------------------------------------------------------------------------------

TEST(AgreedWatchers, AreAnsweredAfterAWhileAndAtOnceWhenTheNodeEnds) {
  Watchers watchers;
  int answers = 0;
  watchers.add(count_in(answers), kNow);
  EXPECT_TRUE(watchers.take_due(kNow + kWatchFor - 1ms).empty());
  EXPECT_EQ(watchers.take_due(kNow + kWatchFor).size(), 1u);
  watchers.add(count_in(answers), kNow);
  watchers.end();
  EXPECT_EQ(watchers.take_due(TimePoint::min()).size(), 1u);
  watchers.add(count_in(answers), kNow);
  EXPECT_EQ(watchers.take_due(kNow).size(), 1u) << "nobody waits for a node that ends";
}

TEST(AgreedWatchers, AboveTheirLimitTheOldestIsAnswered) {
  Watchers watchers;
  for (std::size_t count = 0; count <= kWatchersMax; ++count) watchers.add({}, kNow);
  EXPECT_EQ(watchers.take_due(kNow).size(), 1u);
}

// --- what was heard of members ---------------------------------------------------------------------------------------

TEST(AgreedHeardMembers, ItRefusesSinceTheFirstOfRefusalsInARow) {
  HeardMembers heard;
  EXPECT_EQ(heard.find(id(2)), nullptr);
  heard.note_failure(id(2), true, kNow);
  heard.note_failure(id(2), true, kNow + 1s);
  EXPECT_EQ(heard.find(id(2))->refused_since, kNow);
  heard.note_failure(id(2), false, kNow + 2s);
  EXPECT_FALSE(heard.find(id(2))->is_refusing()) << "silent: it may be there";
  heard.note_failure(id(2), true, kNow + 3s);
  heard.note_answer(id(2), 7, kNow + 4s);
  EXPECT_FALSE(heard.find(id(2))->is_refusing());
  EXPECT_TRUE(heard.find(id(2))->has_answered());
  heard.keep_members_of(cluster::founded());
  EXPECT_EQ(heard.find(id(2)), nullptr);
}

TEST(AgreedHeardMembers, TheTextNamesVotersThatAreMissing) {
  cluster::ClusterMap map = cluster::with_members(cluster::founded(), 3);
  map = after(map, {cluster::SetVoters{.voters = {id(1), id(2), id(3)}}});
  HeardMembers heard;
  const auto text = [&] { return text_of_missing_voters(map, heard, id(1), 1s, kNow); };
  EXPECT_EQ(text(), "127.0.0.1:20002, 127.0.0.1:20003 are missing, of 3");
  heard.note_answer(id(2), 1, kNow - 2500ms);
  heard.note_answer(id(3), 1, kNow - 500ms);
  EXPECT_EQ(text(), "127.0.0.1:20002 (not heard of for 2s) are missing, of 3");
  heard.note_answer(id(2), 1, kNow);
  EXPECT_EQ(text(), "none is missing, of 3");
}

// --- leases ----------------------------------------------------------------------------------------------------------

TEST(AgreedLeaseWatch, ALossIsSaidOnceAndSoIsItsEnd) {
  using News = LeaseWatch::News;
  LeaseWatch watch;
  EXPECT_EQ(watch.look(false, kNow), News::none);
  EXPECT_EQ(watch.look(true, kNow + 500ms), News::none) << "a moment without one is not worth a line";
  EXPECT_EQ(watch.look(false, kNow + 600ms), News::none);
  EXPECT_EQ(watch.look(false, kNow + 600ms + kNoLeaseUnsaid), News::lost);
  EXPECT_EQ(watch.look(false, kNow + 1h), News::none);
  EXPECT_EQ(watch.look(true, kNow + 2h), News::back);
  EXPECT_EQ(watch.look(true, kNow + 2h), News::none);
}

// --- requests --------------------------------------------------------------------------------------------------------

TEST(AgreedRequestsInHand, AnAnswerGoesToWhoeverAsked) {
  RequestsInHand requests;
  int answers = 0;
  const cluster::RequestId other = requests.add(count_in(answers));
  requests.ask_self(cluster::FetchMap{});
  const auto own = requests.take_own_request();
  ASSERT_TRUE(own);
  EXPECT_NE(own->first, other);
  EXPECT_FALSE(requests.has_own());

  EXPECT_FALSE(requests.answer(own->first, {}));
  EXPECT_TRUE(requests.take_own_reply());
  const auto respond = requests.answer(other, {});
  ASSERT_TRUE(respond);
  (*respond)(Error{ErrorKind::cancelled, ""});
  EXPECT_EQ(answers, 1);
  EXPECT_FALSE(requests.answer(other, {})) << "once";
}

TEST(AgreedRequestsInHand, NothingIsLeftOfAnIdentityThatHasEnded) {
  RequestsInHand requests;
  const cluster::RequestId other = requests.add([](const cluster::wire::Response&) {});
  requests.ask_self(cluster::FetchMap{});
  requests.clear();
  EXPECT_FALSE(requests.has_own());
  EXPECT_FALSE(requests.answer(other, {}));
}

}  // namespace
}  // namespace p2p::agreed
