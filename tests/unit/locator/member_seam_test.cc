// A member on something else than the embedded voters: it knows what decides by cluster/agreement.h alone, and bears
// what that may do to it. Linked without the voters' code.
#include "cluster_fixture.h"
#include "fake_agreement.h"

#include "agreed/empty_host.h"
#include "cluster/member/cluster_member.h"

#include <deque>
#include <functional>

namespace p2p::cluster {
namespace {

using namespace std::chrono_literals;
using Fault = FakeEngine::Fault;

// Members in one thread whose messages arrive at once. Node 1 founds, the others ask 1 to be let in.
class MemberSeam : public ::testing::Test {
 protected:
  struct Node {
    agreed::EmptyHost host;
    std::unique_ptr<ClusterMember> member;
    std::vector<Decision> decisions;
    bool is_frozen = false;
  };

  void begin(unsigned number, std::uint64_t with_boot = 1) {
    Node& node = nodes_[number];
    Member self = cluster::member(number);
    self.boot = boot(with_boot);
    self.holds_partitions = true;
    node.member = std::make_unique<ClusterMember>(
        self, LeaseRules{}, Policy{}, std::make_unique<FakeAgreement>(engine_, self.id, self.boot), node.host, now_);
    if (node.member->map() != nullptr) return;
    MemberEffects effects;
    if (number == 1)
      node.member->found({.cluster = {}, .succeeds = {}, .founder = self, .partitions = kPartitions}, now_, effects);
    else
      node.member->join({id(1)});
    take(number, effects);
  }
  void begin_all(unsigned count) {
    for (unsigned number = 1; number <= count; ++number) begin(number);
    run(5s);
    ASSERT_EQ(newest().up_count(), count);
  }

  ClusterMember& at(unsigned number) { return *nodes_[number].member; }
  const ClusterMap& newest() const { return engine_.newest(); }
  std::size_t primaries_of(unsigned number) const {
    const Slot slot = newest().slot_of(id(number));
    return static_cast<std::size_t>(
        std::ranges::count_if(newest().partitions, [&](const Partition& one) { return one.primary == slot; }));
  }
  std::size_t served_by(unsigned number) {
    std::size_t served = 0;
    for (PartitionNumber partition = 0; partition < kPartitions; ++partition)
      if (at(number).serves(partition, now_)) ++served;
    return served;
  }
  bool is_up(unsigned number) const { return newest().is_up(newest().slot_of(id(number))); }

  void step() {
    now_ += 10ms;
    for (auto& [number, node] : nodes_) {
      if (node.member == nullptr || node.is_frozen || node.member->next_wakeup() > now_) continue;
      MemberEffects effects;
      node.member->tick(now_, effects);
      take(number, effects);
    }
    check_servers();
  }
  void run(Duration duration) {
    for (const TimePoint end = now_ + duration; now_ < end;) step();
  }
  bool run_until(const std::function<bool()>& is_so, Duration patience = 20s) {
    for (const TimePoint end = now_ + patience; now_ < end && !is_so();) step();
    return is_so();
  }

  static constexpr std::uint32_t kPartitions = 16;

  FakeEngine engine_;
  std::map<unsigned, Node> nodes_;
  TimePoint now_{1h};

 private:
  // Never two at once, those included that are frozen: they would answer if they woke up.
  void check_servers() {
    for (PartitionNumber partition = 0; partition < kPartitions; ++partition) {
      unsigned servers = 0;
      for (auto& [number, node] : nodes_)
        if (node.member != nullptr && node.member->serves(partition, now_)) ++servers;
      ASSERT_LE(servers, 1u) << "of partition " << partition;
    }
  }

  void take(unsigned number, MemberEffects& effects) {
    std::ranges::move(effects.decisions, std::back_inserter(nodes_[number].decisions));
    ASSERT_TRUE(effects.saves.empty());
    for (MemberEffects::Call& call : effects.calls) {
      ASSERT_FALSE((std::holds_alternative<Renew>(call.request) || std::holds_alternative<Prepare>(call.request)));
      messages_.push_back([this, number, call = std::move(call)] { deliver(number, call); });
    }
    if (is_delivering_) return;
    is_delivering_ = true;
    for (; !messages_.empty(); messages_.pop_front()) messages_.front()();
    is_delivering_ = false;
  }

  void deliver(unsigned from, const MemberEffects::Call& call) {
    const auto to = static_cast<unsigned>(call.to.high);
    const auto found = nodes_.find(to);
    if (found == nodes_.end() || found->second.member == nullptr || found->second.is_frozen) return;
    MemberEffects made;
    at(to).on_request(at(from).sender(), call.request, ++requests_, now_, made);
    ASSERT_EQ(made.answers.size(), 1u);
    const Reply reply = made.answers.front().reply;
    const Sender answerer = at(to).sender();
    take(to, made);
    MemberEffects heard;
    at(from).on_reply(answerer, reply, now_, heard);
    take(from, heard);
  }

