#include "runtime/log_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

class LogSinkTest : public testing::Test {
 protected:
  LogSinkTest() {
    std::string name = (fs::temp_directory_path() / "p2p_log_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = folder_ / "node.log";
  }
  ~LogSinkTest() override { fs::remove_all(folder_); }

  static std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static mode_t mode_of(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  static spdlog::logger logger_on(const std::shared_ptr<LogSink>& sink) {
    sink->set_pattern("%l %v");
    spdlog::logger logger("test", sink);
    logger.set_level(spdlog::level::trace);
    return logger;
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(LogSinkTest, AFileIsMadeForItsUserAndGroupWhateverTheUmask) {
  const mode_t before = ::umask(077);
  LogSink sink(file_);
  EXPECT_TRUE(sink.reopen().ok());
  ::umask(before);
  EXPECT_EQ(mode_of(file_), 0640u);
}

TEST_F(LogSinkTest, AFileThatIsThereIsAppendedToAndKeepsItsMode) {
  std::ofstream(file_) << "before\n";
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  const auto sink = std::make_shared<LogSink>(file_);
  ASSERT_TRUE(sink->reopen().ok());
  logger_on(sink).info("after");
  EXPECT_EQ(text_of(file_), "before\ninfo after\n");
  EXPECT_EQ(mode_of(file_), 0600u);
}

TEST_F(LogSinkTest, ReopeningGoesOnInANewFileAfterARename) {
  const auto sink = std::make_shared<LogSink>(file_);
  ASSERT_TRUE(sink->reopen().ok());
  auto logger = logger_on(sink);
  logger.info("one");
  fs::rename(file_, folder_ / "node.log.1");
  logger.info("two");
  ASSERT_TRUE(sink->reopen().ok());
  logger.info("three");
  EXPECT_EQ(text_of(folder_ / "node.log.1"), "info one\ninfo two\n");
  EXPECT_EQ(text_of(file_), "info three\n");
}

TEST_F(LogSinkTest, WhenReopeningFailsLinesGoOnIntoTheFormerFile) {
  const auto sink = std::make_shared<LogSink>(file_);
  ASSERT_TRUE(sink->reopen().ok());
  fs::rename(file_, folder_ / "node.log.1");
  fs::create_directory(file_);
  const auto reopened = sink->reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_NE(reopened.error().text.find(file_.native()), std::string::npos);
  logger_on(sink).warn("still here");
  EXPECT_EQ(text_of(folder_ / "node.log.1"), "warning still here\n");
}

TEST_F(LogSinkTest, WhatIsNoRegularFileIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_FALSE(LogSink(file_).reopen().ok());
  EXPECT_FALSE(LogSink("/dev/null").reopen().ok());
  EXPECT_FALSE(LogSink(folder_ / "missing" / "node.log").reopen().ok());
}

TEST_F(LogSinkTest, LinesForTheJournalBeginWithTheirPriority) {
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  auto logger = logger_on(std::make_shared<LogSink>(descriptor, LogSink::Style::journal));
  logger.trace("t");
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("two\nlines");
  ::close(descriptor);
  EXPECT_EQ(text_of(file_), "<7>trace t\n<7>debug d\n<6>info i\n<4>warning w\n<3>error two\n<3>lines\n");
}

TEST_F(LogSinkTest, LinesThatCannotBeWrittenAreCountedAndTold) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const auto sink = std::make_shared<LogSink>(full, LogSink::Style::plain);
  auto logger = logger_on(sink);
  logger.info("lost");
  logger.info("lost, too");
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::dup2(descriptor, full), full);
  logger.info("kept");
  ::close(descriptor);
  ::close(full);
  EXPECT_EQ(text_of(file_), "(2 lines of the log could not be written and are lost)\ninfo kept\n");
}

TEST_F(LogSinkTest, TheJournalIsKnownByTheVariableAndTheFileBehindTheDescriptor) {
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  struct stat status {};
  ASSERT_EQ(::fstat(descriptor, &status), 0);
  EXPECT_TRUE(is_journal(fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), descriptor));
  EXPECT_FALSE(is_journal(fmt::format("{}:{}", status.st_dev, status.st_ino + 1).c_str(), descriptor));
  EXPECT_FALSE(is_journal("", descriptor));
  EXPECT_FALSE(is_journal(nullptr, descriptor));
  ::close(descriptor);
  EXPECT_FALSE(is_journal("0:0", descriptor));
}

}  // namespace
}  // namespace p2p::host
