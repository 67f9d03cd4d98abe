// Join or found? The decisions of a starting node, each at a told time.
#include "discovery/discovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace p2p::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

NodeAddress at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

Options local(std::vector<NodeAddress> candidates) {
  return {.source = Source::localhost, .self = at(9900), .candidates = candidates};
}
Options named(std::vector<NodeAddress> candidates) {
  return {.source = Source::operators, .self = at(9900), .candidates = candidates};
}

Effects started(Discovery& discovery) {
  Effects effects;
  discovery.start(kStart, effects);
  return effects;
}
Effects refused(Discovery& discovery, int port, Refusal why, TimePoint now = kStart) {
  Effects effects;
  discovery.not_answered(at(port), why, now, effects);
  return effects;
}
Effects answered(Discovery& discovery, int port, TimePoint now = kStart, std::vector<NodeAddress> waits_for = {}) {
  Effects effects;
  discovery.answered(at(port), waits_for, now, effects);
  return effects;
}
Effects waits(Discovery& discovery, int port, std::vector<NodeAddress> waits_for, TimePoint now = kStart) {
  return answered(discovery, port, now, std::move(waits_for));
}
Effects ticked(Discovery& discovery, TimePoint now, std::vector<NodeAddress> members = {at(9900)}) {
  Effects effects;
  discovery.tick(members, now, effects);
  return effects;
}

TEST(Discovery, AsksEveryCandidateButItselfAtOnce) {
  Discovery discovery(local({at(9900), at(9901), at(9902)}));
  EXPECT_EQ(started(discovery).ask, (std::vector<NodeAddress>{at(9901), at(9902)}));
}

TEST(Discovery, FoundsANetworkWhenNobodyIsThere) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  EXPECT_FALSE(refused(discovery, 9901, Refusal::absent).verdict);
  EXPECT_EQ(refused(discovery, 9902, Refusal::absent).verdict, Verdict::founded);
}

TEST(Discovery, FoundsANetworkAtOnceWhenThereIsNobodyToAsk) {
  Discovery discovery(local({at(9900)}));
  EXPECT_EQ(started(discovery).verdict, Verdict::founded);
}

TEST(Discovery, JoinsTheFirstThatAnswersAndDecidesOnce) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  const auto first = answered(discovery, 9902);
  EXPECT_EQ(first.verdict, Verdict::joined);
  EXPECT_EQ(first.via, at(9902));
  EXPECT_FALSE(answered(discovery, 9901).verdict);
}

TEST(Discovery, WaitsForATakenButSilentPortBeforeItFounds) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  EXPECT_FALSE(refused(discovery, 9901, Refusal::absent).verdict);
  EXPECT_FALSE(ticked(discovery, kStart + milliseconds(1999)).verdict);
  EXPECT_EQ(discovery.next_wakeup(), kStart + seconds(2));
  EXPECT_EQ(ticked(discovery, kStart + seconds(2)).verdict, Verdict::founded);
}

TEST(Discovery, ASilentPortThatAnswersInTimeIsJoined) {
  Discovery discovery(local({at(9901)}));
  started(discovery);
  EXPECT_EQ(answered(discovery, 9901, kStart + milliseconds(1500)).verdict, Verdict::joined);
}

TEST(Discovery, SearchesOnForOthersAfterFoundingAndThenMoreRarely) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  refused(discovery, 9901, Refusal::absent);
  refused(discovery, 9902, Refusal::absent);
  std::vector<TimePoint> searches;
  for (TimePoint now = kStart; now < kStart + minutes(5); now = discovery.next_wakeup()) {
    const auto effects = ticked(discovery, now);
    if (effects.ask.empty()) continue;
    searches.push_back(now);
    for (const auto& candidate : effects.ask) refused(discovery, candidate.port, Refusal::absent, now);
  }
  ASSERT_GT(searches.size(), 30u);
  EXPECT_LT(searches.size(), 45u);
  EXPECT_EQ(searches[1] - searches[0], kSearchSoon);
  EXPECT_EQ(searches.back() - searches[searches.size() - 2], kSearchLate);
}

TEST(Discovery, DoesNotSearchForThoseWhoAreMembersAlready) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  answered(discovery, 9901);
  refused(discovery, 9902, Refusal::absent);
  const auto effects = ticked(discovery, discovery.next_wakeup(), {at(9900), at(9901)});
  EXPECT_EQ(effects.ask, std::vector<NodeAddress>{at(9902)});
}

TEST(Discovery, OfSeveralMembersOnOneMachineOnlyTheFirstSearchesOn) {
  Discovery discovery(local({at(9899), at(9901)}));
  started(discovery);
  answered(discovery, 9899);
  refused(discovery, 9901, Refusal::absent);
  EXPECT_TRUE(ticked(discovery, discovery.next_wakeup(), {at(9899), at(9900)}).ask.empty());
  EXPECT_FALSE(ticked(discovery, discovery.next_wakeup(), {{"10.0.0.1", 9900}, at(9900)}).ask.empty());
}

TEST(Discovery, WaitsForEverWhenMembersAreNamed) {
  Discovery discovery(named({{"10.0.0.1", 9900}}));
  started(discovery);
  Effects effects;
  discovery.not_answered({"10.0.0.1", 9900}, Refusal::absent, kStart, effects);
  EXPECT_FALSE(effects.verdict);
  for (const Duration later : {Duration(seconds(10)), Duration(minutes(10)), Duration(minutes(600))}) {
    EXPECT_FALSE(ticked(discovery, kStart + later).verdict);
  }
  EXPECT_EQ(discovery.waits_for(), (std::vector<NodeAddress>{{"10.0.0.1", 9900}}));
}

