#include "replication/stored_entry.h"

#include <gtest/gtest.h>

#include <set>

namespace p2p::diststore {
namespace {

TEST(Digest, TheSameItemHasTheSameDigest) {
  EXPECT_EQ(digest_of("key", "value", {5, 1}, false),
            digest_of(std::string("key"), std::string("value"), {5, 1}, false));
}

// Nodes of different versions compare digests: a change of the hash is a change of the wire.
TEST(Digest, TheHashIsTheOneOfTheFirstVersion) {
  EXPECT_EQ(digest_of("key", "value", {5, 1}, false), 15698235777434674017u);
  EXPECT_EQ(digest_of("", "", {}, true), 4356206463987830028u);
}

TEST(Digest, AnyPartThatIsChangedChangesIt) {
  const std::set<std::uint64_t> digests{
      digest_of("key", "value", {5, 1}, false), digest_of("kez", "value", {5, 1}, false),
      digest_of("key", "valuf", {5, 1}, false), digest_of("key", "value", {6, 1}, false),
      digest_of("key", "value", {5, 2}, false), digest_of("key", "value", {1, 5}, false),
      digest_of("key", "value", {5, 1}, true),  digest_of("value", "key", {5, 1}, false),
  };
  EXPECT_EQ(digests.size(), 8u);
}

TEST(Digest, BytesDoNotMoveBetweenKeyAndValueUnseen) {
  const std::set<std::uint64_t> digests{
      digest_of("ab", "c", {5, 1}, false),
      digest_of("a", "bc", {5, 1}, false),
      digest_of("", "abc", {5, 1}, false),
      digest_of("abc", "", {5, 1}, false),
  };
  EXPECT_EQ(digests.size(), 4u);
}

TEST(Digest, EveryByteCountsInAnyPlace) {
  const std::string value(1'000, 'x');
  std::set<std::uint64_t> digests{digest_of("key", value, {5, 1}, false)};
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string changed = value;
    changed[at] = '\0';
    digests.insert(digest_of("key", changed, {5, 1}, false));
  }
  EXPECT_EQ(digests.size(), 1'001u);
}

TEST(Digest, AnErasedKeyIsNotAnEmptyValue) {
  EXPECT_NE(digest_of("key", "", {5, 1}, false), digest_of("key", "", {5, 1}, true));
}

TEST(Digest, TheSumDoesNotDependOnTheOrderButOnWhatIsSummed) {
  const auto sum_of = [](const std::vector<std::pair<std::string, std::string>>& items) {
    std::uint64_t sum = 0;
    for (const auto& [key, value] : items) sum += digest_of(key, value, {5, 1}, false);
    return sum;
  };
  const std::uint64_t sum = sum_of({{"a", "apple"}, {"b", "banana"}, {"c", "cherry"}});
  EXPECT_EQ(sum, sum_of({{"c", "cherry"}, {"a", "apple"}, {"b", "banana"}}));
  EXPECT_NE(sum, sum_of({{"a", "banana"}, {"b", "apple"}, {"c", "cherry"}})) << "values have changed their keys";
  EXPECT_NE(sum, sum_of({{"a", "apple"}, {"b", "banana"}})) << "one is missing";
  EXPECT_NE(sum, sum_of({{"a", "apple"}, {"a", "apple"}, {"a", "apple"}, {"b", "banana"}, {"c", "cherry"}}))
      << "one that comes thrice does not cancel itself out";
}

}  // namespace
}  // namespace p2p::diststore
