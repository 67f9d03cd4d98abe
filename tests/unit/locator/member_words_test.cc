// What a member says of itself, and of others that it finds dead: M6, M7 and E1, at single members of the core.
#include "agreement_fixture.h"

#include "agreed/empty_host.h"
#include "cluster/member/cluster_member.h"

namespace p2p::cluster {
namespace {

class MemberWords : public ::testing::Test {
 protected:
  // The node of that number, which knows `map`.
  ClusterMember member_of(const ClusterMap& map, unsigned number) {
    return ClusterMember(member(number), LeaseRules{}, Policy{}, embedded(member(number), map, now_), host_, now_);
  }

  static Sender sender(const ClusterMap& map, unsigned number) {
    return {.node = id(number), .boot = boot(1), .epoch = map.epoch};
  }

  void show(ClusterMember& to, const ClusterMap& map) {
    MemberEffects effects;
    to.on_request(sender(map, 1), Announce{{.map = std::make_shared<const ClusterMap>(map)}}, 1, now_, effects);
    ASSERT_EQ(to.map()->epoch, map.epoch);
  }

  template <class Kind>
  static std::vector<std::pair<NodeId, Kind>> of_kind(const MemberEffects& effects) {
    std::vector<std::pair<NodeId, Kind>> found;
    for (const auto& call : effects.calls)
      if (const auto* one = std::get_if<Kind>(&call.request)) found.emplace_back(call.to, *one);
    return found;
  }

  // What the member asks for, once it may ask again.
  std::vector<Request> wanted(ClusterMember& of) {
    now_ += kCoordinatorPatience;
    MemberEffects effects;
    of.tick(now_, effects);
    const auto asked = of_kind<Suggest>(effects);
    return asked.empty() ? std::vector<Request>{} : asked.front().second.requests;
  }

  std::vector<Report::Gone> reported(ClusterMember& of) {
    MemberEffects effects;
    of.tick(now_, effects);
    const auto said = of_kind<Report>(effects);
    return said.empty() ? std::vector<Report::Gone>{} : said.front().second.gone;
  }

  // Obeys it, where nobody else is: what it asks and tells itself, and its disk.
  void run(ClusterMember& one, MemberEffects& effects) {
    while (!effects.calls.empty() || !effects.saves.empty() || !effects.answers.empty()) {
      MemberEffects next;
      for (auto& call : effects.calls)
        if (call.to == one.sender().node) one.on_request(one.sender(), std::move(call.request), kOwn, now_, next);
      for (const auto& answer : effects.answers)
        if (answer.to == kOwn) one.on_reply(one.sender(), answer.reply, now_, next);
      for (const auto& save : effects.saves) one.on_saved(save.id, now_, next);
      effects = std::move(next);
    }
  }

  static constexpr RequestId kOwn = 77;

