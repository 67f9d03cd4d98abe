// What p2pctl doctor makes of what the members tell.
#include "ctl/doctor_findings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace p2p::ctl {
namespace {

namespace view = cluster_view;

view::State healthy_state() {
  view::State state;
  state.cluster = "c";
  state.epoch = 12;
  state.partitions = 64;
  state.copies = 3;
  state.complete = 64;
  state.lease_left_ms = 1'000;
  for (const char* address : {"n0:1", "n1:1", "n2:1"}) {
    view::Member member;
    member.address = address;
    member.state = view::MemberState::up;
    member.services = {"diststore", "locator"};
    member.is_voter = member.is_holder = true;
    member.feature_level = 2;
    state.members.push_back(member);
  }
  return state;
}

node::NodeStatus healthy_status() {
  node::NodeStatus status;
  status.version = "1.0";
  status.state = "ready";
  status.data_dir = "/data";
  node::Machine machine;
  machine.now_ms = 1'000'005;
  machine.descriptors_max = 20'000;
  machine.connections_max = 10'000;
  machine.disk_free = 50'000'000'000;
  machine.disk_bytes = 100'000'000'000;
  machine.data_dir_mode = 0700;
  status.__set_machine(machine);
  return status;
}

std::vector<Examined> healthy() {
  std::vector<Examined> members;
  for (const char* address : {"n0:1", "n1:1", "n2:1"})
    members.push_back({address, healthy_state(), healthy_status(), 1'000'000, 1'000'010});
  return members;
}

std::vector<std::string> named(const std::vector<Examined>& members) {
  std::vector<std::string> told;
  for (const Finding& one : findings_of(members)) {
    EXPECT_FALSE(one.what.empty());
    EXPECT_FALSE(one.fix.empty()) << one.kind;
    told.push_back(one.kind + (one.node.empty() ? "" : "@" + one.node));
  }
  return told;
}

using Names = std::vector<std::string>;

TEST(DoctorFindings, NothingIsFoundWhereAllIsWell) {
  EXPECT_EQ(named(healthy()), Names{});
  EXPECT_EQ(doctor_text({}, 3), "all is well with the 3 members that were asked\n");
  EXPECT_EQ(doctor_json({}, 3)["healthy"], true);
}

TEST(DoctorFindings, AMemberThatDoesNotAnswerIsNamedAndAMajorityOfSuchIsNone) {
  auto members = healthy();
  members[2].state = Error{ErrorKind::unreachable, "nobody listens"};
  members[2].status = Error{ErrorKind::unreachable, "nobody listens"};
  EXPECT_EQ(named(members), Names{"unreachable@n2:1"});
  members[1].state = Error{ErrorKind::timed_out, "no answer"};
  members[1].status = Error{ErrorKind::timed_out, "no answer"};
  EXPECT_EQ(named(members), (Names{"unreachable@n1:1", "unreachable@n2:1", "no_majority"}));
}

TEST(DoctorFindings, ALinkThatFailsOneWayNamesBothEnds) {
  auto members = healthy();
  view::State state = healthy_state();
  view::BrokenLink link;
  link.address = "n0:1";
  link.why = "refused";
  state.broken_links = {link};
  members[1].state = state;
  const auto found = findings_of(members);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "link_broken");
  EXPECT_EQ(found[0].node, "n1:1");
  EXPECT_EQ(found[0].what, "its calls to n0:1 fail: refused");
}

TEST(DoctorFindings, TheClockThatIsFarFromTheMiddleOneIsOff) {
  auto members = healthy();
  node::NodeStatus status = healthy_status();
  status.machine.now_ms += 500;  // within what a round trip leaves uncertain
  members[0].status = status;
  EXPECT_EQ(named(members), Names{});
  status.machine.now_ms += 100;
  members[0].status = status;
  EXPECT_EQ(named(members), Names{"clock_off@n0:1"});
  for (auto& one : members) one.asked_ms += 90'000, one.answered_ms += 90'000;  // ours is the wrong one
  EXPECT_EQ(named(members), Names{"clock_off@n0:1"});
}

TEST(DoctorFindings, WhatAMachineLacksIsNamed) {
  auto members = healthy();
  node::NodeStatus status = healthy_status();
  status.machine.descriptors_max = 1'024;
  status.machine.disk_free = 9'000'000'000;
  status.machine.is_volatile = true;
  status.machine.data_dir_mode = 0770;
  status.machine.set_aside = {"crash.notes.unreadable"};
  members[1].status = status;
  EXPECT_EQ(named(members), (Names{"disk_low@n1:1", "open_data_dir@n1:1", "few_descriptors@n1:1", "volatile_data@n1:1",
                                   "set_aside@n1:1"}));
}

TEST(DoctorFindings, AnEarlierNodeIsNamedAndNotGuessedAt) {
  auto members = healthy();
  node::NodeStatus status = healthy_status();
  status.version = "0.9";
  status.__isset.machine = false;
  members[0].status = status;
  EXPECT_EQ(named(members), (Names{"tells_less@n0:1", "other_version@n0:1"}));
}

TEST(DoctorFindings, ZonesCountOnlyWhereTheyAreUsed) {
  auto members = healthy();
  view::State state = healthy_state();
  state.members[0].zone = "a";
  state.members[1].zone = state.members[2].zone = "b";
  for (auto& one : members) one.state = state;
  EXPECT_EQ(named(members), Names{"few_zones"});
}

TEST(DoctorFindings, AMemberWithoutAStoreOrWithAFullOneOrOfAnOldLevelIsNamed) {
  auto members = healthy();
  view::State state = healthy_state();
  state.members[0].services = {"locator"};
  state.members[1].__set_takes_copies(false);
  state.members[2].feature_level = 1;
  state.under_replicated = 3;
  state.unserved = 1;
  for (auto& one : members) one.state = state;
  EXPECT_EQ(named(members),
            (Names{"unserved", "under_replicated", "memory_full@n1:1", "no_store@n0:1", "old_level@n2:1"}));
}

TEST(DoctorFindings, EachHasItsFixInTextAndDocument) {
  const std::vector<Finding> found{{Severity::error, "member_down", "n0:1", "gone", "start it"}};
  EXPECT_EQ(doctor_text(found, 2), "error    n0:1: gone [member_down]\n         fix: start it\n");
  EXPECT_EQ(
      doctor_json(found, 2)["findings"][0],
      (nlohmann::json{
          {"severity", "error"}, {"kind", "member_down"}, {"node", "n0:1"}, {"what", "gone"}, {"fix", "start it"}}));
}

}  // namespace
}  // namespace p2p::ctl
