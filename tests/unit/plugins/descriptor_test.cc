#include "plugins/descriptor.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

using namespace std::string_view_literals;

TEST(Descriptor, IsReadPieceByPiece) {
  const auto plugin = parse_descriptor(
      "name=store\0version=1.2\0summary=keeps things\0requires=a/1\0requires=b/2\0optional=c/1\0provides=d/1\0"
      "serves=x.Store\0option=n|int|1|0..9|how many\0option=m|choice|a|a|b|which\0\0"sv);
  ASSERT_TRUE(plugin.ok()) << plugin.error().text;
  EXPECT_EQ(plugin.value().name, "store");
  EXPECT_EQ(plugin.value().version, "1.2");
  EXPECT_EQ(plugin.value().summary, "keeps things");
  EXPECT_EQ(plugin.value().required, (std::vector<std::string>{"a/1", "b/2"}));
  EXPECT_EQ(plugin.value().optional, std::vector<std::string>{"c/1"});
  EXPECT_EQ(plugin.value().provides, std::vector<std::string>{"d/1"});
  EXPECT_EQ(plugin.value().serves, std::vector<std::string>{"x.Store"});
  ASSERT_EQ(plugin.value().options.size(), 2u);
  EXPECT_EQ(plugin.value().options[1].range, "a|b");
}

TEST(Descriptor, PiecesOfANewerSdkAreSkipped) {
  EXPECT_TRUE(parse_descriptor("name=a\0version=1\0licence=MIT\0"sv).ok());
}

TEST(Descriptor, AnInvalidOneIsRefusedWithAReason) {
  const auto refusal = [](std::string_view section) { return parse_descriptor(section).error().text; };
  const std::string prefix = "its descriptor makes no sense: ";
  EXPECT_EQ(refusal(""sv), prefix + "its name '' does not match [a-z][a-z0-9_]*");
  EXPECT_EQ(refusal("name=A-b\0version=1\0"sv), prefix + "its name 'A-b' does not match [a-z][a-z0-9_]*");
  EXPECT_EQ(refusal("name=a\0"sv), prefix + "it has no version");
  EXPECT_EQ(refusal("name=a\0version=1\0rubbish\0"sv), prefix + "'rubbish' is not key=value");
  EXPECT_EQ(refusal("name=a\0version=\x1b[31m\0"sv), prefix + "it holds control characters");
  EXPECT_EQ(refusal("name=a\0version=1\0option=x|int|1||\0option=x|int|2||\0"sv),
            prefix + "option 'x' is declared twice");
  EXPECT_EQ(refusal("name=a\0version=1\0option=x|int|one||\0"sv),
            prefix + "option 'x': its default must be a whole number, not 'one'");
}

TEST(Descriptor, AMissingLastNulDoesNoHarm) {
  EXPECT_EQ(parse_descriptor("name=a\0version=12"sv).value().version, "12");
}

}  // namespace
}  // namespace p2p::host
