// A primary is handed over, and the store decides on another strand than the locator: H1, and M6's holders.
#include "agreement_fixture.h"

#include "agreed/holder_host.h"
#include "cluster/member/cluster_member.h"

#include <set>

namespace p2p::cluster {
namespace {

// What a store has told, and was told.
class FakeHolder final : public PartitionHolder {
 public:
  void on_map(std::shared_ptr<const PartitionMap> map) override { maps.push_back(std::move(map)); }
  void stop_serving(std::uint32_t partition, std::uint64_t) override { stopping.insert(partition); }
  bool has_stopped(std::uint32_t, std::uint64_t) const override { return has_consented; }
  bool resume(std::uint32_t partition, std::uint64_t) override {
    if (consents_just_before_resume) has_consented = true;
    if (has_consented) return false;
    stopping.erase(partition);
    return true;
  }
  std::vector<PartitionReport> filled() const override { return reports; }
  std::vector<PartitionReport> failed() const override { return {}; }
  bool is_healthy() override { return healthy; }

  const PartitionAssignment* last_of(std::uint32_t partition) const {
    for (auto map = maps.rbegin(); map != maps.rend(); ++map)
      for (const PartitionAssignment& one : (*map)->changed)
        if (one.partition == partition) return &one;
    return nullptr;
  }

  std::vector<std::shared_ptr<const PartitionMap>> maps;
  std::set<std::uint32_t> stopping;
  std::vector<PartitionReport> reports;
  bool has_consented = false;
  bool consents_just_before_resume = false;
  bool healthy = true;
};

class HandOverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    map_ = in_sync_at(with_members(founded(), 3), {2});
    host_.begin(id(1), boot(1));
    host_.set_holder("store", holder_);
    member_ = std::make_unique<ClusterMember>(member(1), LeaseRules{}, Policy{}, embedded(member(1), map_, now_), host_,
                                              now_);
  }

  void begin_hand_over() {
    MemberEffects effects;
    const Epoch term = map_.partitions[0].term;
    member_->on_request({.node = id(1), .boot = boot(1), .epoch = map_.epoch},
                        BeginHandOver{.partitions = {{.partition = 0, .term = term}}, .to = {id(2)}}, 1, now_, effects);
    ASSERT_TRUE(holder_->stopping.contains(0));
  }
  // Until it renews its lease, which tells the voters what it consents to.
  std::size_t consents_after(Duration pause) {
    now_ += pause;
    MemberEffects effects;
    member_->tick(now_, effects);
    for (const auto& call : effects.calls)
      if (const auto* renew = std::get_if<Renew>(&call.request)) return renew->consents.size();
    ADD_FAILURE() << "the lease is not renewed";
    return 0;
  }

  std::vector<Request> suggested() {
    MemberEffects effects;
    member_->tick(now_, effects);
    for (const auto& call : effects.calls)
      if (const auto* suggest = std::get_if<Suggest>(&call.request)) return suggest->requests;
    return {};
  }

  ClusterMap map_;
  std::shared_ptr<FakeHolder> holder_ = std::make_shared<FakeHolder>();
  agreed::HolderHost host_;
  std::unique_ptr<ClusterMember> member_;
  TimePoint now_{1h};
};

TEST_F(HandOverTest, APrimaryThatHasStoppedConsents) {
  begin_hand_over();
  EXPECT_EQ(consents_after(400ms), 0u);
  holder_->has_consented = true;
  EXPECT_EQ(consents_after(400ms), 1u);
  EXPECT_EQ(consents_after(400ms), 1u) << "again and again";
}

TEST_F(HandOverTest, AStopThatTakesTooLongIsGivenUpBeforeTheConsent) {
  begin_hand_over();
  EXPECT_EQ(consents_after(kStopMax), 0u);
  EXPECT_FALSE(holder_->stopping.contains(0)) << "it serves again";
  holder_->has_consented = true;
  EXPECT_EQ(consents_after(400ms), 0u) << "nobody asks any more";
}

TEST_F(HandOverTest, AConsentThatComesJustBeforeItIsGivenUpStands) {
  begin_hand_over();
  holder_->consents_just_before_resume = true;
  EXPECT_EQ(consents_after(kStopMax), 1u);
  EXPECT_EQ(consents_after(400ms), 1u);
}

