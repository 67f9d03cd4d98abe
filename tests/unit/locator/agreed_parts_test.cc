// What a node of the agreed cluster decides by itself: who founds, whose process has ended, and what a map means to the
// ring.
#include "cluster_fixture.h"

#include "agreed/founders.h"
#include "agreed/founding_by_hand.h"
#include "agreed/holder_place.h"
#include "agreed/member_changes.h"
#include "agreed/process_ends.h"

#include <string>
#include <vector>

namespace p2p::agreed {
namespace {

using cluster::address;
using cluster::after;
using cluster::boot;
using cluster::id;
using cluster::member;
using membership::ChangeKind;
using Verdict = ProcessEnds::Verdict;

// --- J1: who founds --------------------------------------------------------------------------------------------------

TEST(AgreedFounders, ANodeThatKnowsOfNobodyElseFounds) { EXPECT_FALSE(Founders(address(3)).founder()); }

TEST(AgreedFounders, OfThoseThatWaitTheLowestAddressFounds) {
  Founders founders(address(3));
  founders.note_waiting(address(4));
  EXPECT_FALSE(founders.founder());
  founders.note_waiting(address(2));
  founders.note_waiting(address(1));
  EXPECT_EQ(founders.founder(), address(1));
  founders.note_gone(address(1));
  EXPECT_EQ(founders.founder(), address(2));
}

TEST(AgreedFounders, ANodeDoesNotWaitForItself) {
  Founders founders(address(3));
  founders.note_waiting(address(3));
  EXPECT_FALSE(founders.founder());
}

// --- J6: --found ----------------------------------------------------------------------------------------------------

TEST(AgreedFounding, IsDoneOnceByHand) {
  EXPECT_EQ(founding_by_hand(false, nullptr, false), ByHand::no);
  EXPECT_EQ(founding_by_hand(true, nullptr, false), ByHand::wanted);
  cluster::ClusterMap map = cluster::founded();
  EXPECT_EQ(founding_by_hand(true, &map, false), ByHand::done) << "it is alone there: nothing is lost by a return";
  map.members.push_back(member(2));
  EXPECT_EQ(founding_by_hand(true, &map, false), ByHand::wanted);
  EXPECT_EQ(founding_by_hand(false, &map, false), ByHand::no);
  map.founded_by_hand = true;
  EXPECT_EQ(founding_by_hand(true, &map, false), ByHand::done);
}

// By a service manager, with the same arguments: it was removed, and has not been let in as a new node yet.
TEST(AgreedFounding, IsRefusedBesideTheNetworkThatHasRemovedThisNode) {
  EXPECT_EQ(founding_by_hand(true, nullptr, true), ByHand::refused);
  EXPECT_EQ(founding_by_hand(false, nullptr, true), ByHand::no);
}

// --- M6: who holds partitions ---------------------------------------------------------------------------------------

TEST(AgreedHolderPlace, IsOneServicesAtATime) {
  HolderPlace place;
  EXPECT_EQ(place.take("store"), std::nullopt);
  EXPECT_EQ(place.take("second"), "store");
  place.leave();
  EXPECT_EQ(place.take("second"), std::nullopt);
  EXPECT_EQ(place.take("store"), "second");
  EXPECT_NE(both_hold("store", "second").find("[services.store] and [services.second] both hold"), std::string::npos);
}

// --- L4: proof that a process has ended ------------------------------------------------------------------------------

class AgreedProof : public testing::Test {
 protected:
  ProcessEnds ends_;
  const ProcessEnds::Tried first_{.node = id(1), .boot = 4};
  const ProcessEnds::Tried second_{.node = id(1), .boot = 4, .is_second = true};
};

TEST_F(AgreedProof, TheSecondRefusalIsOneAndTheFirstIsNot) {
  EXPECT_EQ(ends_.failed(first_, ErrorKind::refused), Verdict::try_again);
  EXPECT_EQ(ends_.failed(second_, ErrorKind::refused), Verdict::ended);
}

TEST_F(AgreedProof, OneSecondTryIsUnderWayAtMost) {
  EXPECT_EQ(ends_.failed(first_, ErrorKind::refused), Verdict::try_again);
  EXPECT_EQ(ends_.failed(first_, ErrorKind::refused), Verdict::nothing);
  EXPECT_EQ(ends_.failed(second_, ErrorKind::timed_out), Verdict::nothing);
  EXPECT_EQ(ends_.failed(first_, ErrorKind::refused), Verdict::try_again);
}

TEST_F(AgreedProof, NoOtherFailureIsOne) {
  for (const ErrorKind kind : {ErrorKind::timed_out, ErrorKind::closed, ErrorKind::silent, ErrorKind::local,
                               ErrorKind::unreachable, ErrorKind::wrong_node, ErrorKind::overloaded}) {
    EXPECT_EQ(ends_.failed(first_, kind), Verdict::nothing);
    EXPECT_EQ(ends_.failed(second_, kind), Verdict::nothing);
  }
}

TEST_F(AgreedProof, ARefusalSaysNothingOfANodeWhoseBootIsNotKnown) {
  EXPECT_EQ(ends_.failed({.node = id(1), .boot = 0}, ErrorKind::refused), Verdict::nothing);
}

TEST_F(AgreedProof, AnAnswerByALaterBootProvesTheEndOfTheEarlierOnes) {
  EXPECT_EQ(ends_.answered(first_, 4), 0u);
  EXPECT_EQ(ends_.answered(first_, 3), 0u);
  EXPECT_EQ(ends_.answered(first_, 6), 5u);
}

// --- what the ring is told -------------------------------------------------------------------------------------------

std::vector<std::string> texts(const std::vector<membership::MembershipChange>& changes) {
  std::vector<std::string> all;
  for (const auto& change : changes) all.push_back(change.text);
  return all;
}

class AgreedRing : public testing::Test {
 protected:
  AgreedRing() { three_ = after(cluster::founded(), {cluster::Join{member(2)}, cluster::Join{member(3)}}); }
  static std::string name(unsigned number) { return address(number).name(); }

