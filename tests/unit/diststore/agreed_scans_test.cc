// Scans in an agreed cluster: every key once while nothing changes, at least once whatever does, and nothing that may
// still be lost (W5).
#include "agreed/agreed_scans.h"
#include "agreed_calls.h"

#include <map>
#include <set>

namespace p2p::diststore::agreed {
namespace {

using StoreErrors = wire::StoreErrorKind;

constexpr std::uint64_t kEngine = 11;

// Partitions that the test names belong to kOther.
class PartedRing final : public RingView {
 public:
  explicit PartedRing(std::set<Partition> others = {}) : others_(std::move(others)) {}

  std::uint64_t fingerprint() const noexcept override { return 7; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override { return owner_of_partition(partition_of_key(key)); }
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t) const override {
    return {*owner_of(key).address};
  }
  Owner owner_of_partition(std::uint32_t partition) const override {
    return others_.contains(partition) ? Owner{&kOther, false} : Owner{&kSelf, true};
  }

 private:
  static Partition partition_of_key(std::string_view key) { return diststore::partition_of(key); }

  const std::set<Partition> others_;
  const std::vector<NodeAddress> members_{kSelf, kOther};
  const std::vector<NodeAddress> leaving_;
};

class AgreedScanCalls : public AgreedCalls {
 protected:
  AgreedScanCalls() {
    add_scan_methods(methods, store);
    begin_process(kEngine);
    give_away({});
  }

