// What clients are told of an agreed cluster: the state whole, or what has changed of it.
#include "cluster_fixture.h"
#include "ring/partition_view.h"
#include "shell_fakes.h"
#include "wire/ring_service.h"

#include <p2p/idl/Ring.h>

#include <optional>

namespace p2p::ring {
namespace {

using cluster::ClusterMap;

// Shows the maps that a test gives it.
class ShownLocator final : public ILocator {
 public:
  void show(const ClusterMap& map) {
    view_ = std::make_shared<PartitionView>(std::make_shared<const ClusterMap>(map), cluster::id(1));
    if (listener_) listener_({.added = {}, .removed = {}, .view = view_});
  }

  const RingView& view() const override { return *view_; }
  std::shared_ptr<const RingView> shared_view() const override { return view_; }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress>) const override { return view_; }
  void when_joined(std::function<void()> then) override { then(); }
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  Subscription subscribe(std::string, std::function<void(const p2p::RingChange&)> listener) override {
    listener_ = std::move(listener);
    return Subscription([this] { listener_ = nullptr; });
  }
  void join(const NodeAddress&) override {}
  void add(const NodeAddress&, std::vector<NodeAddress>) override {}
  void remove(const NodeAddress&, std::vector<NodeAddress>) override {}
  void log_view() const override {}
  void report_unreachable(const NodeAddress&) override {}
  std::string placement() const override { return "agreed"; }
  std::string encode_table() const override { return ""; }
  void merge_table(const NodeAddress&, std::string_view) override {}

 private:
  std::shared_ptr<const RingView> view_;
  std::function<void(const p2p::RingChange&)> listener_;
};

class RingServicePartitionsTest : public ::testing::Test {
 protected:
  RingServicePartitionsTest() {
    show(cluster::with_members(cluster::founded({.partitions = 64}), 3));
    const auto methods = std::make_shared<Methods>();
    wire::add_ring_methods(*methods, locator);
    peers.endpoints[cluster::address(1)] = methods;
  }
  void show(ClusterMap next) { locator->show(map = std::move(next)); }

  void move(cluster::PartitionNumber partition, unsigned to) {
    show(cluster::after(map, {cluster::learn(partition, to)}));
    show(cluster::after(map, {cluster::put_in_sync(map, partition, to)}));
    show(cluster::after(map, {cluster::move_primary(map, partition, to)}));
  }

  template <class Result, class Arguments>
  auto told(const std::string& method, const Arguments& arguments) {
    decltype(Result::success) answer;
    peers.call(cluster::address(1), "locator.ring", encode_call(method, arguments), std::chrono::seconds(1),
               [&answer](const p2p::Result<std::string>& reply) {
                 ASSERT_TRUE(reply.ok());
                 const auto decoded = decode_reply<Result>(reply.value());
                 ASSERT_TRUE(decoded.ok());
                 answer = decoded.value().success;
               });
    time.pass(std::chrono::milliseconds(1));
    return answer;
  }
  ::locator::RingState state() { return told<::locator::Ring_state_result>("state", ::locator::Ring_state_args()); }
  ::locator::RingDelta since(std::int64_t epoch, std::int64_t view) {
    ::locator::Ring_state_since_args arguments;
    arguments.epoch = epoch;
    arguments.view = view;
    return told<::locator::Ring_state_since_result>("state_since", arguments);
  }

  TestTime time;
  TestPeers peers{time};
  const std::shared_ptr<ShownLocator> locator = std::make_shared<ShownLocator>();
  ClusterMap map;
};

TEST_F(RingServicePartitionsTest, AStateTellsTheOwnerOfEachPartition) {
  move(5, 3);
  show(cluster::after(map, {cluster::leave(2)}));
  const auto told = state();
  EXPECT_EQ(told.placement, "partitions:64");
  EXPECT_EQ(told.epoch, static_cast<std::int64_t>(map.epoch));
  EXPECT_EQ(static_cast<std::uint64_t>(told.view), locator->view().fingerprint());
  ASSERT_EQ(told.members.size(), 2u);
  ASSERT_EQ(told.leaving.size(), 1u);
  std::string owners(128, '\0');
  owners[11] = 1;
  EXPECT_EQ(told.owners, owners);
}

TEST_F(RingServicePartitionsTest, ADeltaTellsWhatHasMoved) {
  const auto known = state();
  move(7, 2);
  const auto delta = since(known.epoch, known.view);
  EXPECT_EQ(delta.epoch, static_cast<std::int64_t>(map.epoch));
  EXPECT_EQ(static_cast<std::uint64_t>(delta.view), locator->view().fingerprint());
  EXPECT_FALSE(delta.__isset.whole);
  EXPECT_FALSE(delta.__isset.members || delta.__isset.leaving);
  EXPECT_EQ(delta.moved, std::string("\0\7\0\1", 4));
}

TEST_F(RingServicePartitionsTest, ADeltaNamesTheMembersWhenTheyHaveChanged) {
  const auto known = state();
  show(cluster::after(map, {cluster::leave(2)}));
  const auto delta = since(known.epoch, known.view);
  EXPECT_TRUE(delta.__isset.members && delta.__isset.leaving);
  EXPECT_EQ(delta.members.size(), 2u);
  EXPECT_EQ(delta.leaving.size(), 1u);
  EXPECT_EQ(delta.moved, "");
}

TEST_F(RingServicePartitionsTest, WhoKnowsAnotherStateGetsTheWhole) {
  const auto known = state();
  const auto delta = since(known.epoch, known.view + 1);
  ASSERT_TRUE(delta.__isset.whole);
  EXPECT_EQ(delta.whole, known);
}

}  // namespace
}  // namespace p2p::ring
