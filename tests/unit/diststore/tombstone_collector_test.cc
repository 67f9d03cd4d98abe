#include "classic/tombstone_collector.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;

// By any clock that runs today the one is long ago, and the other still to come.
constexpr Version kLongAgo{stamp_of(1'000), 1};
constexpr Version kToCome{stamp_of(std::uint64_t{1} << 46), 1};

class TombstoneCollectorTest : public ::testing::Test, protected StoreFixture {
 protected:
  TombstoneCollectorTest()
      : watch(std::make_shared<RingWatch>(log, strand, classic)),
        rebalancer(std::make_shared<Rebalancer>(log, strand, classic, std::make_shared<ReceiptBook>())),
        tombstone_collector(std::make_shared<TombstoneCollector>(strand, classic, watch, rebalancer)) {
    publish(OwnershipSnapshot{kSelf, 0, false, locator->ring_of({}), {}, {}});
  }
  ~TombstoneCollectorTest() override {
    tombstone_collector->stop();
    rebalancer->stop();
    watch->stop();
    strand->run_posted();
  }

  // A member that has everything it owns.
  void be_with(std::vector<NodeAddress> others) {
    others.push_back(kSelf);
    watch->ring_changed(locator->ring_of(others));
    watch->joined({});
    strand->run_posted();
    while (!peers.asked.empty()) answer_transfer_request(true);
    ASSERT_TRUE(classic->ownership->share()->is_established);
    ASSERT_TRUE(classic->ownership->share()->acquired_ranges.empty());
    be_handed_over();
    tombstone_collector->start();
    strand->run_posted();
  }
  void be_handed_over() {
    rebalancer->rescan();
    strand->advance(1s);
    ASSERT_TRUE(rebalancer->is_handed_over(classic->ownership->share()->view_version));
  }
  void answer_transfer_request(bool is_handed_over) {
    wire::TransferRequestReply reply;
    reply.fenced = true;
    reply.handed_over = is_handed_over;
    reply.view = fingerprint_of(*classic->ownership->share()->ring);
    peers.take("claim").done(reply_with<wire::StorePeer_claim_result>("claim", reply));
    strand->run_posted();
  }
  void hold_tombstone(const std::string& key, Version version = kLongAgo) { hold(key, "", version, true); }
  bool is_remembered(const std::string& key) { return stored(key).has_value(); }

  std::shared_ptr<RingWatch> watch;
  std::shared_ptr<Rebalancer> rebalancer;
  std::shared_ptr<TombstoneCollector> tombstone_collector;
};

TEST_F(TombstoneCollectorTest, NothingGoesBeforeTheGraceIsOver) {
  be_with({});
  hold_tombstone("a");
  strand->advance(59s);
  EXPECT_TRUE(is_remembered("a"));
  strand->advance(1s);
  EXPECT_FALSE(is_remembered("a"));
}

TEST_F(TombstoneCollectorTest, NoNodeIsAskedBeforeTheGraceIsOver) {
  be_with({kOther});
  hold_tombstone("a");
  strand->advance(59s);
  EXPECT_TRUE(peers.asked.empty());
  strand->advance(1s);
  EXPECT_EQ(peers.questions(), (std::vector<std::string>{"claim of 9901"}));
}

TEST_F(TombstoneCollectorTest, NothingGoesBeforeEveryNodeIsHandedOver) {
  be_with({kOther, kThird});
  hold_tombstone("a");
  strand->advance(60s);
  answer_transfer_request(true);
  answer_transfer_request(false);
  EXPECT_TRUE(is_remembered("a"));
  strand->advance(kTransferRequestPauseMin);
  EXPECT_TRUE(is_remembered("a"));
  answer_transfer_request(true);
  EXPECT_FALSE(is_remembered("a"));
}

TEST_F(TombstoneCollectorTest, OnlyErasedKeysGoAndOnlyThoseThatWereErasedBeforeTheGrace) {
  be_with({});
  hold_tombstone("old");
  hold_tombstone("young", kToCome);
  hold("value", "kept", kLongAgo);
  strand->advance(60s);
  EXPECT_FALSE(is_remembered("old"));
  EXPECT_TRUE(is_remembered("young"));
  EXPECT_EQ(value_of("value"), "kept");
}

TEST_F(TombstoneCollectorTest, TheGraceIsCountedFromTheErase) {
  be_with({});
  hold("now", "by the store's own clock");
  const Stamp now = stored("now")->version.stamp;
  hold_tombstone("half a grace ago", {now - stamp_of(30'000), 1});
  hold_tombstone("two graces ago", {now - stamp_of(120'000), 1});
  strand->advance(60s);
  EXPECT_TRUE(is_remembered("half a grace ago"));
  EXPECT_FALSE(is_remembered("two graces ago"));
}

TEST_F(TombstoneCollectorTest, WhatWasErasedWhileTheNodesWereAskedStays) {
  be_with({kOther});
  hold_tombstone("a");
  strand->advance(60s);
  hold("b", "banana");
  erase("b");
  answer_transfer_request(true);
  EXPECT_FALSE(is_remembered("a"));
  EXPECT_TRUE(is_remembered("b"));
}

TEST_F(TombstoneCollectorTest, WithoutErasedKeysNoNodeIsAsked) {
  be_with({kOther});
  hold("a", "apple");
  strand->advance(1h);
  EXPECT_TRUE(peers.asked.empty());
}

TEST_F(TombstoneCollectorTest, TheNextGraceBeginsWithTheFormerQuestion) {
  be_with({kOther});
  hold_tombstone("young", kToCome);
  strand->advance(60s);
  answer_transfer_request(true);
  strand->advance(59s);
  EXPECT_TRUE(peers.asked.empty()) << "one question a grace";
  strand->advance(1s);
  EXPECT_EQ(peers.asked.size(), 1u);
}

TEST_F(TombstoneCollectorTest, OneQuestionIsAskedAtATime) {
  be_with({kOther});
  hold_tombstone("a");
  strand->advance(10min);
  EXPECT_EQ(peers.asked.size(), 1u);
  answer_transfer_request(true);
  EXPECT_FALSE(is_remembered("a"));
}

TEST_F(TombstoneCollectorTest, ManyMoreThanOnePortionAreSweptAll) {
  be_with({});
  for (int i = 0; i < 10'000; ++i) hold_tombstone(std::to_string(i));
  for (int i = 0; i < 1'000; ++i) hold("stays" + std::to_string(i), "value", kLongAgo);
  strand->advance(60s);
  EXPECT_EQ(classic->local->engine().totals().tombstones, 0u);
  EXPECT_EQ(classic->local->engine().totals().keys, 1'000u);
}

TEST_F(TombstoneCollectorTest, ATombstoneThatIsAnotherNodesStaysUntilThatHasGotIt) {
  locator->ranks = {{"a", {kOther, kSelf}}};
  be_with({});
  hold_tombstone("a");
  hold_tombstone("ours");
  watch->ring_changed(locator->ring_of({kSelf, kOther}));
  strand->advance(60s);
  ASSERT_EQ(peers.questions(), (std::vector<std::string>{"claim of 9901"}));
  answer_transfer_request(true);
  EXPECT_TRUE(is_remembered("a")) << "the other one may hold an older value";
  EXPECT_TRUE(is_remembered("ours"));
  ASSERT_TRUE(remove("a", kLongAgo));  // as the rebalancer does when it is confirmed
  be_handed_over();
  strand->advance(60s);
  answer_transfer_request(true);
  EXPECT_FALSE(is_remembered("ours"));
}

// --- placeholders ----------------------------------------------------------------------------------------------------

TEST_F(TombstoneCollectorTest, APlaceholderHasNoGrace) {
  be_with({});
  ASSERT_EQ(classic->local->engine().apply_one(Change::confirm("a", view_version())).value(), Outcome::done);
  hold_tombstone("b");
  strand->advance(60s);
  EXPECT_FALSE(is_remembered("a"));
}

// --- too many --------------------------------------------------------------------------------------------------------

TEST_F(TombstoneCollectorTest, WithTooManyErasedKeysThereIsNoGrace) {
  classic->options.tombstone_grace = 24h * 365 * 30;
  constexpr Version kIn2010{stamp_of(1'262'304'000'000), 1};
  be_with({kOther});
  for (std::size_t i = 0; i < classic->options.tombstones_max; ++i) hold_tombstone(std::to_string(i), kIn2010);
  strand->advance(1s);
  EXPECT_TRUE(peers.asked.empty()) << "as many as may be";
  hold_tombstone("one more", kIn2010);
  strand->advance(1s);
  ASSERT_EQ(peers.asked.size(), 1u);
  answer_transfer_request(true);
  EXPECT_EQ(classic->local->engine().totals().tombstones, 0u);
}

TEST_F(TombstoneCollectorTest, WithTooManyErasedKeysNothingGoesThatANodeMayStillHold) {
  be_with({kOther});
  for (std::size_t i = 0; i <= classic->options.tombstones_max; ++i) hold_tombstone(std::to_string(i));
  strand->advance(1s);
  answer_transfer_request(false);
  strand->advance(10s);
  EXPECT_EQ(classic->local->engine().totals().tombstones, classic->options.tombstones_max + 1);
}

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_F(TombstoneCollectorTest, NothingIsAskedAfterTheStop) {
  be_with({kOther});
  hold_tombstone("a");
  strand->advance(59s);
  tombstone_collector->stop();
  strand->advance(1h);
  EXPECT_TRUE(peers.asked.empty());
  EXPECT_EQ(strand->timers(), 0u);
}

}  // namespace
}  // namespace p2p::diststore
