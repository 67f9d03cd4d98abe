// Several nodes that fetch from one another by their own code.
#include "classic/fetcher.h"
#include "classic/peer_transfer.h"
#include "fake_host.h"

#include <StorePeer.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace p2p::diststore {
namespace {

using namespace std::chrono_literals;
using NodeAddresses = std::vector<NodeAddress>;

// kSelf comes before kOther, that before kThird, and kFourth held everything before they joined.
class Joiners : public ::testing::Test {
 protected:
  Joiners() {
    for (const NodeAddress& self : all_) {
      StoreFixture& node = *nodes_.emplace(self, std::make_unique<StoreFixture>(self)).first->second;
      node.locator->ranks = {{"key", all_}};
    }
    at(kFourth).hold("key", "held by the fourth", {5, 9});
    for (const NodeAddress& self : all_) at(self).work_by(at(self).locator->ring_of(all_));
    for (const NodeAddress& joiner : {kSelf, kOther, kThird}) {
      NodeAddresses others = all_;
      std::erase(others, joiner);
      at(joiner).await_keys(1, others);
    }
  }
  StoreFixture& at(const NodeAddress& node) { return *nodes_.at(node); }

  // Lets `node` confirm the key; answers with its outcome when all questions are answered.
  std::optional<bool> confirm_at(const NodeAddress& node) {
    std::optional<bool> told;
    confirm(at(node).classic, {"key"}, at(node).in(5s), [&](bool is_confirmed) { told = is_confirmed; });
    while (!at(node).peers.asked.empty()) serve(at(node).peers.take("pull"));
    return told;
  }
  void serve(const Asked& asked) {
    StoreFixture& node = at(asked.to);
    const auto receipts = std::make_shared<ReceiptBook>();
    Methods methods;
    add_transfer_methods(methods, node.classic,
                         std::make_shared<Rebalancer>(node.log, node.strand, node.classic, receipts), receipts);
    wire::StorePeer_pull_args args;
    args.keys = Arguments<wire::StorePeer_pull_args>(asked)->keys;
    FakeCall call("pull", args, node.in(1s));
    call.dispatch(methods);
    asked.done(call.reply);
  }

 private:
  const NodeAddresses all_{kSelf, kOther, kThird, kFourth};
  std::map<NodeAddress, std::unique_ptr<StoreFixture>> nodes_;
};

TEST_F(Joiners, TheOwnerFindsItsWayThroughThoseThatJoinedWithIt) {
  EXPECT_EQ(confirm_at(kSelf), true);
  EXPECT_EQ(at(kSelf).value_of("key"), "held by the fourth");
}

TEST_F(Joiners, WhatOneInBetweenHasWrittenIsTheNewest) {
  at(kThird).hold("key", "written by the third", {9, 9});
  EXPECT_EQ(confirm_at(kSelf), true);
  EXPECT_EQ(at(kSelf).value_of("key"), "written by the third");
}

TEST_F(Joiners, WhatOneInBetweenHasErasedIsMissing) {
  at(kOther).hold("key", "", {9, 9}, true);
  EXPECT_EQ(confirm_at(kSelf), true);
  EXPECT_EQ(at(kSelf).value_of("key"), std::nullopt);
}

}  // namespace
}  // namespace p2p::diststore
