// What p2pctl says before it goes on without a majority of the voters.
#include "ctl/recovery_text.h"

#include <gtest/gtest.h>

#include <string>

namespace p2p::ctl {
namespace {

cluster_view::RecoveryPlan plan() {
  cluster_view::RecoveryPlan made;
  made.cluster = "0123456789abcdef0123456789abcdef";
  made.epoch = 17;
  made.generation = 1;
  made.survivors = {"a:1", "b:2"};
  made.voters = {"a:1"};
  cluster_view::GivenUp voter;
  voter.id = "fedcba98000000000000000000000000";
  voter.address = "c:3";
  voter.__set_since_ms(1'000);
  made.given_up = {voter};
  made.lost_count = 12;
  for (int number = 0; number < 12; ++number) made.lost.push_back(number);
  return made;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(RecoveryText, SaysWhatMayBeLost) {
  const std::string text = recovery_text(plan(), 61'000);
  EXPECT_TRUE(says(text, "goes on as generation 1 from epoch 17")) << text;
  EXPECT_TRUE(says(text, "survivors  a:1, b:2\nvoters     a:1\n")) << text;
  EXPECT_TRUE(says(text, "given up   c:3 (fedcba98): not reached for 1 min 0 s, since 1970-01-01 00:00:01.000"))
      << text;
  EXPECT_TRUE(says(text, "every change after epoch 17")) << text;
  EXPECT_TRUE(says(text, "12 partitions have their last in-sync copies at these voters")) << text;
  EXPECT_TRUE(says(text, "0-11\n")) << text;
}

TEST(RecoveryText, SaysThatNoPartitionIsLost) {
  auto some = plan();
  some.lost_count = 0;
  some.lost.clear();
  some.given_up[0].__isset.since_ms = false;
  const std::string text = recovery_text(some, 0);
  EXPECT_TRUE(says(text, "lost       none")) << text;
  EXPECT_TRUE(says(text, "not reached now")) << text;
}

TEST(RecoveryText, IsConfirmedByTheBeginningOfTheClustersId) { EXPECT_EQ(confirmation_of(plan()), "01234567"); }

TEST(RecoveryText, IsADocument) {
  const auto document = recovery_json(plan());
  EXPECT_EQ(document["given_up"][0]["since_ms"], 1'000);
  EXPECT_EQ(document["lost_count"], 12);
  EXPECT_EQ(document["begun"], false);
}

}  // namespace
}  // namespace p2p::ctl
