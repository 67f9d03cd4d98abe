// What operators are told stands on the wire as it is, within limits; what they propose is read with care.
#include "cluster_fixture.h"

#include "agreed/wire/view_values.h"

#include <memory>
#include <string>

namespace p2p::agreed::view_wire {
namespace {

using namespace std::chrono_literals;
using cluster::address;
using cluster::after;
using cluster::id;

Knowledge knowledge_of(const cluster::ClusterMap& map) {
  Knowledge known;
  known.map = std::make_shared<cluster::ClusterMap>(map);
  known.self = id(1);
  known.learnt_at = 1'234ms;
  return known;
}

TEST(ClusterViewState, TellsMembersInOrderOfAddresses) {
  auto map = after(cluster::with_members(cluster::founded(), 3), {cluster::down(2), cluster::leave(3)});
  map = after(map, {cluster::SetVoters{{id(3)}}});
  Knowledge known = knowledge_of(map);
  known.since[id(2)] = 77ms;
  const auto told = state(known, 500ms);
  ASSERT_EQ(told.members.size(), 3u);
  EXPECT_EQ(told.members[0].address, "127.0.0.1:20001");
  EXPECT_EQ(told.members[0].primaries, 8);
  EXPECT_TRUE(told.members[0].is_holder);
  EXPECT_EQ(told.members[1].state, ::cluster_view::MemberState::down);
  EXPECT_EQ(told.members[1].since_ms, 77);
  EXPECT_FALSE(told.members[2].__isset.since_ms);
  EXPECT_EQ(told.members[2].state, ::cluster_view::MemberState::leaving);
  EXPECT_TRUE(told.members[2].is_voter);
  EXPECT_FALSE(told.members[2].is_holder);
  EXPECT_EQ(told.node, id(1).text());
  EXPECT_EQ(told.learnt_ms, 1'234);
  EXPECT_EQ(told.lease_left_ms, 500);
}

TEST(ClusterViewState, OfLinksOnlyThoseToMembersThatAreUpAreTold) {
  Knowledge known = knowledge_of(after(cluster::with_members(cluster::founded(), 3), {cluster::down(2)}));
  for (const unsigned number : {2u, 3u, 9u}) known.broken_links[id(number)] = {.since = 5ms, .why = "refused"};
  const auto told = state(known, 0ms);
  ASSERT_EQ(told.broken_links.size(), 1u);
  EXPECT_EQ(told.broken_links.front().address, "127.0.0.1:20003");
}

TEST(ClusterViewPartitions, AreToldInPieces) {
  const auto map = cluster::in_sync_at(cluster::with_members(cluster::founded(), 2), {2});
  const auto told = partitions(map, 0, 3);
  ASSERT_EQ(told.partitions.size(), 3u);
  EXPECT_EQ(told.partitions[0].in_sync, (std::vector<std::string>{"127.0.0.1:20001", "127.0.0.1:20002"}));
  EXPECT_EQ(partitions(map, 6, 100).partitions.size(), 2u);
  EXPECT_TRUE(partitions(map, 8, 100).partitions.empty());
  EXPECT_TRUE(partitions(map, 1'000'000, 1).partitions.empty());
}

TEST(ClusterViewPartitions, TellWhenTheyLastChanged) {
  auto map = cluster::in_sync_at(cluster::with_members(cluster::founded(), 2), {2});
  map.partitions[0].term = 3;
  map.partitions[1].term = 3;
  map.partitions[1].learners.push_back({.node = 0, .since = 5});
  const auto told = partitions(map, 0, 2);
  EXPECT_EQ(told.partitions[0].term, 3);
  EXPECT_EQ(told.partitions[0].changed, 3);
  EXPECT_EQ(told.partitions[1].term, 3);
  EXPECT_EQ(told.partitions[1].changed, 5) << "when the learner came";
}

::cluster_view::Proposal join_of(const std::string& where) {
  ::cluster_view::Proposal what;
  what.__set_join(where);
  return what;
}

TEST(ClusterViewProposal, IsForOneThing) {
  auto what = join_of("127.0.0.1:9900");
  EXPECT_TRUE(proposal(what).ok());
  what.__set_leave("127.0.0.1:9901");
  EXPECT_FALSE(proposal(what).ok());
  EXPECT_FALSE(proposal({}).ok());
}

TEST(ClusterViewProposal, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(proposal(join_of("nowhere")).ok());
  auto what = join_of("127.0.0.1:9900");
  what.__set_weight(-1);
  EXPECT_FALSE(proposal(what).ok());
  what.__set_weight(10'001);
  EXPECT_FALSE(proposal(what).ok());
  what.__set_weight(0);
  EXPECT_TRUE(proposal(what).ok());
}

TEST(ClusterViewProposal, AZoneAloneKeepsTheWeight) {
  ::cluster_view::Proposal what;
  what.__set_describe("127.0.0.1:9900");
  what.__set_zone("attic");
  const auto read = proposal(what);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<DescriptionOf>(read.value()).weight, std::nullopt);
  EXPECT_EQ(std::get<DescriptionOf>(read.value()).zone, "attic");
}

TEST(ClusterViewPlan, OfTooManyMovesTheFirstAreTold) {
  Plan many;
  many.members.push_back({.address = address(1), .before = {}, .after = {}});
  many.copies.assign(kMovesToldMax + 1, {.partition = 1, .from = kNobody, .to = 0});
  const auto told = plan(many);
  EXPECT_EQ(told.copies.size(), kMovesToldMax);
  EXPECT_EQ(told.copies_count, static_cast<std::int32_t>(kMovesToldMax + 1));
  EXPECT_EQ(told.copies.front().giver, -1);
  EXPECT_EQ(told.copies.front().receiver, 0);
}

}  // namespace
}  // namespace p2p::agreed::view_wire
