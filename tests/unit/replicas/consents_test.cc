// H1: whoever gives a hand-over up and whoever consents to it cannot both win.
#include "agreed/consents.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace p2p::diststore::agreed {
namespace {

constexpr auto yes = [](Partition, replication::Epoch) { return true; };
constexpr auto no = [](Partition, replication::Epoch) { return false; };

TEST(Consents, NobodyConsentsUnasked) {
  Consents consents;
  consents.decide(yes);
  EXPECT_FALSE(consents.has_consented(1, 7));
}

TEST(Consents, AConsentStands) {
  Consents consents;
  consents.request(1, 7);
  consents.decide(no);
  EXPECT_FALSE(consents.has_consented(1, 7));
  consents.decide(yes);
  consents.decide(no);
  EXPECT_TRUE(consents.has_consented(1, 7));
  EXPECT_FALSE(consents.has_consented(1, 8)) << "of another term";
  EXPECT_FALSE(consents.give_up(1, 7)) << "too late";
  EXPECT_TRUE(consents.has_consented(1, 7));
}

TEST(Consents, WhatIsGivenUpIsConsentedToByNobody) {
  Consents consents;
  consents.request(1, 7);
  EXPECT_TRUE(consents.give_up(1, 7));
  consents.decide(yes);
  EXPECT_FALSE(consents.has_consented(1, 7));
}

TEST(Consents, AnotherTermForgetsThem) {
  Consents consents;
  consents.request(1, 7);
  consents.decide(yes);
  consents.forget_before(1, 7);
  EXPECT_TRUE(consents.has_consented(1, 7));
  consents.forget_before(1, 8);
  EXPECT_FALSE(consents.has_consented(1, 7));
}

TEST(Consents, TwoThreadsAgreeWhichOfThemWasFirst) {
  for (int round = 0; round < 2'000; ++round) {
    Consents consents;
    consents.request(1, 7);
    bool has_stopped = false;
    std::atomic<bool> begin{false};
    std::thread store([&] {
      while (!begin) std::this_thread::yield();
      consents.decide([&](Partition, replication::Epoch) { return has_stopped = true; });
    });
    begin = true;
    const bool is_given_up = consents.give_up(1, 7);
    store.join();
    ASSERT_NE(is_given_up, has_stopped);
  }
}

}  // namespace
}  // namespace p2p::diststore::agreed
