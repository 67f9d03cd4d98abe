// In which order do calls leave, and what is left out?
#include "peers/outgoing_calls.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace p2p::host {
namespace {

class OutgoingCallsTest : public ::testing::Test {
 protected:
  void add(const std::string& message, Urgency urgency = Urgency::fails_fast) {
    calls_.add(++last_, urgency, [&](std::string& out) { out += message; });
  }
  std::string take() {
    std::string batch;
    calls_.take(batch, [this](std::int32_t sequence) { return !unwanted_.contains(sequence); });
    return batch;
  }

  OutgoingCalls calls_;
  std::set<std::int32_t> unwanted_;
  std::int32_t last_ = 0;
};

TEST_F(OutgoingCallsTest, LeaveInOneBatchInTheirOrder) {
  add("one ");
  add("two ");
  EXPECT_EQ(calls_.bytes(Urgency::fails_fast), 8u);
  EXPECT_EQ(take(), "one two ");
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(take(), "");
}

TEST_F(OutgoingCallsTest, BetweenLocatorsGoBeforeAllDataThatIsNotYetWritten) {
  add("data ");
  add("vote ", Urgency::must_try);
  add("more data ");
  add("lease ", Urgency::must_try);
  EXPECT_EQ(take(), "vote lease ");
  EXPECT_EQ(take(), "data more data ");
}

TEST_F(OutgoingCallsTest, BetweenLocatorsWaitForOneBatchOfDataAtMost) {
  for (const char letter : {'a', 'b', 'c', 'd'}) add(std::string(kDataBatchBytesMax / 2 + 1, letter));
  EXPECT_EQ(take(), std::string(kDataBatchBytesMax / 2 + 1, 'a') + std::string(kDataBatchBytesMax / 2 + 1, 'b'));
  add("vote", Urgency::must_try);
  EXPECT_EQ(calls_.bytes(Urgency::must_try), 4u);
  EXPECT_EQ(calls_.bytes(Urgency::fails_fast), 2 * (kDataBatchBytesMax / 2 + 1));
  EXPECT_EQ(take(), "vote");
  EXPECT_EQ(take(), std::string(kDataBatchBytesMax / 2 + 1, 'c') + std::string(kDataBatchBytesMax / 2 + 1, 'd'));
  EXPECT_TRUE(calls_.empty());
}

TEST_F(OutgoingCallsTest, DataHasItsTurnHoweverMuchGoesBetweenLocators) {
  add("vote ", Urgency::must_try);
  add("data ");
  EXPECT_EQ(take(), "vote ");
  add("lease ", Urgency::must_try);
  EXPECT_EQ(take(), "data ");
  EXPECT_EQ(take(), "lease ");
}

TEST_F(OutgoingCallsTest, AMessageThatIsLargerThanABatchGoesWhole) {
  add(std::string(3 * kDataBatchBytesMax, 'a'));
  add("b");
  EXPECT_EQ(take(), std::string(3 * kDataBatchBytesMax, 'a'));
  EXPECT_EQ(take(), "b");
}

TEST_F(OutgoingCallsTest, WhatNobodyWaitsForIsLeftOut) {
  for (const char* const message : {"one ", "two ", "three ", "four "}) add(message);
  unwanted_ = {1, 3};
  EXPECT_EQ(take(), "two four ");
  add("five ");
  unwanted_ = {5};
  EXPECT_EQ(take(), "");
  EXPECT_TRUE(calls_.empty());
}

TEST_F(OutgoingCallsTest, WhatIsForgottenIsNamedAndNoLongerSent) {
  for (int count = 0; count < 3; ++count) add(std::string(kDataBatchBytesMax, 'a'));
  add("vote", Urgency::must_try);
  EXPECT_EQ(take(), "vote");
  EXPECT_EQ(take().size(), kDataBatchBytesMax);
  EXPECT_EQ(calls_.clear(), (std::vector<std::int32_t>{2, 3}));
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(take(), "");
}

// Whatever the sizes and the turns: each wanted call once, and in order within its class.
TEST_F(OutgoingCallsTest, NoneIsLostAndNoneOvertakesItsOwnKind) {
  std::mt19937 random(1);
  std::map<Urgency, std::string> added;
  std::map<Urgency, std::string> taken;
  const auto take_one = [&] {
    const std::string batch = take();
    if (!batch.empty()) taken[batch[0] == 'u' ? Urgency::must_try : Urgency::fails_fast] += batch;
  };
  for (int turn = 0; turn < 2000; ++turn) {
    if (random() % 3 == 0) {
      take_one();
      continue;
    }
    const bool is_urgent = random() % 4 == 0;
    const std::size_t bytes = random() % 8 == 0 ? random() % kDataBatchBytesMax : random() % 100;
    const std::string message = (is_urgent ? "u" : "d") + std::to_string(turn) + std::string(bytes, '.');
    const auto urgency = is_urgent ? Urgency::must_try : Urgency::fails_fast;
    add(message, urgency);
    if (random() % 5 == 0)
      unwanted_.insert(last_);
    else
      added[urgency] += message;
  }
  while (!calls_.empty()) take_one();
  EXPECT_TRUE(taken == added);
}

}  // namespace
}  // namespace p2p::host
