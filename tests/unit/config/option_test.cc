#include "config/option.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

Option option(OptionType type, const std::string& range) { return {"key", type, "", range, ""}; }

std::string refusal(const Option& option, const std::string& text) {
  const auto value = read_text(option, text);
  return value.ok() ? "accepted" : value.error().text;
}

TEST(Option, ReadsEachTypeFromText) {
  EXPECT_EQ(read_text(option(OptionType::flag, ""), "true").value(), ConfigScalar(true));
  EXPECT_EQ(read_text(option(OptionType::integer, ""), "-7").value(), ConfigScalar(std::int64_t{-7}));
  EXPECT_EQ(read_text(option(OptionType::number, ""), "0.25").value(), ConfigScalar(0.25));
  EXPECT_EQ(read_text(option(OptionType::duration, ""), "250ms").value(), ConfigScalar(std::int64_t{250'000'000}));
  EXPECT_EQ(read_text(option(OptionType::bytes, ""), "64KiB").value(), ConfigScalar(std::int64_t{65536}));
  EXPECT_EQ(read_text(option(OptionType::text, ""), "a,b").value(), ConfigScalar(std::string("a,b")));
  EXPECT_EQ(read_text(option(OptionType::list, ""), "a, b").value(), ConfigScalar(std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read_text(option(OptionType::list, ""), "").value(), ConfigScalar(std::vector<std::string>{}));
}

TEST(Option, SaysWhatWouldHaveBeenRight) {
  EXPECT_EQ(refusal(option(OptionType::flag, ""), "yes"), "must be true or false, not 'yes'");
  EXPECT_EQ(refusal(option(OptionType::integer, "1..16"), "17"), "must be a whole number from 1 to 16, not '17'");
  EXPECT_EQ(refusal(option(OptionType::integer, "1..16"), "4x"), "must be a whole number from 1 to 16, not '4x'");
  EXPECT_EQ(refusal(option(OptionType::duration, "10ms.."), "5ms"),
            "must be a duration such as \"10s\" or \"250ms\", at least 10ms, not '5ms'");
  EXPECT_EQ(refusal(option(OptionType::bytes, "..8MiB"), "9MiB"),
            "must be a size such as \"16MiB\" or \"64KiB\", at most 8MiB, not '9MiB'");
  EXPECT_EQ(refusal(option(OptionType::number, ""), "nan"), "must be a number, not 'nan'");
  EXPECT_EQ(refusal(option(OptionType::choice, "memory|rocksdb"), "memroy"),
            "must be one of 'memory', 'rocksdb', not 'memroy'; did you mean 'memory'?");
}

TEST(Option, AcceptsBothEndsOfItsRange) {
  EXPECT_TRUE(read_text(option(OptionType::integer, "1..16"), "1").ok());
  EXPECT_TRUE(read_text(option(OptionType::integer, "1..16"), "16").ok());
}

TEST(Option, IsDeclaredByFivePartsOfWhichAChoicesRangeHoldsBars) {
  const auto plain = parse_option("replicas|int|1|1..16|copies of each key");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain.value().range, "1..16");
  EXPECT_EQ(plain.value().help, "copies of each key");

  const auto choice = parse_option("engine|choice|memory|memory|rocksdb|where values are kept");
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choices(choice.value()), (std::vector<std::string>{"memory", "rocksdb"}));
  EXPECT_EQ(choice.value().help, "where values are kept");
}

TEST(Option, IsRefusedWhenItsDeclarationMakesNoSense) {
  const auto refused = [](std::string_view declaration) { return parse_option(declaration).error().text; };
  EXPECT_EQ(refused("a|int|1"), "option 'a': not key|type|default|range|help");
  EXPECT_EQ(refused("A|int|1||"), "option 'A': a key is [a-z][a-z0-9_]*");
  EXPECT_EQ(refused("a|integer|1||"),
            "option 'a': unknown type 'integer'; the types are bool, int, float, text, list, duration, bytes, choice");
  EXPECT_EQ(refused("a|int|1|one..two|"), "option 'a': range 'one..two' is not LOW..HIGH");
  EXPECT_EQ(refused("a|int|20|1..16|"), "option 'a': its default must be a whole number from 1 to 16, not '20'");
}

TEST(Option, WritesValuesAsTomlReadsThem) {
  EXPECT_EQ(toml_text(option(OptionType::duration, ""), ConfigScalar(std::int64_t{1'500'000'000})), "\"1500ms\"");
  EXPECT_EQ(toml_text(option(OptionType::text, ""), ConfigScalar(std::string("say \"hi\"\n"))),
            "\"say \\\"hi\\\"\\u000A\"");
  EXPECT_EQ(toml_text(option(OptionType::list, ""), ConfigScalar(std::vector<std::string>{"a", "b"})),
            "[\"a\", \"b\"]");
}

}  // namespace
}  // namespace p2p::host
