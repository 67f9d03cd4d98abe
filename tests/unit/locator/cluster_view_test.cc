// What operators see of an agreed cluster: counts, plans, events, and what they may order.
#include "planner_fixture.h"

#include "agreed/view/events.h"
#include "agreed/view/links.h"
#include "agreed/view/orders.h"
#include "agreed/view/plan.h"
#include "agreed/view/report.h"
#include "cluster/member/orders.h"

#include <memory>
#include <string>
#include <vector>

namespace p2p::agreed {
namespace {

using namespace std::chrono_literals;
using cluster::after;
using cluster::boot;
using cluster::id;
using cluster::in_sync_at;
using cluster::ObedientCluster;
using cluster::Slot;

cluster::ClusterMap settled(unsigned members, cluster::MapOptions options = {}) {
  ObedientCluster cluster(cluster::cluster_of(members, options));
  cluster.settle();
  return cluster.map;
}

// --- counts ----------------------------------------------------------------------------------------------------------

TEST(ClusterReport, CountsWhatEachMemberHolds) {
  cluster::ClusterMap map = in_sync_at(cluster::cluster_of(3), {2});
  map = after(map, {cluster::learn(1, 3)});
  const auto held = holdings(map);
  EXPECT_EQ(held[0], (Holding{.primaries = 8, .in_sync = 8}));
  EXPECT_EQ(held[1], (Holding{.in_sync = 1}));
  EXPECT_EQ(held[2], (Holding{.learners = 1}));
}

TEST(ClusterReport, APartitionIsCompleteWithAsManyCopiesAsThereCanBe) {
  EXPECT_EQ(completeness(cluster::founded()), (Completeness{.complete = 8}));
  EXPECT_EQ(completeness(in_sync_at(cluster::cluster_of(2), {2})),
            (Completeness{.complete = 1, .under_replicated = 7}));
  EXPECT_EQ(completeness(settled(5)), (Completeness{.complete = 8}));
}

TEST(ClusterReport, APartitionWhosePrimaryIsDownIsUnserved) {
  const auto map = after(cluster::cluster_of(2), {cluster::down(1)});
  EXPECT_EQ(completeness(map), (Completeness{.under_replicated = 8, .unserved = 8}));
}

TEST(ClusterReport, AMemberIsNamedByItsAddressOrTheBeginningOfItsId) {
  const auto map = cluster::cluster_of(3);
  EXPECT_EQ(member_named(map, "127.0.0.1:20002").value(), cluster::slot(2));
  EXPECT_EQ(member_named(map, id(3).text()).value(), cluster::slot(3));
  EXPECT_EQ(member_named(map, id(3).text().substr(0, 17)).value(), cluster::slot(3));
}

TEST(ClusterReport, AnUnclearNameIsRefusedWithTheReason) {
  const auto map = cluster::cluster_of(3);
  EXPECT_EQ(member_named(map, "127.0.0.1:1").error().kind, ErrorKind::not_found);
  EXPECT_EQ(member_named(map, "abcd").error().kind, ErrorKind::not_found);
  EXPECT_NE(member_named(map, "0000").error().text.find("several members"), std::string::npos);
  EXPECT_NE(member_named(map, "0").error().text.find("of 4 digits at least"), std::string::npos);
  EXPECT_NE(member_named(map, "node 3").error().text.find("neither HOST:PORT"), std::string::npos);
}

TEST(ClusterReport, OfTwoMembersWithOneAddressTheOneThatIsUpIsMeant) {
  auto map = after(cluster::cluster_of(3), {cluster::down(2)});
  cluster::Member heir = cluster::member(9);
  heir.address = cluster::address(2);
  map = after(map, {cluster::Join{heir}});
  EXPECT_EQ(map.at(member_named(map, "127.0.0.1:20002").value()).id, id(9));
}

// --- plans -----------------------------------------------------------------------------------------------------------

void expect_as_planned(const Plan& plan, const cluster::ClusterMap& map) {
  const auto held = holdings(map);
  for (const PlannedMember& member : plan.members) {
    const Slot slot = map.slot_at(member.address);
    if (slot == cluster::kNoSlot) {
      EXPECT_EQ(member.after, Holding{});
    } else {
      EXPECT_EQ(member.after, held[slot]) << member.address.name();
    }
  }
}

TEST(ClusterPlan, ForetellsWhatAJoinMoves) {
  ObedientCluster cluster(settled(4, {.partitions = 64}));
  const auto plan = plan_of(cluster.map, JoinOf{.address = cluster::address(5)});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().under_way, 0u);
  EXPECT_FALSE(plan.value().copies.empty());
  for (const PlannedMove& move : plan.value().copies) EXPECT_EQ(plan.value().members[move.to].address.port, 20'005);
  cluster.change({cluster::Join{cluster::member(5)}});
  cluster.settle();
  expect_as_planned(plan.value(), cluster.map);
}

// Else the joiner would be the only one that holds anything, and get it all.
TEST(ClusterPlan, AJoinerHoldsAsMuchAsTheOthersWhereNobodyHoldsData) {
  cluster::ClusterMap map = settled(4, {.partitions = 64});
  for (cluster::Member& member : map.members) member.holds_partitions = false;
  const auto plan = plan_of(map, JoinOf{.address = cluster::address(5)});
  ASSERT_TRUE(plan.ok());
  for (const auto& member : plan.value().members) EXPECT_LT(member.after.in_sync, 64u) << member.address.name();
}

TEST(ClusterPlan, ForetellsWhatALeaveMoves) {
  ObedientCluster cluster(settled(5, {.partitions = 64}));
  const auto plan = plan_of(cluster.map, LeaveOf{.member = "127.0.0.1:20003"});
  ASSERT_TRUE(plan.ok());
  cluster.change({cluster::leave(3)});
  cluster.settle();
  expect_as_planned(plan.value(), cluster.map);
}

TEST(ClusterPlan, ForetellsWhatAnotherWeightMoves) {
  ObedientCluster cluster(settled(5, {.partitions = 64}));
  const auto plan = plan_of(cluster.map, DescriptionOf{.member = id(2).text(), .weight = 50});
  ASSERT_TRUE(plan.ok());
  cluster.change({cluster::described(cluster.map, 2, 50, "")});
  cluster.settle();
  expect_as_planned(plan.value(), cluster.map);
}

TEST(ClusterPlan, WhatIsUnderWayIsCounted) {
  const auto map = in_sync_at(cluster::cluster_of(2), {2});
  const auto plan = plan_of(map, JoinOf{.address = cluster::address(5)});
  ASSERT_TRUE(plan.ok());
  EXPECT_GT(plan.value().under_way, 0u);
}

TEST(ClusterPlan, WhatTheMapRefusesIsNoPlan) {
  const auto map = cluster::cluster_of(2);
  EXPECT_FALSE(plan_of(map, JoinOf{.address = cluster::address(1)}).ok());
  EXPECT_FALSE(plan_of(map, LeaveOf{.member = "127.0.0.1:1"}).ok());
  EXPECT_FALSE(plan_of(map, DescriptionOf{.member = "127.0.0.1:20001", .weight = 10'001}).ok());
}

// --- events ----------------------------------------------------------------------------------------------------------

std::vector<EventKind> kinds(const std::vector<Event>& events) {
  std::vector<EventKind> all;
  for (const Event& event : events) all.push_back(event.kind);
  return all;
}

TEST(ClusterEvents, AJoinADeathAReturnAndARemovalAreTold) {
  const auto two = cluster::cluster_of(2);
  const auto three = after(two, {cluster::Join{cluster::member(3)}});
  EXPECT_EQ(kinds(events_between(two, three)), (std::vector{EventKind::joined}));
  const auto dead = after(three, {cluster::down(3)});
  EXPECT_EQ(kinds(events_between(three, dead)), (std::vector{EventKind::down}));
  EXPECT_EQ(events_between(three, dead).front().id, id(3));
  EXPECT_EQ(kinds(events_between(dead, after(dead, {cluster::up(3, 2)}))), (std::vector{EventKind::up}));
  EXPECT_EQ(kinds(events_between(dead, after(dead, {cluster::Remove{id(3)}}))), (std::vector{EventKind::removed}));
}

TEST(ClusterEvents, ARestartIsToldAsUp) {
  const auto map = cluster::cluster_of(2);
  EXPECT_EQ(kinds(events_between(map, after(map, {cluster::up(2, 2)}))), (std::vector{EventKind::up}));
}

TEST(ClusterEvents, CopiesAndPrimariesAreCounted) {
  const auto before = cluster::cluster_of(2);
  const auto in_sync = in_sync_at(before, {2});
  const auto added = events_between(before, in_sync);
  ASSERT_EQ(kinds(added), (std::vector{EventKind::copies_added}));
  EXPECT_EQ(added.front().node, cluster::address(2));
  EXPECT_EQ(added.front().count, 1u);
  const auto moved = events_between(in_sync, after(in_sync, {cluster::move_primary(in_sync, 0, 2)}));
  ASSERT_EQ(kinds(moved), (std::vector{EventKind::primaries_moved}));
  EXPECT_EQ(moved.front().node, cluster::address(1));
  EXPECT_EQ(moved.front().other, cluster::address(2));
}

TEST(ClusterEvents, APartitionThatStartsEmptyIsALossThatIsTold) {
  const auto dead = after(cluster::cluster_of(2), {cluster::down(1)});
  const auto begun = after(dead, {cluster::StartEmpty{.partition = 4, .at = id(2), .term = dead.partitions[4].term}});
  EXPECT_EQ(kinds(events_between(dead, begun)), (std::vector{EventKind::primaries_moved, EventKind::copies_added,
                                                             EventKind::copies_ended, EventKind::started_empty}));
}

TEST(ClusterEvents, WeightsZonesAndVotersAreTold) {
  const auto map = cluster::cluster_of(3);
  const auto heavy = events_between(map, after(map, {cluster::described(map, 2, 200, "attic")}));
  ASSERT_EQ(kinds(heavy), (std::vector{EventKind::described}));
  EXPECT_EQ(heavy.front().text, "weight 100 to 200, zone '' to 'attic'");
  const auto voters = events_between(map, after(map, {cluster::SetVoters{{id(1), id(2), id(3)}}}));
  ASSERT_EQ(kinds(voters), (std::vector{EventKind::voters}));
  EXPECT_EQ(voters.front().text, "127.0.0.1:20001, 127.0.0.1:20002, 127.0.0.1:20003");
}

class ClusterEventLog : public testing::Test {
 protected:
  void note(const cluster::ClusterMap& map, std::chrono::milliseconds at) {
    log_.note(std::make_shared<cluster::ClusterMap>(map), at);
  }
  EventLog log_;
};

TEST_F(ClusterEventLog, TellsWhatHappenedAfterAnEpoch) {
  const auto map = cluster::cluster_of(2);
  note(map, 5ms);
  const auto dead = after(map, {cluster::down(2)});
  note(dead, 8ms);
  note(after(dead, {cluster::up(2, 2)}), 9ms);
  EXPECT_EQ(log_.after(map.epoch).entries.size(), 2u);
  EXPECT_FALSE(log_.after(map.epoch).missed);
  EXPECT_TRUE(log_.after(map.epoch - 1).missed);
  const auto last = log_.after(dead.epoch);
  ASSERT_EQ(last.entries.size(), 1u);
  EXPECT_EQ(last.entries.front().at, 9ms);
  EXPECT_EQ(log_.learnt_at(), 9ms);
}

TEST_F(ClusterEventLog, KnowsWhenAStateBeganIfItSawItBegin) {
  const auto map = cluster::cluster_of(2);
  const auto dead = after(map, {cluster::down(2)});
  note(after(map, {cluster::Leave{.node = id(1), .boot = boot(1)}}), 5ms);
  EXPECT_EQ(log_.since(id(1)), 5ms);
  EXPECT_EQ(log_.since(id(2)), std::nullopt);
  EXPECT_EQ(log_.since(id(7)), std::nullopt);
}

TEST_F(ClusterEventLog, AnOlderMapAndTheSameAgainChangeNothing) {
  const auto map = cluster::cluster_of(2);
  const auto dead = after(map, {cluster::down(2)});
  note(dead, 5ms);
  note(map, 6ms);
  note(dead, 7ms);
  EXPECT_EQ(log_.learnt_at(), 5ms);
  EXPECT_TRUE(log_.after(0).entries.empty());
}

TEST_F(ClusterEventLog, AnotherClusterBeginsAnew) {
  const auto map = cluster::cluster_of(2);
  note(map, 5ms);
  note(after(map, {cluster::down(2)}), 6ms);
  cluster::ClusterMap other = cluster::founded();
  other.cluster.high = 8;
  note(other, 7ms);
  EXPECT_EQ(log_.map()->cluster, other.cluster);
  EXPECT_TRUE(log_.after(0).entries.empty());
}

TEST_F(ClusterEventLog, KeepsTheLastOnesAndSaysWhatIsMissing) {
  auto map = cluster::cluster_of(2);
  note(map, 0ms);
  const cluster::Epoch first = map.epoch;
  for (std::size_t at = 0; at < kEventsKept + 10; ++at) {
    map = after(map, {cluster::described(map, 2, at % 2 == 0 ? 50 : 100, "")});
    note(map, 1ms);
  }
  EXPECT_EQ(log_.after(first).entries.size(), kEventsKept);
  EXPECT_TRUE(log_.after(first).missed);
  EXPECT_FALSE(log_.after(first + 10).missed);
}

// --- links -----------------------------------------------------------------------------------------------------------

TEST(ClusterLinks, ALinkIsBrokenFromTheFirstFailureToTheNextAnswer) {
  Links links;
  links.note_failure(id(2), "refused", 5ms);
  links.note_failure(id(2), "timed out", 8ms);
  ASSERT_TRUE(links.broken().contains(id(2)));
  EXPECT_EQ(links.broken().at(id(2)).since, 5ms);
  EXPECT_EQ(links.broken().at(id(2)).why, "timed out");
  links.note_answer(id(2));
  EXPECT_TRUE(links.broken().empty());
}

TEST(ClusterLinks, OfNodesThatAreMembersNoMoreNothingIsKept) {
  Links links;
  links.note_failure(id(2), "refused", 5ms);
  links.note_failure(id(7), "refused", 5ms);
  links.note_map(cluster::cluster_of(2));
  EXPECT_EQ(links.broken().size(), 1u);
}

// --- orders ----------------------------------------------------------------------------------------------------------

TEST(ClusterOrders, OnlyAMemberThatIsDownIsRemoved) {
  const auto map = after(cluster::cluster_of(3), {cluster::down(2), cluster::leave(3)});
  EXPECT_EQ(removal(map, cluster::slot(2)).value(), cluster::Request(cluster::Remove{id(2)}));
  EXPECT_EQ(removal(map, cluster::slot(1)).error().text, "127.0.0.1:20001 is up: stop it, or let it leave");
  EXPECT_NE(removal(map, cluster::slot(3)).error().text.find("is leaving"), std::string::npos);
}

TEST(ClusterOrders, AWeightLeavesTheRestOfTheDescription) {
  const auto map = cluster::cluster_of(2, {}, [](unsigned) { return "attic"; });
  const auto order = change_of_weight(map, cluster::slot(2), 40);
  ASSERT_TRUE(order.ok());
  const auto weighed = after(map, {order.value()});
  EXPECT_EQ(weighed.at(cluster::slot(2)).zone, "attic");
  EXPECT_EQ(weighed.at(cluster::slot(2)).weight, 40u);
  EXPECT_FALSE(change_of_weight(map, cluster::slot(2), -1).ok());
  EXPECT_FALSE(change_of_weight(map, cluster::slot(2), 10'001).ok());
}

TEST(ClusterOrders, ARemovalSaysWhatItWaitsFor) {
  const auto dead = after(cluster::cluster_of(2), {cluster::down(1)});
  EXPECT_NE(removal_waits_for(dead, id(1)).find("it votes"), std::string::npos);
  EXPECT_NE(removal_waits_for(dead, id(2)).find("is up again"), std::string::npos);
  EXPECT_EQ(removal_waits_for(dead, id(9)), "");
}

TEST(ClusterOrders, AnOrderIsAskedForUntilItIsDoneOrItsTimeIsOver) {
  const TimePoint now{1h};
  const auto map = after(cluster::cluster_of(3), {cluster::down(3)});
  cluster::Orders orders;
  orders.add(cluster::Remove{id(3)}, now, now + 30s);
  orders.add(cluster::described(map, 2, 50, ""), now, now + 10s);
  orders.add(cluster::described(map, 2, 60, ""), now, now + 10s);  // instead of the former
  std::vector<cluster::Request> wanted;
  orders.list(now, wanted);
  EXPECT_EQ(wanted, (std::vector<cluster::Request>{cluster::Remove{id(3)}, cluster::described(map, 2, 60, "")}));
  wanted.clear();
  orders.list(now + 10s, wanted);
  EXPECT_EQ(wanted.size(), 1u);
  orders.observe(after(map, {cluster::Remove{id(3)}}));
  wanted.clear();
  orders.list(now, wanted);
  EXPECT_EQ(wanted.size(), 1u);
}

TEST(ClusterOrders, OneTooManyEndsTheOldest) {
  const TimePoint now{1h};
  cluster::Orders orders;
  for (unsigned number = 1; number <= cluster::kOrdersMax + 1; ++number)
    orders.add(cluster::Remove{id(number)}, now, now + 30s);
  std::vector<cluster::Request> wanted;
  orders.list(now, wanted);
  EXPECT_EQ(wanted.size(), cluster::kOrdersMax);
  EXPECT_EQ(wanted.front(), cluster::Request(cluster::Remove{id(2)}));
}

// --- J4: an operator gives a member up -------------------------------------------------------------------------------

TEST(ClusterGivenUp, AMemberThatIsDownIsRemovedAtOnce) {
  ObedientCluster cluster(settled(5, {.partitions = 32}));
  cluster.change({cluster::down(2)});
  EXPECT_TRUE(cluster.planner.give_up(id(2)));
  EXPECT_FALSE(cluster.planner.give_up(id(2))) << "it is given up already";
  cluster.settle();
  EXPECT_EQ(cluster.map.slot_of(id(2)), cluster::kNoSlot);
  EXPECT_EQ(completeness(cluster.map).under_replicated, 0u);
}

TEST(ClusterGivenUp, OfThreeMembersTheOtherTwoGoOnWithOneVoter) {
  ObedientCluster cluster(settled(3));
  ASSERT_EQ(cluster.map.voters.size(), 3u);
  cluster.change({cluster::down(2)});
  EXPECT_TRUE(cluster.planner.give_up(id(2)));
  cluster.settle();
  EXPECT_EQ(cluster.map.slot_of(id(2)), cluster::kNoSlot);
  EXPECT_EQ(cluster.map.voters.size(), 1u);
}

TEST(ClusterGivenUp, WhoIsUpIsNotGivenUp) {
  ObedientCluster cluster(settled(3));
  EXPECT_FALSE(cluster.planner.give_up(id(2)));
  cluster.change({cluster::down(2)});
  EXPECT_TRUE(cluster.planner.give_up(id(2)));
  cluster.change({cluster::up(2, 2)});
  cluster.change({cluster::down(2, 2)});
  EXPECT_FALSE(cluster.planner.ages().is_given_up(cluster::slot(2))) << "it has been up since";
}

}  // namespace
}  // namespace p2p::agreed
