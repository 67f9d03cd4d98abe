#include "check.h"

#include <gtest/gtest.h>

namespace p2p::history {
namespace {

constexpr KeyNumber kKey = 12;
constexpr std::size_t kSentencesMax = 10;

struct During {
  Moment started;
  Moment ended;
};

// Builds a history of one key, one short line per call; `version` 0: the reply carried none.
class Story final {
 public:
  Call& write(During when, std::uint32_t value, std::uint64_t version) {
    return add(when, Kind::write, value, version, true);
  }
  Call& read(During when, std::uint32_t value, std::uint64_t version) {
    return add(when, Kind::read, value, version, true);
  }
  Call& miss(During when) { return add(when, Kind::read, 0, 0, false); }
  Call& erase(During when, std::uint64_t version) { return add(when, Kind::erase, 0, version, true); }
  Call& erase_nothing(During when) { return add(when, Kind::erase, 0, 0, false); }
  void unknown_write(During when, std::uint32_t value) { write(when, value, 0).outcome = Outcome::unknown; }
  void unknown_erase(During when) { erase_nothing(when).outcome = Outcome::unknown; }
  void refused_write(During when, std::uint32_t value) { write(when, value, 0).outcome = Outcome::not_done; }
  void refused_erase(During when) { erase_nothing(when).outcome = Outcome::not_done; }

  void final_read(std::uint16_t node, std::uint32_t value, std::uint64_t version) {
    add_final(node, read({kEnd + node, kEnd + node}, value, version));
  }
  void final_miss(std::uint16_t node) { add_final(node, miss({kEnd + node, kEnd + node})); }

  Verdict verdict() const { return check(history_, kSentencesMax); }

  // The names of the broken rules, each as often as it was broken.
  std::vector<std::string> broken() const {
    std::vector<std::string> rules;
    for (const auto& [rule, times] : verdict().by_rule) rules.insert(rules.end(), times, rule);
    return rules;
  }

 private:
  static constexpr Moment kEnd = 1'000'000;

  Call& add(During when, Kind kind, std::uint32_t value, std::uint64_t version, bool found) {
    Call call;
    call.started = when.started;
    call.ended = when.ended;
    call.kind = kind;
    call.key = kKey;
    call.value = {1, value};
    if (version != 0) call.version = Version{version, 7};
    call.found = found;
    return history_.calls.emplace_back(call);
  }

  void add_final(std::uint16_t node, Call call) {
    history_.calls.pop_back();
    call.client = kFinalReader;
    call.node = node;
    history_.final_reads.push_back(call);
  }

  History history_{{"a:1", "b:2"}, {}, {}};
};

using Rules = std::vector<std::string>;
const Rules kNone;

// --- histories without a fault ---------------------------------------------------------------------------------------

TEST(CleanHistory, NothingAtAll) { EXPECT_EQ(Story().broken(), kNone); }

TEST(CleanHistory, CallsThatFollowEachOther) {
  Story story;
  story.miss({1, 2});
  story.erase_nothing({3, 4});
  story.write({10, 20}, 1, 5);
  story.read({30, 40}, 1, 5);
  story.write({50, 60}, 2, 6);
  story.read({70, 80}, 2, 6);
  story.erase({90, 100}, 7);
  story.miss({110, 120});
  story.erase_nothing({130, 140});
  story.write({150, 160}, 3, 8);
  story.final_read(0, 3, 8);
  story.final_read(1, 3, 8);
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, ConcurrentReadsMaySeeAWriteBeforeItIsAcknowledgedOrNot) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.write({30, 100}, 2, 6);
  story.read({40, 50}, 1, 5);
  story.read({60, 70}, 2, 6);
  story.read({65, 110}, 1, 5);  // began before the other read ended
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, ConcurrentChangesMayTakeEffectInAnyOrder) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.write({30, 100}, 2, 8);
  story.erase({30, 100}, 6);
  story.write({40, 60}, 3, 7);
  story.read({110, 120}, 2, 8);
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, AnUnknownWriteMayAppearLongAfterItEndedOrNever) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.unknown_write({30, 40}, 2);
  story.unknown_write({30, 40}, 3);
  story.write({50, 60}, 4, 6);
  story.erase({70, 80}, 7);
  story.miss({90, 100});
  story.read({110, 120}, 2, 8);
  story.final_read(0, 2, 8);
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, AnUnknownEraseMayEraseWhatWasWrittenAfterItEnded) {
  Story story;
  story.unknown_erase({1, 2});
  story.write({10, 20}, 1, 5);
  story.read({30, 40}, 1, 5);
  story.miss({50, 60});
  story.erase_nothing({70, 80});
  story.final_miss(0);
  story.final_miss(1);
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, AnEraseThatHasNotEndedMayBeSeen) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 100}, 6);
  story.miss({40, 50});
  story.erase_nothing({60, 70});
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, ErasesWhoseRepliesCarryNoVersion) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 40}, 0);
  story.miss({50, 60});
  story.write({70, 80}, 2, 6);
  story.read({90, 100}, 2, 6);
  story.erase({110, 120}, 0);
  story.final_miss(0);
  EXPECT_EQ(story.broken(), kNone);
}

