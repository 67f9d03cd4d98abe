// From changes of the members to views of the ring.
#include "shell_fakes.h"

#include "placement/classic_ring.h"
#include "ring/ring_changes.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ring {
namespace {

using membership::ChangeKind;

NodeAddress at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

class RingChangesTest : public ::testing::Test {
 protected:
  void TearDown() override { changes->check(); }

  void change(ChangeKind kind, int port) {
    changes->enqueue({kind, at(port)});
    changes->check();
  }
  std::vector<NodeAddress> members() const { return changes->view().members(); }
  std::vector<NodeAddress> leaving() const { return changes->view().leaving(); }

  TestTime time;
  KeptLog log;
  std::shared_ptr<TestStrand> strand = std::make_shared<TestStrand>(time);
  std::shared_ptr<RingChanges> changes = std::make_shared<RingChanges>(
      RingChanges::Options{at(9900)}, std::make_shared<placement::ClassicPlacement>(), strand, log);
};

TEST_F(RingChangesTest, BeginsWithThisNodeAlone) {
  EXPECT_EQ(members(), std::vector<NodeAddress>{at(9900)});
  const Owner owner = changes->view().owner_of("key");
  ASSERT_NE(owner.address, nullptr);
  EXPECT_TRUE(owner.is_self);
}

TEST_F(RingChangesTest, MembersAreSortedByNameAndTheFingerprintIsTheirs) {
  const auto alone = changes->view().fingerprint();
  change(ChangeKind::joined, 10000);
  change(ChangeKind::joined, 9899);
  time.settle();
  EXPECT_EQ(members(), (std::vector<NodeAddress>{at(10000), at(9899), at(9900)}));
  EXPECT_NE(changes->view().fingerprint(), alone);
  change(ChangeKind::left, 10000);
  change(ChangeKind::left, 9899);
  time.settle();
  EXPECT_EQ(changes->view().fingerprint(), alone);
}

TEST_F(RingChangesTest, AViewThatIsHeldDoesNotChange) {
  const auto held = changes->shared_view();
  change(ChangeKind::joined, 9901);
  time.settle();
  EXPECT_EQ(held->members().size(), 1u);
  EXPECT_EQ(members().size(), 2u);
}

TEST_F(RingChangesTest, AnEmptyRingHasNoOwner) {
  changes->withdraw();
  EXPECT_TRUE(members().empty());
  EXPECT_EQ(changes->view().owner_of("key").address, nullptr);
  EXPECT_TRUE(changes->view().owners_of("key", 3).empty());
}

TEST_F(RingChangesTest, ALayerSeesTheRingWithoutTheJoinerBeforeItsNextAndWithItBehind) {
  struct Looking : RingLayer {
    explicit Looking(RingChanges& of) : changes(of) {}
    void add(const NodeAddress&, Next next) override {
      sizes.push_back(changes.view().members().size());
      next();
      sizes.push_back(changes.view().members().size());
    }
    void remove(const NodeAddress&, Next next) override { add({}, std::move(next)); }
    RingChanges& changes;
    std::vector<std::size_t> sizes;
  };
  const auto layer = std::make_shared<Looking>(*changes);
  const auto pushed = changes->layers().push(0, "looking", layer);
  change(ChangeKind::joined, 9901);
  change(ChangeKind::joined, 9902);
  change(ChangeKind::left, 9901);
  change(ChangeKind::restarted, 9902);
  time.settle();
  EXPECT_EQ(layer->sizes, (std::vector<std::size_t>{1, 2, 2, 3, 3, 2, 2, 2}));
}

TEST_F(RingChangesTest, ChangesWaitForTheOneThatALayerHolds) {
  struct Holding : RingLayer {
    void add(const NodeAddress&, Next next) override { held.push_back(std::move(next)); }
    std::vector<Next> held;
  };
  const auto layer = std::make_shared<Holding>();
  const auto pushed = changes->layers().push(0, "holding", layer);
  bool is_idle = false;
  change(ChangeKind::joined, 9901);
  change(ChangeKind::joined, 9902);
  changes->when_idle([&] { is_idle = true; });
  time.settle();
  ASSERT_EQ(layer->held.size(), 1u);
  EXPECT_EQ(members().size(), 1u);
  layer->held[0]();
  time.settle();
  ASSERT_EQ(layer->held.size(), 2u);
  EXPECT_EQ(members().size(), 2u);
  EXPECT_FALSE(is_idle);
  layer->held[1]();
  time.settle();
  EXPECT_EQ(members().size(), 3u);
  EXPECT_TRUE(is_idle);
}

TEST_F(RingChangesTest, ListenersAreToldOfEachChangeWithItsView) {
  std::vector<p2p::RingChange> heard;
  auto listening = changes->subscribe("test", [&](const p2p::RingChange& change) { heard.push_back(change); });
  const auto rude = changes->subscribe("rude", [](const p2p::RingChange&) { throw std::runtime_error("no"); });
  change(ChangeKind::joined, 9901);
  change(ChangeKind::left, 9901);
  time.settle();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].added, std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(heard[0].view->members().size(), 2u);
  EXPECT_EQ(heard[1].removed, std::vector<NodeAddress>{at(9901)});
  EXPECT_TRUE(log.has("'rude'"));
  listening.reset();
  change(ChangeKind::joined, 9901);
  time.settle();
  EXPECT_EQ(heard.size(), 2u);
}

