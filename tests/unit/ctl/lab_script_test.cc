#include "ctl/lab/script.h"

#include <gtest/gtest.h>

namespace p2p::ctl::lab {
namespace {

using namespace std::chrono_literals;

std::string parse_mistakes_of(std::string_view text) { return text_of("s", parse_script(text).mistakes); }

TEST(LabScript, ReadsEverythingThatItsHeaderNames) {
  const Parsed parsed = parse_script(
      "# a comment\n"
      "nodes 5\nkeys 7\nclients 2\n\n"
      "wait healthy within 10s   # another\n"
      "wait operations 1000\n"
      "kill 2\n"
      "resume all\n"
      "stop random\n"
      "join\n"
      "leave 3\r\n"
      "random kill,cut every 2s for 30s\n"
      "expect linearizable\n"
      "expect gap  <= 500ms\n"
      "expect operations >= 10\n"
      "expect lost 0");
  ASSERT_EQ(text_of("s", parsed.mistakes), "");
  const Script& script = parsed.script;
  EXPECT_EQ(script.nodes, 5U);
  EXPECT_EQ(script.keys, 7U);
  EXPECT_EQ(script.clients, 2U);
  ASSERT_EQ(script.steps.size(), 8U);
  EXPECT_EQ(script.steps[0].kind, Step::Kind::wait_healthy);
  EXPECT_EQ(script.steps[0].within, Duration(10s));
  EXPECT_EQ(script.steps[1].operations, 1000U);
  EXPECT_EQ(script.steps[1].within, kWithin);
  EXPECT_EQ(script.steps[2].deed, Deed::kill);
  EXPECT_EQ(script.steps[2].node, 2U);
  EXPECT_EQ(script.steps[3].who, Step::Who::all);
  EXPECT_EQ(script.steps[4].who, Step::Who::random);
  EXPECT_EQ(script.steps[5].deed, Deed::join);
  EXPECT_EQ(script.steps[7].deeds, (std::vector{Deed::kill, Deed::cut}));
  EXPECT_EQ(script.steps[7].every, Duration(2s));
  EXPECT_EQ(script.steps[7].lasting, Duration(30s));
  ASSERT_EQ(script.expectations.size(), 4U);
  EXPECT_EQ(script.expectations[1].text, "gap <= 500ms");
  EXPECT_EQ(script.expectations[1].comparison, Comparison::at_most);
  EXPECT_DOUBLE_EQ(script.expectations[1].value, 0.5);
  EXPECT_EQ(script.expectations[2].comparison, Comparison::at_least);
  EXPECT_EQ(script.expectations[3].comparison, Comparison::equal);
}

TEST(LabScript, TellsEveryMistakeWithItsPlace) {
  EXPECT_EQ(
      parse_mistakes_of("kill\n  kil 2\nwait happy\nrandom kill,crash every 2s for 30s\n"),
      "s:1:5: error: a node or 'random' (1 to 32) is missing here\n"
      "s:2:3: error: unknown step 'kil'; there are nodes, keys, clients, wait, kill, stop, cut, resume, join, leave, "
      "random and expect\n"
      "s:3:6: error: 'happy': 'healthy' or 'operations' is wanted here\n"
      "s:4:13: error: 'crash': kill, stop or cut is wanted here\n");
}

TEST(LabScript, RefusesWhatIsOutsideItsLimits) {
  EXPECT_EQ(parse_mistakes_of("nodes 33"), "s:1:7: error: '33': a number of nodes (1 to 32) is wanted here\n");
  EXPECT_EQ(parse_mistakes_of("kill 0"), "s:1:6: error: '0': a node or 'random' (1 to 32) is wanted here\n");
  EXPECT_EQ(parse_mistakes_of("kill 1 2"), "s:1:8: error: '2': the end of the line is wanted here\n");
  EXPECT_EQ(parse_mistakes_of("wait healthy within 2h"),
            "s:1:21: error: '2h': a time above 0 and of an hour at most is wanted here\n");
  EXPECT_EQ(parse_mistakes_of("wait healthy within 5"),
            "s:1:21: error: '5': a time such as 500ms or 30s is wanted here\n");
  EXPECT_EQ(parse_mistakes_of("random kill every 5s for 4s"), "s:1:26: error: there is no fault in this time\n");
  EXPECT_EQ(parse_mistakes_of("kill 1\nnodes 3"), "s:2:1: error: 'nodes' stands before the first step\n");
  EXPECT_EQ(parse_mistakes_of("expect"),
            "s:1:7: error: linearizable, gap, lost, operations, unknown or refused is missing here\n");
  EXPECT_EQ(parse_mistakes_of("expect gap <="), "s:1:14: error: a time such as 500ms or 30s is missing here\n");
}

TEST(LabScript, TakesAnyBytes) {
  EXPECT_FALSE(parse_script(std::string_view("\0\xff kill\n,,,\nrandom , every", 22)).mistakes.empty());
  EXPECT_FALSE(parse_script("random kill, every 1s for 1s").mistakes.empty());
  std::string many;
  for (std::size_t line = 0; line <= kLinesMax; ++line) many += "?\n";
  EXPECT_EQ(parse_script(many).mistakes.size(), kMistakesMax);
}

}  // namespace
}  // namespace p2p::ctl::lab
