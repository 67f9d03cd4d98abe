#include "config/toml_limits.h"

#include "config/toml_text.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t round = 0; round < count; ++round) text += piece;
  return text;
}

std::string key_of(std::size_t names) { return "a" + repeated(".a", names - 1); }

bool is_taken(const std::string& text) { return !count_toml(text).excess.has_value(); }

// Levels of tables and lists below a table, as the parser has made them.
std::size_t depth_of(const Table& table);

std::size_t depth_of(const Value& value) {
  if (const Table* table = value.table()) return depth_of(*table);
  std::size_t deepest = 0;
  if (const auto* elements = std::get_if<std::vector<Value>>(&value.data)) {
    for (const Value& element : *elements) deepest = std::max(deepest, depth_of(element) + 1);
  }
  return deepest;
}

std::size_t depth_of(const Table& table) {
  std::size_t deepest = 0;
  for (const Entry& entry : table.entries) deepest = std::max(deepest, depth_of(entry.value) + 1);
  return deepest;
}

TEST(TomlLimits, EveryWayToNestIsCountedByTheLevel) {
  const std::size_t most = kTomlLevelsMax;
  const auto ways = [](std::size_t levels) {
    const std::size_t half = levels / 2;
    return std::vector<std::string>{
        key_of(levels) + " = 1\n",
        "[" + key_of(levels) + "]\n",
        "[[ " + key_of(levels) + " ]]\n",
        "[" + key_of(half) + "]\n" + key_of(levels - half) + " = 1\n",
        "x = " + repeated("[", levels - 1) + repeated("]", levels - 1) + "\n",
        "a = " + repeated("{a = ", levels - 1) + "1" + repeated("}", levels - 1) + "\n",
        key_of(half) + " = {" + key_of(levels - half) + " = 1}\n",
        key_of(half) + " = [{" + key_of(levels - half - 1) + " = 1}]\n",
        "x = [1, {a = 2},\n# not [[[[ counted\n{" + key_of(levels - 2) + " = 1}]\n",
        "\"a\".'a' . " + key_of(levels - 2) + " = 1\n",
        "\xEF\xBB\xBF[a]\n" + key_of(levels - 1) + " = 1\n",
        "[a]\r\n" + key_of(levels - 1) + " = 1\r\n",
    };
  };
  for (const std::string& text : ways(most)) {
    EXPECT_TRUE(is_taken(text)) << text;
    Problems problems;
    const Table table = parse_toml(text, 0, problems);
    EXPECT_FALSE(problems.has_errors()) << text;
    EXPECT_LE(depth_of(table), 2 * most) << text;
  }
  for (const std::size_t levels : {most + 1, most + 2, std::size_t{20'000}}) {
    for (const std::string& text : ways(levels)) EXPECT_FALSE(is_taken(text)) << text.substr(0, 300);
  }
}

TEST(TomlLimits, StringsAndCommentsAreNotCounted) {
  const std::string deep = key_of(100) + repeated("[{", 100);
  for (const std::string& text :
       {"# " + deep + "\nx = 1", "x = \"" + deep + "\"", "x = '" + deep + "'", "x = \"\\\"" + deep + "\"",
        "x = \"\"\"\n\\\"\"\" \"\"" + deep + "\n\"\"\"\"\"\ny = 1", "x = '''" + deep + "\n''" + deep + "''''\ny = 1",
        "\"" + deep + "\" = 1", "x = '\\' # " + deep, "x = \"\" # " + deep}) {
    EXPECT_TRUE(is_taken(text)) << text;
  }
  // What follows them is.
  for (const std::string& text : {"x = '\\'\n[" + key_of(100) + "]", "x = \"\"\n[" + key_of(100) + "]",
                                  "x = \"\"\"\"\"\"\n[" + key_of(100) + "]", "x = ''''a'''''\n[" + key_of(100) + "]"}) {
    EXPECT_FALSE(is_taken(text)) << text;
  }
}

TEST(TomlLimits, AnExcessNamesItsPlaceAndTheLimit) {
  const auto count = count_toml("# one\n[host]\n\xC3\xA4 = \"x\"\nb" + repeated(".b", 40) + " = 1\n");
  ASSERT_TRUE(count.excess);
  EXPECT_EQ(count.excess->line, 4u);
  EXPECT_EQ(count.excess->column, 2 * kTomlLevelsMax - 1);
  EXPECT_EQ(count.excess->what, "nests deeper than 32 levels of keys, tables and lists");
}

TEST(TomlLimits, KeysTablesAndElementsAreCountedTogether) {
  EXPECT_EQ(count_toml("a = 1\n[b]\nc = [1, 2, 3]\n").values, 6u);
  EXPECT_FALSE(count_toml(repeated("[a]\n", 10), 10).excess);
  for (const char* piece : {"[a]\n", "a=1\n", "[[a]]\n"})
    EXPECT_TRUE(count_toml(repeated(piece, 11), 10).excess) << piece;
  EXPECT_TRUE(count_toml("x = [" + repeated("1,", 20) + "]", 10).excess);
  Problems problems;
  std::size_t left = 3;
  parse_toml("a = 1\nb = 2\n", 0, problems, left);
  EXPECT_FALSE(problems.has_errors());
  parse_toml("c = 1\nd = 2\n", 1, problems, left);
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_EQ(problems.all()[0].place.source, 1u);
  EXPECT_EQ(problems.all()[0].place.line, 2u);
}

}  // namespace
}  // namespace p2p::host