TEST(CleanHistory, AReadDuringAWriteMaySeeAnEarlierAttemptAtIt) {
  Story story;
  story.write({10, 50}, 1, 8);
  story.read({20, 30}, 1, 5);
  story.erase({31, 32}, 6);
  story.miss({33, 34});
  story.read({60, 70}, 1, 8);
  EXPECT_EQ(story.broken(), kNone);
}

// --- where a value comes from ----------------------------------------------------------------------------------------

TEST(Read, OfAValueThatNobodyWroteIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.read({30, 40}, 99, 6);
  EXPECT_EQ(story.broken(), Rules{"foreign_value"});
}

TEST(Read, OfBytesThatAreNoValueIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.read({30, 40}, 1, 6).value = kForeignValue;
  EXPECT_EQ(story.broken(), Rules{"foreign_value"});
}

TEST(Read, OfAValueOfAnotherKeyIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5).key = kKey + 1;
  story.read({30, 40}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"foreign_value"});
}

TEST(Read, OfAValueWhoseWriteBeganAfterwardsIsCaught) {
  Story story;
  story.read({10, 20}, 1, 5);
  story.write({21, 30}, 1, 6);
  EXPECT_EQ(story.broken(), Rules{"future_value"});
}

TEST(Read, OfARefusedWriteIsCaught) {
  Story story;
  story.refused_write({10, 20}, 1);
  story.read({30, 40}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"refused_value"});
}

// --- versions --------------------------------------------------------------------------------------------------------

TEST(Read, WithAnotherVersionThanItsWriteWasAcknowledgedWithIsCaught) {
  Story higher;
  higher.write({10, 20}, 1, 5);
  higher.read({30, 40}, 1, 6);
  EXPECT_EQ(higher.broken(), Rules{"other_version"});
  Story lower;
  lower.write({10, 20}, 1, 5);
  lower.read({30, 40}, 1, 4);
  EXPECT_EQ(lower.broken(), Rules{"other_version"});
}

TEST(Read, WithAHigherVersionThanItsWriteIsCaughtEvenWhileTheWriteRuns) {
  Story story;
  story.write({10, 50}, 1, 5);
  story.read({20, 30}, 1, 6);
  EXPECT_EQ(story.broken(), Rules{"other_version"});
}

TEST(Version, OfAChangeIsHigherThanThatOfTheChangesBeforeIt) {
  for (const std::uint64_t later : {4u, 3u}) {
    Story writes;
    writes.write({1, 2}, 9, 5);
    writes.write({10, 20}, 1, later);
    EXPECT_EQ(writes.broken(), Rules{"version_not_growing"});
  }
  Story erases;
  erases.write({10, 20}, 1, 5);
  erases.erase({30, 40}, 4);
  EXPECT_EQ(erases.broken(), Rules{"version_not_growing"});
}

TEST(Version, OfAChangeIsHigherThanWhatWasReadBeforeIt) {
  Story story;
  story.unknown_write({10, 20}, 1);
  story.read({30, 40}, 1, 8);
  story.write({50, 60}, 2, 7);
  EXPECT_EQ(story.broken(), Rules{"version_not_growing"});
}

