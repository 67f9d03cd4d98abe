// Is the simulated disk like the real one, and is the real one as its contract says?
#include "agreed/disk/file_system.h"

#include "agreed/disk/posix_file_system.h"
#include "child_program.h"
#include "scratch_folder.h"
#include "simulated_disk.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace p2p::agreed {
namespace {

using Path = std::filesystem::path;

bool names(const Error& error, const Path& path) { return error.text.find(path.native()) != std::string::npos; }

class AnyDisk : public testing::TestWithParam<const char*> {
 protected:
  AnyDisk() {
    if (GetParam() == std::string("Real")) {
      files = posix_file_system();
      root = scratch.path();
    } else {
      files = std::make_shared<SimulatedDisk>();
      root = "/data";
    }
  }

  std::vector<std::string> sorted(const Path& folder) {
    auto listed = files->list(folder).value();
    std::sort(listed.begin(), listed.end());
    return listed;
  }

  host::test::ScratchFolder scratch;
  std::shared_ptr<FileSystem> files;
  Path root;
};

using Names = std::vector<std::string>;

TEST_P(AnyDisk, ReadsWhatWasWrittenLast) {
  const Path file = root / "file";
  const std::string bytes(200'000, 'x');
  EXPECT_EQ(files->read(file, 10).value(), std::nullopt);
  ASSERT_TRUE(replace(*files, file, "first").ok());
  ASSERT_TRUE(replace(*files, file, bytes).ok());
  EXPECT_EQ(files->read(file, bytes.size()).value(), bytes);
  EXPECT_EQ(sorted(root), Names{"file"});
  ASSERT_TRUE(replace(*files, file, "").ok());
  EXPECT_EQ(files->read(file, 0).value(), "");
}

TEST_P(AnyDisk, RefusesAFileThatIsTooLong) {
  ASSERT_TRUE(replace(*files, root / "file", "12345").ok());
  EXPECT_TRUE(files->read(root / "file", 5).ok());
  const auto read = files->read(root / "file", 4);
  ASSERT_FALSE(read.ok());
  EXPECT_TRUE(names(read.error(), root / "file"));
}

TEST_P(AnyDisk, AFileThatCannotBeWrittenLeavesTheOther) {
  EXPECT_FALSE(replace(*files, root / "missing" / "file", "x").ok());
  EXPECT_TRUE(sorted(root).empty());
}

TEST_P(AnyDisk, MakesAFolderOnce) {
  ASSERT_TRUE(files->make_folder(root / "folder").ok());
  ASSERT_TRUE(replace(*files, root / "folder" / "file", "x").ok());
  ASSERT_TRUE(files->make_folder(root / "folder").ok());
  EXPECT_EQ(sorted(root / "folder"), Names{"file"});
  EXPECT_FALSE(files->make_folder(root / "missing" / "folder").ok());
  const auto on_file = files->make_folder(root / "folder" / "file");
  ASSERT_FALSE(on_file.ok());
  EXPECT_TRUE(names(on_file.error(), root / "folder" / "file"));
}

TEST_P(AnyDisk, RenamesAFolderWithAllThatIsInIt) {
  ASSERT_TRUE(files->make_folder(root / "old").ok());
  ASSERT_TRUE(replace(*files, root / "old" / "file", "x").ok());
  ASSERT_TRUE(files->rename(root / "old", root / "new").ok());
  EXPECT_EQ(sorted(root), Names{"new"});
  EXPECT_EQ(files->read(root / "new" / "file", 1).value(), "x");
  const auto again = files->rename(root / "old", root / "newer");
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(names(again.error(), root / "old"));
}

TEST_P(AnyDisk, ALockIsHeldOnceAtATime) {
  auto held = files->lock(root / "lock");
  ASSERT_TRUE(held.ok());
  const auto second = files->lock(root / "lock");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::refused);
  std::move(held).value().reset();
  EXPECT_TRUE(files->lock(root / "lock").ok());
}

TEST_P(AnyDisk, AFolderIsNoFileAndNothingIsNoFolder) {
  ASSERT_TRUE(files->make_folder(root / "folder").ok());
  EXPECT_FALSE(files->read(root / "folder", 100).ok());
  EXPECT_FALSE(files->list(root / "missing").ok());
  EXPECT_FALSE(files->sync_folder(root / "missing").ok());
}

INSTANTIATE_TEST_SUITE_P(Each, AnyDisk, testing::Values("Real", "Simulated"),
                         [](const auto& each) { return std::string(each.param); });

class RealDisk : public testing::Test {
 protected:
  mode_t mode_of(const Path& path) {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  host::test::ScratchFolder scratch;
  Path root = scratch.path();
  std::shared_ptr<FileSystem> files = posix_file_system();
};

TEST_F(RealDisk, WhatItMakesIsItsUsersAlone) {
  ASSERT_TRUE(files->make_folder(root / "folder").ok());
  ASSERT_TRUE(replace(*files, root / "folder" / "file", "x").ok());
  const auto lock = files->lock(root / "folder" / "lock");
  EXPECT_EQ(mode_of(root / "folder"), 0700u);
  EXPECT_EQ(mode_of(root / "folder" / "file"), 0600u);
  EXPECT_EQ(mode_of(root / "folder" / "lock"), 0600u);
}

TEST_F(RealDisk, AProgramThatItStartsDoesNotInheritALock) {
  auto held = files->lock(root / "lock");
  test::ChildProgram other({"/bin/cat"});
  std::move(held).value().reset();
  EXPECT_TRUE(files->lock(root / "lock").ok());
}

TEST_F(RealDisk, ReplacesAnotherFileThanALinkPointsTo) {
  std::filesystem::create_symlink("elsewhere", root / "file.new");
  scratch.write("elsewhere", "not ours");
  ASSERT_TRUE(replace(*files, root / "file", "ours").ok());
  EXPECT_EQ(host::test::bytes_of(root / "elsewhere"), "not ours");
  EXPECT_EQ(host::test::bytes_of(root / "file"), "ours");
}

TEST_F(RealDisk, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  const auto read = files->read(root / "pipe", 100);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().text, (root / "pipe").native() + " is no file; move it away");
}

TEST_F(RealDisk, AnErrorSaysWhatFailedAndWhatToDo) {
  const auto written = files->write(root / "missing" / "file", "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().text, "cannot make " + (root / "missing" / "file").native() +
                                      ": No such file or directory; nothing may remove or move the node's folder "
                                      "while it runs");
}

// A file as long as this process may write: the first write is short, the second fails.
TEST_F(RealDisk, AFileThatCannotBeWrittenWholeIsNotThere) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_TRUE(replace(*files, root / "file", "old").ok());
  const rlimit little{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &little);
  const auto replaced = replace(*files, root / "file", std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(replaced.ok());
  EXPECT_TRUE(names(replaced.error(), root / "file.new")) << replaced.error().text;
  EXPECT_EQ(files->list(root).value(), Names{"file"});
  EXPECT_EQ(host::test::bytes_of(root / "file"), "old");
}

}  // namespace
}  // namespace p2p::agreed
