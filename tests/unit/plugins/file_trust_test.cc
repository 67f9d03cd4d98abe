#include "plugins/file_trust.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

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

}  // namespace
}  // namespace p2p::host