TEST(Version, IsNotSharedByTwoAcknowledgedWrites) {
  Story story;
  story.write({10, 50}, 1, 5);
  story.write({20, 60}, 2, 5);
  EXPECT_EQ(story.broken(), Rules{"shared_version"});
}

TEST(Version, IsNotSharedByAWriteAndAnErase) {
  Story story;
  story.write({10, 50}, 1, 5);
  story.erase({20, 60}, 5);
  EXPECT_EQ(story.broken(), Rules{"shared_version"});
}

TEST(Version, OfAnAcknowledgedWriteIsNotReadWithAnUnknownOnesValue) {
  Story story;
  story.write({10, 50}, 1, 5);
  story.unknown_write({10, 50}, 2);
  story.read({60, 70}, 2, 5);
  EXPECT_EQ(story.broken(), Rules{"shared_version"});
}

// --- reads that are too old ------------------------------------------------------------------------------------------

TEST(Read, OlderThanAWriteThatWasAcknowledgedBeforeIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.write({30, 40}, 2, 6);
  story.read({50, 60}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"stale_read"});
}

TEST(Read, OlderThanAnEraseThatWasAcknowledgedBeforeIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 40}, 6);
  story.read({50, 60}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"stale_read"});
}

TEST(Read, OlderThanAReadBeforeItIsCaughtEvenIfNothingWasAcknowledged) {
  Story story;
  story.unknown_write({10, 20}, 1);
  story.unknown_write({10, 20}, 2);
  story.read({30, 40}, 2, 6);
  story.read({50, 60}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"stale_read"});
}

TEST(Read, OfAValueThatAnEraseWithoutVersionErasedIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 40}, 0);
  story.read({50, 60}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"back_again"});
}

TEST(Read, OfAValueThatWasMissingBeforeIsCaughtEvenIfAnUnknownEraseExplainsTheGap) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.unknown_erase({30, 40});
  story.miss({50, 60});
  story.read({70, 80}, 1, 5);
  EXPECT_EQ(story.broken(), Rules{"back_again"});
}

// --- answers "not found" ---------------------------------------------------------------------------------------------

