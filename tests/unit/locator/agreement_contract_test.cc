// What a member relies on, whatever decides (cluster/agreement.h): the same for the embedded voters and for the fake.
#include "agreement_fixture.h"
#include "fake_agreement.h"

#include <gtest/gtest.h>

namespace p2p::cluster {
namespace {

// As AgreementTest, of nodes that ask and watch one engine.
class FakeAgreementTest : public ::testing::Test {
 protected:
  struct Node {
    std::unique_ptr<FakeAgreement> agreement;
    std::vector<Decision> decisions;
  };

  void start(const ClusterMap& map) {
    engine_.begin(std::make_shared<const ClusterMap>(map));
    for (const Member& one : map.members)
      nodes_[one.id].agreement = std::make_unique<FakeAgreement>(engine_, one.id, one.boot);
    run(50ms);
  }
  Agreement& at(unsigned number) { return *nodes_[id(number)].agreement; }
  Node& node(unsigned number) { return nodes_[id(number)]; }
  Epoch epoch_at(unsigned number) { return at(number).latest()->epoch; }
  TimePoint now(unsigned) { return now_; }
  bool holds_lease(unsigned number) { return at(number).lease_held_until() > now_; }
  void cut_off(unsigned number) { engine_.cut_watch(id(number)); }
  void mend() {
    for (const auto& [id, node] : nodes_) engine_.mend_watch(id);
  }
  void tick(unsigned number) { tick(id(number)); }
  void run(Duration duration, const std::set<unsigned>& but = {}) {
    for (Duration passed{}; passed < duration; passed += 50ms) {
      now_ += 50ms;
      for (auto& [id, node] : nodes_)
        if (!but.contains(static_cast<unsigned>(id.high))) tick(id);
    }
  }
  void decide(unsigned number, const Change& change) {
    at(number).decide(epoch_at(number), change, now_);
    tick(number);
  }

 private:
  void tick(const NodeId& id) {
    AgreementEffects effects;
    nodes_[id].agreement->tick(now_, effects);
    std::ranges::move(effects.decisions, std::back_inserter(nodes_[id].decisions));
  }

  FakeEngine engine_;
  std::map<NodeId, Node> nodes_;
  TimePoint now_{1000s};
};

template <class Fixture>
class AgreementContract : public Fixture {
 protected:
  static constexpr unsigned kMembers = 3;

  void SetUp() override {
    this->start(map_of(kMembers, kMembers));
    this->run(400ms);
  }

