// Rows of the membership table: which claim wins, what it means to the ring, what is remembered and for how long.
#include "classic/core/table.h"
#include "classic/core/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace p2p::classic {
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

Member leaving(const std::string& address, std::int64_t incarnation) {
  return {{address, 9900}, incarnation, MemberState::leaving};
}

using Names = std::vector<std::string>;

TEST(Member, WithinOneLifeAliveIsFollowedByLeavingAndThatByRemoved) {
  const std::vector<Member> in_order = {alive("a", 1), leaving("a", 1), removed("a", 1)};
  for (std::size_t heard = 0; heard < in_order.size(); ++heard) {
    for (std::size_t known = 0; known < in_order.size(); ++known) {
      EXPECT_EQ(supersedes(in_order[heard], in_order[known]), heard > known) << heard << " against " << known;
    }
  }
}

TEST(Member, AnyNewsOfALaterLifeWinsOverAnyOfAnEarlierOne) {
  for (const Member& later : {alive("a", 2), leaving("a", 2), removed("a", 2)}) {
    for (const Member& earlier : {alive("a", 1), leaving("a", 1), removed("a", 1)}) {
      EXPECT_TRUE(supersedes(later, earlier));
      EXPECT_FALSE(supersedes(earlier, later));
    }
  }
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
  EXPECT_EQ(table.apply(alive("a", 1), kStart), ChangeKind::joined);
  EXPECT_EQ(table.apply(alive("a", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 2), kStart), ChangeKind::restarted);
  EXPECT_EQ(table.apply(removed("a", 2), kStart), ChangeKind::left);
  EXPECT_EQ(table.apply(removed("a", 3), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 4), kStart), ChangeKind::joined);
}