  std::deque<std::function<void()>> messages_;
  bool is_delivering_ = false;
  RequestId requests_ = 0;
};

TEST_F(MemberSeam, NodesThatJoinShareThePartitions) {
  begin_all(3);
  EXPECT_TRUE(
      run_until([&] { return served_by(1) + served_by(2) + served_by(3) == kPartitions && served_by(3) >= 5; }));
  for (const unsigned number : {1, 2, 3}) EXPECT_EQ(*at(number).map(), newest()) << number;
}

TEST_F(MemberSeam, OneThatLeavesHandsOverAndGoes) {
  begin_all(3);
  ASSERT_TRUE(run_until([&] { return primaries_of(3) > 0; }));
  at(3).leave();
  ASSERT_TRUE(run_until([&] { return !newest().holds(newest().slot_of(id(3))); }));
  at(3).let_go();
  EXPECT_TRUE(run_until([&] { return newest().slot_of(id(3)) == kNoSlot; }));
  EXPECT_TRUE(run_until([&] { return served_by(1) + served_by(2) == kPartitions; }));
}

TEST_F(MemberSeam, OneThatFallsSilentIsReplacedWhenItsLeaseHasEnded) {
  begin_all(3);
  ASSERT_TRUE(run_until([&] { return served_by(3) > 0; }));
  nodes_[3].is_frozen = true;
  const TimePoint lease = at(3).agreement().lease_held_until();
  EXPECT_TRUE(run_until([&] { return !is_up(3); }));
  EXPECT_GE(now_, lease);
  EXPECT_TRUE(run_until([&] { return served_by(1) + served_by(2) == kPartitions; }));
}

TEST_F(MemberSeam, OneWhoseEndIsProvenIsReplacedAtOnce) {
  begin_all(3);
  ASSERT_TRUE(run_until([&] { return served_by(3) > 0; }));
  const TimePoint lease = at(3).agreement().lease_held_until();
  nodes_.erase(3);
  for (const unsigned number : {1, 2}) {
    MemberEffects effects;
    at(number).on_ended(id(3), 1, now_, effects);
  }
  EXPECT_TRUE(run_until([&] { return !is_up(3); }));
  EXPECT_LT(now_, lease);
}

TEST_F(MemberSeam, OneThatHasRestartedComesBackAsItself) {
  begin_all(3);
  nodes_.erase(3);
  run(100ms);
  begin(3, 2);
  for (const unsigned number : {1, 2}) {
    MemberEffects effects;
    at(number).on_ended(id(3), 1, now_, effects);
  }
  EXPECT_TRUE(run_until([&] { return is_up(3) && newest().at(newest().slot_of(id(3))).boot == boot(2); }));
  EXPECT_TRUE(run_until([&] { return served_by(3) > 0; }));
}

TEST_F(MemberSeam, PrimariesStopTheMomentTheirLeaseEnds) {
  begin_all(3);
  ASSERT_TRUE(run_until([&] { return served_by(2) > 0; }));
  engine_.end_lease(id(2));
  EXPECT_EQ(served_by(2), 0u) << "though it is primary by its map";
  EXPECT_GT(primaries_of(2), 0u);
  engine_.allow_lease(id(2));
  EXPECT_TRUE(run_until([&] { return served_by(1) + served_by(2) + served_by(3) == kPartitions; }));
}

TEST_F(MemberSeam, OneThatGetsNoLeaseServesNothing) {
  begin_all(2);
  engine_.end_lease(id(3));
  begin(3);
  ASSERT_TRUE(run_until([&] { return is_up(3); }));
  run(5s);
  EXPECT_EQ(served_by(3), 0u);
  engine_.allow_lease(id(3));
  EXPECT_TRUE(run_until([&] { return served_by(3) > 0; }));
}

// Whatever becomes of one request, it is made again.
TEST_F(MemberSeam, ADecisionThatDoesNotComeIsAskedForAgain) {
  begin_all(2);
  run(5s);
  unsigned number = 3;
  for (const Fault fault : {Fault::lost, Fault::refused}) {
    engine_.fail_next(fault);
    begin(number);
    EXPECT_TRUE(run_until([&] { return is_up(number); })) << number;
    ++number;
  }
}

TEST_F(MemberSeam, WhatSomebodyElseHadDecidedFirstIsTakenAndTheRequestMadeAnew) {
  begin_all(2);
  run(5s);
  engine_.fail_next(Fault::overtaken, {.requests = {Describe{.node = id(2), .weight = 50}}});
  begin(3);
  EXPECT_TRUE(run_until([&] { return is_up(3); }));
  EXPECT_TRUE(std::ranges::any_of(nodes_[1].decisions, [](const Decision& one) {
    return one.change.requests == std::vector<Request>{Describe{.node = id(2), .weight = 50}};
  }));
}

TEST_F(MemberSeam, NothingElseIsAskedForWhileADecisionIsUnderWay) {
  begin_all(2);
  run(5s);
  const Epoch before = newest().epoch;
  engine_.fail_next(Fault::delayed);
  begin(3);
  begin(4);
  run(5s);
  ASSERT_TRUE(engine_.has_delayed());
  EXPECT_EQ(newest().epoch, before);
  engine_.release(now_);
  EXPECT_EQ(newest().epoch, before + 1);
  EXPECT_TRUE(run_until([&] { return is_up(3) && is_up(4); }));
}

TEST_F(MemberSeam, OneThatMissedDecisionsGoesOnFromTheNewestMap) {
  begin_all(3);
  run(5s);
  engine_.cut_watch(id(3));
  const std::size_t told = nodes_[3].decisions.size();
  begin(4);
  begin(5);
  ASSERT_TRUE(run_until([&] { return is_up(4) && is_up(5); }));
  run(3s);
  EXPECT_EQ(served_by(3), 0u) << "its lease has ended";
  ASSERT_EQ(nodes_[3].decisions.size(), told);
  engine_.mend_watch(id(3));
  ASSERT_TRUE(run_until([&] { return nodes_[3].decisions.size() > told; }));
  EXPECT_TRUE(nodes_[3].decisions[told].change.requests.empty()) << "one whole map";
  EXPECT_TRUE(run_until([&] { return is_up(3) && served_by(3) > 0; }));
  EXPECT_EQ(*at(3).map(), newest());
}

TEST_F(MemberSeam, AnOperatorsRecoveryIsNotItsOwn) {
  begin_all(1);
  EXPECT_EQ(at(1).recoverable(), nullptr);
}

}  // namespace
}  // namespace p2p::cluster
