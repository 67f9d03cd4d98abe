// Entries of spaces in an agreed cluster: served here by the copies, asked of other nodes otherwise, and never answered
// for whoever may not have them.
#include "agreed/agreed_entries.h"
#include "agreed_calls.h"
#include "engine/space_key.h"

#include <StoreSpaces.h>

#include <optional>

namespace p2p::diststore::agreed {
namespace {

class AgreedEntriesTest : public AgreedCalls {
 protected:
  AgreedEntriesTest() { store->options.reserves_keys = true; }

  std::optional<Result<FoundEntry>> read_key() {
    std::optional<Result<FoundEntry>> found;
    entries->read(key, deadline(), [&found](Result<FoundEntry> read) { found = std::move(read); });
    return found;
  }
  void change_key(EntryChange change) {
    entries->change(change, deadline(), [this](Result<ChangedEntry> changed) { outcome = std::move(changed); });
  }
  ErrorKind error() const { return outcome && !outcome->ok() ? outcome->error().kind : ErrorKind::internal; }
  TimePoint deadline() const { return strand->now() + std::chrono::seconds(5); }

  const std::string key = stored_key_of({"queue", "a"});
  const std::shared_ptr<AgreedEntries> entries =
      std::make_shared<AgreedEntries>(*store, store->routing, store->keys, replicas, "diststore.spaces");
  std::optional<Result<ChangedEntry>> outcome;
};

TEST_F(AgreedEntriesTest, AReadIsAnsweredAtOnceWhereTheRouteKeyIsServed) {
  keep(key, "state", {3, 17});
  const auto read = read_key();
  ASSERT_TRUE(read && read->ok());
  EXPECT_EQ(read->value().value, "state");
  EXPECT_EQ(read->value().version, (Version{3, 17}));
}

TEST_F(AgreedEntriesTest, AReadOfWhatIsUnderWayWaitsForIt) {
  keep(key, "not committed");
  begin(key);
  std::optional<Result<FoundEntry>> read;
  entries->read(key, deadline(), [&read](Result<FoundEntry> one) { read = std::move(one); });
  EXPECT_FALSE(read);
  const auto asked = replicas->take_read();
  EXPECT_EQ(asked.partition, partition_of("a")) << "by the route key alone";
  asked.answer("committed", {3, 9});
  EXPECT_EQ(read->value().value, "committed");
}

TEST_F(AgreedEntriesTest, WhatIsNotServedIsSurelyNotDone) {
  serve(0);
  EXPECT_EQ(read_key()->error().kind, ErrorKind::unreachable);
  change_key({.key = key, .value = "x"});
  EXPECT_EQ(error(), ErrorKind::unreachable);
  EXPECT_TRUE(replicas->writes.empty());
}

TEST_F(AgreedEntriesTest, AChangeIsAWriteUnderItsCondition) {
  change_key({.key = key, .value = "x"});
  const auto first = replicas->take_write();
  EXPECT_EQ(first.partition, partition_of("a"));
  EXPECT_EQ(first.batch->writes.front().condition.kind, replication::Condition::Kind::if_absent);
  first.answer(Verdict::done, {3, 4});
  EXPECT_TRUE(outcome->value().is_done);
  EXPECT_EQ(outcome->value().version, (Version{3, 4}));
  change_key({.key = key, .if_version = Version{3, 4}});
  const auto second = replicas->take_write();
  EXPECT_TRUE(second.batch->writes.front().is_erase);
  EXPECT_EQ(second.batch->writes.front().condition.version, (WriteVersion{3, 4}));
  second.answer(Verdict::condition_failed, {3, 5});
  EXPECT_FALSE(outcome->value().is_done);
}

TEST_F(AgreedEntriesTest, EachVerdictSaysWhetherItMayHaveBeenDone) {
  const std::pair<Verdict, ErrorKind> ends[] = {{Verdict::refused, ErrorKind::unreachable},
                                                {Verdict::overloaded, ErrorKind::overloaded},
                                                {Verdict::full, ErrorKind::overloaded},
                                                {Verdict::unknown, ErrorKind::timed_out}};
  for (const auto& [verdict, kind] : ends) {
    change_key({.key = key, .value = "x"});
    replicas->take_write().answer(verdict);
    EXPECT_EQ(error(), kind);
  }
}

// --- what clients of the store see -----------------------------------------------------------------------------------

TEST_F(AgreedEntriesTest, ClientsAreRefusedWhateverTheyDoWithAReservedKey) {
  keep(key, "state");
  const auto reading = read(key);
  EXPECT_EQ(error_of<wire::Store_read_result>(*reading).kind, wire::StoreErrorKind::unsupported);
  EXPECT_EQ(error_of_write(*write_if(key, "x", {})).kind, wire::StoreErrorKind::unsupported);
  EXPECT_EQ(error_of_erase(*erase_if(key, {})).kind, wire::StoreErrorKind::unsupported);
  EXPECT_NE(get(key)->failure.find("reserved"), std::string::npos);
  EXPECT_TRUE(replicas->writes.empty());
}

TEST_F(AgreedEntriesTest, InClassicModeTheyAreKeysLikeAnyOther) {
  store->options.reserves_keys = false;
  keep(key, "a client's");
  EXPECT_EQ(read_of(*read(key)).value, "a client's");
}

}  // namespace
}  // namespace p2p::diststore::agreed
