// What is known of a node that was out of reach, and when it is forgotten.
#include "pool_test.h"

#include <functional>

namespace p2p::host {
namespace {

// Says who has joined when the test wants it to.
class TellingLocator final : public ILocator {
 public:
  void has_joined(const NodeAddress& member) { told({.added = {member}, .removed = {}, .view = nullptr}); }

  Subscription subscribe(std::string, std::function<void(const RingChange&)> listener) override {
    told = std::move(listener);
    return Subscription([this] { told = nullptr; });
  }

  const RingView& view() const override { return *ring_; }
  std::shared_ptr<const RingView> shared_view() const override { return ring_; }
  std::shared_ptr<const RingView> ring_of(std::vector<NodeAddress>) const override { return ring_; }
  void when_joined(std::function<void()>) override {}
  Subscription push_layer(int, std::string, std::shared_ptr<RingLayer>) override { return {}; }
  void join(const NodeAddress&) override {}
  void add(const NodeAddress&, std::vector<NodeAddress>) override {}
  void remove(const NodeAddress&, std::vector<NodeAddress>) override {}
  void log_view() const override {}
  void report_unreachable(const NodeAddress& member) override { reported.set_value(member); }
  std::string placement() const override { return ""; }
  std::string encode_table() const override { return ""; }
  void merge_table(const NodeAddress&, std::string_view) override {}

  std::function<void(const RingChange&)> told;
  std::promise<NodeAddress> reported;  // once

 private:
  class NoRing final : public RingView {
   public:
    std::uint64_t fingerprint() const noexcept override { return 0; }
    const std::vector<NodeAddress>& members() const noexcept override { return none_; }
    const std::vector<NodeAddress>& leaving() const noexcept override { return none_; }
    using RingView::owner_of;
    Owner owner_of(std::string_view) const override { return {}; }
    std::vector<NodeAddress> owners_of(std::string_view, std::size_t) const override { return {}; }

   private:
    std::vector<NodeAddress> none_;
  };
  const std::shared_ptr<const RingView> ring_ = std::make_shared<NoRing>();
};

class PeerPoolTest : public PoolTest {
 protected:
  PeerPoolTest() { pool.set_locator(locator); }
  ~PeerPoolTest() override { pool.set_locator(nullptr); }

  // Pauses grow with each failed try, so that before long one call follows another within a pause.
  void call_until_it_is_known_to_be_out_of_reach(const NodeAddress& to) {
    while (failure_of(call_ours(to)) != "unreachable") continue;
  }

  const std::shared_ptr<TellingLocator> locator = std::make_shared<TellingLocator>();
};

TEST_F(PeerPoolTest, ANodeThatHasJoinedIsTriedAtOnceWhateverFailedBefore) {
  const NodeAddress joining = nobody();
  call_until_it_is_known_to_be_out_of_reach(joining);
  locator->has_joined(joining);
  EXPECT_EQ(failure_of(call_ours(joining)), "refused") << "tried, and not told from memory";
}

TEST_F(PeerPoolTest, CallsBetweenLocatorsAlwaysTry) {
  pool.set_locator(nullptr);
  pool.set_locator(locator, "locator.peer");
  const NodeAddress there = nobody();
  for (int calls = 0; calls < 20; ++calls) EXPECT_EQ(failure_of(call_ours(there)), "refused");
}

TEST_F(PeerPoolTest, CallsBetweenLocatorsAreTakenWhenDataHasFilledItsLimits) {
  pool.set_locator(nullptr);
  pool.set_locator(locator, "locator.peer");
  OldServer server([](const std::shared_ptr<OldConnection>&) {});  // connects, and never greets
  std::vector<std::future<Result<std::string>>> data;
  for (int calls = 0; calls < 10; ++calls) data.push_back(call(server.address(), "store.peer", seconds(60)));
  EXPECT_EQ(failure_of(call(server.address(), "store.peer", seconds(60))), "overloaded");
  EXPECT_EQ(failure_of(call_ours(server.address(), std::chrono::milliseconds(20))), "timed out") << "it waited";
  std::vector<std::future<Result<std::string>>> votes;
  for (std::size_t calls = 0; calls < kUrgentCallsMax - 1; ++calls)  // and the hello
    votes.push_back(call_ours(server.address(), seconds(60)));
  EXPECT_EQ(failure_of(call_ours(server.address())), "overloaded") << "no queue is without a limit";
}

TEST_F(PeerPoolTest, CallsBetweenLocatorsAreTakenWhenDataHasFilledTheQueue) {
  pool.set_locator(nullptr);
  pool.set_locator(locator, "locator.peer");
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  std::vector<std::future<Result<std::string>>> data;
  const auto large = read_call(Encoding::binary, "get", std::string(600, 'k'), 0);
  data.push_back(call(server.address(), "store.peer", seconds(60), large));
  EXPECT_EQ(failure_of(call(server.address(), "store.peer", seconds(60), large)), "overloaded");
  EXPECT_EQ(failure_of(call_ours(server.address(), std::chrono::milliseconds(20))), "timed out");
}

// It was not sent, and so is not answered as one that may have been executed.
TEST_F(PeerPoolTest, ACallWhoseTimeIsOverBeforeTheNodeHasGreetedFoundItOutOfReach) {
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  const auto ended = call_ours(server.address(), std::chrono::milliseconds(20)).get();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().kind, ErrorKind::unreachable) << ended.error().text;
}

TEST_F(PeerPoolTest, ALocatorIsToldThatItWasTheTimeThatWasOver) {
  pool.set_locator(nullptr);
  pool.set_locator(locator, "locator.peer");
  OldServer server([](const std::shared_ptr<OldConnection>&) {});
  EXPECT_EQ(failure_of(call_ours(server.address(), std::chrono::milliseconds(20))), "timed out");
}

TEST_F(PeerPoolTest, WhoEndsTheConnectionInsteadOfGreetingIsReported) {
  OldServer server([](const std::shared_ptr<OldConnection>& connection) { connection->close(); });
  EXPECT_EQ(failure_of(call_ours(server.address())), "another node");
  EXPECT_EQ(locator->reported.get_future().get(), server.address());
}

TEST_F(PeerPoolTest, WhenTheLocatorIsGoneItIsNotListenedToAnyMore) {
  pool.set_locator(nullptr);
  EXPECT_FALSE(locator->told);
}

}  // namespace
}  // namespace p2p::host