  void begin_process(std::uint64_t engine) {
    store->scans = std::make_shared<AgreedScans>(locator, replicas, store->forwarder, engine);
  }
  void give_away(std::set<Partition> partitions) {
    locator->ring = std::make_shared<PartedRing>(std::move(partitions));
  }
  void keep_many(int count) {
    for (int number = 0; number < count; ++number) {
      const std::string key = "key" + std::to_string(number);
      keep(key, "value of " + key, {kTerm, static_cast<std::uint64_t>(number + 1)});
    }
  }
  std::unique_ptr<FakeCall> ask(const std::string& cursor, const wire::ScanOptions& options = {}) {
    wire::Store_scan_args args;
    args.cursor = cursor;
    args.options = options;
    return dispatch("scan", args);
  }
  static wire::ScanOptions limit(std::int32_t keys) {
    wire::ScanOptions options;
    options.__set_limit(keys);
    return options;
  }
  static wire::ScanOptions prefix(const std::string& begins) {
    wire::ScanOptions options;
    options.__set_prefix(begins);
    return options;
  }
  void settle_all(replication::Epoch term = kTerm, Verdict verdict = Verdict::done) {
    while (!replicas->settles.empty()) {
      const auto asked = replicas->take_settle();
      asked.done({.verdict = verdict, .partition = asked.partition, .term = term});
    }
  }
  static wire::ScanResult page_of(const FakeCall& call) {
    const auto reply = decode_reply<wire::Store_scan_result>(call.reply);
    EXPECT_TRUE(reply.ok() && !reply.value().__isset.error) << call.failure;
    return reply.ok() ? reply.value().success : wire::ScanResult();
  }
  wire::ScanResult page(const std::string& cursor, const wire::ScanOptions& options = {}) {
    const auto call = ask(cursor, options);
    settle_all();
    return page_of(*call);
  }
  // How often each key was shown by a whole scan from `cursor` on.
  std::map<std::string, int> scan_all(std::string cursor = "", const wire::ScanOptions& options = {}) {
    std::map<std::string, int> shown;
    do {
      const wire::ScanResult result = page(cursor, options);
      for (const wire::ScanItem& item : result.items) ++shown[item.key];
      cursor = result.cursor;
      ++pages;
    } while (!cursor.empty() && pages < 10'000);
    return shown;
  }

  WallMs expires_at(const std::string& key) { return replicas->values->copy(key).value()->expires_at; }

  int pages = 0;
};

TEST_F(AgreedScanCalls, AScanShowsEachKeyOnceInPagesOfAboutTheLimit) {
  keep_many(5'000);
  const auto first = page("", limit(100));
  EXPECT_GE(first.items.size(), 100u);
  EXPECT_LT(first.items.size(), 110u);
  EXPECT_EQ(first.view, 7);
  const auto shown = scan_all("", limit(100));
  EXPECT_EQ(shown.size(), 5'000u);
  for (const auto& [key, times] : shown) EXPECT_EQ(times, 1) << key;
  EXPECT_GE(pages, 45);
}

TEST_F(AgreedScanCalls, AScanOfOneNodeIsRefused) {
  wire::ScanOptions options;
  options.__set_here(true);
  const auto call = ask("", options);
  const auto reply = decode_reply<wire::Store_scan_result>(call->reply);
  ASSERT_TRUE(reply.ok() && reply.value().__isset.error);
  EXPECT_EQ(kind_of(reply.value().error), StoreErrors::unsupported);
}

TEST_F(AgreedScanCalls, ItemsHaveVersionsAndValuesOnlyIfAskedFor) {
  keep("a", "apple", {3, 17});
  wire::ScanItem found;
  for (const bool with_values : {false, true}) {
    wire::ScanOptions options;
    options.__set_values(with_values);
    std::string cursor;
    do {
      const auto result = page(cursor, options);
      for (const auto& item : result.items) found = item;
      cursor = result.cursor;
    } while (!cursor.empty());
    EXPECT_EQ(found.key, "a");
    EXPECT_EQ(found.version.stamp, 3);
    EXPECT_EQ(found.version.node, 17);
    EXPECT_EQ(found.__isset.value, with_values);
  }
  EXPECT_EQ(found.value, "apple");
}

TEST_F(AgreedScanCalls, APrefixChoosesKeysAndWorkStaysBounded) {
  keep_many(20'000);
  keep("other", "x");
  const auto none = page("", prefix("no such"));
  EXPECT_TRUE(none.items.empty());
  EXPECT_FALSE(none.cursor.empty()) << "all keys would be too many for one call";
  EXPECT_EQ(scan_all("", prefix("oth")), (std::map<std::string, int>{{"other", 1}}));
  EXPECT_EQ(scan_all("", prefix("key1999")).size(), 11u);
}

TEST_F(AgreedScanCalls, APageEndsWhenItIsLargeAndAValueThatDoesNotFitIsLeftOut) {
  const std::size_t large = kScanBytesMax / 4;
  int kept = 0;
  for (int number = 0; kept < 12; ++number) {
    const std::string key = "key" + std::to_string(number);
    if (partition_of(key) != 0) continue;
    keep(key, std::string(large, 'x'));
    ++kept;
  }
  wire::ScanOptions options;
  options.__set_values(true);
  EXPECT_EQ(page("", options).items.size(), 4u);
  EXPECT_EQ(scan_all("", options).size(), 12u);
  store->options.batch_reply_bytes_max = large;
  const auto result = page("", options);
  ASSERT_FALSE(result.items.empty());
  EXPECT_FALSE(result.items[0].__isset.value);
}

TEST_F(AgreedScanCalls, APageIsAnsweredWhenWhatWasUnderWayIsCommitted) {
  keep("a", "apple");
  const auto call = ask("");
  EXPECT_EQ(replicas->settles.size(), kScanPartitionsMax) << "one for each partition that was looked through";
  while (replicas->settles.size() > 1) {
    const auto asked = replicas->take_settle();
    asked.done({.verdict = Verdict::done, .partition = asked.partition, .term = kTerm});
    EXPECT_TRUE(is_open(*call));
  }
  settle_all();
  EXPECT_FALSE(is_open(*call));
}

TEST_F(AgreedScanCalls, WhatHasExpiredIsErasedBeforeItIsLeftOut) {
  const auto keep_until = [&](const std::string& key, WallMs expires_at) {
    EXPECT_TRUE(replicas->values->apply_one(Change::set(key, "value", {kTerm, 1}, expires_at)).ok());
  };
  keep("for ever", "value");
  keep_until("a while", replicas->wall + 1500);
  keep_until("gone", replicas->wall);
  keep_until("set back", replicas->wall);
  std::map<std::string, wire::ScanItem> shown;
  std::string cursor;
  int erased = 0;
  do {
    const auto call = ask(cursor);
    for (; !replicas->reads.empty(); ++erased) {
      const auto asked = replicas->take_read();
      EXPECT_TRUE(asked.key == "gone" || asked.key == "set back") << asked.key;
      // The clock was set back meanwhile: it is there still, and looked at again.
      const bool is_there = asked.key == "set back" && expires_at(asked.key) == replicas->wall;
      if (is_there) keep_until(asked.key, replicas->wall + 1);
      asked.answer(is_there ? Verdict::done : Verdict::missing);
    }
    settle_all();
    const wire::ScanResult result = page_of(*call);
    for (const wire::ScanItem& item : result.items) shown[item.key] = item;
    cursor = result.cursor;
  } while (!cursor.empty());
  EXPECT_EQ(erased, 2);
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_EQ(shown["a while"].ttl_left_ms, 1500);
  EXPECT_EQ(shown["set back"].ttl_left_ms, 1);
  EXPECT_FALSE(shown["for ever"].__isset.ttl_left_ms);
}

TEST_F(AgreedScanCalls, WhatWasReadInAnotherTermIsReadAgain) {
  const std::string key = "a";
  const Partition its = partition_of(key);
  keep(key, "apple");
  std::set<Partition> others;
  for (Partition partition = 0; partition < kPartitions; ++partition)
    if (partition != its && partition != its + 1) others.insert(partition);
  give_away(others);
  const auto call = ask("");
  for (int number = 0; number < 2; ++number) {
    const auto asked = replicas->take_settle();
    const bool is_new_term = asked.partition == its;
    asked.done({.verdict = Verdict::done, .partition = asked.partition, .term = is_new_term ? kTerm + 1 : kTerm});
  }
  const auto result = page_of(*call);
  EXPECT_TRUE(result.items.empty());
  const auto cursor = ScanCursor::decode(result.cursor);
  ASSERT_TRUE(cursor);
  EXPECT_FALSE(cursor->done[its]);
  EXPECT_TRUE(cursor->done[its + 1]);
  serve(kTerm + 1);
  const auto again = ask(result.cursor);
  settle_all(kTerm + 1);
  EXPECT_EQ(page_of(*again).items.size(), 1u);
}

TEST_F(AgreedScanCalls, AScanOfWhichNothingIsServedWaits) {
  keep("a", "apple");
  serve(0);
  const auto call = ask("");
  EXPECT_TRUE(is_open(*call));
  EXPECT_TRUE(replicas->settles.empty());
  serve(kTerm);
  strand->advance(kShortPause);
  settle_all(kTerm, Verdict::refused);
  EXPECT_TRUE(is_open(*call));
  strand->advance(kShortPause);
  settle_all();
  EXPECT_FALSE(is_open(*call));
  serve(0);
  const auto given_up = ask("");
  wait_out(*given_up);
  EXPECT_EQ(error_of<wire::Store_scan_result>(*given_up).kind, StoreErrors::not_executed);
}

TEST_F(AgreedScanCalls, AScanGoesToTheOwnerOfWhatIsLeftAndGoesOnFromThere) {
  std::set<Partition> odd;
  for (Partition partition = 1; partition < kPartitions; partition += 2) odd.insert(partition);
  give_away(odd);
  keep_many(300);
  std::map<std::string, int> shown;
  std::string cursor;
  std::unique_ptr<FakeCall> call;
  for (int turn = 0; turn < 1'000; ++turn) {
    call = ask(cursor);
    settle_all();
    if (call->is_forwarding()) break;
    const auto result = page_of(*call);
    for (const auto& item : result.items) ++shown[item.key];
    cursor = result.cursor;
  }
  EXPECT_EQ(call->forwarded_to, std::vector{kOther});
  for (const auto& [key, times] : shown) EXPECT_EQ(partition_of(key) % 2, 0u) << key;
  give_away({});
  for (const auto& [key, times] : scan_all(cursor)) shown[key] += times;
  EXPECT_EQ(shown.size(), 300u);
  for (const auto& [key, times] : shown) EXPECT_EQ(times, 1) << key;
}

TEST_F(AgreedScanCalls, AnotherProcessBeginsAPartitionAnewThatWasLookedThroughInPart) {
  keep_many(6'000);
  std::map<std::string, int> shown;
  const auto first = page("", limit(100));
  for (const auto& item : first.items) ++shown[item.key];
  const auto cursor = ScanCursor::decode(first.cursor);
  ASSERT_TRUE(cursor && cursor->open);
  const auto former = replicas->values;
  replicas->values = std::make_shared<MemoryEngine>(2);
  begin_process(kEngine + 1);
  keep_many(6'000);
  for (const auto& [key, times] : scan_all(first.cursor, limit(100))) shown[key] += times;
  EXPECT_EQ(shown.size(), 6'000u);
  for (const auto& [key, times] : shown) EXPECT_TRUE(times == 1 || partition_of(key) == cursor->open->partition) << key;
}

TEST_F(AgreedScanCalls, KeysThatStayAreShownWhileOthersComeAndGo) {
  keep_many(2'000);
  std::map<std::string, int> shown;
  std::string cursor;
  int number = 0;
  do {
    const auto result = page(cursor, limit(20));
    for (const auto& item : result.items) ++shown[item.key];
    cursor = result.cursor;
    for (int more = 0; more < 100; ++more, ++number) {
      keep("new" + std::to_string(number), "x");
      if (number % 2 != 0) continue;
      EXPECT_TRUE(replicas->values->apply_one(Change::discard("new" + std::to_string(number / 2))).ok());
    }
  } while (!cursor.empty() && ++pages < 10'000);
  for (int kept = 0; kept < 2'000; ++kept) EXPECT_GE(shown["key" + std::to_string(kept)], 1) << kept;
}

TEST_F(AgreedScanCalls, ABadCursorOrLimitIsRefusedWithWhatIsWrong) {
  keep_many(200);
  const std::string good = page("", limit(10)).cursor;
  for (const std::string& bad : {std::string("x"), good.substr(1), good + "x", std::string(600, '\0')}) {
    const auto call = ask(bad);
    EXPECT_EQ(call->fault, CallFault::protocol_error);
    EXPECT_NE(call->failure.find("cursor"), std::string::npos) << call->failure;
  }
  EXPECT_NE(ask("", limit(0))->failure.find("limit"), std::string::npos);
  EXPECT_NE(ask("", limit(-5))->failure.find("limit"), std::string::npos);
  EXPECT_TRUE(replicas->settles.empty()) << "nothing was looked at";
  EXPECT_LE(page("", limit(1'000'000)).items.size(), 200u);
}

TEST_F(StoreMethods, ClassicModeRefusesScans) {
  add_scan_methods(methods, store);
  const auto call = dispatch("scan", wire::Store_scan_args());
  const auto reply = decode_reply<wire::Store_scan_result>(call->reply);
  ASSERT_TRUE(reply.ok() && reply.value().__isset.error);
  EXPECT_EQ(reply.value().error.kind, StoreErrors::unsupported);
  EXPECT_NE(reply.value().error.message.find("classic mode"), std::string::npos);
}

}  // namespace
}  // namespace p2p::diststore::agreed
