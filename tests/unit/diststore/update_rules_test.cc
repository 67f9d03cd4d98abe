// How an update comes to its end: conflicts, failures, and writes whose answer is lost.
#include "spaces/update_rules.h"

#include <p2p/call.h>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using Kind = UpdateStep::Kind;

constexpr UpdateId kOwn{1, 1};
constexpr UpdateId kOther{2, 1};
constexpr UpdateId kThird{3, 1};

class UpdateRulesTest : public testing::Test {
 protected:
  // Counts at the sub-key "n".
  void count(RouteState& state) {
    ++runs;
    state["n"] = std::to_string(std::stoi(state.contains("n") ? state["n"] : "0") + 1);
  }
  UpdateRules rules{{.key = "key",
                     .change = [this](RouteState& state) { change(state); },
                     .deadline = TimePoint(1s),
                     .conflicts_max = 3},
                    kOwn};

  static Result<FoundEntry> nothing() { return FoundEntry{}; }
  static Result<FoundEntry> found(RouteState values, std::vector<UpdateId> updates, Version version) {
    return FoundEntry{encode(StoredState{std::move(values), std::move(updates)}), version};
  }
  static Error lost() { return {ErrorKind::timed_out, "no answer"}; }
  static Error unserved() { return {ErrorKind::unreachable, "nobody serves it"}; }

  UpdateStep on_read(const Result<FoundEntry>& read) { return rules.on_read(read, moment); }
  UpdateStep on_written(const Result<ChangedEntry>& written) { return rules.on_written(written, moment); }
  // The first write, of what was counted at version {3, 1}, and its answer is lost.
  UpdateStep lose_the_write() {
    EXPECT_EQ(on_read(found({{"n", "4"}}, {kOther}, {3, 1})).kind, Kind::write);
    const UpdateStep step = on_written(lost());
    EXPECT_EQ(step.kind, Kind::read) << "what came of it?";
    return step;
  }
  static RouteState written_by(const UpdateStep& step) { return decode_state(*step.change.value)->values; }
  static void expect_unknown(const UpdateStep& step) {
    ASSERT_EQ(step.kind, Kind::end);
    ASSERT_FALSE(step.result.ok());
    EXPECT_TRUE(may_have_run(step.result.error().kind)) << step.result.error().text;
  }
  static void expect_undone(const UpdateStep& step, ErrorKind kind) {
    ASSERT_EQ(step.kind, Kind::end);
    ASSERT_FALSE(step.result.ok());
    EXPECT_EQ(step.result.error().kind, kind) << step.result.error().text;
    EXPECT_FALSE(may_have_run(kind));
  }

  std::function<void(RouteState&)> change = [this](RouteState& state) { count(state); };
  UpdateMoment moment{TimePoint(0s), 0};
  int runs = 0;
};

TEST_F(UpdateRulesTest, ReadsThenWritesUnderTheVersionThatItHasRead) {
  EXPECT_EQ(rules.begin(moment).kind, Kind::read);
  const UpdateStep step = on_read(found({{"n", "4"}, {"other", "x"}}, {kOther}, {3, 9}));
  ASSERT_EQ(step.kind, Kind::write);
  EXPECT_EQ(step.change.key, "key");
  EXPECT_EQ(step.change.if_version, (Version{3, 9}));
  EXPECT_EQ(written_by(step), (RouteState{{"n", "5"}, {"other", "x"}}));
  EXPECT_EQ(decode_state(*step.change.value)->updates, (std::vector{kOwn, kOther}));
  const UpdateStep end = on_written(ChangedEntry{true, {3, 10}});
  ASSERT_EQ(end.kind, Kind::end);
  EXPECT_EQ(end.result.value(), (StateVersion{3, 10}));
}

TEST_F(UpdateRulesTest, WhereNothingIsItWritesIfThatIsStillSo) {
  const UpdateStep step = on_read(nothing());
  ASSERT_EQ(step.kind, Kind::write);
  EXPECT_FALSE(step.change.if_version);
  EXPECT_EQ(written_by(step), (RouteState{{"n", "1"}}));
}

