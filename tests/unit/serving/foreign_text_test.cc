#include "text/foreign_text.h"

#include <gtest/gtest.h>

namespace p2p::host {
namespace {

TEST(ForeignText, WhatIsReadableStaysAsItIs) {
  for (const char* text : {"", "no such key", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "a\xc3\xa9z"}) {
    EXPECT_EQ(foreign_text(text), text);
  }
}

TEST(ForeignText, BytesThatAreNoCharacterAreReplaced) {
  EXPECT_EQ(foreign_text("in\xba rement"), "in? rement");
  EXPECT_EQ(foreign_text("\xc3"), "?");
  EXPECT_EQ(foreign_text("\xe2\x82"), "??");
  EXPECT_EQ(foreign_text("\xc0\x80"), "??") << "overlong";
  EXPECT_EQ(foreign_text("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(foreign_text("\xf4\x90\x80\x80"), "????") << "beyond Unicode";
  EXPECT_EQ(foreign_text("\xc2\x9bz"), "??z") << "a control character of the terminal";
  EXPECT_EQ(foreign_text(std::string_view("a\0b\n\x1b[2J\x7f", 9)), "a?b??[2J?");
}

TEST(ForeignText, WhatIsTooLongIsCutBetweenCharacters) {
  EXPECT_EQ(foreign_text(std::string(kForeignTextBytesMax, 'x')), std::string(kForeignTextBytesMax, 'x'));
  EXPECT_EQ(foreign_text(std::string(1 << 20, 'x')), std::string(kForeignTextBytesMax - 3, 'x') + "...");
  std::string euros;
  while (euros.size() < 2 * kForeignTextBytesMax) euros += "\xe2\x82\xac";
  EXPECT_EQ(foreign_text(euros), euros.substr(0, (kForeignTextBytesMax - 3) / 3 * 3) + "...");
}

}  // namespace
}  // namespace p2p::host