TEST(Discovery, AsksNamedMembersAgainWithGrowingPausesUntilOneAnswers) {
  Discovery discovery(named({at(9901)}));
  started(discovery);
  TimePoint now = kStart;
  std::vector<Duration> pauses;
  for (int i = 0; i < 6; ++i) {
    refused(discovery, 9901, Refusal::absent, now);
    pauses.push_back(discovery.next_wakeup() - now);
    now = discovery.next_wakeup();
    EXPECT_EQ(ticked(discovery, now).ask, std::vector<NodeAddress>{at(9901)});
  }
  EXPECT_EQ(pauses.front(), kRetryFirst);
  EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.end()));
  EXPECT_EQ(pauses.back(), milliseconds(500));
  EXPECT_EQ(answered(discovery, 9901, now).verdict, Verdict::joined);
}

TEST(Discovery, JoinsHoweverLateANamedMemberAnswers) {
  Discovery discovery(named({at(9901)}));
  started(discovery);
  refused(discovery, 9901, Refusal::absent, kStart + minutes(11));
  EXPECT_FALSE(ticked(discovery, kStart + minutes(12)).ask.empty());
  EXPECT_EQ(answered(discovery, 9901, kStart + minutes(13)).verdict, Verdict::joined);
  EXPECT_TRUE(discovery.waits_for().empty());
}

// --- candidates that wait themselves

TEST(Discovery, WhoJoinsANodeThatWaitsWaitsForTheSame) {
  Discovery discovery(named({at(9901)}));
  started(discovery);
  const auto effects = waits(discovery, 9901, {at(9905)});
  EXPECT_FALSE(effects.verdict);
  EXPECT_EQ(effects.ask, std::vector<NodeAddress>{at(9905)});
  EXPECT_EQ(discovery.waits_for(), (std::vector<NodeAddress>{at(9901), at(9905)}));
  refused(discovery, 9905, Refusal::absent);
  EXPECT_FALSE(ticked(discovery, kStart + minutes(5)).verdict);
  EXPECT_EQ(answered(discovery, 9901, kStart + minutes(6)).verdict, Verdict::joined);
}

TEST(Discovery, WhoFindsANodeThatWaitsOnThisMachineFoundsNoNetworkBesideIt) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  refused(discovery, 9902, Refusal::absent);
  EXPECT_FALSE(waits(discovery, 9901, {at(9905)}).verdict);
  refused(discovery, 9905, Refusal::absent);
  EXPECT_FALSE(ticked(discovery, kStart + minutes(1)).verdict);
  EXPECT_EQ(answered(discovery, 9905, kStart + minutes(2)).verdict, Verdict::joined);
}

TEST(Discovery, WhenTheNodeThatWaitedIsGoneAPlainNodeFoundsItsNetwork) {
  Discovery discovery(local({at(9901), at(9902)}));
  started(discovery);
  refused(discovery, 9902, Refusal::absent);
  waits(discovery, 9901, {at(9905)});
  EXPECT_FALSE(refused(discovery, 9905, Refusal::absent).verdict);
  EXPECT_EQ(refused(discovery, 9901, Refusal::absent, kStart + seconds(1)).verdict, Verdict::founded);
}

TEST(Discovery, NodesThatWereToldToJoinEachOtherAreTheNetwork) {
  Discovery discovery(named({at(9901), at(9902)}));
  started(discovery);
  EXPECT_FALSE(waits(discovery, 9901, {at(9900), at(9902)}).verdict);
  const auto both = waits(discovery, 9902, {at(9900), at(9901)});
  EXPECT_EQ(both.verdict, Verdict::joined);
  EXPECT_EQ(both.via, at(9901));
}

TEST(Discovery, OneOfThemThatIsGoneAgainIsWaitedFor) {
  Discovery discovery(named({at(9901), at(9902)}));
  started(discovery);
  waits(discovery, 9901, {at(9900)});
  refused(discovery, 9901, Refusal::absent, kStart + seconds(1));
  EXPECT_FALSE(waits(discovery, 9902, {at(9900)}, kStart + seconds(2)).verdict);
  EXPECT_EQ(waits(discovery, 9901, {at(9900)}, kStart + seconds(3)).verdict, Verdict::joined);
}

TEST(Discovery, AnotherNameOfThisNodeIsNobodyToWaitFor) {
  Discovery discovery(named({at(9901)}));
  started(discovery);
  EXPECT_EQ(waits(discovery, 9901, {{"localhost", 9900}}).ask, (std::vector<NodeAddress>{{"localhost", 9900}}));
  Effects effects;
  discovery.not_answered({"localhost", 9900}, Refusal::is_self, kStart, effects);
  EXPECT_EQ(effects.verdict, Verdict::joined);
}

TEST(Discovery, TakesInNoMoreCandidatesThanItsLimit) {
  Discovery discovery(named({at(9901)}));
  started(discovery);
  std::vector<NodeAddress> many;
  for (int port = 10000; port < 10000 + 2 * static_cast<int>(kCandidatesMax); ++port) many.push_back(at(port));
  waits(discovery, 9901, many);
  EXPECT_EQ(discovery.waits_for().size(), kCandidatesMax);
}

TEST(Discovery, ANodeThatIsItsOnlyNamedMemberFounds) {
  Discovery itself(named({at(9900)}));
  EXPECT_EQ(started(itself).verdict, Verdict::founded);
  Discovery by_another_name(named({{"localhost", 9900}}));
  started(by_another_name);
  Effects effects;
  by_another_name.not_answered({"localhost", 9900}, Refusal::is_self, kStart, effects);
  EXPECT_EQ(effects.verdict, Verdict::founded);
}

}  // namespace
}  // namespace p2p::discovery
