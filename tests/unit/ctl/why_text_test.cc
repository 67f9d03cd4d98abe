// What p2pctl makes of what nodes tell of one key.
#include "ctl/why_text.h"

#include <gtest/gtest.h>

#include <string>

namespace p2p::ctl {
namespace {

namespace view = cluster_view;

view::Member member(const std::string& address, view::MemberState::type state) {
  view::Member one;
  one.address = address;
  one.state = state;
  return one;
}

WhyThere there() {
  WhyThere found{.key = "a",
                 .cluster = {},
                 .partition = {},
                 .lease_left_ms = std::int64_t{1'200},
                 .read = std::optional(StoredVersion{7, 33, 5})};
  found.cluster.partitions = 4096;
  found.cluster.epoch = 12;
  found.cluster.members = {member("n0:1", view::MemberState::up), member("n1:1", view::MemberState::down),
                           member("n2:1", view::MemberState::up)};
  found.partition.number = 1234;
  found.partition.primary = "n0:1";
  found.partition.in_sync = {"n0:1", "n1:1"};
  found.partition.learners = {"n2:1"};
  found.partition.__set_term(7);
  found.partition.__set_changed(9);
  return found;
}

TEST(WhyText, EachCopyIsShownWithItsStateAndItsPart) {
  EXPECT_EQ(why_text(there()),
            "partition 1234 of 4096, term 7; its copies last changed at epoch 9, the map is at epoch 12\n"
            "COPY  STATE  ROLE     LEASE\n"
            "n0:1  up     primary  holds for 1200 ms\n"
            "n1:1  down   in sync  -\n"
            "n2:1  up     learner  -\n"
            "the key has version 7.33, a value of 5 bytes\n");
  EXPECT_TRUE(there().is_well());
}

TEST(WhyText, TheDocumentHasTheSame) {
  const nlohmann::json told = why_json(there());
  EXPECT_EQ(told["partition"], 1234);
  EXPECT_EQ(told["term"], 7);
  EXPECT_EQ(told["changed"], 9);
  EXPECT_EQ(told["primary"], "n0:1");
  EXPECT_EQ(told["copies"][1], (nlohmann::json{{"node", "n1:1"}, {"state", "down"}, {"role", "in_sync"}}));
  EXPECT_EQ(told["copies"][2]["role"], "learner");
  EXPECT_EQ(told["lease"], (nlohmann::json{{"holds", true}, {"left_ms", 1'200}, {"error", nullptr}}));
  EXPECT_EQ(told["version"], (nlohmann::json{{"stamp", 7}, {"node", 33}}));
  EXPECT_EQ(told["read_error"], nullptr);
}

TEST(WhyText, WithoutALeaseOrAKeyItIsNotWell) {
  WhyThere found = there();
  found.lease_left_ms = std::int64_t{0};
  EXPECT_FALSE(found.is_well());
  EXPECT_NE(why_text(found).find("primary  does not hold\n"), std::string::npos);
  EXPECT_EQ(why_json(found)["lease"]["holds"], false);

  found = there();
  found.read = std::optional<StoredVersion>();
  EXPECT_FALSE(found.is_well());
  EXPECT_NE(why_text(found).find("there is no such key\n"), std::string::npos);
  EXPECT_EQ(why_json(found)["found"], false);
  EXPECT_EQ(why_json(found)["version"], nullptr);
}

TEST(WhyText, WhatCouldNotBeAskedIsSaidAndNotGuessed) {
  WhyThere found = there();
  found.lease_left_ms = Error{ErrorKind::unreachable, "nobody listens"};
  found.read = Error{ErrorKind::timed_out, "no answer"};
  found.partition.__isset.term = found.partition.__isset.changed = false;
  found.cluster.members.clear();
  EXPECT_FALSE(found.is_well());
  const std::string text = why_text(found);
  for (const char* part : {"term not known; its copies last changed at epoch not known", "n0:1  unknown  primary",
                           "not known: nobody listens\n", "the key cannot be read: no answer\n"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  const nlohmann::json told = why_json(found);
  EXPECT_EQ(told["term"], nullptr);
  EXPECT_EQ(told["lease"]["holds"], nullptr);
  EXPECT_EQ(told["found"], nullptr);
  EXPECT_EQ(told["read_error"], "no answer");
}

}  // namespace
}  // namespace p2p::ctl
