// Bytes from other nodes, and from a disk, that cannot be: each is an error, and never more than that.
#include "agreed/wire/calls.h"
#include "agreed/wire/encoded.h"
#include "agreed/wire/maps.h"
#include "agreed/wire/packed.h"
#include "agreed/wire/replies.h"
#include "agreed/wire/saved.h"
#include "agreed/wire/values.h"
#include "cluster_fixture.h"
#include "cluster_listener.h"
#include "random_cluster.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace p2p::cluster::wire {
namespace {

namespace thrift = ::cluster_wire;

constexpr unsigned kFewSeeds = 6;

// --- damage ----------------------------------------------------------------------------------------------------------

// Of a binary message: version and type, the name with its length, the sequence number.
std::size_t head_bytes(const std::string& message) {
  constexpr std::size_t kWithoutName = 12;
  return kWithoutName + static_cast<std::uint8_t>(message[7]);
}

// A message of each kind, the join's too.
std::vector<std::string> calls_of(unsigned seed) {
  RandomCluster random(seed);
  std::vector<std::string> calls = {encode_join(random.sender(), random.member(), random.terms()),
                                    encode_watch(random.sender())};
  for (int more = 0; more < 8; ++more) {
    const MemberRequest request = random.call();
    calls.push_back(encode_call(random.sender(), random.cluster_of(request), request));
  }
  return calls;
}

// True: it was heard, and what was heard can be said again.
bool is_heard(std::string message) {
  ClusterService service;
  service.call(std::move(message));
  const KeptCalls& heard = *service.heard;
  EXPECT_TRUE(!heard.request || !encode_call(heard.from, heard.cluster, *heard.request).empty());
  EXPECT_TRUE(!heard.joiner || !encode_join(heard.from, *heard.joiner, *heard.terms).empty());
  const bool is_fault = service.ended && std::holds_alternative<Fault>(*service.ended);
  EXPECT_NE(is_fault, static_cast<bool>(heard.respond));
  return !is_fault;
}

bool is_sound(const Result<SavedAgreement>& saved) {
  return !saved.ok() || saved.value().map == nullptr || unsoundness(*saved.value().map).empty();
}

TEST(AgreedWireLimits, EveryBeginningIsAnError) {
  for (unsigned seed = 0; seed < kFewSeeds; ++seed) {
    for (const std::string& call : calls_of(seed))
      for (std::size_t bytes = head_bytes(call); bytes < call.size(); ++bytes)
        EXPECT_FALSE(is_heard(call.substr(0, bytes))) << seed << ": " << bytes << " of " << call.size();
    RandomCluster random(seed);
    const std::string reply = reply_of(random.replied());
    for (std::size_t bytes = 0; bytes < reply.size(); ++bytes)
      EXPECT_TRUE(std::holds_alternative<Error>(read_reply(reply.substr(0, bytes)))) << seed << ": " << bytes;
    const std::string saved = encode_saved(random.saved());
    for (std::size_t bytes = 0; bytes < saved.size(); ++bytes)
      EXPECT_FALSE(decode_saved(std::string_view(saved).substr(0, bytes)).ok()) << seed << ": " << bytes;
  }
}

// Each byte is changed at one bit, which is another in each run.
template <class Try>
void try_damaged(std::string bytes, std::size_t from, Try&& attempt) {
  for (std::size_t at = from; at < bytes.size(); ++at) {
    const auto bit = static_cast<char>(1 << (at * 5 + bytes.size()) % 8);
    bytes[at] = static_cast<char>(bytes[at] ^ bit);
    attempt(bytes);
    bytes[at] = static_cast<char>(bytes[at] ^ bit);
  }
}

TEST(AgreedWireLimits, DamagedBytesAreAnErrorOrASoundValue) {
  for (unsigned seed = 0; seed < kFewSeeds; ++seed) {
    for (const std::string& call : calls_of(seed)) try_damaged(call, head_bytes(call), is_heard);
    RandomCluster random(seed);
    try_damaged(reply_of(random.replied()), 0, [&](const std::string& reply) {
      const CallEnd end = read_reply(reply);
      const auto* replied = std::get_if<Replied>(&end);
      if (replied == nullptr || !replied->reply.update || replied->reply.update->map == nullptr) return;
      EXPECT_EQ(unsoundness(*replied->reply.update->map), "") << seed;
    });
    try_damaged(encode_saved(random.saved()), 0,
                [&](const std::string& saved) { EXPECT_TRUE(is_sound(decode_saved(saved))) << seed; });
  }
}

TEST(AgreedWireLimits, ALaterFormatOfWhatIsSavedIsToldApart) {
  std::string saved = encode_saved(RandomCluster(1).saved());
  saved[0] = kSavedFormat + 1;
  const Result<SavedAgreement> read = decode_saved(saved);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
}

TEST(AgreedWireLimits, WhatFollowsAMapIsNoPartOfIt) {
  EXPECT_TRUE(decode_map(encode_map(founded())).ok());
  EXPECT_FALSE(decode_map(encode_map(founded()) + '\0').ok());
}

// --- maps ------------------------------------------------------------------------------------------------------------

struct BadMap {
  const char* what;
  std::function<void(thrift::ClusterMap&)> alter;
};

const BadMap kBadMaps[] = {
    {"no cluster", [](auto& map) { map.cluster.clear(); }},
    {"an id of another length", [](auto& map) { map.cluster.pop_back(); }},
    {"nobody's id", [](auto& map) { map.cluster.assign(16, '\0'); }},
    {"epoch", [](auto& map) { map.epoch = 0; }},
    {"negative epoch", [](auto& map) { map.epoch = -1; }},
    {"largest epoch", [](auto& map) { map.epoch = std::numeric_limits<std::int64_t>::max(); }},
    {"copies", [](auto& map) { map.copies = kCopiesMax; }},
    {"negative copies", [](auto& map) { map.copies = -1; }},
    {"durability", [](auto& map) { map.durability = static_cast<thrift::Durability::type>(3); }},
    {"no durability", [](auto& map) { map.durability = static_cast<thrift::Durability::type>(0); }},
    {"negative feature level", [](auto& map) { map.feature_level = -1; }},
    {"feature level of nobody", [](auto& map) { map.feature_level = 100; }},
    {"negative slots", [](auto& map) { map.slots = -1; }},
    {"fewer slots than members", [](auto& map) { map.slots = 2; }},
    {"too many slots", [](auto& map) { map.slots = kMembersMax + 1; }},
    {"a slot twice", [](auto& map) { map.members[1].slot = 0; }},
    {"a slot beyond the last", [](auto& map) { map.members[2].slot = 3; }},
    {"a negative slot", [](auto& map) { map.members[0].slot = -1; }},
    {"no slot", [](auto& map) { map.members[0].__isset.slot = false; }},
    {"a member twice", [](auto& map) { map.members[1].id = map.members[0].id; }},
    {"a member without an id", [](auto& map) { map.members[1].id.clear(); }},
    {"a member without an address", [](auto& map) { map.members[1].host.clear(); }},
    {"a space in an address", [](auto& map) { map.members[1].host = "a b"; }},
    {"a long address", [](auto& map) { map.members[1].host.assign(kHostBytesMax + 1, 'a'); }},
    {"port 0", [](auto& map) { map.members[1].port = 0; }},
    {"port 65536", [](auto& map) { map.members[1].port = 65'536; }},
    {"state", [](auto& map) { map.members[1].state = static_cast<thrift::MemberState::type>(4); }},
    {"a long zone", [](auto& map) { map.members[1].zone.assign(kZoneBytesMax + 1, 'a'); }},
    {"a zone of two lines", [](auto& map) { map.members[1].zone = "a\nb"; }},
    {"weight", [](auto& map) { map.members[1].weight = kWeightMax + 1; }},
    {"negative weight", [](auto& map) { map.members[1].weight = -1; }},
    {"a service without a name", [](auto& map) { map.members[1].services = {""}; }},
    {"a service twice",
     [](auto& map) {
       map.members[1].services = {"a", "a"};
     }},
    {"services in disorder",
     [](auto& map) {
       map.members[1].services = {"b", "a"};
     }},
    {"a long service", [](auto& map) { map.members[1].services = {std::string(kServiceNameBytesMax + 1, 'a')}; }},
    {"negative since", [](auto& map) { map.members[1].since = -1; }},
    {"negative boot", [](auto& map) { map.members[1].boot.number = -1; }},
    {"no voters", [](auto& map) { map.voters.clear(); }},
    {"a voter that is no member", [](auto& map) { map.voters = {3}; }},
    {"a voter without a slot", [](auto& map) { map.voters = {-1}; }},
    {"two voters",
     [](auto& map) {
       map.voters = {0, 1};
     }},
    {"voters in disorder",
     [](auto& map) {
       map.voters = {2, 1, 0};
     }},
    {"too many voters", [](auto& map) { map.voters = {0, 1, 2, 3, 4, 5, 6}; }},
    {"voters of later", [](auto& map) { map.voters_since = map.epoch + 1; }},
    {"recovered from later", [](auto& map) { map.__set_recovered_from(map.epoch); }},
    {"recovered from before the first", [](auto& map) { map.__set_recovered_from(-1); }},
    {"recovered by nobody", [](auto& map) { map.__set_confirmers({0}); }},
    {"a recovery that waits for no list", [](auto& map) { map.__set_recovered_by(map.members[0].id); }},
    {"a recovery by a stranger",
     [](auto& map) {
       map.__set_recovered_by(std::string(16, 'x'));
       map.__set_confirmers({0});
     }},
    {"a recovery that waits for a stranger",
     [](auto& map) {
       map.__set_recovered_by(map.members[0].id);
       map.__set_confirmers({3});
     }},
    {"a recovery that waits for one twice",
     [](auto& map) {
       map.__set_recovered_by(map.members[0].id);
       map.__set_confirmers({1, 1});
     }},
    {"given up by no recovery", [](auto& map) { map.__set_given_up({std::string(16, 'x')}); }},
    {"a recovery that gives a member up",
     [](auto& map) {
       map.__set_recovered_by(map.members[0].id);
       map.__set_confirmers({});
       map.__set_given_up({map.members[1].id});
     }},
    {"no partitions", [](auto& map) { map.partitions.clear(); }},
    {"a partition less", [](auto& map) { map.partitions.resize(map.partitions.size() / 8 * 7); }},
    {"part of a partition", [](auto& map) { map.partitions.pop_back(); }},
};

thrift::ClusterMap good_map() { return decoded<thrift::ClusterMap>(encode_map(with_members(founded(), 3))); }

TEST(AgreedWireLimits, MapsThatCannotBeAreErrors) {
  ASSERT_TRUE(decode_map(encoded(good_map())).ok());
  for (const BadMap& bad : kBadMaps) {
    thrift::ClusterMap map = good_map();
    bad.alter(map);
    const Result<ClusterMap> read = decode_map(encoded(map));
    ASSERT_FALSE(read.ok()) << bad.what;
    EXPECT_EQ(read.error().kind, ErrorKind::protocol) << bad.what;
  }
}

// Of partitions: the primary, the copies, the learners, term, born. The map has three members and is of epoch 2.
const std::vector<std::uint64_t> kBadPartitions[] = {
    {3, 1, 3, 0, 1, 1},                                // a slot without a member
    {0, 1, kMembersMax, 0, 1, 1},                      // no slot
    {1, 1, 0, 0, 1, 1},                                // a primary that is not in sync
    {0, 0, 0, 1, 1},                                   // nobody in sync
    {0, 2, 0, 0, 0, 1, 1},                             // a copy twice
    {0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 1},        // too many copies
    {0, 1, 0, 1, 0, 1, 1, 1},                          // a learner that is in sync
    {0, 1, 0, 5, 1, 1, 2, 1, 3, 1, 4, 1, 5, 1, 1, 1},  // too many learners
    {0, 1, 0, 1, 1, 3, 1, 1},                          // a learner of later
    {0, 1, 0, 0, 3, 1},                                // a term of later
    {0, 1, 0, 0, 1, 2},                                // born later than its term
};

TEST(AgreedWireLimits, PartitionsThatCannotBeAreErrors) {
  const auto with_partition = [](const std::vector<std::uint64_t>& numbers) {
    Packer packer;
    for (const std::uint64_t number : numbers) packer.number(number);
    thrift::ClusterMap map = good_map();
    map.partitions = std::move(packer).take();
    return decode_map(encoded(map));
  };
  EXPECT_TRUE(with_partition({0, 1, 0, 1, 1, 2, 2, 1}).ok());
  for (std::size_t at = 0; at < std::size(kBadPartitions); ++at)
    EXPECT_FALSE(with_partition(kBadPartitions[at]).ok()) << at;
}

TEST(AgreedWireLimits, MorePartitionsThanThereCanBeAreNotRead) {
  thrift::ClusterMap map = good_map();
  const std::string one = map.partitions.substr(0, map.partitions.size() / 8);
  map.partitions.clear();
  for (std::size_t partitions = 0; partitions < 2 * kPartitionsMax; ++partitions) map.partitions += one;
  const Result<ClusterMap> read = decode_map(encoded(map));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().text, "a map has too many partitions");
}

TEST(AgreedWireLimits, PackedNumbersThatAreTooLongOrTooLargeAreErrors) {
  const auto read = [](std::string_view bytes, std::uint64_t max) { return Unpacker(bytes).number(max); };
  EXPECT_EQ(read("\x7f", 127), 127u);
  EXPECT_EQ(read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ~std::uint64_t{}), ~std::uint64_t{});
  EXPECT_THROW(read("\x7f", 126), Malformed);
  EXPECT_THROW(read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", ~std::uint64_t{}), Malformed) << "65 bits";
  EXPECT_THROW(read("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", ~std::uint64_t{}), Malformed) << "11 bytes";
  EXPECT_THROW(read("\x80\x80", ~std::uint64_t{}), Malformed) << "cut off";
  EXPECT_THROW(read("", ~std::uint64_t{}), Malformed);
}

// --- changes and updates ---------------------------------------------------------------------------------------------

TEST(AgreedWireLimits, ARequestIsOfOneKindThatIsKnown) {
  thrift::Change change;
  change.requests.emplace_back();
  EXPECT_FALSE(decode_change(encoded(change)).ok());
  thrift::Remove remove;
  remove.node = to_wire(id(1));
  change.requests.front().__set_remove(remove);
  EXPECT_TRUE(decode_change(encoded(change)).ok());
  change.requests.front().__set_raise_feature_level({});
  EXPECT_FALSE(decode_change(encoded(change)).ok());
}

TEST(AgreedWireLimits, ABadRequestSpoilsItsChange) {
  const Request bad[] = {Remove{},
                         AddLearner{.partition = kPartitionsMax, .node = id(1)},
                         RemoveLearner{.partition = 0, .node = id(1), .since = ~std::uint64_t{}},
                         SetVoters{std::vector<NodeId>(kVotersMax + 1, id(1))},
                         SetVoters{{NodeId{}}},
                         Up{.node = id(1), .boot = boot(1), .address = {}},
                         Describe{.node = id(1), .weight = kWeightMax + 1},
                         RaiseFeatureLevel{~std::uint32_t{}},
                         Join{}};
  for (const Request& request : bad) {
    EXPECT_TRUE(decode_change(encode_change({{Remove{id(1)}}})).ok());
    EXPECT_FALSE(decode_change(encode_change({{Remove{id(1)}, request}})).ok()) << request.index();
  }
}

TEST(AgreedWireLimits, AChangeHasAsManyRequestsAsItMayHave) {
  Change change{std::vector<Request>(kRequestsMax, Remove{id(1)})};
  EXPECT_EQ(decode_change(encode_change(change)).value(), change);
  change.requests.push_back(Remove{id(1)});
  EXPECT_FALSE(decode_change(encode_change(change)).ok());
}

// In a reply: its caller is what an update can harm.
bool is_read(const MapUpdate& update) {
  Replied replied = RandomCluster(1).replied();
  replied.reply.update = update;
  return std::holds_alternative<Replied>(read_reply(reply_of(replied)));
}

TEST(AgreedWireLimits, AnUpdateHasAsManyChangesAsAHistoryKeeps) {
  EXPECT_TRUE(is_read({.from = 1, .changes = std::vector<Change>(kChangesKept)}));
  EXPECT_FALSE(is_read({.from = 1, .changes = std::vector<Change>(kChangesKept + 1)}));
  const Change longest{std::vector<Request>(kRequestsMax, Remove{id(1)})};
  EXPECT_TRUE(is_read({.from = 1, .changes = std::vector<Change>(kRequestsKept / kRequestsMax, longest)}));
  EXPECT_FALSE(is_read({.from = 1, .changes = std::vector<Change>(kRequestsKept / kRequestsMax + 1, longest)}));
}

TEST(AgreedWireLimits, AMapIsOfTheClusterOfItsSender) {
  const auto map = std::make_shared<const ClusterMap>(founded());
  Replied replied{.from = RandomCluster(1).sender(), .cluster = map->cluster, .reply = {}};
  replied.reply.update = MapUpdate{.from = 1, .map = map};
  EXPECT_TRUE(std::holds_alternative<Replied>(read_reply(reply_of(replied))));
  EXPECT_TRUE(is_heard(encode_call(replied.from, replied.cluster, Announce{*replied.reply.update})));
  for (const std::uint64_t low : {0, 9}) {
    replied.cluster = {};
    replied.cluster.low = low;
    EXPECT_TRUE(std::holds_alternative<Error>(read_reply(reply_of(replied)))) << low;
    EXPECT_FALSE(is_heard(encode_call(replied.from, replied.cluster, Announce{*replied.reply.update}))) << low;
  }
}

// --- the rest of the messages ----------------------------------------------------------------------------------------

TEST(AgreedWireLimits, TimesStayWhereNothingOverflows) {
  const auto read = [](Duration sent_at, Duration try_after) {
    Replied replied = RandomCluster(1).replied();
    replied.reply = {.body = Granted{.sent_at = TimePoint(sent_at)}};
    if (try_after != Duration{}) replied.reply.body = Rejected{.ballot = {.proposer = id(1)}, .try_after = try_after};
    return std::holds_alternative<Replied>(read_reply(reply_of(replied)));
  };
  EXPECT_TRUE(read(kSentAtMax, {}));
  EXPECT_TRUE(read(-kSentAtMax, {}));
  EXPECT_FALSE(read(kSentAtMax + Duration(1), {}));
  EXPECT_FALSE(read(Duration::min(), {}));
  EXPECT_TRUE(read({}, kTryAfterMax));
  EXPECT_FALSE(read({}, kTryAfterMax + Duration(1)));
  EXPECT_FALSE(read({}, Duration(-1)));
}

TEST(AgreedWireLimits, ConsentsAreOfPartitionsThatThereCanBe) {
  const auto heard = [](std::vector<Consent> consents) {
    return is_heard(encode_call(RandomCluster(1).sender(), {}, Renew{.consents = std::move(consents)}));
  };
  EXPECT_TRUE(heard({{.partition = kPartitionsMax - 1, .term = kNaturalMax}}));
  EXPECT_FALSE(heard({{.partition = kPartitionsMax, .term = 1}}));
  EXPECT_FALSE(heard({{.partition = 0, .term = kNaturalMax + 1}}));
  EXPECT_TRUE(heard(std::vector<Consent>(kPartitionsMax)));
  EXPECT_FALSE(heard(std::vector<Consent>(kPartitionsMax + 1)));
}

TEST(AgreedWireLimits, EachPartitionIsHandedOverToOneNode) {
  const auto heard = [](std::size_t partitions, std::size_t nodes) {
    const BeginHandOver begin{.partitions = std::vector<Consent>(partitions), .to = std::vector(nodes, id(1))};
    return is_heard(encode_call(RandomCluster(1).sender(), {}, begin));
  };
  EXPECT_TRUE(heard(2, 2));
  EXPECT_FALSE(heard(2, 1));
  EXPECT_FALSE(heard(1, 2));
}

TEST(AgreedWireLimits, AsManyAreUnheardAsThereCanBeMembers) {
  const auto heard = [](std::size_t nodes) {
    return is_heard(encode_call(RandomCluster(1).sender(), {}, Unheard{.nodes = std::vector(nodes, id(1))}));
  };
  EXPECT_TRUE(heard(0));
  EXPECT_TRUE(heard(kMembersMax));
  EXPECT_FALSE(heard(kMembersMax + 1));
}

TEST(AgreedWireLimits, TextsForPeopleAreCutAndCleaned) {
  EXPECT_EQ(reason("as it is"), "as it is");
  EXPECT_EQ(reason("two\nlines\x7f"), "two lines ");
  EXPECT_EQ(reason(std::string(kReasonBytesMax + 1, 'a')).size(), kReasonBytesMax);
  const std::string umlauts = std::string(kReasonBytesMax - 1, 'a') + "\u00fc";
  EXPECT_EQ(reason(umlauts).size(), kReasonBytesMax - 1) << "not in the middle of a character";
}

TEST(AgreedWireLimits, AReplyHoldsAnAnswerOrARefusal) {
  EXPECT_TRUE(std::holds_alternative<Error>(read_reply(std::string("garbage"))));
  EXPECT_TRUE(std::holds_alternative<Error>(read_reply(std::string())));
  std::string empty = reply_of(RandomCluster(1).replied());
  empty.resize(head_bytes(empty));
  EXPECT_TRUE(std::holds_alternative<Error>(read_reply(empty + '\0')));
}

}  // namespace
}  // namespace p2p::cluster::wire
