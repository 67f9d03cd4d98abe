#include "crash/quarantine.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

class KeptLog final : public Logger {
 public:
  std::string text;

 protected:
  void write(LogLevel, std::string_view line) noexcept override { text += std::string(line) + '\n'; }
};

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() {
    std::string name = (fs::temp_directory_path() / "p2p_quarantine_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = folder_ / kCrashNotesFile;
  }
  ~QuarantineTest() override { fs::remove_all(folder_); }

  // As the signal handler would have written it.
  void crash(std::int64_t time_s, const char* plugin) {
    std::ofstream(file_, std::ios::app) << crash_note_line({time_s, SIGSEGV, plugin, "0.1.0", "ab", "t"}).view();
  }
  std::string bytes(const fs::path& file) const {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  Quarantine open() { return Quarantine(file_, log_); }

  fs::path folder_;
  fs::path file_;
  KeptLog log_;
};

TEST_F(QuarantineTest, WithoutCrashesNobodyIsLeftOutAndNothingIsSaid) {
  const Quarantine quarantine = open();
  EXPECT_FALSE(quarantine.is_left_out("a"));
  EXPECT_EQ(quarantine.verdict("a"), "");
  EXPECT_EQ(log_.text, "");
  EXPECT_EQ(bytes(file_), "");
}

TEST_F(QuarantineTest, ThreeCrashesWithinFiveMinutesAreEnough) {
  for (const int time : {1000, 1150, 1300}) crash(time, "a");
  const Quarantine quarantine = open();
  EXPECT_EQ(quarantine.verdict("a"),
            "crashed this node 3 times within 5 minutes, last with signal 11 (SIGSEGV) as version 0.1.0");
  EXPECT_FALSE(quarantine.is_left_out("b"));
}

TEST_F(QuarantineTest, FewerCrashesOrSlowerOnesAreNot) {
  for (const int time : {1000, 1150, 1301}) crash(time, "slow");
  for (const int time : {1000, 1001}) crash(time, "twice");
  const Quarantine quarantine = open();
  EXPECT_FALSE(quarantine.is_left_out("slow"));
  EXPECT_FALSE(quarantine.is_left_out("twice"));
}

TEST_F(QuarantineTest, CrashesOfOthersAndOfTheHostDoNotCount) {
  for (const char* plugin : {"a", "b", "a", "", "", ""}) crash(1000, plugin);
  const Quarantine quarantine = open();
  for (const char* plugin : {"a", "b", ""}) EXPECT_FALSE(quarantine.is_left_out(plugin));
}

TEST_F(QuarantineTest, AClockThatWasSetBackChangesNothing) {
  for (const int time : {1200, 1100, 1000}) crash(time, "a");
  EXPECT_TRUE(open().is_left_out("a"));
}

TEST_F(QuarantineTest, LastsOverManyStartsUntilItIsCleared) {
  for (const int time : {1000, 1001, 1002}) crash(time, "a");
  for (int start = 0; start < 3; ++start) EXPECT_TRUE(open().is_left_out("a"));
  Quarantine quarantine = open();
  ASSERT_TRUE(quarantine.clear("a").ok());
  EXPECT_FALSE(quarantine.is_left_out("a"));
  EXPECT_FALSE(open().is_left_out("a"));
}

TEST_F(QuarantineTest, ClearingOneKeepsTheOthers) {
  for (const char* plugin : {"a", "b", "a", "b", "a", "b"}) crash(1000, plugin);
  Quarantine quarantine = open();
  ASSERT_TRUE(quarantine.clear("a").ok());
  EXPECT_TRUE(open().is_left_out("b"));
}

TEST_F(QuarantineTest, CrashesAfterClearingCountAnew) {
  for (int time = 0; time < 3; ++time) crash(time, "a");
  ASSERT_TRUE(open().clear("a").ok());
  for (const int time : {5, 6}) crash(time, "a");
  EXPECT_FALSE(open().is_left_out("a"));
  crash(7, "a");
  EXPECT_TRUE(open().is_left_out("a"));
}

TEST_F(QuarantineTest, KeepsThreeNotesOfEachPluginAndNoMore) {
  for (int time = 0; time < 1000; ++time) crash(time * 1000, "slow");
  open();
  EXPECT_EQ(bytes(file_), std::string(crash_note_line({997000, SIGSEGV, "slow", "0.1.0", "ab", "t"}).view()) +
                              std::string(crash_note_line({998000, SIGSEGV, "slow", "0.1.0", "ab", "t"}).view()) +
                              std::string(crash_note_line({999000, SIGSEGV, "slow", "0.1.0", "ab", "t"}).view()));
  EXPECT_EQ(log_.text, "");
}

TEST_F(QuarantineTest, LaterCrashesFarApartDoNotHideThoseThatWereEnough) {
  for (const int time : {1000, 1001, 1002, 50000, 90000}) crash(time, "a");
  EXPECT_TRUE(open().is_left_out("a"));
  EXPECT_TRUE(open().is_left_out("a"));
}

TEST_F(QuarantineTest, ADamagedFileIsToldAndSetAsideAndWhatCanBeReadCounts) {
  for (const int time : {1000, 1001, 1002}) crash(time, "a");
  std::ofstream(file_, std::ios::app) << "nonsense\ntime=7 signal=11 plu";
  const std::string before = bytes(file_);
  EXPECT_TRUE(open().is_left_out("a"));
  EXPECT_NE(log_.text.find("are damaged: 2 of its 5 lines are no notes"), std::string::npos) << log_.text;
  EXPECT_EQ(bytes(file_.native() + ".unreadable"), before);
  log_.text.clear();
  EXPECT_TRUE(open().is_left_out("a"));
  EXPECT_EQ(log_.text, "");
}

TEST_F(QuarantineTest, AFileThatIsFarTooLargeIsSetAsideUnread) {
  std::ofstream(file_) << std::string(300 * 1024, 'x');
  EXPECT_FALSE(open().is_left_out("x"));
  EXPECT_NE(log_.text.find("it is larger than a node makes it"), std::string::npos);
  EXPECT_EQ(fs::file_size(file_.native() + ".unreadable"), 300u * 1024);
}

TEST_F(QuarantineTest, AFolderInItsPlaceKeepsNobodyFromStarting) {
  fs::create_directories(file_ / "deep");
  EXPECT_FALSE(open().is_left_out("x"));
  EXPECT_NE(log_.text.find("are damaged"), std::string::npos) << log_.text;
  EXPECT_TRUE(fs::is_regular_file(file_));
}

TEST_F(QuarantineTest, WithoutAFolderToWriteIntoItSaysSoAndGoesOn) {
  fs::remove_all(folder_);
  EXPECT_FALSE(open().is_left_out("x"));
  EXPECT_NE(log_.text.find("cannot write the notes of crashes to"), std::string::npos) << log_.text;
}

}  // namespace
}  // namespace p2p::host