TEST_F(RingChangesTest, ALeavingMemberIsOffTheRingAndAmongTheLeavingUntilItIsGone) {
  change(ChangeKind::joined, 10000);
  change(ChangeKind::joined, 9901);
  time.settle();
  change(ChangeKind::leaving, 9901);
  change(ChangeKind::leaving, 10000);
  time.settle();
  EXPECT_EQ(members(), std::vector<NodeAddress>{at(9900)});
  EXPECT_EQ(leaving(), (std::vector<NodeAddress>{at(10000), at(9901)})) << "sorted by name";
  change(ChangeKind::gone, 10000);
  time.settle();
  EXPECT_EQ(members(), std::vector<NodeAddress>{at(9900)});
  EXPECT_EQ(leaving(), std::vector<NodeAddress>{at(9901)});
}

TEST_F(RingChangesTest, WhoJoinsAgainIsNotAmongTheLeavingAnyMore) {
  change(ChangeKind::joined, 9901);
  change(ChangeKind::leaving, 9901);
  change(ChangeKind::joined, 9901);
  time.settle();
  EXPECT_EQ(members().size(), 2u);
  EXPECT_TRUE(leaving().empty());
}

TEST_F(RingChangesTest, WhoLeftOrWasGivenUpIsNotAmongTheLeaving) {
  change(ChangeKind::joined, 9901);
  change(ChangeKind::joined, 9902);
  change(ChangeKind::left, 9901);
  change(ChangeKind::left, 9902);
  time.settle();
  EXPECT_TRUE(leaving().empty());
}

TEST_F(RingChangesTest, TheFingerprintAndTheOwnersAreThoseOfTheMembersWhoeverIsLeaving) {
  const auto alone = changes->view().fingerprint();
  change(ChangeKind::joined, 9901);
  change(ChangeKind::leaving, 9901);
  time.settle();
  ASSERT_EQ(leaving().size(), 1u);
  EXPECT_EQ(changes->view().fingerprint(), alone);
  EXPECT_EQ(changes->view().owners_of("key", 3), std::vector<NodeAddress>{at(9900)});
  change(ChangeKind::gone, 9901);
  time.settle();
  EXPECT_EQ(changes->view().fingerprint(), alone);
}