  agreed::EmptyHost host_;
  TimePoint now_{1h};
};

// --- M6 --------------------------------------------------------------------------------------------------------------

TEST_F(MemberWords, ServicesAreAskedForUntilTheMapShowsThem) {
  const ClusterMap map = map_of(3, 1);
  ClusterMember two = member_of(map, 2);
  EXPECT_TRUE(wanted(two).empty());
  EXPECT_TRUE(two.is_known_to_run());
  two.run({"a", "b"});
  EXPECT_FALSE(two.is_known_to_run());
  const Request said = runs(2, {.services = {"a", "b"}});
  EXPECT_EQ(wanted(two), std::vector{said});
  EXPECT_EQ(wanted(two), std::vector{said}) << "nobody has decided it";
  show(two, after(map, {said}));
  EXPECT_TRUE(two.is_known_to_run());
  EXPECT_TRUE(wanted(two).empty());
}

TEST_F(MemberWords, ARestartedMemberComesWithWhatItRunsNow) {
  ClusterMap map = after(map_of(3, 1), {runs(2, {.services = {"a"}})});
  Member self = member(2);
  self.boot = boot(2);
  self.services = {"b"};
  ClusterMember two(self, LeaseRules{}, Policy{}, embedded(self, map, now_), host_, now_);
  EXPECT_TRUE(wanted(two).empty()) << "no voter answers it yet";
  MemberEffects effects;
  two.on_reply(sender(map, 1), {.body = Noted{}}, now_, effects);
  const std::vector<Request> asked = wanted(two);
  ASSERT_EQ(asked.size(), 1u);
  map = after(map, asked);
  EXPECT_EQ(map.at(slot(2)).services, std::vector<std::string>{"b"});
  EXPECT_EQ(map.at(slot(2)).boot, boot(2));
}

TEST_F(MemberWords, TheCoordinatorForgetsWhatAProcessSaidBefore) {
  const ClusterMap map = map_of(3, 1);
  Coordinator coordinator(id(1), LeaseRules{});
  coordinator.begin(map, now_);
  EXPECT_TRUE(coordinator.add(runs(2, {.services = {"a"}}), now_));
  EXPECT_TRUE(coordinator.add(runs(3, {.services = {"a"}}), now_));
  EXPECT_TRUE(coordinator.add(runs(2, {.services = {"b"}}), now_));
  const auto nobody = embedded(member(1), map, now_);
  const auto change = coordinator.next_change(map, *nobody, now_ + kSlotPause);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->requests, (std::vector{runs(3, {.services = {"a"}}), runs(2, {.services = {"b"}})}));
}

// --- where there is much to do ---------------------------------------------------------------------------------------

TEST_F(MemberWords, WhatIsNotDecidedIsAskedOfOneVoterAfterTheOtherEverMoreSlowly) {  // A4
  const ClusterMap map = map_of(5, 3);
  ClusterMember four = member_of(map, 4);
  four.run({"a"});
  std::vector<std::pair<NodeId, Duration>> asked;
  const TimePoint begin = now_;
  for (; now_ < begin + 3s; now_ += 10ms) {
    MemberEffects effects;
    four.tick(now_, effects);
    for (const auto& [voter, suggest] : of_kind<Suggest>(effects)) asked.emplace_back(voter, now_ - begin);
  }
  EXPECT_EQ(asked, (std::vector<std::pair<NodeId, Duration>>{{id(1), 0ms},
                                                             {id(2), 150ms},
                                                             {id(3), 450ms},
                                                             {id(1), 1050ms},
                                                             {id(2), 1650ms},
                                                             {id(3), 2250ms},
                                                             {id(1), 2850ms}}));
}

TEST_F(MemberWords, AJoinerGetsNoMapBeforeItIsLetIn) {  // J1
  const ClusterMap map = after(map_of(3, 1), {Describe{.node = id(2), .weight = 20}});
  ClusterMember one = member_of(map, 1);
  const auto told = [&](unsigned number, Epoch known) {
    MemberEffects effects;
    one.on_request({.node = id(number), .boot = boot(1), .epoch = known}, FetchMap{}, 1, now_, effects);
    return effects.answers.size() == 1 && effects.answers[0].reply.update.has_value();
  };
  EXPECT_FALSE(told(9, 0));
  EXPECT_TRUE(told(3, 0)) << "it is a member";
  EXPECT_TRUE(told(9, map.epoch - 1)) << "it was one, and has to learn that it is no more (J4)";
}

TEST_F(MemberWords, CopiesArePlannedWhenNobodyJoinsAnyMore) {
  ClusterMember one = member_of(founded(), 1);
  const auto act = [&](const auto& begin) {
    MemberEffects effects;
    begin(effects);
    run(one, effects);
  };
  act([&](MemberEffects& effects) {
    one.on_request(sender(founded(), 2), Suggest{{Join{member(2)}}}, 1, now_, effects);
  });
  const auto pass = [&](Duration time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += 10ms)
      act([&](MemberEffects& effects) { one.tick(now_, effects); });
  };
  pass(100ms);
  ASSERT_EQ(one.map()->member_count(), 2u);
  EXPECT_FALSE(one.map()->holds(slot(2))) << "others may come";
  pass(kJoinsSettle + 200ms);
  EXPECT_TRUE(one.map()->holds(slot(2)));
}

// --- what operators say ----------------------------------------------------------------------------------------------

TEST_F(MemberWords, AWeightOfTheConfigurationIsAskedForUntilTheMapHasShownItOnce) {
  ClusterMap map = map_of(3, 1);
  ClusterMember two = member_of(map, 2);
  two.place("", 50);
  const Request asked = Describe{.node = id(2), .weight = 50};
  EXPECT_EQ(wanted(two), std::vector{asked});
  map = after(map, {asked});
  show(two, map);
  EXPECT_TRUE(wanted(two).empty());
  show(two, after(map, {Describe{.node = id(2), .weight = 20}}));
  EXPECT_TRUE(wanted(two).empty()) << "an operator's order stays";
}

