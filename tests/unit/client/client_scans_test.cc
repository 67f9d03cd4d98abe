// Scans: what is asked, page by page, and what of it the caller gets.
#include "two_nodes.h"

#include <p2p/client.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2p::client::test {
namespace {

diststore::ScanItem item(const std::string& key) {
  diststore::ScanItem made;
  made.key = key;
  made.version.stamp = 3;
  made.version.node = 17;
  return made;
}

// Two pages, with every value but one.
struct TwoPages {
  struct Seen {
    std::string cursor;
    diststore::ScanOptions options;
  };
  std::vector<Seen> seen = {};

  auto answers() {
    return [this](const Asked& asked) {
      diststore::Store_scan_args arguments;
      Codec codec;
      codec.in().attach(asked.arguments);
      arguments.read(&codec.binary_in());
      seen.push_back({arguments.cursor, arguments.options});
      diststore::Store_scan_result result;
      result.__isset.success = true;
      if (arguments.cursor.empty()) {
        result.success.items = {item("a"), item("b")};
        result.success.items[0].__set_value(std::string("x\0y", 3));
        result.success.cursor = std::string("\0more", 5);
      }
      return reply_of(asked, result);
    };
  }
};

TEST_F(TwoNodes, AScanGoesOnWithTheCursorUntilItIsEmpty) {
  TwoPages pages;
  one_.apply(pages.answers());
  two_.apply(pages.answers());
  Client client(options());
  const ScanOptions which{.prefix = "pre", .limit = 5, .has_values = true};
  const auto first = client.scan("", which);
  ASSERT_TRUE(first.ok()) << first.failure().text;
  ASSERT_EQ(first.value().items.size(), 2u);
  EXPECT_EQ(first.value().items[0].key, "a");
  EXPECT_EQ(first.value().items[0].version, (Version{3, 17}));
  EXPECT_EQ(first.value().items[0].value, std::string("x\0y", 3));
  EXPECT_FALSE(first.value().items[1].value) << "it did not fit";
  const auto last = client.scan_future(first.value().cursor).get();
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last.value().items.empty());
  EXPECT_TRUE(last.value().cursor.empty());
  ASSERT_EQ(pages.seen.size(), 2u);
  EXPECT_EQ(pages.seen[0].options.prefix, "pre");
  EXPECT_EQ(pages.seen[0].options.limit, 5);
  EXPECT_TRUE(pages.seen[0].options.values);
  EXPECT_EQ(pages.seen[1].cursor, std::string("\0more", 5));
  EXPECT_FALSE(pages.seen[1].options.__isset.limit);
  EXPECT_FALSE(pages.seen[1].options.__isset.values);
}

TEST_F(TwoNodes, AScanTakesNoConditionAndARefusalIsTold) {
  const auto refuse = [](const Asked& asked) {
    diststore::Store_scan_result result;
    result.__isset.error = true;
    result.error.kind = diststore::StoreErrorKind::unsupported;
    result.error.message = "classic mode";
    return reply_of(asked, result);
  };
  one_.apply(refuse);
  two_.apply(refuse);
  Client client(options());
  EXPECT_EQ(client.scan("", {}, {.if_absent = true}).failure().kind, ErrorKind::invalid);
  const auto refused = client.scan("");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().effect, Effect::none);
  EXPECT_NE(refused.failure().text.find("classic mode"), std::string::npos);
  EXPECT_EQ(one_.asked("scan") + two_.asked("scan"), 1) << "it would be refused again";
}

}  // namespace
}  // namespace p2p::client::test