// --- M6 --------------------------------------------------------------------------------------------------------------

TEST_F(HandOverTest, AHolderIsToldTheOtherCopiesByNumbersThatStay) {
  ASSERT_EQ(holder_->maps.size(), 1u);
  const PartitionMap& first = *holder_->maps.front();
  EXPECT_TRUE(first.has_this_boot);
  EXPECT_EQ(first.members.size(), 3u);
  EXPECT_EQ(first.changed.size(), map_.partitions.size());
  const PartitionAssignment* const is = holder_->last_of(0);
  ASSERT_NE(is, nullptr);
  EXPECT_EQ(is->role, PartitionRole::primary);
  ASSERT_EQ(is->others.size(), 1u);
  EXPECT_EQ(*host_.id_of(is->others[0].node), id(2));

  const auto next = std::make_shared<const ClusterMap>(after(map_, {learn(0, 3)}));
  host_.on_map(next, {}, now_);
  ASSERT_EQ(holder_->maps.size(), 2u);
  EXPECT_TRUE(holder_->maps.back()->members.empty()) << "they are known";
  const PartitionAssignment* const then = holder_->last_of(0);
  ASSERT_EQ(then->others.size(), 2u);
  EXPECT_EQ(then->others[0].node, is->others[0].node);
  EXPECT_EQ(*host_.id_of(then->others[1].node), id(3));
  EXPECT_EQ(then->others[1].since, next->epoch);
}

TEST_F(HandOverTest, ANodeHoldsPartitionsWhileItRunsTheServiceOfItsHolder) {
  EXPECT_TRUE(host_.wants_partitions({"other", "store"}));
  EXPECT_FALSE(host_.wants_partitions({"other"}));
  host_.clear_holder();
  EXPECT_FALSE(host_.wants_partitions({"other", "store"}));
}

TEST_F(HandOverTest, WhatAHolderHadIsGoneWithIt) {
  host_.clear_holder();
  EXPECT_TRUE(host_.has_stopped(0, map_.partitions[0].term));
  EXPECT_TRUE(host_.filled(now_).empty()) << "nobody fills a learner from nothing";
  const auto next = std::make_shared<FakeHolder>();
  host_.set_holder("store", next);
  EXPECT_EQ(next->last_of(0), nullptr) << "another copy has it: it is to be moved there";
  EXPECT_EQ(next->last_of(1), nullptr) << "the only copy: nobody may take what begins now for what was lost";
  EXPECT_FALSE(host_.wants_partitions({"store"})) << "until it is moved";
  std::vector<Request> begins;
  for (PartitionNumber number = 1; number < map_.partitions.size(); ++number)
    begins.push_back(StartEmpty{.partition = number, .at = id(1), .term = map_.partitions[number].term});
  std::vector<Request> wanted = begins;
  wanted.push_back(move_primary(map_, 0, 2));
  EXPECT_EQ(suggested(), wanted);
  map_ = after(map_, begins);
  std::vector<Assignment> begun;
  for (PartitionNumber number = 1; number < map_.partitions.size(); ++number)
    begun.push_back({.partition = number, .role = Role::primary, .term = map_.epoch, .born = map_.epoch});
  host_.on_map(std::make_shared<const ClusterMap>(map_), begun, now_);
  ASSERT_NE(next->last_of(1), nullptr);
  EXPECT_EQ(next->last_of(1)->role, PartitionRole::primary);
  EXPECT_EQ(next->last_of(1)->born, map_.epoch);
  EXPECT_EQ(host_.lost(), std::vector<PartitionNumber>{0});
  const auto moved = std::make_shared<const ClusterMap>(after(map_, {move_primary(map_, 0, 2)}));
  host_.on_map(moved, {{.partition = 0, .role = Role::in_sync, .term = moved->partitions[0].term, .born = 1}}, now_);
  EXPECT_EQ(next->last_of(0), nullptr) << "in sync by the map, and empty";
  const auto out = std::make_shared<const ClusterMap>(after(*moved, {take_out(*moved, 0, 1)}));
  host_.on_map(out, {{.partition = 0, .role = Role::none, .term = out->partitions[0].term, .born = 1}}, now_);
  EXPECT_TRUE(host_.wants_partitions({"store"}));
}