TEST_F(UpdateRulesTest, AStateWithoutSubKeysIsErased) {
  change = [](RouteState& state) { state.clear(); };
  const UpdateStep step = on_read(found({{"n", "4"}}, {kOther}, {3, 9}));
  ASSERT_EQ(step.kind, Kind::write);
  EXPECT_FALSE(step.change.value);
  EXPECT_EQ(step.change.if_version, (Version{3, 9}));
}

TEST_F(UpdateRulesTest, AChangeThatChangesNothingIsARead) {
  change = [](RouteState& state) { state["n"] = "4"; };
  const UpdateStep step = on_read(found({{"n", "4"}}, {kOther}, {3, 9}));
  ASSERT_EQ(step.kind, Kind::end);
  EXPECT_EQ(step.result.value(), (StateVersion{3, 9}));
}

TEST_F(UpdateRulesTest, AConflictRunsTheChangeAnewOnTheNewState) {
  EXPECT_EQ(on_read(found({{"n", "4"}}, {kOther}, {3, 1})).kind, Kind::write);
  const UpdateStep step = on_written(ChangedEntry{});
  EXPECT_EQ(step.kind, Kind::read);
  EXPECT_GE(step.pause, kFirstPause / 2);
  EXPECT_EQ(written_by(on_read(found({{"n", "7"}}, {kThird, kOther}, {3, 2}))), (RouteState{{"n", "8"}}));
  EXPECT_EQ(runs, 2);
}

TEST_F(UpdateRulesTest, TooManyConflictsEndIt) {
  for (std::uint64_t conflict = 1;; ++conflict) {
    ASSERT_EQ(on_read(found({{"n", "4"}}, {kOther}, {3, conflict})).kind, Kind::write);
    const UpdateStep step = on_written(ChangedEntry{});
    if (step.kind == Kind::read) continue;
    EXPECT_EQ(conflict, 3u);
    return expect_undone(step, ErrorKind::overloaded);
  }
}

TEST_F(UpdateRulesTest, AWriteThatWasSurelyNotDoneIsRepeatedAndTheChangeIsNot) {
  on_read(nothing());
  const UpdateStep step = on_written(unserved());
  ASSERT_EQ(step.kind, Kind::write);
  EXPECT_FALSE(step.change.if_version);
  EXPECT_EQ(runs, 1);
}

TEST_F(UpdateRulesTest, WithoutTimeItEndsAsNotDone) {
  moment.now = TimePoint(1s);
  expect_undone(on_read(unserved()), ErrorKind::unreachable);
  expect_undone(rules.begin(moment), ErrorKind::unreachable);
  on_read(nothing());
  expect_undone(on_written(unserved()), ErrorKind::unreachable);
  expect_undone(on_written(Error{ErrorKind::overloaded, "full"}), ErrorKind::overloaded);
}

// --- the answer to a write is lost -----------------------------------------------------------------------------------

TEST_F(UpdateRulesTest, ALostWriteThatIsThereIsDone) {
  lose_the_write();
  const UpdateStep step = on_read(found({{"n", "5"}}, {kOwn, kOther}, {3, 2}));
  ASSERT_EQ(step.kind, Kind::end);
  EXPECT_EQ(step.result.value(), (StateVersion{3, 2}));
  EXPECT_EQ(runs, 1);
}

TEST_F(UpdateRulesTest, WhereOthersHaveWrittenSinceItClaimsNoVersion) {
  lose_the_write();
  expect_unknown(on_read(found({{"n", "6"}}, {kThird, kOwn, kOther}, {3, 3})));  // {3, 3} is what kThird is told
  EXPECT_EQ(runs, 1);
}