  // To node 1.
  std::vector<membership::MembershipChange> changes(const cluster::ClusterMap& next) const {
    return member_changes(&three_, next, id(1));
  }

  cluster::ClusterMap three_;
};

TEST_F(AgreedRing, TheFirstMapBringsAllOthers) {
  const auto first = member_changes(nullptr, three_, id(1));
  EXPECT_EQ(texts(first), (std::vector{name(2) + " has joined", name(3) + " has joined"}));
  EXPECT_EQ(first[0].kind, ChangeKind::joined);
}

TEST_F(AgreedRing, ADeathIsTroubleAndAReturnIsNone) {
  const auto dead = after(three_, {cluster::Down{.node = id(2), .boot = boot(1)}});
  const auto told = changes(dead);
  ASSERT_EQ(texts(told), std::vector{name(2) + " is down"});
  EXPECT_EQ(told[0].kind, ChangeKind::left);
  EXPECT_TRUE(told[0].is_trouble);
  const auto back = after(dead, {cluster::Up{.node = id(2), .boot = boot(2), .address = address(2)}});
  EXPECT_EQ(texts(member_changes(&dead, back, id(1))), std::vector{name(2) + " is back"});
}

TEST_F(AgreedRing, ARestartThatNobodySawEndingIsOneChange) {
  const auto again = after(three_, {cluster::Up{.node = id(2), .boot = boot(2), .address = address(2)}});
  ASSERT_EQ(changes(again).size(), 1u);
  EXPECT_EQ(changes(again)[0].kind, ChangeKind::restarted);
}

TEST_F(AgreedRing, AnotherAddressIsAnotherNode) {
  const auto moved = after(three_, {cluster::Up{.node = id(2), .boot = boot(2), .address = address(9)}});
  const auto told = changes(moved);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].kind, ChangeKind::left);
  EXPECT_EQ(told[0].address, address(2));
  EXPECT_EQ(told[1].kind, ChangeKind::joined);
  EXPECT_EQ(told[1].address, address(9));
}

TEST_F(AgreedRing, ALeaveIsToldInTwoSteps) {
  const auto leaving = after(three_, {cluster::Leave{.node = id(3), .boot = boot(1)}});
  ASSERT_EQ(changes(leaving).size(), 1u);
  EXPECT_EQ(changes(leaving)[0].kind, ChangeKind::leaving);
  EXPECT_EQ(ring_members(leaving), (std::vector{address(1), address(2)}));
}

TEST_F(AgreedRing, WhatConcernsThisNodeAloneOrPartitionsAloneIsAChangeOfOwnership) {
  const auto heavier = after(three_, {cluster::Describe{.node = id(1), .weight = 300}});
  ASSERT_EQ(changes(heavier).size(), 1u);
  EXPECT_EQ(changes(heavier)[0].kind, ChangeKind::ownership);
}

}  // namespace
}  // namespace p2p::agreed