// Nobody else has it, and nobody is to wait for a next holder.
TEST_F(HandOverTest, WithoutAHolderTheOnlyCopiesBeginEmptyElsewhere) {
  host_.clear_holder();
  const std::vector<Request> wanted = suggested();
  ASSERT_EQ(wanted.size(), map_.partitions.size());
  EXPECT_EQ(wanted[0], Request(move_primary(map_, 0, 2))) << "another one has it";
  std::set<NodeId> heirs;
  for (PartitionNumber number = 1; number < map_.partitions.size(); ++number) {
    const auto* const start = std::get_if<StartEmpty>(&wanted[number]);
    ASSERT_NE(start, nullptr);
    heirs.insert(start->at);
  }
  EXPECT_EQ(heirs, (std::set<NodeId>{id(2), id(3)}));
  const auto next = std::make_shared<FakeHolder>();
  host_.set_holder("store", next);
  EXPECT_EQ(next->last_of(1), nullptr) << "its consent is out";
}

TEST_F(HandOverTest, WhatWasHandedOverWithoutAHolderIsServedByNoneInThatTerm) {
  agreed::HolderHost host;
  host.begin(id(1), boot(1));
  std::vector<Assignment> all;
  for (PartitionNumber number = 0; number < map_.partitions.size(); ++number)
    all.push_back({.partition = number, .role = Role::primary, .term = map_.partitions[number].term, .born = 1});
  host.on_map(std::make_shared<const ClusterMap>(map_), all, now_);
  host.stop_serving(0, map_.partitions[0].term, now_);
  EXPECT_TRUE(host.has_stopped(0, map_.partitions[0].term));
  const auto next = std::make_shared<FakeHolder>();
  host.set_holder("store", next);
  EXPECT_TRUE(host.has_stopped(0, map_.partitions[0].term));
  EXPECT_EQ(next->last_of(0), nullptr);
  EXPECT_EQ(next->last_of(1)->role, PartitionRole::primary);
  const ClusterMap renewed =
      after(map_, {RenewTerm{.partition = 0, .primary = id(1), .term = map_.partitions[0].term}});
  host.on_map(std::make_shared<const ClusterMap>(renewed),
              {{.partition = 0, .role = Role::primary, .term = renewed.epoch, .born = 1}}, now_);
  EXPECT_EQ(next->last_of(0)->role, PartitionRole::primary);
}

TEST_F(HandOverTest, ACopyThatIsLostAsksToBeTakenOut) {
  const ClusterMap moved = after(map_, {move_primary(map_, 0, 2)});
  const Assignment is{.partition = 0, .role = Role::in_sync, .term = moved.epoch, .born = 1};
  host_.on_map(std::make_shared<const ClusterMap>(moved), {is}, now_);
  host_.clear_holder();
  member_ =
      std::make_unique<ClusterMember>(member(1), LeaseRules{}, Policy{}, embedded(member(1), moved, now_), host_, now_);
  const std::vector<Request> wanted = suggested();
  ASSERT_FALSE(wanted.empty());
  EXPECT_EQ(wanted.front(), Request(take_out(moved, 0, 1)));
}

TEST_F(HandOverTest, AHolderIsToldWhileOthersAreToTakeWhatItHas) {
  EXPECT_FALSE(holder_->maps.back()->hands_over);
  for (const bool others_hold : {true, false}) {
    ClusterMap without = map_;
    without.epoch = map_.epoch + (others_hold ? 1 : 2);
    for (Member& one : without.members) one.holds_partitions = others_hold && one.id != id(1);
    host_.on_map(std::make_shared<const ClusterMap>(without), {}, now_);
    EXPECT_EQ(holder_->maps.back()->hands_over, others_hold);
  }
}

TEST(MapWithoutHolders, AllMayHoldWhatIsEmpty) {
  ClusterMap map = with_members(founded(), 3);
  for (Member& member : map.members) member.holds_partitions = false;
  EXPECT_EQ(refusal_of(map, {learn(0, 2)}), "");
  map.members[slot(3)].holds_partitions = true;
  EXPECT_NE(refusal_of(map, {learn(0, 2)}), "");
  EXPECT_EQ(refusal_of(map, {learn(0, 3)}), "");
}

}  // namespace
}  // namespace p2p::cluster