TEST_F(UpdateRulesTest, ALostWriteWhoseVersionIsStillThereIsRepeatedAsItWas) {
  lose_the_write();
  const UpdateStep step = on_read(found({{"n", "4"}}, {kOther}, {3, 1}));
  ASSERT_EQ(step.kind, Kind::write);
  EXPECT_EQ(written_by(step), (RouteState{{"n", "5"}}));
  EXPECT_EQ(step.change.if_version, (Version{3, 1}));
  EXPECT_EQ(runs, 1);
  // The first one has been done in the meantime.
  EXPECT_EQ(on_written(ChangedEntry{}).kind, Kind::read);
  EXPECT_TRUE(on_read(found({{"n", "5"}}, {kOwn, kOther}, {3, 2})).result.ok());
}

TEST_F(UpdateRulesTest, ALostWriteThatOthersOvertookIsMadeAnew) {
  lose_the_write();
  EXPECT_EQ(on_read(found({{"n", "9"}}, {kThird, kOther}, {3, 2})).kind, Kind::read) << "it can happen no more";
  EXPECT_EQ(written_by(on_read(found({{"n", "9"}}, {kThird, kOther}, {3, 2}))), (RouteState{{"n", "10"}}));
  EXPECT_EQ(runs, 2);
}

TEST_F(UpdateRulesTest, ALostWriteBehindTooManyOthersIsUnknown) {
  lose_the_write();
  std::vector<UpdateId> others;
  for (std::uint64_t number = 0; number < kUpdatesKept; ++number) others.push_back({3, number});
  expect_unknown(on_read(found({{"n", "9"}}, others, {3, 20})));
}

TEST_F(UpdateRulesTest, ALostWriteOfTheFirstStateIsNotRepeated) {
  EXPECT_EQ(on_read(nothing()).kind, Kind::write);
  EXPECT_EQ(on_written(lost()).kind, Kind::read);
  expect_unknown(on_read(nothing()));  // it may come later
}

TEST_F(UpdateRulesTest, ALostWriteWhoseStateIsErasedIsUnknown) {
  lose_the_write();
  expect_unknown(on_read(nothing()));
}

TEST_F(UpdateRulesTest, ALostEraseIsUnknownOnceTheStateIsAnother) {
  change = [](RouteState& state) { state.clear(); };
  EXPECT_FALSE(on_read(found({{"n", "4"}}, {kOther}, {3, 1})).change.value);
  on_written(lost());
  expect_unknown(on_read(found({{"n", "1"}}, {kThird}, {3, 4})));
}

TEST_F(UpdateRulesTest, ALostWriteWithoutTimeIsUnknown) {
  on_read(nothing());
  moment.now = TimePoint(1s);
  expect_unknown(on_written(lost()));
  EXPECT_TRUE(may_have_run(rules.give_up(ErrorKind::cancelled, "this node stops").kind));
}

// --- what the change does --------------------------------------------------------------------------------------------

TEST_F(UpdateRulesTest, AChangeThatThrowsChangesNothing) {
  change = [](RouteState&) { throw std::runtime_error("no such item"); };
  const UpdateStep step = on_read(nothing());
  expect_undone(step, ErrorKind::invalid);
  EXPECT_NE(step.result.error().text.find("no such item"), std::string::npos);
}

TEST_F(UpdateRulesTest, AlsoWhatIsNoStdExceptionEndsIt) {
  change = [](RouteState&) { throw 7; };
  expect_undone(on_read(nothing()), ErrorKind::invalid);
}

TEST_F(UpdateRulesTest, AStateThatIsTooLargeIsRefused) {
  change = [](RouteState& state) { state["n"] = std::string(kRouteStateBytesMax, 'x'); };
  expect_undone(on_read(nothing()), ErrorKind::invalid);
}

TEST_F(UpdateRulesTest, WhatIsNoStateIsRefusedAndLeftAlone) {
  expect_undone(on_read(FoundEntry{"what a later version writes", {3, 1}}), ErrorKind::invalid);
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace p2p::diststore