TEST(Table, TellsWhatLeavingMeansToTheRing) {
  Table table({});
  table.apply(alive("a", 1), kStart);
  EXPECT_EQ(table.apply(leaving("a", 1), kStart), ChangeKind::leaving);
  EXPECT_EQ(table.apply(leaving("a", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(removed("a", 1), kStart), ChangeKind::gone);
  EXPECT_EQ(table.apply(removed("a", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(leaving("a", 1), kStart), std::nullopt) << "it has ended already";
}

TEST(Table, ALaterLifeOfALeavingNodeIsAJoin) {
  Table table({});
  table.apply(leaving("a", 1), kStart);
  EXPECT_EQ(table.apply(alive("a", 2), kStart), ChangeKind::joined);
}

TEST(Table, ALeavingNodeThatEndedInALaterLifeIsGone) {
  Table table({});
  table.apply(leaving("a", 1), kStart);
  EXPECT_EQ(table.apply(removed("a", 2), kStart), ChangeKind::gone);
}

TEST(Table, LeavingIsNewsOfWhomNobodyHasHeardAndOfWhoeverWasRemovedInAnEarlierLife) {
  Table table({});
  EXPECT_EQ(table.apply(leaving("a", 1), kStart), ChangeKind::leaving);
  table.apply(removed("b", 1), kStart);
  EXPECT_EQ(table.apply(leaving("b", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(leaving("b", 2), kStart), ChangeKind::leaving);
}

TEST(Table, AMemberWhoseUnknownLifeLeavesOrEndsLeavesTheRing) {
  Table table({});
  table.apply(alive("a", kUnknownLife), kStart);
  EXPECT_EQ(table.apply(leaving("a", 7), kStart), ChangeKind::leaving);
  table.apply(alive("b", kUnknownLife), kStart);
  EXPECT_EQ(table.apply(removed("b", 7), kStart), ChangeKind::left);
}

TEST(Table, PresentAreAliveAndLeavingOnes) {
  Table table({});
  table.apply(alive("c", 1), kStart);
  table.apply(leaving("a", 1), kStart);
  table.apply(removed("b", 1), kStart);
  EXPECT_EQ(table.present_names(), (Names{"a:9900", "c:9900"}));
  EXPECT_EQ(table.removed_names(), Names{"b:9900"});
  EXPECT_EQ(table.present(), (std::vector<NodeAddress>{{"a", 9900}, {"c", 9900}}));
  EXPECT_EQ(table.alive(), (std::vector<NodeAddress>{{"c", 9900}}));
  EXPECT_TRUE(table.is_present("a:9900"));
  EXPECT_TRUE(table.is_present("c:9900"));
  EXPECT_FALSE(table.is_present("b:9900"));
  EXPECT_FALSE(table.is_present("d:9900"));
}

TEST(Table, LearningTheLifeOfAMemberThatClassicCallsHaveAddedIsNoRestart) {
  Table table({});
  EXPECT_EQ(table.apply(alive("a", kUnknownLife), kStart), ChangeKind::joined);
  EXPECT_EQ(table.apply(alive("a", 7), kStart), std::nullopt);
  EXPECT_EQ(table.find("a:9900")->incarnation, 7);
  EXPECT_EQ(table.apply(alive("a", 8), kStart), ChangeKind::restarted);
}

TEST(Table, ARemovedRowIsNotBroughtBackByAStaleTable) {
  Table table({});
  table.apply(alive("a", 1), kStart);
  table.apply(removed("a", 1), kStart);
  EXPECT_EQ(table.apply(alive("a", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 0), kStart), std::nullopt);
  EXPECT_FALSE(table.is_present("a:9900"));
}

TEST(Table, HearingOfARemovalFirstKeepsAnOlderJoinOut) {
  Table table({});
  EXPECT_EQ(table.apply(removed("a", 5), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 5), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 6), kStart), ChangeKind::joined);
}

TEST(Table, EndsEqualInWhateverOrderRowsArrive) {
  std::vector<Member> rows = {alive("a", 1),   leaving("a", 1), alive("a", 2), removed("b", 4),
                              leaving("b", 4), leaving("c", 7), alive("c", 7)};
  std::sort(rows.begin(), rows.end(), [](const Member& left, const Member& right) {
    return std::tuple(left.address, left.incarnation, left.state) <
           std::tuple(right.address, right.incarnation, right.state);
  });
  Table first({});
  for (const Member& row : rows) first.apply(row, kStart);
  std::vector<int> order = {0, 1, 2, 3, 4, 5, 6};
  do {
    Table table({});
    for (const int index : order) table.apply(rows[static_cast<std::size_t>(index)], kStart);
    ASSERT_EQ(table.rows(), first.rows());
    ASSERT_EQ(table.fingerprint(), first.fingerprint());
    table.check();
  } while (std::next_permutation(order.begin(), order.end()));
}

// What a reader of the changes makes of them: who is on the ring, and who is leaving. Complains about steps that make
// no sense.
struct Followed {
  void apply(const Member& row, std::optional<ChangeKind> meaning) {
    const std::string name = row.address.name();
    if (!meaning) return;
    switch (*meaning) {
      case ChangeKind::joined:
        leaving.erase(name);
        EXPECT_TRUE(ring.insert(name).second) << name << " joined twice";
        return;
      case ChangeKind::restarted:
        EXPECT_TRUE(ring.contains(name)) << name << " restarted without being there";
        return;
      case ChangeKind::leaving:
        ring.erase(name);
        leaving.insert(name);
        return;
      case ChangeKind::left:
        EXPECT_EQ(ring.erase(name), 1u) << name << " left without being there";
        return;
      case ChangeKind::ownership:
        ADD_FAILURE() << "a table knows members alone";
        return;
      case ChangeKind::gone:
        EXPECT_EQ(leaving.erase(name), 1u) << name << " is gone without having been leaving";
        return;
    }
  }
  std::set<std::string> ring;
  std::set<std::string> leaving;
};

std::set<std::string> names_of(const Table& table, MemberState state) {
  std::set<std::string> names;
  for (const Member& row : table.rows()) {
    if (row.state == state) names.insert(row.address.name());
  }
  return names;
}

// Own arithmetic: the distributions of the standard library differ between implementations.
void shuffle(std::vector<Member>& rows, std::mt19937_64& chance) {
  for (std::size_t left = rows.size(); left > 1; --left) std::swap(rows[left - 1], rows[chance() % left]);
}

std::vector<Member> random_rows(std::mt19937_64& chance, std::size_t count) {
  std::vector<Member> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string address(1, static_cast<char>('a' + chance() % 4));
    rows.push_back({{address, 9900}, static_cast<std::int64_t>(chance() % 4), static_cast<MemberState>(chance() % 3)});
  }
  return rows;
}

TEST(Table, EndsEqualInAnyOrderOfAnyRowsAndWhatItTellsOnTheWayAddsUp) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 chance(seed);
    auto rows = random_rows(chance, 1 + chance() % 16);
    Table first({});
    for (const Member& row : rows) first.apply(row, kStart);
    for (int order = 0; order < 10; ++order) {
      shuffle(rows, chance);
      Table table({});
      Followed followed;
      for (const Member& row : rows) followed.apply(row, table.apply(row, kStart));
      for (const Member& again : rows) EXPECT_EQ(table.apply(again, kStart), std::nullopt);
      ASSERT_EQ(table.rows(), first.rows());
      ASSERT_EQ(table.fingerprint(), first.fingerprint());
      ASSERT_EQ(followed.ring, names_of(table, MemberState::alive));
      ASSERT_EQ(followed.leaving, names_of(table, MemberState::leaving));
    }
  }
}

TEST(Table, TheFingerprintChangesWhenAMemberIsLeavingAndAgainWhenItIsGone) {
  Table table({});
  table.apply(alive("a", 1), kStart);
  const auto without = table.fingerprint();
  table.apply(alive("b", 1), kStart);
  const auto with = table.fingerprint();
  table.apply(leaving("b", 1), kStart);
  EXPECT_NE(table.fingerprint(), with);
  EXPECT_NE(table.fingerprint(), without);
  table.apply(removed("b", 1), kStart);
  EXPECT_EQ(table.fingerprint(), without);
}

TEST(Table, TheFingerprintKnowsNoRemovedRowsAndTheLivesOfTheOthers) {
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
  Table table({.present_max = 2});
  table.apply(alive("a", 1), kStart);
  table.apply(alive("b", 1), kStart);
  EXPECT_EQ(table.apply(alive("c", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(alive("a", 2), kStart), ChangeKind::restarted);
  EXPECT_EQ(table.apply(removed("b", 1), kStart), ChangeKind::left);
  EXPECT_EQ(table.apply(alive("c", 1), kStart), ChangeKind::joined);
}

TEST(Table, LeavingMembersCountForTheLimitToo) {
  Table table({.present_max = 2});
  table.apply(alive("a", 1), kStart);
  table.apply(alive("b", 1), kStart);
  EXPECT_EQ(table.apply(leaving("b", 1), kStart), ChangeKind::leaving);
  EXPECT_EQ(table.apply(alive("c", 1), kStart), std::nullopt);
  EXPECT_EQ(table.apply(leaving("c", 1), kStart), std::nullopt);
  EXPECT_EQ(table.find("c:9900"), nullptr);
  EXPECT_EQ(table.apply(alive("b", 2), kStart), ChangeKind::joined) << "it had a place already";
  EXPECT_EQ(table.apply(leaving("b", 2), kStart), ChangeKind::leaving);
  EXPECT_EQ(table.apply(removed("b", 2), kStart), ChangeKind::gone);
  EXPECT_EQ(table.apply(leaving("c", 1), kStart), ChangeKind::leaving);
}

TEST(Table, ALeavingMemberIsNeverForgotten) {
  Table table({.removed_max = 1, .removed_kept_for = minutes(10)});
  table.apply(leaving("a", 1), kStart);
  table.apply(removed("b", 1), kStart);
  table.apply(removed("c", 1), kStart);
  table.forget_old(kStart + minutes(60));
  EXPECT_EQ(table.rows(), std::vector<Member>{leaving("a", 1)});
}

TEST(Table, EachRowIsPassedOnOnceAndANewerOneAgain) {
  Table table({});
  EXPECT_FALSE(table.pass_on_once("a:9900"));
  table.apply(alive("a", 1), kStart);
  EXPECT_TRUE(table.pass_on_once("a:9900"));
  EXPECT_FALSE(table.pass_on_once("a:9900"));
  table.apply(leaving("a", 1), kStart);
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
}  // namespace p2p::classic
