// Histories that a store may leave, and such that it may not, in the words of its clients.
#include "history/history_verdict.h"

#include <gtest/gtest.h>

#include <utility>

namespace p2p::history {
namespace {

// A call of one key from one moment to another; what is not said was not told.
Operation from(Moment begin, Moment end, Kind kind, std::string value = "") {
  Operation one{.key = "k", .kind = kind, .value = std::move(value), .ending = Ending::ok};
  one.invoked_at = begin;
  one.returned_at = end;
  return one;
}

Operation write(Moment begin, Moment end, std::string value) { return from(begin, end, Kind::write, std::move(value)); }
Operation read(Moment begin, Moment end, std::string value) {
  Operation one = from(begin, end, Kind::read, std::move(value));
  one.found = true;
  return one;
}
Operation read_nothing(Moment begin, Moment end) {
  Operation one = from(begin, end, Kind::read);
  one.found = false;
  return one;
}
Operation erase(Moment begin, Moment end, bool found) {
  Operation one = from(begin, end, Kind::erase);
  one.found = found;
  return one;
}
Operation ended(Operation one, Ending ending) {
  one.ending = ending;
  one.found.reset();
  return one;
}
Operation unknown(Operation one) { return ended(std::move(one), Ending::unknown); }
Operation refused(Operation one) { return ended(std::move(one), Ending::refused); }
Operation if_absent(Operation one) {
  one.if_absent = true;
  return one;
}
Operation if_version(Operation one, Version version) {
  one.if_version = version;
  return one;
}
Operation of(Operation one, Version version) {
  one.version = version;
  return one;
}
Operation failed(Operation one, std::optional<bool> found = {}, std::optional<Version> version = {}) {
  one.ending = Ending::condition_failed;
  one.found = found;
  one.version = version;
  return one;
}

HistoryVerdict verdict_of(std::vector<Operation> operations) { return judge({{"k", std::move(operations)}}, 1); }

bool is_good(std::vector<Operation> operations) {
  const HistoryVerdict verdict = verdict_of(std::move(operations));
  EXPECT_EQ(verdict.undecided_keys, 0u);
  EXPECT_EQ(verdict.sentences.size(), verdict.wrong_keys);
  return verdict.wrong_keys == 0;
}

TEST(HistoryVerdict, AReadSeesWhatWasAcknowledgedBeforeIt) {
  EXPECT_TRUE(is_good({write(0, 1, "a"), read(2, 3, "a"), write(4, 5, "b"), read(6, 7, "b")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), read_nothing(2, 3)}));
}

TEST(HistoryVerdict, AReadBesideAWriteSeesEitherButNotBackwards) {
  EXPECT_TRUE(is_good({write(0, 1, "a"), write(2, 9, "b"), read(3, 4, "a"), read(5, 6, "b")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), write(2, 9, "b"), read(3, 4, "b"), read(5, 6, "a")}));
}

TEST(HistoryVerdict, NobodyReadsWhatNobodyWroteOrWasRefusedOrComesLater) {
  EXPECT_FALSE(is_good({read(0, 1, "a")}));
  EXPECT_FALSE(is_good({refused(write(0, 1, "a")), read(2, 3, "a")}));
  EXPECT_FALSE(is_good({read(0, 1, "a"), write(2, 3, "a")}));
  EXPECT_TRUE(is_good({refused(write(0, 1, "a")), read_nothing(2, 3)}));
}

TEST(HistoryVerdict, AnErasedValueStaysErased) {
  EXPECT_TRUE(is_good({write(0, 1, "a"), erase(2, 3, true), read_nothing(4, 5), erase(6, 7, false)}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), erase(2, 3, true), read(4, 5, "a")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), erase(2, 3, false)}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), erase(2, 3, true), erase(4, 5, true)}));
}

TEST(HistoryVerdict, AnUnknownWriteMayHappenLaterOrNeverButOnlyOnce) {
  EXPECT_TRUE(is_good({write(0, 1, "a"), unknown(write(2, 3, "b")), read(4, 5, "a"), read(60, 70, "b")}));
  EXPECT_TRUE(is_good({write(0, 1, "a"), unknown(write(2, 3, "b")), read(4, 5, "a")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), unknown(write(2, 3, "b")), read(4, 5, "b"), read(6, 7, "a")}));
  EXPECT_FALSE(is_good({unknown(write(2, 3, "b")), read(4, 5, "b"), write(6, 7, "c"), read(8, 9, "b")}));
  EXPECT_FALSE(is_good({read(0, 1, "b"), unknown(write(2, 3, "b"))}));
}

TEST(HistoryVerdict, AnUnknownEraseMayHappenLaterOrNever) {
  EXPECT_TRUE(is_good({write(0, 1, "a"), unknown(erase(2, 3, true)), read(4, 5, "a"), read_nothing(6, 7)}));
  EXPECT_TRUE(is_good({write(0, 1, "a"), unknown(erase(2, 3, true)), read(4, 5, "a")}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), unknown(erase(2, 3, true)), read_nothing(4, 5), read(6, 7, "a")}));
  EXPECT_FALSE(is_good(
      {write(0, 1, "a"), unknown(erase(2, 3, true)), read_nothing(4, 5), write(6, 7, "b"), read_nothing(8, 9)}));
}

TEST(HistoryVerdict, OneOfTwoMayWriteWhatIsAbsent) {
  EXPECT_TRUE(is_good({if_absent(write(0, 5, "a")), failed(if_absent(write(1, 6, "b"))), read(7, 8, "a")}));
  EXPECT_FALSE(is_good({if_absent(write(0, 5, "a")), if_absent(write(1, 6, "b"))}));
  EXPECT_FALSE(is_good({failed(if_absent(write(0, 1, "a")))}));
  EXPECT_TRUE(is_good({write(0, 1, "a"), erase(2, 3, true), if_absent(write(4, 5, "b"))}));
  EXPECT_FALSE(is_good({write(0, 1, "a"), if_absent(write(4, 5, "b"))}));
}