  static Change heavier(unsigned number, std::uint32_t weight) {
    return {.requests = {Describe{.node = id(number), .weight = weight}}};
  }
  static Change down(unsigned number) { return {.requests = {Down{.node = id(number), .boot = boot(1)}}}; }
  static Change to_2(const ClusterMap& map) { return {.requests = {move_primary(map, 0, 2)}}; }
  bool is_up(unsigned number, unsigned by) {
    const ClusterMap& map = *this->at(by).latest();
    return map.is_up(map.slot_of(id(number)));
  }
};

using Implementations = ::testing::Types<AgreementTest, FakeAgreementTest>;
class NameOf {
 public:
  template <class Fixture>
  static std::string GetName(int) {
    return std::is_same_v<Fixture, AgreementTest> ? "Embedded" : "Fake";
  }
};
TYPED_TEST_SUITE(AgreementContract, Implementations, NameOf);

TYPED_TEST(AgreementContract, WhatIsDecidedIsToldToAllInOrder) {
  const Epoch before = this->epoch_at(1);
  for (const unsigned by : {1, 2, 3}) {
    this->decide(by, this->heavier(by, 50));
    this->run(50ms);
  }
  for (const unsigned number : {1, 2, 3}) {
    ASSERT_EQ(this->epoch_at(number), before + 3) << number;
    const std::vector<Decision>& told = this->node(number).decisions;
    ASSERT_EQ(told.size(), 3u) << number;
    for (unsigned by = 1; by <= told.size(); ++by) {
      EXPECT_EQ(told[by - 1].map->epoch, before + by);
      EXPECT_EQ(told[by - 1].change.requests, this->heavier(by, 50).requests);
    }
    EXPECT_EQ(told.back().map, this->at(number).latest());
  }
}

TYPED_TEST(AgreementContract, NothingIsDecidedThatTheMapDoesNotAllow) {  // A5
  const Epoch before = this->epoch_at(1);
  this->decide(1, this->heavier(7, 50));
  this->run(1s);
  EXPECT_EQ(this->epoch_at(1), before);
}

TYPED_TEST(AgreementContract, WhatIsAskedOfAFormerMapIsIgnored) {
  this->decide(1, this->heavier(1, 50));
  this->run(50ms);
  const Epoch then = this->epoch_at(1);
  this->at(1).decide(then - 1, this->heavier(2, 50), this->now(1));
  this->run(1s);
  EXPECT_EQ(this->epoch_at(1), then);
}

TYPED_TEST(AgreementContract, OneThatMayNotDecideIsIgnored) {
  this->decide(1, {.requests = {SetVoters{.voters = {id(1)}}}});
  this->run(50ms);
  EXPECT_TRUE(this->at(1).may_decide());
  ASSERT_FALSE(this->at(2).may_decide());
  const Epoch then = this->epoch_at(2);
  this->decide(2, this->heavier(2, 50));
  this->run(1s);
  EXPECT_EQ(this->epoch_at(2), then);
}

TYPED_TEST(AgreementContract, ALeaseIsHeldWhileTheNodeRunsAndTheMapIsKnownToBeTheNewest) {
  for (const unsigned number : {1, 2, 3}) {
    EXPECT_TRUE(this->holds_lease(number)) << number;
    EXPECT_GT(this->at(number).newest_at(), TimePoint::min()) << number;
    for (const unsigned by : {1, 2, 3})
      EXPECT_GE(this->at(by).promised_until(id(number)), this->at(number).lease_held_until() - 1ms) << number;
  }
  this->run(5s);
  EXPECT_TRUE(this->holds_lease(2));
}

TYPED_TEST(AgreementContract, NothingIsTakenFromANodeThatMayActOnItsLease) {  // L4
  const TimePoint held = this->at(1).lease_held_until();
  while (this->is_up(1, 2)) {
    this->decide(2, this->down(1));
    if (!this->is_up(1, 2)) break;
    this->run(50ms, {1});  // which is frozen
    ASSERT_LT(this->now(2), held + 10s);
  }
  EXPECT_GE(this->now(2), held);
  EXPECT_FALSE(this->holds_lease(1));
}

TYPED_TEST(AgreementContract, ProofThatAProcessHasEndedIsEnough) {  // L4
  for (const unsigned by : {2, 3}) this->at(by).note_ended(id(1), boot(1));
  EXPECT_TRUE(this->at(2).has_ended(id(1), boot(1)));
  EXPECT_FALSE(this->at(2).has_ended(id(1), boot(2)));
  this->decide(2, this->down(1));
  this->run(50ms, {1});
  EXPECT_FALSE(this->is_up(1, 2));
}

TYPED_TEST(AgreementContract, AConsentCoversAMoveInItsTermAndNoDeath) {  // H1
  const ClusterMap before = *this->at(2).latest();
  this->decide(2, this->to_2(before));
  this->run(50ms);
  ASSERT_EQ(primary_of(*this->at(2).latest()), 1u);
  this->at(1).set_consents({{.partition = 0, .term = before.partitions[0].term}});
  this->run(3500ms);  // also what the refusal before has left behind (L7)
  this->decide(2, this->down(1));
  ASSERT_TRUE(this->is_up(1, 2));
  this->run(3500ms);
  ASSERT_TRUE(this->holds_lease(1));
  this->decide(2, this->to_2(before));
  this->run(50ms);
  EXPECT_EQ(primary_of(*this->at(2).latest()), 2u);
  EXPECT_TRUE(this->holds_lease(1)) << "of what it did not consent to";
}

TYPED_TEST(AgreementContract, ANodeThatHangsGetsNoLease) {  // L1
  this->at(2).set_healthy(false);
  this->run(2s);
  EXPECT_FALSE(this->holds_lease(2));
  EXPECT_TRUE(this->holds_lease(1));
  this->at(2).set_healthy(true);
  this->run(400ms);
  EXPECT_TRUE(this->holds_lease(2));
}

TYPED_TEST(AgreementContract, OneThatWasCutOffLosesItsLeaseAndLearnsWhatItMissed) {
  this->cut_off(3);
  for (std::uint32_t weight = 50; weight < 55; ++weight) {
    this->decide(1, this->heavier(1, weight));
    this->run(50ms);
  }
  this->run(2s);
  ASSERT_LT(this->epoch_at(3), this->epoch_at(1));
  EXPECT_FALSE(this->holds_lease(3));
  this->mend();
  this->run(1s);
  EXPECT_EQ(this->epoch_at(3), this->epoch_at(1));
  EXPECT_TRUE(this->holds_lease(3));
  Epoch last = 0;
  for (const Decision& told : this->node(3).decisions) {
    EXPECT_GT(told.map->epoch, last);
    last = told.map->epoch;
  }
  EXPECT_EQ(last, this->epoch_at(1));
}

}  // namespace
}  // namespace p2p::cluster
