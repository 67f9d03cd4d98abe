// The fuzzer's entry on what members of a cluster have written and chance has mutilated, the same on every run.
#include "cluster_wire_entry.h"

#include "agreed/wire/saved.h"
#include "cluster_listener.h"
#include "mutilate.h"
#include "random_cluster.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace p2p::fuzz {
namespace {

using namespace p2p::cluster::wire;
using cluster::RandomCluster;

// Of a binary message: version and type, the name with its length, the sequence number.
std::string without_head(const std::string& message) {
  constexpr std::size_t kWithoutName = 12;
  return message.substr(kWithoutName + static_cast<std::uint8_t>(message[7]));
}

// By the place of a kind in MemberRequest.
ClusterForm form_of(const cluster::MemberRequest& request) {
  constexpr ClusterForm kForms[] = {ClusterForm::renew,    ClusterForm::prepare,   ClusterForm::accept,
                                    ClusterForm::announce, ClusterForm::fetch_map, ClusterForm::adopt,
                                    ClusterForm::suggest,  ClusterForm::join,      ClusterForm::begin_hand_over,
                                    ClusterForm::report,   ClusterForm::unheard};
  return kForms[request.index()];
}

using Message = std::pair<ClusterForm, std::string>;

Message message_of(unsigned seed) {
  RandomCluster random(seed);
  switch (seed % 6) {
    case 0:
      return {ClusterForm::reply, reply_of(random.replied())};
    case 1:
      return {ClusterForm::saved, encode_saved(random.saved())};
    case 2:
      return {ClusterForm::join, without_head(encode_join(random.sender(), random.member(), random.terms()))};
    case 3:
      return {ClusterForm::watch, without_head(encode_watch(random.sender()))};
    default:
      break;
  }
  const cluster::MemberRequest request = random.call();
  return {form_of(request), without_head(encode_call(random.sender(), random.cluster_of(request), request))};
}

std::string input_of(const Message& message) { return static_cast<char>(message.first) + message.second; }

TEST(ClusterWireFuzz, WhatWasWrittenIsRead) {
  for (unsigned seed = 0; seed < 6'000; ++seed)
    EXPECT_EQ(try_cluster_wire(input_of(message_of(seed))), ClusterOutcome::read) << seed;
  const cluster::Refused refused{.field = "cluster", .ours = "1", .theirs = "2", .fix = "join that one"};
  EXPECT_EQ(try_cluster_wire(input_of({ClusterForm::reply, reply_of(refused)})), ClusterOutcome::read);
}

TEST(ClusterWireFuzz, MutilatedMessagesAreReadOrRefused) {
  std::mt19937 random(2);
  std::map<std::pair<ClusterForm, ClusterOutcome>, int> outcomes;
  for (unsigned seed = 0; seed < 60'000 / kRoundsShare; ++seed) {
    Message message = message_of(seed);
    mutilate(message.second, random);
    ++outcomes[{message.first, try_cluster_wire(input_of(message))}];
  }
  for (unsigned form = 0; form < kClusterFormsCount; ++form)
    for (const ClusterOutcome outcome : {ClusterOutcome::refused, ClusterOutcome::read})
      EXPECT_GT((outcomes[{static_cast<ClusterForm>(form), outcome}]), 20 / kRoundsShare)
          << form << ' ' << static_cast<int>(outcome);
}

TEST(ClusterWireFuzz, RandomBytesAreRefused) {
  std::mt19937 random(3);
  for (int round = 0; round < 100'000 / kRoundsShare; ++round) {
    std::string bytes(random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(try_cluster_wire(bytes), ClusterOutcome::refused);
  }
}

}  // namespace
}  // namespace p2p::fuzz
