// Scans of what one node has, in classic mode: what a read of the key would be answered with here, and nothing else.
#include "classic/classic_scans.h"
#include "store_calls.h"

#include <map>
#include <optional>
#include <string>

namespace p2p::diststore {
namespace {

class ClassicScanCalls : public StoreMethods {
 protected:
  ClassicScanCalls() { add_scan_methods(methods, store); }
  void begin_process(std::uint64_t engine) {
    store->scans = std::make_shared<ClassicScans>(classic, engine, [](ViewVersion) { return true; });
  }

  static wire::ScanOptions here(std::int32_t limit = 1000) {
    wire::ScanOptions options;
    options.__set_here(true);
    options.__set_values(true);
    options.__set_limit(limit);
    return options;
  }
  struct Told {
    wire::ScanResult success;
    std::optional<wire::StoreError> error;
  };
  Told ask(const std::string& cursor, const wire::ScanOptions& options) {
    wire::Store_scan_args args;
    args.cursor = cursor;
    args.options = options;
    const auto call = dispatch("scan", args);
    const auto reply = decode_reply<wire::Store_scan_result>(call->reply);
    EXPECT_TRUE(reply.ok()) << call->failure;
    if (!reply.ok()) return {};
    Told told{reply.value().success, {}};
    if (reply.value().__isset.error) told.error = reply.value().error;
    return told;
  }
  // How often each key was shown from `cursor` to the end.
  std::map<std::string, int> scan_all(std::string cursor, const wire::ScanOptions& options) {
    std::map<std::string, int> shown;
    do {
      const auto page = ask(cursor, options).success;
      for (const wire::ScanItem& item : page.items) {
        ++shown[item.key];
        EXPECT_EQ(item.value, value_of(item.key));
      }
      cursor = page.cursor;
      ++pages;
    } while (!cursor.empty() && pages < 10'000);
    return shown;
  }
  void hold_many(int count) {
    for (int number = 0; number < count; ++number) hold("key" + std::to_string(number), std::to_string(number));
  }

  int pages = 0;
};

TEST_F(ClassicScanCalls, EachKeyIsShownOnceWithItsValue) {
  hold_many(3'000);
  hold("erased", "x");
  StoreFixture::erase("erased");
  const auto shown = scan_all("", here(100));
  EXPECT_EQ(shown.size(), 3'000u);
  for (const auto& [key, times] : shown) EXPECT_EQ(times, 1) << key;
  EXPECT_GE(pages, 27);
}

TEST_F(ClassicScanCalls, APrefixLeavesTheOthersOut) {
  hold_many(20);
  wire::ScanOptions options = here();
  options.__set_prefix("key1");
  EXPECT_EQ(scan_all("", options).size(), 11u);
}

TEST_F(ClassicScanCalls, AScanOfAllNodesIsRefused) {
  const auto refused = ask("", {});
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(kind_of(*refused.error), wire::StoreErrorKind::unsupported);
  EXPECT_NE(refused.error->message.find("classic mode"), std::string::npos);
}

TEST_F(ClassicScanCalls, KeysOfOthersAreNotShown) {
  hold("a", "apple");
  hold("b", "banana");
  own(kSelf, {{"b", kOther}}, 12);
  const auto page = ask("", here()).success;
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items.front().key, "a");
  EXPECT_EQ(page.view, 12);
  EXPECT_FALSE(page.awaits_keys);
}

TEST_F(ClassicScanCalls, WhatMayBeOlderThanAtAFormerOwnerIsNotShown) {
  hold("a", "apple", {7, 7});
  await_keys(view_version(), {kOther});
  hold("b", "banana");
  auto page = ask("", here()).success;
  EXPECT_TRUE(page.awaits_keys);
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items.front().key, "b") << "written here since";
  await_no_keys();
  page = ask("", here()).success;
  EXPECT_FALSE(page.awaits_keys);
  EXPECT_EQ(page.items.size(), 2u);
}

TEST_F(ClassicScanCalls, ANodeThatOwnsNothingYetShowsNothingAndSaysSo) {
  hold("a", "apple");
  be_established(false);
  const auto page = ask("", here()).success;
  EXPECT_TRUE(page.items.empty());
  EXPECT_TRUE(page.cursor.empty());
  EXPECT_TRUE(page.awaits_keys);
}

TEST_F(ClassicScanCalls, KeysAreAwaitedWhileANodeLeaves) {
  OwnershipSnapshot next = *classic->ownership->share();
  next.leavers.push_back({kOther, locator->ring, locator->ring});
  publish(std::move(next));
  EXPECT_TRUE(ask("", here()).success.awaits_keys);
}

TEST_F(ClassicScanCalls, KeysAreOnTheMoveWhileThisNodeHoldsSomeOfAnothers) {
  hold("b", "banana");
  own(kSelf, {{"b", kOther}});
  has_given_all = false;
  const auto page = ask("", here()).success;
  EXPECT_TRUE(page.items.empty());
  EXPECT_TRUE(page.awaits_keys) << "nobody shows that key";
}

TEST_F(ClassicScanCalls, TheCursorOfAnotherProcessBeginsAnew) {
  hold_many(1'000);
  const std::string cursor = ask("", here(500)).success.cursor;
  ASSERT_FALSE(cursor.empty());
  EXPECT_LT(scan_all(cursor, here()).size(), 600u);
  begin_process(kEngineNumber + 1);
  EXPECT_EQ(scan_all(cursor, here()).size(), 1'000u);
}

}  // namespace
}  // namespace p2p::diststore
