// What members of an agreed cluster say and save, as bytes: whatever goes in comes out.
#include "agreed/wire/maps.h"
#include "agreed/wire/saved.h"
#include "cluster_fixture.h"
#include "cluster_listener.h"
#include "random_cluster.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace p2p::cluster::wire {
namespace {

constexpr unsigned kSeeds = 1'000;

TEST(AgreedWire, EveryRequestArrivesAsItWasSent) {
  std::set<std::size_t> kinds;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomCluster random(seed);
    const Sender from = random.sender();
    const MemberRequest request = random.call();
    const ClusterId cluster = random.cluster_of(request);
    ClusterService service;
    service.call(encode_call(from, cluster, request));
    ASSERT_TRUE(service.heard->request) << seed << ": " << std::get<Fault>(*service.ended).text;
    EXPECT_TRUE(service.heard->from == from) << seed;
    EXPECT_EQ(service.heard->cluster, cluster) << seed;
    EXPECT_TRUE(*service.heard->request == request) << seed << ": of kind " << request.index();
    kinds.insert(request.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<MemberRequest> - 1) << "all but the join";
}

TEST(AgreedWire, AJoinArrivesWithItsTerms) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomCluster random(seed);
    const Sender from = random.sender();
    const Member joiner = random.member();
    const Terms terms = random.terms();
    ClusterService service;
    service.call(encode_join(from, joiner, terms));
    ASSERT_TRUE(service.heard->joiner) << seed << ": " << std::get<Fault>(*service.ended).text;
    EXPECT_TRUE(service.heard->from == from) << seed;
    EXPECT_EQ(service.heard->joiner, joiner) << seed;
    EXPECT_EQ(service.heard->terms, terms) << seed;
  }
}

TEST(AgreedWire, EveryReplyArrivesAsItWasSent) {
  std::set<std::size_t> kinds;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomCluster random(seed);
    const Replied replied = random.replied();
    ClusterService service;
    service.call(encode_call(random.sender(), {}, FetchMap{}));
    ASSERT_TRUE(service.heard->request) << seed;
    service.heard->respond(replied);
    ASSERT_TRUE(service.ended) << seed;
    const auto* read = std::get_if<Replied>(&*service.ended);
    ASSERT_NE(read, nullptr) << seed << ": " << std::get<Error>(*service.ended).text;
    EXPECT_TRUE(*read == replied) << seed << ": of kind " << replied.reply.body.index();
    kinds.insert(replied.reply.body.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<AgreementReply>);
}

TEST(AgreedWire, EveryChangeComesBack) {
  std::set<std::size_t> kinds;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    const Change change = RandomCluster(seed).change();
    const Result<Change> read = decode_change(encode_change(change));
    ASSERT_TRUE(read.ok()) << seed << ": " << read.error().text;
    EXPECT_EQ(read.value(), change) << seed;
    for (const Request& request : change.requests) kinds.insert(request.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Request>);
}

TEST(AgreedWire, EveryMapComesBack) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    const ClusterMap map = RandomCluster(seed).map();
    ASSERT_EQ(unsoundness(map), "") << seed;
    const Result<ClusterMap> read = decode_map(encode_map(map));
    ASSERT_TRUE(read.ok()) << seed << ": " << read.error().text;
    EXPECT_EQ(read.value(), map) << seed;
  }
}

TEST(AgreedWire, WhatIsSavedComesBack) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    const SavedAgreement saved = RandomCluster(seed).saved();
    const Result<SavedAgreement> read = decode_saved(encode_saved(saved));
    ASSERT_TRUE(read.ok()) << seed << ": " << read.error().text;
    EXPECT_TRUE(read.value() == saved) << seed;
  }
}

TEST(AgreedWire, APartitionMayHaveAllTheCopiesThatThereCanBe) {
  ClusterMap map = with_members(founded(), kCopiesMax);
  map = in_sync_at(map, {2, 3, 4, 5});
  for (unsigned number = 6; number <= kCopiesMax; ++number) map = after(map, {learn(0, number)});
  EXPECT_EQ(decode_map(encode_map(map)).value(), map);
  for (unsigned number = 6; number <= kCopiesMax; ++number) map = after(map, {put_in_sync(map, 0, number)});
  EXPECT_EQ(decode_map(encode_map(map)).value(), map);
}

TEST(AgreedWire, FreeSlotsStayWhereTheyAre) {
  ClusterMap map = with_members(founded(), 4);
  for (const unsigned number : {2u, 4u}) map = after(after(map, {down(number)}), {Remove{id(number)}});
  ASSERT_EQ(map.members.size(), 4u);
  const ClusterMap read = decode_map(encode_map(map)).value();
  EXPECT_EQ(read, map);
  EXPECT_EQ(read.slot_of(id(3)), slot(3));
}

// --- how calls end ---------------------------------------------------------------------------------------------------

TEST(AgreedWire, ARefusalIsToldWithBothValuesAndTheFix) {
  const Refused refused{.field = "copies", .ours = "3", .theirs = "2", .fix = "set copies = 3"};
  ClusterService service;
  service.call(encode_join(RandomCluster(1).sender(), RandomCluster(1).member(), {}));
  service.heard->respond(refused);
  EXPECT_EQ(std::get<Refused>(*service.ended), refused);
}

TEST(AgreedWire, AFaultIsNoFailureOfTheTransport) {
  ClusterService service;
  service.call(encode_call(RandomCluster(1).sender(), {}, FetchMap{}));
  service.heard->respond(Error{ErrorKind::cancelled, "the node stops"});
  EXPECT_NE(std::get<Fault>(*service.ended).text.find("the node stops"), std::string::npos);
  EXPECT_EQ(std::get<Error>(read_reply(Error{ErrorKind::refused, "nobody listens"})).kind, ErrorKind::refused);
}

TEST(AgreedWire, AWatchIsAnsweredWhenItsListenerSaysSo) {
  ClusterService service;
  service.call(encode_watch(RandomCluster(1).sender()));
  EXPECT_TRUE(service.heard->is_watched);
  EXPECT_FALSE(service.ended);
  service.heard->respond(RandomCluster(1).replied());
  EXPECT_TRUE(std::holds_alternative<Replied>(*service.ended));
}

TEST(AgreedWire, ACallThatIsForgottenEndsInAFault) {
  ClusterService service;
  service.call(encode_watch(RandomCluster(1).sender()));
  service.heard->respond = nullptr;
  ASSERT_TRUE(service.ended);
  EXPECT_TRUE(std::holds_alternative<Fault>(*service.ended));
}

}  // namespace
}  // namespace p2p::cluster::wire
