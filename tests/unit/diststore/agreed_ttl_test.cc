// Values with a time to live on the path of a call (docs/decisions/0037): what is refused, what reaches the copies, and
// what is answered of a value that ends.
#include "agreed_calls.h"

namespace p2p::diststore::agreed {
namespace {

using StoreErrors = wire::StoreErrorKind;

class AgreedTtl : public AgreedCalls {
 protected:
  static wire::WriteOptions ttl(std::int64_t ttl_ms) {
    wire::WriteOptions options;
    options.__set_ttl_ms(ttl_ms);
    return options;
  }
  void keep_until(const std::string& key, const std::string& value, WallMs expires_at) {
    EXPECT_TRUE(replicas->values->apply_one(Change::set(key, value, {kTerm, 1}, expires_at)).ok());
  }
  std::unique_ptr<FakeCall> write_many_for(std::int64_t ttl_ms, const std::vector<std::string>& keys) {
    wire::Store_write_many_args args;
    for (const std::string& key : keys) {
      args.items.emplace_back();
      args.items.back().key = key;
      args.items.back().value = "v";
    }
    args.options = ttl(ttl_ms);
    return dispatch("write_many", args);
  }
  static std::vector<wire::ReadResult> read_of_many(const FakeCall& call) {
    return decode_reply<wire::Store_read_many_result>(call.reply).value().success;
  }
};

TEST_F(AgreedTtl, ItReachesTheCopiesAndTheirPrimarySetsTheEnd) {
  const auto writing = write_if("a", "apple", ttl(1500));
  const auto written = replicas->take_write();
  EXPECT_EQ(written.batch->writes[0].ttl_ms, 1500);
  EXPECT_EQ(written.batch->writes[0].expires_at, kNoExpiry);
  const auto plain = write_if("a", "apple", {});
  EXPECT_EQ(replicas->take_write().batch->writes[0].ttl_ms, 0);
  auto both = ttl(7);
  both.__set_if_absent(true);
  const auto conditional = write_if("a", "apple", both);
  const auto third = replicas->take_write();
  EXPECT_EQ(third.batch->writes[0].ttl_ms, 7);
  EXPECT_EQ(third.batch->writes[0].condition.kind, replication::Condition::Kind::if_absent);
}

TEST_F(AgreedTtl, ItsLimitsAreNamed) {
  for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, kTtlMaxMs + 1}) {
    const auto one = write_if("a", "apple", ttl(wrong));
    EXPECT_EQ(one->fault, CallFault::protocol_error) << wrong;
    EXPECT_NE(one->failure.find("ttl_ms"), std::string::npos) << one->failure;
    EXPECT_EQ(write_many_for(wrong, {"a", "b"})->fault, CallFault::protocol_error) << wrong;
  }
  EXPECT_TRUE(replicas->writes.empty());
  const auto longest = write_if("a", "apple", ttl(kTtlMaxMs));
  EXPECT_EQ(replicas->take_write().batch->writes[0].ttl_ms, kTtlMaxMs);
}

TEST_F(AgreedTtl, AnEraseTakesNone) {
  EXPECT_EQ(error_of_erase(*erase_if("a", ttl(5))).kind, StoreErrors::unsupported);
  wire::Store_erase_many_args many;
  many.keys = {"a"};
  many.options = ttl(5);
  EXPECT_EQ(error_of<wire::Store_erase_many_result>(*dispatch("erase_many", many)).kind, StoreErrors::unsupported);
  EXPECT_TRUE(replicas->writes.empty());
}

TEST_F(AgreedTtl, ItIsRefusedUntilAllMembersKnowItWhoeverOwnsTheKey) {
  replicas->level = kTtlLevel - 1;
  for (const NodeAddress& owner : {kSelf, kOther}) {
    locator->ring = std::make_shared<FakeRing>(owner);
    const auto refused = error_of_write(*write_if("a", "apple", ttl(5)));
    EXPECT_EQ(refused.kind, StoreErrors::unsupported);
    EXPECT_NE(refused.message.find("feature level"), std::string::npos) << refused.message;
    EXPECT_EQ(error_of<wire::Store_write_many_result>(*write_many_for(5, {"a"})).kind, StoreErrors::unsupported);
  }
  EXPECT_TRUE(replicas->writes.empty());
  locator->ring = std::make_shared<FakeRing>(kSelf);
  stay(write_if("a", "apple", {}));
  EXPECT_EQ(replicas->writes.size(), 1u);
}

