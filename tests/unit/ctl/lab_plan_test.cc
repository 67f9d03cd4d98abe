#include "ctl/lab/plan.h"

#include <gtest/gtest.h>

#include <set>

namespace p2p::ctl::lab {
namespace {

Plan planned(std::string_view text, std::uint64_t seed = 1) {
  const Parsed parsed = parse_script(text);
  EXPECT_EQ(text_of("s", parsed.mistakes), "");
  return plan_of(parsed.script, seed);
}

std::string plan_mistakes_of(std::string_view text) { return text_of("s", planned(text).mistakes); }

std::string deeds_of(const Plan& plan) {
  std::string deeds;
  for (const Act& act : plan.acts)
    if (act.kind == Act::Kind::deed) deeds += (deeds.empty() ? "" : ", ") + text_of(act);
  return deeds;
}

TEST(LabPlan, TheSameSeedHasTheSameFaultsInTheSameOrder) {
  const char* const script = "nodes 5\nrandom kill,stop,cut every 1s for 20s\nleave random\n";
  EXPECT_EQ(planned(script, 7).acts, planned(script, 7).acts);
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 10; ++seed) orders.insert(deeds_of(planned(script, seed)));
  EXPECT_EQ(orders.size(), 10U);
}

TEST(LabPlan, TheOrderOfASeedStaysWhatItIs) {
  EXPECT_EQ(deeds_of(planned("random kill,stop every 1s for 3s", 6)),
            "kill 1, resume 1, stop 2, resume 2, kill 1, resume 1");
}

TEST(LabPlan, ARandomFaultIsUndoneBeforeTheNextOneBegins) {
  const Plan plan = planned("nodes 4\nrandom kill,stop,cut every 2s for 40s", 3);
  ASSERT_TRUE(plan.mistakes.empty());
  ASSERT_EQ(plan.acts.size(), 100U);
  for (std::size_t at = 0; at < plan.acts.size(); at += 5) {
    EXPECT_EQ(plan.acts[at].kind, Act::Kind::wait_healthy);
    EXPECT_NE(plan.acts[at + 1].deed, Deed::resume);
    EXPECT_EQ(plan.acts[at + 2].time + plan.acts[at + 4].time, Duration(std::chrono::seconds(2)));
    EXPECT_EQ(plan.acts[at + 3].deed, Deed::resume);
    EXPECT_EQ(plan.acts[at + 3].node, plan.acts[at + 1].node);
  }
}

TEST(LabPlan, KnowsWhoIsThere) {
  EXPECT_EQ(deeds_of(planned("kill 1\nstop 2\nresume all\njoin\nleave 4\njoin")),
            "kill 1, stop 2, resume 1, resume 2, join 4, leave 4, join 5");
  EXPECT_TRUE(planned("cut 1").has_cuts);
  EXPECT_FALSE(planned("kill 1").has_cuts);
}

TEST(LabPlan, RefusesWhatCannotBeDoneThen) {
  EXPECT_EQ(plan_mistakes_of("kill 4"), "s:1:6: error: node 4: there are 3 then\n");
  EXPECT_EQ(plan_mistakes_of("kill 1\nkill 1"), "s:2:6: error: node 1 is killed then: kill is not possible\n");
  EXPECT_EQ(plan_mistakes_of("resume 1"), "s:1:8: error: node 1 runs then: resume is not possible\n");
  EXPECT_EQ(plan_mistakes_of("leave 1\nresume 1"), "s:2:8: error: node 1 has left then: resume is not possible\n");
  EXPECT_EQ(plan_mistakes_of("resume random"), "s:1:8: error: there is no node to resume then\n");
  EXPECT_EQ(plan_mistakes_of("stop 1\nrandom kill every 1s for 1s"),
            "s:2:1: error: random faults begin when all nodes run: resume all before\n");
  EXPECT_EQ(plan_mistakes_of("nodes 32\njoin"), "s:2:1: error: there are 32 nodes at most\n");
  EXPECT_EQ(plan_mistakes_of("random kill every 1ms for 1h"),
            "s:1:1: error: more than 50000 acts come of this script\n");
}

}  // namespace
}  // namespace p2p::ctl::lab