TEST_F(MemberWords, WithoutAWeightInTheConfigurationTheMapsStaysAndTheZoneIsTheConfigurations) {
  const ClusterMap map = after(map_of(3, 1), {Describe{.node = id(2), .zone = "attic", .weight = 20}});
  ClusterMember two = member_of(map, 2);
  two.place("cellar", std::nullopt);
  EXPECT_EQ(wanted(two), (std::vector<Request>{Describe{.node = id(2), .zone = "cellar"}}));
}

// --- E1 --------------------------------------------------------------------------------------------------------------

TEST_F(MemberWords, WhoeverHasProvedAnEndTellsTheOtherVoters) {
  const ClusterMap map = map_of(5, 3);
  ClusterMember four = member_of(map, 4);
  MemberEffects effects;
  four.on_ended(id(3), 1, now_, effects);
  four.on_ended(id(5), 1, now_, effects);
  const auto said = of_kind<Report>(effects);
  ASSERT_EQ(said.size(), 2u) << "not to whom it found dead";
  EXPECT_EQ(said[0].first, id(1));
  EXPECT_EQ(said[1].first, id(2));
  EXPECT_EQ(said[0].second.gone, (std::vector<Report::Gone>{{id(3), 1}})) << "the second waits";
  EXPECT_TRUE(reported(four).empty());
  now_ += kReportEvery;
  EXPECT_EQ(reported(four), (std::vector<Report::Gone>{{id(3), 1}, {id(5), 1}}));
  show(four, after(map, {down(3)}));
  now_ += kReportEvery;
  EXPECT_EQ(reported(four), (std::vector<Report::Gone>{{id(5), 1}}));
  now_ += kReportKept;
  EXPECT_TRUE(reported(four).empty()) << "if nothing comes of it, others have heard of it";
}

TEST_F(MemberWords, AVoterTriesForItselfWhomOthersReport) {
  const ClusterMap map = map_of(4, 1);
  ClusterMember one = member_of(map, 1);
  const auto tried = [&](unsigned number, std::uint64_t boot_number) {
    MemberEffects effects;
    one.on_request(sender(map, 4), Report{.gone = {{.node = id(number), .boot = boot_number}}}, 7, now_, effects);
    EXPECT_EQ(effects.answers.size(), 1u);
    EXPECT_EQ(one.map()->epoch, map.epoch) << "a report alone decides nothing";
    std::vector<NodeId> nodes;
    for (const auto& [node, fetch] : of_kind<FetchMap>(effects)) nodes.push_back(node);
    return nodes;
  };
  EXPECT_EQ(tried(3, 1), std::vector{id(3)});
  EXPECT_TRUE(tried(3, 1).empty()) << "it was tried just now";
  EXPECT_EQ(tried(2, 1), std::vector{id(2)});
  now_ += kReportEvery;
  EXPECT_EQ(tried(3, 1), std::vector{id(3)});
  now_ += kReportEvery;
  EXPECT_TRUE(tried(3, 0).empty()) << "the map has a later boot";
  EXPECT_TRUE(tried(1, 1).empty()) << "itself";
  EXPECT_TRUE(tried(9, 1).empty()) << "no member";
}

TEST_F(MemberWords, WhoDoesNotVoteTriesNobodyForAReport) {
  const ClusterMap map = map_of(4, 1);
  ClusterMember two = member_of(map, 2);
  MemberEffects effects;
  two.on_request(sender(map, 4), Report{.gone = {{.node = id(3), .boot = 1}}}, 7, now_, effects);
  EXPECT_TRUE(of_kind<FetchMap>(effects).empty());
}

TEST(MemberReports, AreLimited) {
  const TimePoint now{1h};
  Reports reports;
  for (unsigned number = 1; number <= kReportedMax + 5; ++number) reports.note(id(number), 1, now);
  EXPECT_EQ(reports.take(now).gone.size(), kReportedMax);
}

}  // namespace
}  // namespace p2p::cluster