TEST(NotFound, AfterAWriteAndWithoutAnyEraseIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.miss({30, 40});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(NotFound, IsNotExplainedByAnEraseThatAWriteOutranks) {
  Story concurrent;  // only the versions show that the write came later
  concurrent.write({10, 20}, 1, 5);
  concurrent.erase({30, 60}, 6);
  concurrent.write({40, 70}, 2, 7);
  concurrent.miss({80, 90});
  EXPECT_EQ(concurrent.broken(), Rules{"lost_value"});
}

TEST(NotFound, IsNotExplainedByAnEraseWithoutVersionThatEndedBeforeTheWriteBegan) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 40}, 0);
  story.write({50, 60}, 2, 6);
  story.miss({70, 80});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(NotFound, IsNotExplainedByAnEraseThatBeganAfterwards) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.miss({30, 40});
  story.unknown_erase({41, 50});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(NotFound, IsNotExplainedByARefusedEraseOrOneThatFoundNothing) {
  Story story;
  story.erase_nothing({1, 2});
  story.write({10, 20}, 1, 5);
  story.refused_erase({30, 40});
  story.miss({50, 60});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(NotFound, AfterAReadFoundTheValueOfAnUnknownWriteNeedsAnErase) {
  Story story;
  story.unknown_write({10, 20}, 1);
  story.read({30, 40}, 1, 5);
  story.miss({50, 60});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(NotFound, AfterAReadFoundAHigherVersionThanThatOfTheEraseIsCaught) {
  Story story;
  story.write({1, 2}, 1, 3);
  story.unknown_write({10, 20}, 2);
  story.erase({10, 100}, 4);
  story.read({30, 40}, 2, 5);
  story.miss({110, 120});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

// --- answers of erases -----------------------------------------------------------------------------------------------

TEST(Erase, ThatFoundNothingOnAKeyThatExistedThroughoutIsCaught) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase_nothing({30, 40});
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

TEST(Erase, ThatFoundSomethingOnAKeyThatNobodyWroteIsCaught) {
  Story story;
  story.refused_write({1, 2}, 1);
  story.erase({10, 20}, 5);
  EXPECT_EQ(story.broken(), Rules{"erased_nothing"});
}

TEST(Erase, ThatFoundSomethingAfterAnotherEraseErasedItIsCaught) {
  for (const std::uint64_t has_version : {1u, 0u}) {
    Story story;
    story.write({10, 20}, 1, 5);
    story.erase({30, 40}, 6 * has_version);
    story.erase({50, 60}, 7 * has_version);
    EXPECT_EQ(story.broken(), Rules{"erased_nothing"});
  }
}

TEST(Erase, ThatFoundSomethingOutrankedByAnEarlierEraseIsCaught) {
  Story story;
  story.write({10, 50}, 1, 5);
  story.erase({20, 60}, 6);  // during the write, but with a higher version
  story.erase({70, 80}, 7);
  EXPECT_EQ(story.broken(), Rules{"erased_nothing"});
}

TEST(Erase, MayFindWhatAnUnknownWriteBringsBack) {
  Story story;
  story.unknown_write({1, 2}, 1);
  story.write({10, 20}, 2, 5);
  story.erase({30, 40}, 6);
  story.erase({50, 60}, 8);
  EXPECT_EQ(story.broken(), kNone);
}

// --- the final state -------------------------------------------------------------------------------------------------

TEST(FinalState, IsTheSameOnEveryNode) {
  Story story;
  story.unknown_erase({1, 2});
  story.write({10, 20}, 1, 5);
  story.final_read(0, 1, 5);
  story.final_miss(1);
  EXPECT_EQ(story.broken(), Rules{"final_disagreement"});
}

TEST(FinalState, IsNotOlderThanWhatWasAcknowledged) {
  Story write;
  write.write({10, 20}, 1, 5);
  write.write({30, 40}, 2, 6);
  write.final_read(0, 1, 5);
  EXPECT_EQ(write.broken(), Rules{"stale_read"});
  Story erase;
  erase.write({10, 20}, 1, 5);
  erase.erase({30, 40}, 6);
  erase.final_read(0, 1, 5);
  EXPECT_EQ(erase.broken(), Rules{"stale_read"});
}

TEST(FinalState, IsNotMissingUnlessAnEraseCameLast) {
  Story story;
  story.write({10, 20}, 1, 5);
  story.erase({30, 40}, 6);
  story.write({50, 60}, 2, 7);
  story.final_miss(0);
  EXPECT_EQ(story.broken(), Rules{"lost_value"});
}

// --- the verdict -----------------------------------------------------------------------------------------------------

TEST(Verdict, NamesKeyClientsNodesTimesAndVersions) {
  Story story;
  story.write({1'000'000'000, 2'000'000'000}, 1, 5);
  story.write({3'000'000'000, 4'000'000'000}, 2, 6).client = 4;
  story.read({5'000'000'000, 6'000'000'000}, 1, 5).node = 1;
  EXPECT_EQ(
      story.verdict().sentences,
      std::vector<std::string>{
          "stale_read: key k0000012: client 0 found c1-000001 of version 5/7 through b:2 from 4.000000 s to "
          "5.000000 s, although before that client 4 wrote c1-000002 of version 6/7 through a:1 from 2.000000 s to "
          "3.000000 s"});
}

TEST(Verdict, CountsAllViolationsAndDescribesTheEarliest) {
  Story story;
  story.write({10, 20}, 1, 5);
  for (Moment at = 300; at > 100; at -= 2) story.miss({at, at + 1});
  const Verdict verdict = story.verdict();
  EXPECT_EQ(verdict.violations, 100u);
  EXPECT_EQ(verdict.by_rule, (std::map<std::string, std::size_t>{{"lost_value", 100}}));
  ASSERT_EQ(verdict.sentences.size(), kSentencesMax);
  EXPECT_NE(verdict.sentences.front().find("found nothing"), std::string::npos) << verdict.sentences.front();
}

}  // namespace
}  // namespace p2p::history
