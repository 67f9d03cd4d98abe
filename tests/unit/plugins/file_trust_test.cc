#include "plugins/file_trust.h"

#include "plugins/plugin_file.h"
#include "scratch_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace p2p::host {
namespace {

using Faults = std::vector<std::string>;

constexpr uid_t kUser = 1000;
constexpr uid_t kStranger = 2000;

FileFacts file(const char* path, mode_t mode, uid_t owner = kUser) { return {path, owner, 5, S_IFREG | mode}; }
FileFacts folder(const char* path, mode_t mode, uid_t owner = 0) { return {path, owner, 5, S_IFDIR | mode}; }

TrustRule rule() { return {kUser, std::nullopt, {}, false}; }

// A node that runs from its own build tree.
TrustRule rule_of_a_tree(mode_t executable_mode, uid_t executable_owner = kUser) {
  return {kUser, file("/src/build/bin/p2phost", executable_mode, executable_owner), "/src/build", false};
}

TEST(FileTrust, AFileOfTheUserOrOfRootIsSafe) {
  EXPECT_EQ(find_unsafe(file("/p/a.so", 0644), {folder("/p", 0755), folder("/", 0755)}, rule()), Faults{});
  EXPECT_EQ(find_unsafe(file("/p/a.so", 0644, 0), {folder("/p", 0755), folder("/", 0755)}, rule()), Faults{});
}

TEST(FileTrust, AFileThatOthersWriteIsUnsafeAndTheFixIsTold) {
  EXPECT_EQ(find_unsafe(file("/p/a.so", 0664), {}, rule()),
            Faults{"/p/a.so (mode 0664, owner 1000, group 5): writable by its group; run: chmod g-w /p/a.so"});
  EXPECT_EQ(find_unsafe(file("/p/a.so", 0646), {}, rule()),
            Faults{"/p/a.so (mode 0646, owner 1000, group 5): writable by everybody; run: chmod o-w /p/a.so"});
}

TEST(FileTrust, AFileOfAStrangerIsUnsafe) {
  EXPECT_EQ(
      find_unsafe(file("/p/a.so", 0644, kStranger), {}, rule()),
      Faults{"/p/a.so (mode 0644, owner 2000, group 5): it belongs to neither root nor user 1000, who runs the node; "
             "run: chown 1000 /p/a.so"});
}

TEST(FileTrust, EveryFolderAboveCounts) {
  EXPECT_EQ(
      find_unsafe(file("/opt/p/a.so", 0644), {folder("/opt/p", 0755), folder("/opt", 0775), folder("/", 0755)}, rule()),
      Faults{"/opt (mode 0775, owner 0, group 5): writable by its group; run: chmod g-w /opt"});
}

TEST(FileTrust, AStickyFolderOfRootIsSafeAndOneOfAnotherIsNot) {
  EXPECT_EQ(find_unsafe(file("/tmp/a.so", 0644), {folder("/tmp", 01777)}, rule()), Faults{});
  EXPECT_EQ(find_unsafe(file("/tmp/a.so", 0644), {folder("/tmp", 01777, kUser)}, rule()).size(), 2u);
}

TEST(FileTrust, PluginsInTheExecutablesTreeNeedBeNoSaferThanIt) {
  const std::vector<FileFacts> parents{folder("/src/build/lib", 0775, kStranger), folder("/src/build", 0777),
                                       folder("/src", 0777)};
  const FileFacts plugin = file("/src/build/lib/a.so", 0775, kStranger);
  EXPECT_EQ(find_unsafe(plugin, parents, rule_of_a_tree(0775, kStranger)), Faults{});
  EXPECT_EQ(find_unsafe(plugin, parents, rule_of_a_tree(0755, kStranger)).size(), 2u);
  EXPECT_EQ(find_unsafe(plugin, parents, rule_of_a_tree(0775, kUser)).size(), 2u);
}

TEST(FileTrust, TheTreesRuleEndsWhereTheTreeEnds) {
  EXPECT_EQ(find_unsafe(file("/src/build2/a.so", 0775), {}, rule_of_a_tree(0775)).size(), 1u);
  EXPECT_EQ(find_unsafe(file("/elsewhere/a.so", 0775), {}, rule_of_a_tree(0775)).size(), 1u);
}

TEST(FileTrust, WhereRootRunsTheNodeOnlyRootCounts) {
  TrustRule of_root = rule();
  of_root.user = 0;
  EXPECT_EQ(find_unsafe(file("/p/a.so", 0644), {}, of_root),
            Faults{"/p/a.so (mode 0644, owner 1000, group 5): it does not belong to root, who runs the node; "
                   "run: chown 0 /p/a.so"});
}

TEST(FileTrust, AConfigurationNeedBeNoSaferThanTheExecutableWhereverItLies) {
  const std::vector<FileFacts> parents{folder("/repo/etc", 0775, kStranger), folder("/repo", 0775, kStranger),
                                       folder("/", 0755)};
  const FileFacts configuration = file("/repo/etc/store.toml", 0664, kStranger);
  EXPECT_EQ(find_unsafe(configuration, parents, configuration_rule(rule_of_a_tree(0775, kStranger))), Faults{});
  EXPECT_EQ(find_unsafe(configuration, parents, configuration_rule(rule_of_a_tree(0755))).size(), 6u);
  EXPECT_EQ(find_unsafe(configuration, parents, configuration_rule(rule())).size(), 6u);
}

// --- the same on disk, where only root can make the cases ---

class FileTrustOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    file_ = folder_.write("a/b/plugin.so", "x");
  }

  Faults faults(uid_t user = kUser) const {
    const auto found = find_unsafe(std::filesystem::canonical(file_), {user, std::nullopt, {}, false});
    EXPECT_TRUE(found.ok());
    return found.ok() ? found.value() : Faults{};
  }
  void own(const std::filesystem::path& path, uid_t owner) const { ASSERT_EQ(::chown(path.c_str(), owner, owner), 0); }
  void allow(const std::filesystem::path& path, mode_t mode) const { ASSERT_EQ(::chmod(path.c_str(), mode), 0); }
  std::filesystem::path at(const char* name) const { return folder_.path() / name; }

  test::ScratchFolder folder_;
  std::filesystem::path file_;
};

