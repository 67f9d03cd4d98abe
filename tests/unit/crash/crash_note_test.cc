#include "crash/crash_note.h"

#include <gtest/gtest.h>

#include <csignal>

namespace p2p::host {
namespace {

TEST(CrashNote, IsReadAsItWasWritten) {
  const PlainText line = crash_note_line({1732473600, SIGSEGV, "crasher", "0.1.0", "ab12", "p2p:worker"});
  EXPECT_EQ(line.view(), "time=1732473600 signal=11 plugin=crasher version=0.1.0 build_id=ab12 thread=p2p:worker\n");
  const auto note = parse_crash_note(line.view().substr(0, line.view().size() - 1));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->time_s, 1732473600);
  EXPECT_EQ(note->signal, SIGSEGV);
  EXPECT_EQ(note->plugin, "crasher");
  EXPECT_EQ(note->version, "0.1.0");
  EXPECT_EQ(note->build_id, "ab12");
  EXPECT_EQ(note->thread, "p2p:worker");
}

TEST(CrashNote, OfTheHostHasEmptyWords) {
  const PlainText line = crash_note_line({5, SIGABRT, "", "", "", "p2phost"});
  const auto note = parse_crash_note(line.view().substr(0, line.view().size() - 1));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->plugin, "");
}

TEST(CrashNote, ANameCannotForgeAnotherNote) {
  const PlainText line = crash_note_line({5, SIGABRT, "a", "1", "", "x\ntime=1 y\x01"});
  EXPECT_EQ(line.view(), "time=5 signal=6 plugin=a version=1 build_id= thread=x?time=1?y?\n");
}

TEST(CrashNote, WhatIsCutShortOrForeignIsNone) {
  for (const char* line : {"", "time=", "time=5", "time=5 signal=11 plugin=a version=1 build_id=", "time=x signal=11",
                           "time=5 signal=11 plugin=a version=1 build_id= thread=t more",
                           "TIME=5 signal=11 plugin=a version=1 build_id= thread=t",
                           "time=99999999999999999999 signal=11 plugin=a version=1 build_id= thread=t"}) {
    EXPECT_FALSE(parse_crash_note(line)) << line;
  }
}

TEST(PlainText, WritesNumbersInBothBasesAndCutsOffWhatDoesNotFit) {
  PlainText text;
  text.add_number(0).add(" ").add_number(UINT64_MAX).add(" ").add_hex(0x1a2b);
  EXPECT_EQ(text.view(), "0 18446744073709551615 1a2b");
  const std::string longer(1000, 'x');
  text.add(longer);
  EXPECT_EQ(text.view().size(), 512u);
}

}  // namespace
}  // namespace p2p::host
