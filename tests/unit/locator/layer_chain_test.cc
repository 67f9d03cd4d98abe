// The chain of ring layers: order, `next` exactly once, and layers that misbehave.
#include "shell_fakes.h"

#include "ring_layers/layer_chain.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace p2p::ring {
namespace {

using std::chrono::seconds;

class LayerChainTest : public ::testing::Test {
 protected:
  // A layer that notes what stands before and behind its next.
  struct Noting : RingLayer {
    Noting(std::vector<std::string>& into, std::string its_name) : said(into), name(std::move(its_name)) {}
    void add(const NodeAddress& joined, Next next) override {
      said.push_back(name + " before " + joined.name());
      next();
      said.push_back(name + " behind");
    }
    std::vector<std::string>& said;
    std::string name;
  };
  // A layer that does with `next` what the test wants.
  struct Wilful : RingLayer {
    explicit Wilful(std::function<void(Next)> does) : what(std::move(does)) {}
    void add(const NodeAddress&, Next next) override { what(std::move(next)); }
    std::function<void(Next)> what;
  };

  Subscription push(int priority, const std::string& name) {
    return chain.push(priority, name, std::make_shared<Noting>(said, name));
  }
  Subscription push_wilful(std::function<void(Next)> what) {
    return chain.push(0, "wilful", std::make_shared<Wilful>(std::move(what)));
  }
  void run() {
    chain.run({LayerStep::add, {"a", 1}, nullptr, seconds(5)}, [this] { said.push_back("base"); });
  }
  int bases() const { return static_cast<int>(std::count(said.begin(), said.end(), "base")); }

  TestTime time;
  KeptLog log;
  std::shared_ptr<TestStrand> strand = std::make_shared<TestStrand>(time);
  LayerChain chain{strand, log};
  std::vector<std::string> said;
};

TEST_F(LayerChainTest, RunsTheHighestPriorityFirstAndTheBaseLast) {
  const auto low = push(1, "low");
  const auto high = push(5, "high");
  const auto also_high = push(5, "also_high");
  run();
  EXPECT_EQ(said, (std::vector<std::string>{"high before a:1", "also_high before a:1", "low before a:1", "base",
                                            "low behind", "also_high behind", "high behind"}));
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(LayerChainTest, WithoutLayersOnlyTheBaseRuns) {
  run();
  EXPECT_EQ(bases(), 1);
}

TEST_F(LayerChainTest, ALayerMayKeepItsNextForLater) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  run();
  EXPECT_EQ(bases(), 0);
  kept();
  EXPECT_EQ(bases(), 1);
  time.pass(seconds(10));
  EXPECT_EQ(bases(), 1);
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(LayerChainTest, ANextCalledOnAnotherThreadGoesOnUponTheStrand) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  run();
  strand->is_here = false;
  kept();
  EXPECT_EQ(bases(), 0);
  strand->is_here = true;
  time.settle();
  EXPECT_EQ(bases(), 1);
}

// As where the called destroys its arguments; here they live until the whole expression of the call has ended.
TEST_F(LayerChainTest, ALayerThatLetsGoOfItsNextIsNamedAndTheChainGoesOnBehindIt) {
  const auto layer = push_wilful([this](Next next) {
    { const Next taken = std::move(next); }
    said.push_back("behind");
  });
  run();
  EXPECT_EQ(said, (std::vector<std::string>{"behind", "base"}));
  EXPECT_TRUE(log.has("'wilful' let go of its next"));
}

TEST_F(LayerChainTest, ALayerThatLetsGoOfItsNextLaterIsNamedToo) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  run();
  kept = {};
  EXPECT_EQ(bases(), 1);
  EXPECT_TRUE(log.has("'wilful' let go of its next"));
}

TEST_F(LayerChainTest, ANextThatIsLetGoOfOnAnotherThreadGoesOnUponTheStrand) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  run();
  strand->is_here = false;
  kept = {};
  EXPECT_EQ(bases(), 0);
  strand->is_here = true;
  time.settle();
  EXPECT_EQ(bases(), 1);
}

TEST_F(LayerChainTest, ANextThatOutlivesTheChainDoesNothing) {
  Next kept;
  auto ending = std::make_unique<LayerChain>(strand, log);
  const auto layer = ending->push(0, "wilful", std::make_shared<Wilful>([&](Next next) { kept = std::move(next); }));
  ending->run({LayerStep::add, {"a", 1}, nullptr, {}}, [this] { said.push_back("base"); });
  ending.reset();
  kept();
  time.settle();
  EXPECT_EQ(bases(), 0);
}

TEST_F(LayerChainTest, EachLayerIsToldOfWhenItsTurnComes) {
  const auto low = push(1, "low");
  const auto high = push(5, "high");
  LayerCall call{LayerStep::add, {"a", 1}, nullptr, {}};
  call.has_turn = [this](const std::string& layer) { said.push_back("turn of " + layer); };
  chain.run(std::move(call), [] {});
  EXPECT_EQ(said, (std::vector<std::string>{"turn of high", "high before a:1", "turn of low", "low before a:1",
                                            "low behind", "high behind"}));
}

TEST_F(LayerChainTest, ALayerThatIgnoresItsNextIsNamed) {
  struct Idle : RingLayer {
    void add(const NodeAddress&, Next) override {}
  };
  const auto layer = chain.push(0, "idle", std::make_shared<Idle>());
  run();
  EXPECT_EQ(bases(), 1);
  EXPECT_TRUE(log.has("'idle' let go of its next"));
}

TEST_F(LayerChainTest, ALayerThatThrowsIsNamedAndTheChainGoesOnOnce) {
  const auto before = push_wilful([](Next) -> void { throw std::runtime_error("before"); });
  const auto behind = push_wilful([](Next next) {
    next();
    throw std::runtime_error("behind");
  });
  run();
  EXPECT_EQ(bases(), 1);
  EXPECT_TRUE(log.has("threw: before"));
  EXPECT_FALSE(log.has("let go")) << "that it threw says more";
  EXPECT_TRUE(log.has("threw: behind"));
}

TEST_F(LayerChainTest, ALayerThatKeepsItsNextTooLongIsPassedOver) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  run();
  time.pass(seconds(6));
  EXPECT_EQ(bases(), 1);
  EXPECT_TRUE(log.has("has not called its next"));
  kept();
  time.settle();
  EXPECT_EQ(bases(), 1);
}

TEST_F(LayerChainTest, ALayerThatIsTakenBackIsNotCalledEvenByAWalkUnderWay) {
  Next kept;
  const auto layer = push_wilful([&](Next next) { kept = std::move(next); });
  auto low = push(-1, "low");
  run();
  low.reset();
  kept();
  EXPECT_EQ(said, std::vector<std::string>{"base"});
}

TEST_F(LayerChainTest, ALayerMayTakeItselfBackWhileItIsCalled) {
  Subscription own;
  own = push_wilful([&](Next next) {
    own.reset();
    next();
  });
  run();
  run();
  EXPECT_EQ(bases(), 2);
}

}  // namespace
}  // namespace p2p::ring
