#include "config/problems.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace p2p::host {
namespace {

class ProblemsText : public testing::Test {
 protected:
  std::uint32_t add_file(std::string text) {
    return sources_.add({Source::Kind::file, "x.toml", std::move(text), "."});
  }
  std::string text() const { return problems_.text(sources_); }

  Sources sources_;
  Problems problems_;
};

TEST_F(ProblemsText, TheGravestAreShownAndTheRestCounted) {
  const std::uint32_t source = add_file(std::string(30'000, '\n'));
  for (std::uint32_t line = 1; line <= 20'000; ++line) problems_.warning({source, line, 1, 1}, "w");
  problems_.error({source, 25'000, 1, 1}, "the error");
  const std::string shown = text();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), static_cast<std::ptrdiff_t>(kProblemsShownMax) + 1);
  EXPECT_NE(shown.find("x.toml:25000:1: error: the error\n"), std::string::npos);
  EXPECT_NE(shown.find("... and 19901 more"), std::string::npos);
}

TEST_F(ProblemsText, EachIsToldOnce) {
  const std::uint32_t source = add_file("a\n");
  for (int round = 0; round < 3; ++round) problems_.error({source, 1, 1, 1}, "once");
  EXPECT_EQ(text(), "x.toml:1:1: error: once\n    1 | a\n      | ^\n");
}

TEST_F(ProblemsText, OfALongLineThePartIsShownThatIsMeant) {
  const std::string before(100'000, 'b');
  const std::uint32_t source = add_file(before + "HERE" + std::string(100'000, 'a') + "\n");
  problems_.error({source, 1, 100'001, 4}, "this");
  const std::string shown = text();
  EXPECT_LT(shown.size(), 500u);
  const std::size_t line = shown.find("    1 | ");
  const std::size_t mark = shown.find("      | ");
  ASSERT_NE(shown.find("HERE"), std::string::npos);
  EXPECT_EQ(shown.find("HERE") - line, shown.find("^~~~") - mark);
}

TEST_F(ProblemsText, WhatIsNoTextIsNotShownAsSuch) {
  const std::uint32_t source = add_file("\x1b[2J\t\xff x\n");
  problems_.error({source, 1, 1, 1}, std::string("a\0b\x1b\xff", 5) + std::string(100'000, 'k'));
  const std::string shown = text();
  EXPECT_LT(shown.size(), 1'200u);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_NE(shown.find("    1 | ?[2J\t? x\n"), std::string::npos) << shown;
}

}  // namespace
}  // namespace p2p::host
