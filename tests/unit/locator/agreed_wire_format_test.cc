// The very bytes of every kind of message, which later programs must read too, and how many there are of large ones.
#include "agreed/wire/maps.h"
#include "agreed/wire/messages.h"
#include "agreed/wire/saved.h"
#include "agreed_wire_golden.h"
#include "cluster_fixture.h"
#include "cluster_listener.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::cluster::wire {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<std::uint8_t>(byte) >> 4];
    text += kDigits[static_cast<std::uint8_t>(byte) & 0xf];
  }
  return text;
}

// --- one of each kind ------------------------------------------------------------------------------------------------

using Named = std::vector<std::pair<std::string, std::string>>;  // and bytes

Member member_of_golden() {
  Member one = member(2, {.zone = "z", .weight = 50, .feature_level = 3});
  one.services = {"a", "b"};
  one.state = MemberState::leaving;
  one.holds_partitions = false;
  one.since = 4;
  return one;
}

Sender sender_of_golden() { return {.node = id(2), .boot = {.number = 3, .nonce = 4}, .epoch = 5}; }

Ballot ballot_of_golden() { return {.generation = 1, .round = 2, .boot = 3, .proposer = id(4)}; }

ClusterMap map_of_golden() {
  ClusterMap map = with_members(founded({.partitions = 2, .durability = Durability::durable}), 4);
  map = in_sync_at(map, {2});
  map = after(map, {learn(0, 4), down(3)});
  map = after(map, {Remove{id(3)}});
  map.succeeds.low = 9;
  map.generation = 2;
  return map;
}

ClusterMap recovering_map_of_golden() {
  ClusterMap map = map_of_golden();
  map.founded_by_hand = true;
  map.recovered_from = 5;
  map.recovered_by = id(1);
  map.confirmers = {1, 3};
  return map;
}

Change change_of_golden() { return {{Remove{id(1)}, RaiseFeatureLevel{2}}}; }

Named requests_of_golden() {
  const Request requests[] = {Join{member_of_golden()},
                              up(1, 2),
                              down(1, 2),
                              leave(1, 2),
                              Remove{id(1)},
                              Describe{.node = id(1), .zone = "z", .weight = 7},
                              RaiseFeatureLevel{2},
                              SetVoters{{id(1), id(2)}},
                              AddLearner{.partition = 300, .node = id(1)},
                              RemoveLearner{.partition = 300, .node = id(1), .since = 2},
                              PutInSync{.partition = 300, .node = id(1), .term = 2, .since = 3},
                              TakeOutOfSync{.partition = 300, .node = id(1), .term = 2},
                              MovePrimary{.partition = 300, .to = id(1), .term = 2},
                              RenewTerm{.partition = 300, .primary = id(1), .term = 2},
                              StartEmpty{.partition = 300, .at = id(1), .term = 2}};
  Named named;
  for (const Request& request : requests)
    named.emplace_back("request " + std::to_string(named.size()), encode_change({{request}}));
  return named;
}

Named calls_of_golden() {
  const MapUpdate update{.from = 4, .changes = {change_of_golden()}};
  const Terms terms{.copies_min = 1, .succeeded = founded().cluster, .wall_clock = std::chrono::milliseconds(6)};
  const std::pair<const char*, MemberRequest> calls[] = {
      {"renew", Renew{.sent_at = TimePoint(Duration(6)), .consents = {{1, 7}, {300, 8}}}},
      {"prepare", Prepare{.slot = 6, .ballot = ballot_of_golden()}},
      {"accept", Accept{.slot = 6, .ballot = ballot_of_golden(), .change = change_of_golden()}},
      {"announce", Announce{update}},
      {"fetch_map", FetchMap{}},
      {"suggest", Suggest{change_of_golden().requests}},
      {"begin_hand_over", BeginHandOver{.partitions = {{1, 7}}, .to = {id(3)}}},
      {"report", Report{.gone = {{.node = id(3), .boot = 300}}}},
      {"unheard", Unheard{.nodes = {id(3), id(1)}}},
      {"adopt", Adopt{update}}};
  Named named = {{"join", encode_join(sender_of_golden(), member_of_golden(), terms)},
                 {"watch", encode_watch(sender_of_golden())}};
  for (const auto& [name, call] : calls)
    named.emplace_back(name, encode_call(sender_of_golden(), founded().cluster, call));
  return named;
}

