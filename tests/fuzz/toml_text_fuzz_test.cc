// The fuzzer's entry on texts that are made of the pieces of TOML, and that chance has mutilated, the same on every
// run.
#include "toml_text_entry.h"

#include "mutilate.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace p2p::fuzz {
namespace {

constexpr std::array<const char*, 34> kPieces = {"a",
                                                 "b.c",
                                                 "\"q.[\"",
                                                 "'l{'",
                                                 ".",
                                                 " = ",
                                                 "1",
                                                 "\"text\"",
                                                 "'''x\n''''",
                                                 "\"\"\"y\"\"\"\"",
                                                 "[",
                                                 "]",
                                                 "[[",
                                                 "]]",
                                                 "{",
                                                 "}",
                                                 ", ",
                                                 "\n",
                                                 "\r\n",
                                                 "# x.[{\n",
                                                 "\\",
                                                 "\"",
                                                 "'",
                                                 "true",
                                                 "1.5",
                                                 "[a]\n",
                                                 "[[t]]\n",
                                                 "x = 1\n",
                                                 "k = [1, {a.b = 2}]\n",
                                                 "\t",
                                                 "\xEF\xBB\xBF",
                                                 "\xC3\xA4",
                                                 "\xff",
                                                 "\x1b"};

std::string random_text(std::mt19937& random, std::size_t pieces) {
  std::string text;
  for (std::size_t piece = 0; piece < pieces; ++piece) text += kPieces[random() % kPieces.size()];
  return text;
}

// Valid, and nested in random ways, also deeper than is taken.
std::string random_value(std::mt19937& random, int levels) {
  if (levels == 0) return "1";
  switch (random() % 4) {
    case 0:
      return "[" + random_value(random, levels - 1) + ", \"]}\", 2]";
    case 1:
      return "[{a = " + random_value(random, levels - 1) + "}]";
    case 2:
      return "{b.c = " + random_value(random, levels - 1) + ", d = '''\n{'''}";
    default:
      return "{\"e.f\" = " + random_value(random, levels - 1) + "}";
  }
}

std::string random_tree(std::mt19937& random) {
  std::string text;
  for (int line = 0; line < 4; ++line) {
    const std::string key = "k" + std::to_string(line);
    if (random() % 3 == 0) text += "[t" + std::to_string(line) + std::string(random() % 3, 'x') + ".u] # [[\n";
    text += key + " . x = " + random_value(random, static_cast<int>(random() % 28)) + "\n";
  }
  return text;
}

TEST(TomlTextFuzz, ValidTextsAreReadUpToTheirDepth) {
  std::mt19937 random(1);
  std::map<TomlOutcome, int> outcomes;
  for (int round = 0; round < 5'000 / kRoundsShare; ++round) ++outcomes[try_toml_text(random_tree(random))];
  EXPECT_EQ(outcomes[TomlOutcome::no_toml], 0);
  EXPECT_GT(outcomes[TomlOutcome::read], 500 / kRoundsShare);
  EXPECT_GT(outcomes[TomlOutcome::too_much], 50 / kRoundsShare);
}

TEST(TomlTextFuzz, AnyMixtureOfPiecesDoesNoHarm) {
  std::mt19937 random(2);
  for (int round = 0; round < 50'000 / kRoundsShare; ++round) try_toml_text(random_text(random, 1 + random() % 60));
  for (int round = 0; round < 200 / kRoundsShare; ++round) try_toml_text(random_text(random, 20'000));
}

TEST(TomlTextFuzz, MutilatedTextsDoNoHarm) {
  std::mt19937 random(3);
  std::map<TomlOutcome, int> outcomes;
  for (int round = 0; round < 20'000 / kRoundsShare; ++round) {
    std::string text = random_tree(random);
    mutilate(text, random);
    ++outcomes[try_toml_text(text)];
  }
  for (const TomlOutcome outcome : {TomlOutcome::too_much, TomlOutcome::no_toml, TomlOutcome::read}) {
    EXPECT_GT(outcomes[outcome], 50 / kRoundsShare) << static_cast<int>(outcome);
  }
}

// Each piece again and again, alone and before others: what is deep, long or many.
TEST(TomlTextFuzz, RepetitionDoesNoHarm) {
  for (const std::string first : kPieces) {
    for (const std::string second : {"", "a", ".", " = ", "\n", "[", "{", ","}) {
      std::string text;
      while (text.size() < 300'000 / kRoundsShare) text += first + second;
      try_toml_text(text);
      try_toml_text("x = " + text);
      try_toml_text("[" + text);
    }
  }
}

}  // namespace
}  // namespace p2p::fuzz
