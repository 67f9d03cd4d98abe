// Rows of the membership table: which claim wins, what it means to the ring, what is remembered and for how long.
#include "membership/table.h"
#include "membership/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace p2p::membership {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

Member alive(const std::string& address, std::int64_t incarnation) {
  return {{address, 9900}, incarnation, MemberState::alive};
}
Member removed(const std::string& address, std::int64_t incarnation) {
  return {{address, 9900}, incarnation, MemberState::removed};
}

TEST(Member, TheLaterLifeWinsAndAtATieTheWorseNews) {
  EXPECT_TRUE(supersedes(alive("a", 2), removed("a", 1)));
  EXPECT_TRUE(supersedes(removed("a", 1), alive("a", 1)));
  EXPECT_FALSE(supersedes(alive("a", 1), removed("a", 1)));
  EXPECT_FALSE(supersedes(alive("a", 1), alive("a", 1)));
  EXPECT_FALSE(supersedes(removed("a", 1), alive("a", 2)));
}

TEST(Member, RowsThatCannotBeTrueAreNotPlausible) {
  EXPECT_TRUE(is_plausible(alive("a", 0)));
  EXPECT_FALSE(is_plausible(alive("", 0)));
  EXPECT_FALSE(is_plausible(alive("a", -1)));
  EXPECT_FALSE(is_plausible(alive("a", kIncarnationMax + 1)));
  EXPECT_FALSE(is_plausible(alive(std::string(kAddressBytesMax + 1, 'a'), 0)));
  EXPECT_FALSE(is_plausible({{"a", 0}, 0, MemberState::alive}));
}

TEST(Member, AnAddressThatWouldBreakUpALineIsNotPlausible) {
  EXPECT_TRUE(is_plausible(alive("node-1.example.org", 0)));
  EXPECT_TRUE(is_plausible(alive("fe80::1", 0)));
  for (const char* address : {"a b", "a\tb", "a\nb", "a=1", "a\x7f", "\x01"}) {
    EXPECT_FALSE(is_plausible(alive(address, 0))) << address;
  }
  EXPECT_FALSE(is_plausible(alive(std::string("a\0b", 3), 0)));
}

TEST(Table, TellsWhatARowMeansToTheRing) {
  Table table({});
  EXPECT_EQ(table.apply(alive("a", 1), kStart), Applied::joined);
  EXPECT_EQ(table.apply(alive("a", 1), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 2), kStart), Applied::restarted);
  EXPECT_EQ(table.apply(removed("a", 2), kStart), Applied::left);
  EXPECT_EQ(table.apply(removed("a", 3), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 4), kStart), Applied::joined);
}

TEST(Table, LearningTheLifeOfAMemberThatClassicCallsHaveAddedIsNoRestart) {
  Table table({});
  EXPECT_EQ(table.apply(alive("a", kUnknownLife), kStart), Applied::joined);
  EXPECT_EQ(table.apply(alive("a", 7), kStart), Applied::nothing);
  EXPECT_EQ(table.find("a:9900")->incarnation, 7);
  EXPECT_EQ(table.apply(alive("a", 8), kStart), Applied::restarted);
}

TEST(Table, ARemovedRowIsNotBroughtBackByAStaleTable) {
  Table table({});
  table.apply(alive("a", 1), kStart);
  table.apply(removed("a", 1), kStart);
  EXPECT_EQ(table.apply(alive("a", 1), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 0), kStart), Applied::nothing);
  EXPECT_FALSE(table.is_alive("a:9900"));
}

TEST(Table, HearingOfARemovalFirstKeepsAnOlderJoinOut) {
  Table table({});
  EXPECT_EQ(table.apply(removed("a", 5), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 5), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 6), kStart), Applied::joined);
}

TEST(Table, EndsEqualInWhateverOrderRowsArrive) {
  std::vector<Member> rows = {alive("a", 1),   removed("a", 1), alive("a", 2),
                              removed("b", 4), alive("b", 3),   alive("c", 7)};
  std::sort(rows.begin(), rows.end(), [](const Member& left, const Member& right) {
    return std::tuple(left.location, left.incarnation, left.state) <
           std::tuple(right.location, right.incarnation, right.state);
  });
  Table first({});
  for (const Member& row : rows) first.apply(row, kStart);
  std::vector<int> order = {0, 1, 2, 3, 4, 5};
  do {
    Table table({});
    for (const int index : order) table.apply(rows[static_cast<std::size_t>(index)], kStart);
    ASSERT_EQ(table.rows(), first.rows());
    ASSERT_EQ(table.fingerprint(), first.fingerprint());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Table, TheFingerprintKnowsOnlyAliveRowsAndTheirLives) {
  Table one({});
  Table two({});
  one.apply(alive("a", 1), kStart);
  two.apply(alive("a", 1), kStart);
  two.apply(removed("b", 1), kStart);
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  two.apply(alive("a", 2), kStart);
  EXPECT_NE(one.fingerprint(), two.fingerprint());
}

TEST(Table, ForgetsRemovedRowsOnlyWhenTheyAreOld) {
  Table table({.removed_kept_for = minutes(10)});
  table.apply(removed("a", 1), kStart);
  table.apply(alive("b", 1), kStart);
  table.forget_old(kStart + minutes(10));
  EXPECT_NE(table.find("a:9900"), nullptr);
  table.forget_old(kStart + minutes(11));
  EXPECT_EQ(table.find("a:9900"), nullptr);
  EXPECT_NE(table.find("b:9900"), nullptr);
}

TEST(Table, RemembersNoMoreRemovedRowsThanItsLimit) {
  Table table({.removed_max = 2});
  table.apply(removed("a", 1), kStart);
  table.apply(removed("b", 1), kStart + seconds(1));
  table.apply(removed("c", 1), kStart + seconds(2));
  EXPECT_EQ(table.removed_names(), (std::vector<std::string>{"b:9900", "c:9900"}));
}

TEST(Table, AFullTableTakesNoNewMemberButStillServesThoseItHas) {
  Table table({.alive_max = 2});
  table.apply(alive("a", 1), kStart);
  table.apply(alive("b", 1), kStart);
  EXPECT_EQ(table.apply(alive("c", 1), kStart), Applied::nothing);
  EXPECT_EQ(table.apply(alive("a", 2), kStart), Applied::restarted);
  EXPECT_EQ(table.apply(removed("b", 1), kStart), Applied::left);
  EXPECT_EQ(table.apply(alive("c", 1), kStart), Applied::joined);
}

TEST(Table, EachRowIsPassedOnOnceAndANewerOneAgain) {
  Table table({});
  EXPECT_FALSE(table.pass_on_once("a:9900"));
  table.apply(alive("a", 1), kStart);
  EXPECT_TRUE(table.pass_on_once("a:9900"));
  EXPECT_FALSE(table.pass_on_once("a:9900"));
  table.apply(removed("a", 1), kStart);
  EXPECT_TRUE(table.pass_on_once("a:9900"));
}

TEST(RoundRobin, BeginsBehindTheOwnNameAndVisitsEverybodyElse) {
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  RoundRobin turn("b");
  EXPECT_EQ(turn.next(names), "c");
  EXPECT_EQ(turn.next(names), "d");
  EXPECT_EQ(turn.next(names), "a");
  EXPECT_EQ(turn.next(names), "c");
}

TEST(RoundRobin, HasNobodyToNameAlone) {
  EXPECT_EQ(RoundRobin("a").next({"a"}), "");
  EXPECT_EQ(RoundRobin("a").next({}), "");
}

}  // namespace
}  // namespace p2p::membership