TEST_F(RingChangesTest, LayersAreToldOfALeavingMemberAsARemovalAndOfItsEndNothing) {
  struct Noting final : RingLayer {
    void add(const NodeAddress& joined, Next next) override { note("add ", joined, next); }
    void remove(const NodeAddress& left, Next next) override { note("remove ", left, next); }
    void note(const char* what, const NodeAddress& whom, Next& next) {
      heard.push_back(what + whom.name());
      next();
    }
    std::vector<std::string> heard;
  };
  const auto layer = std::make_shared<Noting>();
  const auto pushed = changes->layers().push(0, "noting", layer);
  const auto is_told = [&](ChangeKind kind) {
    layer->heard.clear();
    change(kind, 9901);
    time.settle();
    return layer->heard;
  };
  const std::vector<std::string> nothing;
  const std::vector<std::string> added{"add 127.0.0.1:9901"};
  const std::vector<std::string> removed{"remove 127.0.0.1:9901"};
  EXPECT_EQ(is_told(ChangeKind::leaving), nothing) << "it was never seen as a member";
  EXPECT_EQ(leaving(), std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(is_told(ChangeKind::gone), nothing);
  EXPECT_EQ(is_told(ChangeKind::joined), added);
  EXPECT_EQ(is_told(ChangeKind::leaving), removed);
  EXPECT_EQ(is_told(ChangeKind::leaving), nothing) << "a later life of it leaves too";
  EXPECT_EQ(is_told(ChangeKind::gone), nothing);
  EXPECT_TRUE(leaving().empty());
  EXPECT_EQ(is_told(ChangeKind::joined), added);
  EXPECT_EQ(is_told(ChangeKind::left), removed);
}

TEST_F(RingChangesTest, ListenersAreToldThatALeavingMemberIsRemovedAndOfItsEndAViewAlone) {
  std::vector<p2p::RingChange> heard;
  const auto listening = changes->subscribe("test", [&](const p2p::RingChange& change) { heard.push_back(change); });
  change(ChangeKind::joined, 9901);
  change(ChangeKind::leaving, 9901);
  change(ChangeKind::gone, 9901);
  change(ChangeKind::leaving, 9902);
  time.settle();
  ASSERT_EQ(heard.size(), 4u);
  EXPECT_EQ(heard[1].removed, std::vector<NodeAddress>{at(9901)});
  EXPECT_EQ(heard[1].view->leaving(), std::vector<NodeAddress>{at(9901)});
  EXPECT_TRUE(heard[2].removed.empty());
  EXPECT_TRUE(heard[2].added.empty());
  EXPECT_TRUE(heard[2].view->leaving().empty());
  EXPECT_TRUE(heard[3].removed.empty()) << "it was no member";
  EXPECT_TRUE(heard[3].added.empty());
  EXPECT_EQ(heard[3].view->leaving(), std::vector<NodeAddress>{at(9902)});
}

TEST_F(RingChangesTest, AChangeThatNoLayerAreToldOfWaitsForTheOnesBeforeIt) {
  struct Holding final : RingLayer {
    void add(const NodeAddress&, Next next) override { held = std::move(next); }
    Next held;
  };
  const auto layer = std::make_shared<Holding>();
  const auto pushed = changes->layers().push(0, "holding", layer);
  bool is_idle = false;
  change(ChangeKind::joined, 9901);
  change(ChangeKind::leaving, 9902);
  changes->when_idle([&] { is_idle = true; });
  time.settle();
  EXPECT_TRUE(leaving().empty());
  EXPECT_FALSE(is_idle);
  layer->held();
  time.settle();
  EXPECT_EQ(leaving(), std::vector<NodeAddress>{at(9902)});
  EXPECT_TRUE(is_idle);
}

TEST_F(RingChangesTest, WithdrawingTakesThisNodeOffAndTellsTheListeners) {
  change(ChangeKind::joined, 9901);
  time.settle();
  std::vector<p2p::RingChange> heard;
  const auto listening = changes->subscribe("test", [&](const p2p::RingChange& change) { heard.push_back(change); });
  const auto views = changes->view_changes();
  changes->withdraw();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].removed, std::vector<NodeAddress>{at(9900)});
  EXPECT_TRUE(heard[0].added.empty());
  EXPECT_EQ(heard[0].view->members(), std::vector<NodeAddress>{at(9901)});
  EXPECT_TRUE(heard[0].view->leaving().empty()) << "only others are called leaving";
  EXPECT_EQ(changes->view_changes(), views + 1);
  EXPECT_FALSE(changes->view().owner_of("key").is_self);
  change(ChangeKind::joined, 9902);
  time.settle();
  EXPECT_EQ(members(), (std::vector<NodeAddress>{at(9901), at(9902)})) << "later changes do not bring it back";
}

TEST_F(RingChangesTest, ARingOfOtherNodesPlacesKeysAsItWouldIfTheyWereTheMembers) {
  change(ChangeKind::joined, 9901);
  change(ChangeKind::leaving, 9902);
  time.settle();
  const auto ring = changes->ring_of({at(9900), at(9901)});
  EXPECT_EQ(ring->members(), members());
  EXPECT_TRUE(ring->leaving().empty());
  EXPECT_EQ(ring->fingerprint(), changes->view().fingerprint());
  for (int number = 0; number < 50; ++number) {
    const std::string key = "key" + std::to_string(number);
    EXPECT_EQ(ring->owners_of(key, 2), changes->view().owners_of(key, 2));
    EXPECT_EQ(ring->owner_of(key).is_self, changes->view().owner_of(key).is_self);
  }
  EXPECT_EQ(changes->ring_of({})->owner_of("key").address, nullptr);
}

TEST_F(RingChangesTest, LeavingGivesTheCleanupLayersTheRingWithoutThisNode) {
  struct Cleaning : RingLayer {
    void cleanup(std::shared_ptr<const RingView> without_self, Next next) override {
      seen = std::move(without_self);
      held = std::move(next);
    }
    std::shared_ptr<const RingView> seen;
    Next held;
  };
  const auto layer = std::make_shared<Cleaning>();
  const auto pushed = changes->layers().push(0, "cleaning", layer);
  change(ChangeKind::joined, 9901);
  time.settle();
  bool has_left = false;
  changes->withdraw();
  EXPECT_EQ(members(), std::vector<NodeAddress>{at(9901)}) << "it owns nothing any more when the layers hand over";
  changes->clean_up([&] { has_left = true; });
  EXPECT_EQ(layer->seen->members(), std::vector<NodeAddress>{at(9901)});
  time.pass(std::chrono::minutes(1));
  EXPECT_FALSE(has_left);
  layer->held();
  EXPECT_TRUE(has_left);
  EXPECT_EQ(members(), std::vector<NodeAddress>{at(9901)});
}

}  // namespace
}  // namespace p2p::ring