TEST_F(FileTrustOnDisk, AFileOfRootOrOfTheUserIsSafeBelowAStickyFolderOfRoot) {
  EXPECT_EQ(faults(), Faults{});
  own(file_, kUser);
  own(at("a/b"), kUser);
  EXPECT_EQ(faults(), Faults{});
}

TEST_F(FileTrustOnDisk, AFileOfAnotherIsUnsafe) {
  own(file_, kStranger);
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_NE(faults()[0].find("owner 2000"), std::string::npos);
  EXPECT_NE(faults()[0].find("run: chown 1000 " + file_.string()), std::string::npos);
}

TEST_F(FileTrustOnDisk, AnyFolderAboveThatAnotherOwnsOrWritesIsUnsafe) {
  own(at("a"), kStranger);
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_NE(faults()[0].find("run: chown 1000 " + at("a").string()), std::string::npos);
  own(at("a"), 0);
  allow(at("a"), 0775);
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_NE(faults()[0].find("run: chmod g-w " + at("a").string()), std::string::npos);
  allow(at("a"), 0757);
  EXPECT_NE(faults()[0].find("run: chmod o-w " + at("a").string()), std::string::npos);
  allow(at("a"), 01777);
  EXPECT_EQ(faults(), Faults{});
  own(at("a"), kUser);
  EXPECT_EQ(faults().size(), 2u) << "sticky, but not root's: its owner may still replace files";
}

TEST_F(FileTrustOnDisk, ALinkIsAsSafeAsTheFileBehindIt) {
  own(at("a/b"), kStranger);
  std::filesystem::create_symlink(file_, at("link.so"));
  file_ = at("link.so");
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_NE(faults()[0].find(at("a/b").string()), std::string::npos);
}

TEST_F(FileTrustOnDisk, WhatIsNoRegularFileIsNoPlugin) {
  ASSERT_EQ(::mkfifo(at("pipe.so").c_str(), 0600), 0);
  const auto inspected = inspect_plugin(at("pipe.so"), {0, std::nullopt, {}, false}, host_stamp());
  ASSERT_TRUE(std::holds_alternative<Refusal>(inspected));
  EXPECT_EQ(std::get<Refusal>(inspected).reasons, Faults{"it is no regular file"});
}

}  // namespace
}  // namespace p2p::host
