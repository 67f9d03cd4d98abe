// From changes of the members to views of the ring.
#include "shell_fakes.h"

#include "placement/classic_ring.h"
#include "ring/ring_changes.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace p2p::ring {
namespace {

using membership::ChangeKind;

Location at(int port) { return {"127.0.0.1", static_cast<std::uint16_t>(port)}; }

class RingChangesTest : public ::testing::Test {
 protected:
  void change(ChangeKind kind, int port) { changes->enqueue({kind, at(port)}); }
  std::vector<Location> members() const { return changes->view().members(); }

  TestTime time;
  KeptLog log;
  std::shared_ptr<TestStrand> strand = std::make_shared<TestStrand>(time);
  std::shared_ptr<RingChanges> changes = std::make_shared<RingChanges>(
      RingChanges::Options{at(9900)}, std::make_shared<placement::ClassicPlacement>(), strand, log);
};

TEST_F(RingChangesTest, BeginsWithThisNodeAlone) {
  EXPECT_EQ(members(), std::vector<Location>{at(9900)});
  const Owner owner = changes->view().owner_of("key");
  ASSERT_NE(owner.location, nullptr);
  EXPECT_TRUE(owner.is_self);
}

TEST_F(RingChangesTest, MembersAreSortedByNameAndTheFingerprintIsTheirs) {
  const auto alone = changes->view().fingerprint();
  change(ChangeKind::joined, 10000);
  change(ChangeKind::joined, 9899);
  time.settle();
  EXPECT_EQ(members(), (std::vector<Location>{at(10000), at(9899), at(9900)}));
  EXPECT_NE(changes->view().fingerprint(), alone);
  change(ChangeKind::left, 10000);
  change(ChangeKind::given_up, 9899);
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
  changes->leave([] {});
  EXPECT_TRUE(members().empty());
  EXPECT_EQ(changes->view().owner_of("key").location, nullptr);
  EXPECT_TRUE(changes->view().owners_of("key", 3).empty());
}

TEST_F(RingChangesTest, ALayerSeesTheRingWithoutTheJoinerBeforeItsNextAndWithItBehind) {
  struct Looking : RingLayer {
    explicit Looking(RingChanges& of) : changes(of) {}
    void add(const Location&, Next next) override {
      sizes.push_back(changes.view().members().size());
      next();
      sizes.push_back(changes.view().members().size());
    }
    void remove(const Location&, Next next) override { add({}, std::move(next)); }
    RingChanges& changes;
    std::vector<std::size_t> sizes;
  };
  const auto layer = std::make_shared<Looking>(*changes);
  const auto pushed = changes->layers().push(0, "looking", layer);
  change(ChangeKind::joined, 9901);
  change(ChangeKind::joined, 9902);
  change(ChangeKind::given_up, 9901);
  change(ChangeKind::restarted, 9902);
  time.settle();
  EXPECT_EQ(layer->sizes, (std::vector<std::size_t>{1, 2, 2, 3, 3, 2, 2, 2}));
}

TEST_F(RingChangesTest, ChangesWaitForTheOneThatALayerHolds) {
  struct Holding : RingLayer {
    void add(const Location&, Next next) override { held.push_back(std::move(next)); }
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

TEST_F(RingChangesTest, ListenersHearOfEachChangeWithItsView) {
  std::vector<p2p::RingChange> heard;
  auto listening = changes->subscribe("test", [&](const p2p::RingChange& change) { heard.push_back(change); });
  const auto rude = changes->subscribe("rude", [](const p2p::RingChange&) { throw std::runtime_error("no"); });
  change(ChangeKind::joined, 9901);
  change(ChangeKind::left, 9901);
  time.settle();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].added, std::vector<Location>{at(9901)});
  EXPECT_EQ(heard[0].view->members().size(), 2u);
  EXPECT_EQ(heard[1].removed, std::vector<Location>{at(9901)});
  EXPECT_TRUE(log.has("'rude'"));
  listening.reset();
  change(ChangeKind::joined, 9901);
  time.settle();
  EXPECT_EQ(heard.size(), 2u);
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
  changes->leave([&] { has_left = true; });
  EXPECT_EQ(layer->seen->members(), std::vector<Location>{at(9901)});
  EXPECT_EQ(members().size(), 2u);
  time.pass(std::chrono::minutes(1));
  EXPECT_FALSE(has_left);
  layer->held();
  EXPECT_TRUE(has_left);
  EXPECT_EQ(members(), std::vector<Location>{at(9901)});
}

}  // namespace
}  // namespace p2p::ring
