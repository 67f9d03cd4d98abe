// What p2pctl makes of what nodes tell of an agreed cluster.
#include "ctl/cluster_text.h"
#include "ctl/agreement_text.h"
#include "ctl/table_text.h"
#include "documents/cluster_json.h"
#include "documents/event_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2p::ctl {
namespace {

namespace view = cluster_view;

view::Member cluster_member(int number, bool is_voter = true) {
  view::Member one;
  one.id = std::string(31, '0') + std::to_string(number);
  one.id.front() = static_cast<char>('a' + number);
  one.address = "127.0.0.1:990" + std::to_string(number);
  one.boot = 1;
  one.state = view::MemberState::up;
  one.since = number;
  one.weight = 100;
  one.is_voter = is_voter;
  one.is_holder = true;
  one.primaries = 4;
  one.in_sync = 8;
  return one;
}

view::State cluster_state(std::int64_t epoch = 7, std::int64_t learnt_ms = 1'000) {
  view::State state;
  state.cluster = "c1";
  state.feature_level = 1;
  state.epoch = epoch;
  state.learnt_ms = learnt_ms;
  state.partitions = 12;
  state.complete = 12;
  state.lease_left_ms = 1'500;
  for (int number = 0; number < 3; ++number) state.members.push_back(cluster_member(number));
  return state;
}

// --- tables ----------------------------------------------------------------------------------------------------------

TEST(TableText, ColumnsAreAsWideAsTheirWidestTextButTheLast) {
  EXPECT_EQ(table_lines({{"A", "B"}, {"long", "x"}}), (std::vector<std::string>{"A     B", "long  x"}));
  EXPECT_TRUE(table_lines({}).empty());
}

TEST(TableText, NeighboursAreJoinedToRanges) {
  EXPECT_EQ(ranges_text({}), "");
  EXPECT_EQ(ranges_text({5}), "5");
  EXPECT_EQ(ranges_text({0, 1, 3, 17, 18, 19, 20}), "0, 1, 3, 17-20");
}

// --- members, map ----------------------------------------------------------------------------------------------------

TEST(ClusterText, AMemberWhoseMemoryIsFullIsNamed) {
  view::State state = cluster_state();
  EXPECT_EQ(members_text(state, 2'000).find("memory_max"), std::string::npos);
  EXPECT_EQ(documents::members_json(state)["members"][1]["takes_copies"], true);
  state.members[1].__set_takes_copies(false);
  EXPECT_NE(
      members_text(state, 2'000).find("127.0.0.1:9901 takes no further copies: its memory is full (memory_max)\n"),
      std::string::npos);
  EXPECT_EQ(documents::members_json(state)["members"][1]["takes_copies"], false);
}

TEST(ClusterText, MembersAreListedWithAsMuchOfTheirIdsAsTellsThemApart) {
  auto state = cluster_state();
  state.members[1].state = view::MemberState::down;
  state.members[1].__set_since_ms(4'000);
  const auto text = members_text(state, 9'000);
  EXPECT_NE(text.find("a0000000  127.0.0.1:9900  up "), std::string::npos) << text;
  EXPECT_NE(text.find("b0000000  127.0.0.1:9901  down   -     100     yes    1      5 s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("2 of 3 members are up; epoch 7 for 8 s; feature level 1; cluster c1\n"), std::string::npos)
      << text;
  state.members[1].id = state.members[0].id;
  state.members[1].id[9] = '7';
  EXPECT_NE(members_text(state, 9'000).find("a000000000  "), std::string::npos);
}

TEST(ClusterText, WhatANodeWaitsForIsSaid) {
  auto state = cluster_state();
  state.waits_for = "no lease";
  EXPECT_NE(members_text(state, 0).find("this node is not ready: no lease\n"), std::string::npos);
}

TEST(ClusterText, TheJsonOfAMemberHasAllOfIt) {
  const auto document = documents::members_json(cluster_state());
  EXPECT_EQ(document["epoch"], 7);
  const auto& member = document["members"][2];
  EXPECT_EQ(member["address"], "127.0.0.1:9902");
  EXPECT_EQ(member["state"], "up");
  EXPECT_EQ(member["voter"], true);
  EXPECT_TRUE(member["since_ms"].is_null());
}

TEST(ClusterText, ThePeakComparesTheFullestWithItsShareByWeight) {
  auto state = cluster_state();
  EXPECT_DOUBLE_EQ(documents::peaks_of(state).primaries, 1);
  state.members[0].primaries = 6;
  state.members[1].primaries = 2;
  EXPECT_DOUBLE_EQ(documents::peaks_of(state).primaries, 1.5);
  state.members[0].weight = 150;
  state.members[1].weight = 50;
  EXPECT_DOUBLE_EQ(documents::peaks_of(state).primaries, 1);
  for (auto& member : state.members) member.is_holder = false;
  EXPECT_DOUBLE_EQ(documents::peaks_of(state).primaries, 0);
}

TEST(ClusterText, TheMapShowsSharesAndWhatIsMissing) {
  auto state = cluster_state();
  state.complete = 10;
  state.under_replicated = 2;
  const auto text = map_text(state);
  EXPECT_NE(text.find("127.0.0.1:9900  up     100     33.3 %  4          8        0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("10 have all of their copies in sync, 2 do not"), std::string::npos) << text;
  EXPECT_EQ(text.find("all copies are down"), std::string::npos);
  state.unserved = 1;
  EXPECT_NE(map_text(state).find("of 1 partitions all copies are down\n"), std::string::npos);
  EXPECT_NEAR(documents::map_json(state)["members"][0]["share"].get<double>(), 1.0 / 3, 1e-9);
}

// --- plan, watch -----------------------------------------------------------------------------------------------------

TEST(ClusterText, APlanNamesThePartitionsThatMove) {
  view::Plan plan;
  plan.epoch = 9;
  for (const char* address : {"a:1", "b:2"}) {
    plan.members.emplace_back();
    plan.members.back().address = address;
  }
  for (int number = 0; number < 3; ++number) {
    plan.copies.emplace_back();
    plan.copies.back().partition = number;
    plan.copies.back().giver = number == 2 ? -1 : 0;
    plan.copies.back().receiver = 1;
  }
  plan.copies_count = 5;
  const auto text = plan_text(plan);
  EXPECT_NE(text.find("5 copies and 0 primaries would move, at epoch 9\n"), std::string::npos) << text;
  EXPECT_NE(text.find("copies of 2 from a:1 to b:2: 0, 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("copies of 1 from nobody to b:2: 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("and 2 copies more\n"), std::string::npos) << text;
  EXPECT_EQ(plan_json(plan)["copies"][2]["from"], "");
}

TEST(ClusterText, AnEventIsOneLine) {
  view::Event event;
  event.epoch = 12;
  event.at_ms = 1'790'000'000'123;
  event.kind = view::EventKind::primaries_moved;
  event.node = "a:1";
  event.other = "b:2";
  event.count = 3;
  EXPECT_EQ(event_text(event), "2026-09-21 14:13:20.123  epoch 12: 3 primaries moved from a:1 to b:2");
  EXPECT_EQ(documents::event_json(event)["event"], "primaries_moved");
}

TEST(ClusterText, AnEventOfALaterVersionIsShownAllTheSame) {
  view::Event event;
  event.kind = static_cast<view::EventKind::type>(99);
  event.node = "a:1";
  EXPECT_NE(event_text(event).find("does not know (99) at a:1"), std::string::npos);
  EXPECT_EQ(documents::event_json(event)["event"], "unknown");
}

// --- agreement -------------------------------------------------------------------------------------------------------

TEST(AgreementText, AllAgreeAndTheChangeHasReachedThemAfterAWhile) {
  const auto survey = survey_of({{"127.0.0.1:9900", cluster_state(7, 1'000)},
                                 {"127.0.0.1:9901", cluster_state(7, 1'004)},
                                 {"127.0.0.1:9902", cluster_state(7, 1'002)}});
  EXPECT_TRUE(survey.is_healthy());
  EXPECT_TRUE(survey.has_majority());
  EXPECT_EQ(survey.spread_ms, 4);
  const auto text = agreement_text(survey, 6'000);
  EXPECT_EQ(text.find("3 of 3 members at epoch 7 since 1970-01-01 00:00:01.000 (5 s ago)\n"), 0u) << text;
  EXPECT_NE(text.find("level      1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("reached all within 4 ms"), std::string::npos) << text;
  EXPECT_EQ(agreement_json(survey)["healthy"], true);
}

TEST(AgreementText, WhoIsBehindAndWhoIsSilentIsNamed) {
  auto newest = cluster_state(9, 1'000);
  newest.broken_links.emplace_back();
  newest.broken_links.back().address = "127.0.0.1:9902";
  newest.broken_links.back().why = "refused";
  const auto survey = survey_of({{"127.0.0.1:9900", newest},
                                 {"127.0.0.1:9901", cluster_state(7)},
                                 {"127.0.0.1:9902", Error{ErrorKind::refused, "no node reached"}}});
  EXPECT_FALSE(survey.is_healthy());
  EXPECT_EQ(survey.agree, 1u);
  EXPECT_EQ(survey.voters_down, (std::vector<std::string>{"127.0.0.1:9902"}));
  const auto text = agreement_text(survey, 1'000);
  EXPECT_EQ(text.find("1 of 3 members at epoch 9"), 0u) << text;
  EXPECT_NE(text.find("behind     127.0.0.1:9901, by 2 epochs\n"), std::string::npos) << text;
  EXPECT_NE(text.find("silent     127.0.0.1:9902: no node reached\n"), std::string::npos) << text;
  EXPECT_NE(text.find("link       127.0.0.1:9900 does not reach 127.0.0.1:9902"), std::string::npos) << text;
}

TEST(AgreementText, WithoutAMajorityOfVotersNothingCanBeDecided) {
  auto state = cluster_state();
  state.members[1].state = state.members[2].state = view::MemberState::down;
  const auto survey = survey_of({{"127.0.0.1:9900", state}});
  EXPECT_FALSE(survey.has_majority());
  EXPECT_NE(agreement_text(survey, 1'000).find("no majority"), std::string::npos);
  EXPECT_EQ(agreement_json(survey)["down"].size(), 2u);
}

TEST(AgreementText, AMemberOfAnotherClusterDoesNotAgree) {
  auto other = cluster_state(3);
  other.cluster = "c2";
  const auto survey = survey_of({{"127.0.0.1:9900", cluster_state()}, {"127.0.0.1:9901", other}});
  EXPECT_EQ(survey.agree, 1u);
  ASSERT_EQ(survey.silent.size(), 1u);
  EXPECT_NE(survey.silent.front().why.find("another cluster, c2"), std::string::npos);
}

TEST(AgreementText, WithoutAnyAnswerThereIsNothingToSay) {
  EXPECT_EQ(survey_of({{"127.0.0.1:9900", Error{ErrorKind::refused, "no"}}}).epoch, 0);
}

}  // namespace
}  // namespace p2p::ctl