TEST_F(StoreMethods, ClassicModeRefusesATimeToLiveAndNamesTheMode) {
  wire::Store_write_args writing;
  writing.key = "a";
  writing.options.__set_ttl_ms(5);
  wire::Store_write_many_args many;
  many.items.emplace_back();
  many.options.__set_ttl_ms(5);
  for (const NodeAddress& owner : {kSelf, kOther}) {
    own(owner);
    const auto written = decode_reply<wire::Store_write_result>(dispatch("write", writing)->reply);
    ASSERT_TRUE(written.ok() && written.value().__isset.error);
    EXPECT_EQ(kind_of(written.value().error), StoreErrors::unsupported);
    EXPECT_NE(written.value().error.message.find("classic mode"), std::string::npos);
    const auto batch = decode_reply<wire::Store_write_many_result>(dispatch("write_many", many)->reply);
    ASSERT_TRUE(batch.ok() && batch.value().__isset.error);
    EXPECT_EQ(kind_of(batch.value().error), StoreErrors::unsupported);
  }
  EXPECT_FALSE(stored("a"));
}

TEST_F(AgreedTtl, AReadTellsWhatIsLeft) {
  keep("for ever", "v");
  keep_until("a", "apple", replicas->wall + 1500);
  EXPECT_FALSE(read_of(*read("for ever")).__isset.ttl_left_ms);
  EXPECT_EQ(read_of(*read("a")).ttl_left_ms, 1500);
  replicas->wall += 1499;
  const auto last = read_of(*read("a"));
  EXPECT_EQ(last.value, "apple");
  EXPECT_EQ(last.ttl_left_ms, 1);
  EXPECT_EQ(got(*get("a")), "apple");
  const auto many = read_of_many(*read_many({"a", "for ever"}));
  EXPECT_EQ(many[0].ttl_left_ms, 1);
  EXPECT_FALSE(many[1].__isset.ttl_left_ms);
}

TEST_F(AgreedTtl, AReadThatWaitedForAWriteTellsItToo) {
  begin("a");
  const auto reading = read("a");
  const auto batch = batch_of(KeyWrite::put_until("a", "apple", replicas->wall + 20));
  const auto asked = replicas->take_read();
  asked.done({.verdict = Verdict::done, .batch = batch, .write = &batch->writes.front()});
  EXPECT_EQ(read_of(*reading).ttl_left_ms, 20);
  const auto several = read_many({"a"});
  replicas->take_read().done({.verdict = Verdict::done, .batch = batch, .write = &batch->writes.front()});
  EXPECT_EQ(read_of_many(*several)[0].ttl_left_ms, 20);
}

TEST_F(AgreedTtl, WhetherAValueThatHasExpiredIsGoneIsUpToTheCopies) {
  keep_until("a", "apple", replicas->wall);
  const auto reading = read("a");
  EXPECT_TRUE(is_open(*reading)) << "no value, and not yet that there is none";
  replicas->take_read().answer(Verdict::missing);
  EXPECT_FALSE(read_of(*reading).found);
  const auto getting = get("a");
  replicas->take_read().answer(Verdict::missing);
  EXPECT_EQ(got(*getting), "");
  const auto several = read_many({"a", "b"});
  EXPECT_TRUE(is_open(*several));
  replicas->take_read().answer(Verdict::missing);
  EXPECT_FALSE(read_of_many(*several)[0].found);
}

TEST_F(AgreedTtl, ABatchGivesItToAllItsItemsAtOtherNodesToo) {
  const auto here = write_many_for(70, {"a", "b"});
  for (const auto& written : replicas->writes)
    for (const KeyWrite& one : written.batch->writes) EXPECT_EQ(one.ttl_ms, 70);
  replicas->writes.clear();
  locator->ring = std::make_shared<FakeRing>(kOther);
  const auto there = write_many_for(70, {"a", "b"});
  const Asked asked = peers.take("write_here");
  EXPECT_EQ(Arguments<wire::StorePeer_write_here_args>(asked)->options.ttl_ms, 70);
  locator->ring = std::make_shared<FakeRing>(kSelf);
  wire::StorePeer_write_here_args part;
  part.items.emplace_back();
  part.options = ttl(70);
  const auto of_a_peer = dispatch("write_here", part);
  EXPECT_EQ(replicas->take_write().batch->writes[0].ttl_ms, 70);
  part.options = ttl(-70);
  EXPECT_EQ(dispatch("write_here", part)->fault, CallFault::protocol_error);
}

}  // namespace
}  // namespace p2p::diststore::agreed