TEST(HistoryVerdict, WhatAFailedConditionSawIsThere) {
  // It saw the value of a write that nobody was told of, which is then lost.
  EXPECT_TRUE(is_good({unknown(write(0, 1, "a")), failed(if_absent(write(2, 3, "b")), true), read(4, 5, "a")}));
  EXPECT_FALSE(is_good({unknown(write(0, 1, "a")), failed(if_absent(write(2, 3, "b")), true), read_nothing(4, 5)}));
  EXPECT_FALSE(is_good({of(write(0, 1, "a"), {1, 1}), of(write(2, 3, "b"), {1, 2}),
                        failed(if_absent(write(4, 5, "c")), true, Version{1, 1})}));
  EXPECT_FALSE(is_good({failed(if_absent(write(4, 5, "c")), false)}));
}

TEST(HistoryVerdict, OneOfTwoMayReplaceAVersion) {
  const Operation first = of(write(0, 1, "a"), {1, 1});
  const Operation one = of(if_version(write(2, 5, "b"), {1, 1}), {1, 2});
  const Operation other = if_version(write(3, 6, "c"), {1, 1});
  EXPECT_TRUE(is_good({first, one, failed(other, true, Version{1, 2})}));
  EXPECT_TRUE(is_good({first, one, failed(other)}));
  EXPECT_FALSE(is_good({first, one, of(other, {1, 3})}));
  EXPECT_FALSE(is_good({first, failed(other, true, Version{1, 1})}));
  EXPECT_FALSE(is_good({first, failed(other)}));
  EXPECT_FALSE(is_good({of(if_version(write(2, 5, "b"), {1, 1}), {1, 2})}));
}

TEST(HistoryVerdict, AnUnknownConditionalWriteHappensOnlyWhereItsConditionHolds) {
  const Operation first = of(write(0, 1, "a"), {1, 1});
  const Operation swap = unknown(if_version(write(2, 3, "b"), {1, 1}));
  EXPECT_TRUE(is_good({first, swap, read(4, 5, "a"), read(6, 7, "b")}));
  EXPECT_TRUE(is_good({first, swap, of(write(4, 5, "c"), {1, 3}), read(6, 7, "c")}));
  EXPECT_FALSE(is_good({first, swap, of(write(4, 5, "c"), {1, 3}), read(6, 7, "c"), read(8, 9, "b")}));
}

TEST(HistoryVerdict, AnEraseOfAVersionTakesNoOther) {
  const Operation first = of(write(0, 1, "a"), {1, 1});
  EXPECT_TRUE(is_good({first, if_version(erase(2, 3, true), {1, 1}), read_nothing(4, 5)}));
  EXPECT_FALSE(is_good({first, of(write(2, 3, "b"), {1, 2}), if_version(erase(4, 5, true), {1, 1})}));
}

TEST(HistoryVerdict, VersionsGrowAlongTheOrder) {
  EXPECT_TRUE(is_good({of(write(0, 5, "a"), {1, 2}), of(write(1, 6, "b"), {1, 1}), read(7, 8, "a")}));
  EXPECT_FALSE(is_good({of(write(0, 5, "a"), {1, 2}), of(write(1, 6, "b"), {1, 1}), read(7, 8, "b")}));
  EXPECT_FALSE(is_good({of(write(0, 1, "a"), {1, 2}), of(write(2, 3, "b"), {1, 1})}));
  EXPECT_FALSE(is_good({of(write(0, 1, "a"), {2, 1}), of(erase(2, 3, true), {1, 9})}));
  // The version of an unknown write is told by who reads it.
  EXPECT_FALSE(is_good({unknown(write(0, 1, "a")), of(write(2, 3, "b"), {1, 2}), of(read(4, 5, "a"), {1, 1})}));
}

TEST(HistoryVerdict, AVersionIsOfOneChangeAndAValueOfOneVersion) {
  EXPECT_FALSE(is_good({of(write(0, 5, "a"), {1, 1}), of(write(0, 5, "b"), {1, 1})}));
  EXPECT_FALSE(is_good({of(write(0, 1, "a"), {1, 1}), of(read(2, 3, "a"), {1, 2})}));
  EXPECT_FALSE(is_good({of(write(0, 5, "a"), {1, 1}), of(erase(0, 5, true), {1, 1})}));
}

TEST(HistoryVerdict, NamesTheKeyTheOperationsAndWhatTheKeyMayHaveHeld) {
  std::vector<Operation> operations{write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a"), write(6, 7, "d")};
  for (Moment at = 10; at < 1'000; at += 2) operations.push_back(read(at, at + 1, "d"));
  const HistoryVerdict verdict = verdict_of(operations);
  ASSERT_EQ(verdict.sentences.size(), 1u);
  const std::string& sentence = verdict.sentences.front();
  EXPECT_TRUE(sentence.starts_with("key k: no order of these fits their answers:\n")) << sentence;
  EXPECT_NE(sentence.find("the key may have held: b\n"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("what went on then (3 of 499 operations)"), std::string::npos) << sentence;
}

TEST(HistoryVerdict, KeysAreJudgedEachForItself) {
  const OperationsByKey history{{"a", {write(0, 1, "x")}}, {"b", {read_nothing(2, 3)}}, {"c", {read(4, 5, "y")}}};
  const HistoryVerdict verdict = judge(history, 10);
  EXPECT_EQ(verdict.operations, 3u);
  EXPECT_EQ(verdict.wrong_keys, 1u);
}

}  // namespace
}  // namespace p2p::history
