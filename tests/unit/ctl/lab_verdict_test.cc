#include "ctl/lab/verdict.h"

#include <gtest/gtest.h>

namespace p2p::ctl::lab {
namespace {

using history::Ending;
using history::Kind;
using history::Operation;

std::vector<Expectation> expectations_of(std::string_view text) { return parse_script(text).script.expectations; }

Findings good_findings() {
  Findings findings;
  findings.seed = 5;
  findings.nodes = 3;
  findings.faults = {"kill 1", "resume 1"};
  findings.load = LoadFindings{.operations = 100, .ok = 90, .unknown = 2, .gap_seconds = 0.25, .history = {}};
  return findings;
}

Operation operation(Kind kind, const std::string& value, history::Moment at, Ending ending = Ending::ok) {
  Operation one{.key = "k", .kind = kind, .value = value, .ending = ending, .invoked_at = at, .returned_at = at + 1};
  if (kind == Kind::read) one.found = !value.empty();
  return one;
}

TEST(LabVerdict, IsGoodWhenEverythingExpectedIsFound) {
  const Verdict verdict = verdict_of(
      good_findings(), expectations_of("expect linearizable\nexpect gap <= 300ms\nexpect lost 0\nexpect unknown <= 2\n"
                                       "expect operations >= 100"));
  EXPECT_TRUE(verdict.is_good);
  const auto document = verdict_json(good_findings(), verdict);
  EXPECT_EQ(document["verdict"], "good");
  EXPECT_EQ(document["faults"].dump(), R"(["kill 1","resume 1"])");
  EXPECT_EQ(document["expectations"].size(), 5U);
}

TEST(LabVerdict, OneUnmetExpectationMakesItBadAndSaysWhatWasFound) {
  const Verdict verdict = verdict_of(good_findings(), expectations_of("expect lost 0\nexpect gap <= 200ms"));
  EXPECT_FALSE(verdict.is_good);
  EXPECT_NE(verdict_text(good_findings(), verdict).find("expect gap <= 200ms: NOT met (0.250 s)\n"), std::string::npos);
}

TEST(LabVerdict, IsBadWithoutAnyExpectationWhenSomethingIsWrong) {
  EXPECT_TRUE(verdict_of(good_findings(), {}).is_good);
  Findings findings = good_findings();
  findings.load->history.wrong_keys = 1;
  EXPECT_FALSE(verdict_of(findings, {}).is_good);
  findings = good_findings();
  findings.load->history.undecided_keys = 1;
  EXPECT_FALSE(verdict_of(findings, {}).is_good);
  findings = good_findings();
  findings.load->lost = 1;
  EXPECT_FALSE(verdict_of(findings, {}).is_good);
  findings = good_findings();
  findings.problems = {"node 2 was ended by signal 6, unasked"};
  EXPECT_FALSE(verdict_of(findings, {}).is_good);
  findings.load.reset();
  EXPECT_FALSE(verdict_of(findings, {}).is_good);
  findings.problems.clear();
  EXPECT_TRUE(verdict_of(findings, {}).is_good);
}

TEST(LabVerdict, AKeyIsLostWhenItsChangesCannotHaveLeftWhatItHolds) {
  history::OperationsByKey history;
  history["k"] = {operation(Kind::write, "a", 10), operation(Kind::write, "b", 20), operation(Kind::read, "", 100)};
  EXPECT_EQ(lost_keys(history, 90), 1U);
  history["k"].back() = operation(Kind::read, "a", 100);
  EXPECT_EQ(lost_keys(history, 90), 1U);
  history["k"].back() = operation(Kind::read, "b", 100);
  EXPECT_EQ(lost_keys(history, 90), 0U);
  // What a read was told meanwhile is no loss; that of an unacknowledged write is none either.
  history["k"] = {operation(Kind::write, "a", 10), operation(Kind::read, "", 20),
                  operation(Kind::write, "b", 30, Ending::unknown), operation(Kind::read, "a", 100)};
  EXPECT_EQ(lost_keys(history, 90), 0U);
}

}  // namespace
}  // namespace p2p::ctl::lab