Named replies_of_golden() {
  const Ballot ballot = ballot_of_golden();
  const AgreementReply bodies[] = {
      Granted{.sent_at = TimePoint(Duration(6)), .boot = {.number = 1, .nonce = 2}},
      NotGranted{.sent_at = TimePoint(Duration(-6))},
      Promised{.slot = 6, .ballot = ballot, .accepted = ballot, .change = change_of_golden()},
      Accepted{.slot = 6, .ballot = ballot},
      Rejected{.slot = 6, .ballot = ballot, .promised = ballot, .try_after = Duration(7), .why = "no"},
      Noted{},
      Adopted{.epoch = 6},
      NotAdopted{}};
  Named named = {{"refused", reply_of(Refused{.field = "copies", .ours = "3", .theirs = "2", .fix = "set it"})}};
  for (const AgreementReply& body : bodies) {
    Replied replied{.from = sender_of_golden(), .cluster = {}, .reply = {.body = body}};
    if (std::holds_alternative<Noted>(body)) {
      replied.cluster = founded().cluster;
      replied.reply.update = MapUpdate{.from = 4, .map = std::make_shared<const ClusterMap>(map_of_golden())};
    }
    named.emplace_back("reply " + std::to_string(body.index()), reply_of(replied));
  }
  return named;
}

Named all_of_golden() {
  const VoterState voter{
      .slot = 5, .promised = ballot_of_golden(), .accepted = ballot_of_golden(), .change = change_of_golden()};
  Named all = {{"map", encode_map(map_of_golden())},
               {"saved", encode_saved({.map = std::make_shared<const ClusterMap>(map_of_golden()), .voter = voter})}};
  all.emplace_back("recovering map", encode_map(recovering_map_of_golden()));
  for (const Named& more : {requests_of_golden(), calls_of_golden(), replies_of_golden()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

// A change of the format is a new field, and these stay readable; or it is an accident.
TEST(AgreedWireFormat, EveryKindOfMessageHasTheBytesThatItAlwaysHad) {
  const Named all = all_of_golden();
  ASSERT_EQ(all.size(), std::size(kGolden));
  for (std::size_t at = 0; at < all.size(); ++at) {
    EXPECT_EQ(all[at].first, kGolden[at].name);
    EXPECT_EQ(hex(all[at].second), kGolden[at].bytes) << all[at].first;
  }
}

// --- sizes -----------------------------------------------------------------------------------------------------------

// 4096 partitions with three copies each at nodes that chance chose, and terms as after a long life.
ClusterMap large_map(unsigned members) {
  ClusterMap map = with_members(founded({.partitions = kPartitions}), members);
  map.epoch = 20'000;
  for (std::size_t number = 0; number < map.partitions.size(); ++number) {
    Partition& partition = map.partitions[number];
    partition.in_sync.clear();
    for (const std::size_t step : {1, 7, 31})
      partition.in_sync.push_back(static_cast<Slot>((number * 13 + step) % members));
    partition.primary = partition.in_sync.front();
    partition.term = 1 + number * 4;
  }
  for (Member& one : map.members) {
    one.zone = "rack-17";
    one.services = {"diststore", "locator"};
  }
  return map;
}

TEST(AgreedWireFormat, ALargeMapIsShort) {
  const ClusterMap map = large_map(100);
  ASSERT_EQ(unsoundness(map), "");
  const std::size_t bytes = encode_map(map).size();
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LE(bytes, 60'000u);
  EXPECT_LE(encode_map(large_map(1000)).size(), 230'000u) << "its members are most of it";
}

TEST(AgreedWireFormat, AUsualChangeIsShorter) {
  const ClusterMap map = large_map(100);
  EXPECT_LE(encode_change({{down(5)}}).size(), 70u);
  EXPECT_LE(encode_change({{take_out(map, 9, 5)}}).size(), 60u);
  Change step;  // of a planner: what one new member gets at once
  for (PartitionNumber number = 0; number < 32; ++number) step.requests.push_back(learn(number, 5));
  EXPECT_LE(encode_change(step).size(), 1'500u);
}

}  // namespace
}  // namespace p2p::cluster::wire
