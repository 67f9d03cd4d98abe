#include "scratch_folder.h"

#include "plugins/catalogue.h"
#include "plugins/finder.h"
#include "plugins/listing.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace p2p::host::test {
namespace {

namespace fs = std::filesystem;

Catalogue catalogue(const std::vector<std::string>& folders) {
  return Catalogue(folders, trust_rule_of_this_process(false), std::string(host_stamp()));
}

TEST(Finder, NamesEveryPathThatWasTriedAndTheNearestName) {
  const ScratchFolder folder;
  folder.write("a/locator.so", "");
  const std::string a = (folder.path() / "a").string();
  const std::string b = (folder.path() / "b").string();
  EXPECT_EQ(find_plugin_file("locater", {a, b}).error().text,
            "no plugin 'locater' (looked for " + a + "/locater.so, " + b + "/locater.so); did you mean 'locator'?");
}

TEST(Finder, TwoFilesOfOnePluginAreAnErrorThatNamesBoth) {
  const ScratchFolder folder;
  const fs::path first = folder.write("a/locator.so", "");
  const fs::path second = folder.write("b/locator.so", "");
  const auto found = find_plugin_file("locator", {first.parent_path(), second.parent_path()});
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().text.find(first.string() + " and " + second.string()), std::string::npos);
}

TEST(Finder, AFolderThatALinkNamesAgainCountsOnce) {
  const ScratchFolder folder;
  const fs::path file = folder.write("a/locator.so", "");
  fs::create_directory_symlink(folder.path() / "a", folder.path() / "b");
  EXPECT_EQ(find_plugin_file("locator", {folder.path() / "a", folder.path() / "b"}).value(), file);
}

TEST(Finder, AnAbsolutePathIsTakenAsItIs) {
  const ScratchFolder folder;
  const fs::path file = folder.write("locator.so", "");
  EXPECT_EQ(find_plugin_file(file.string(), {}).value(), file);
  EXPECT_FALSE(find_plugin_file(file.string() + "x", {}).ok());
}

TEST(Catalogue, FindsAcceptedPluginsAndSaysWhyOthersAreRefused) {
  Catalogue plugins = catalogue({P2P_FIXTURE_DIR});
  ASSERT_NE(plugins.find("good").description, nullptr);
  EXPECT_EQ(plugins.find("good").description->version, "1.2.3");
  EXPECT_NE(plugins.file_of("good"), nullptr);

  const PluginAnswer refused = plugins.find("wrong_abi");
  EXPECT_EQ(refused.description, nullptr);
  EXPECT_EQ(refused.kind, ProblemKind::bad_plugin);
  EXPECT_EQ(refused.problem,
            "plugin 'wrong_abi' is refused: " + fs::canonical(ScratchFolder::fixture("wrong_abi.so")).string() +
                ": abi: plugin 99.0, host 2.0");
  EXPECT_EQ(plugins.file_of("wrong_abi"), nullptr);

  EXPECT_EQ(plugins.find("nowhere").kind, ProblemKind::missing_plugin);
}

TEST(Catalogue, KnowsWhoProvidesAnInterface) {
  const ScratchFolder folder;
  folder.copy_fixture("good.so", "good.so");
  Catalogue plugins = catalogue({folder.path().string()});
  EXPECT_EQ(plugins.provider_of("fixture.IGood/1"), "good");
  EXPECT_EQ(plugins.provider_of("fixture.INone/1"), "");
}

TEST(Catalogue, ListsAcceptedPluginsInColumnsAndRefusedOnesWithTheirReasons) {
  const ScratchFolder folder;
  folder.copy_fixture("good.so", "good.so");
  folder.copy_fixture("wrong_abi.so", "wrong_abi.so");
  folder.write("text.so", "text");
  const std::string at = folder.path().string();
  EXPECT_EQ(plugin_table(catalogue({at}).list()),
            "NAME  VERSION  ABI  PROVIDES         REQUIRES  FILE\n"
            "good  1.2.3    2.0  fixture.IGood/1  -         " +
                at +
                "/good.so\n"
                "refused: " +
                at +
                "/text.so\n"
                "  it is no ELF file\n"
                "refused: " +
                at +
                "/wrong_abi.so\n"
                "  abi: plugin 99.0, host 2.0\n");
}

TEST(Catalogue, ASecondFileOfOneNameIsRefused) {
  const ScratchFolder folder;
  folder.copy_fixture("good.so", "a/good.so");
  folder.copy_fixture("good.so", "b/good.so");
  const auto listed = catalogue({(folder.path() / "a").string(), (folder.path() / "b").string()}).list();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(std::get<Refusal>(listed[1]).reasons.front(),
            "its name is taken by " + (folder.path() / "a/good.so").string());
}

TEST(Catalogue, IsWrittenAsJsonForPrograms) {
  const auto json = nlohmann::json::parse(plugin_json(catalogue({P2P_FIXTURE_DIR}).list(), host_stamp()));
  EXPECT_EQ(json["host"]["stamp"], host_stamp());
  bool has_good = false;
  for (const auto& plugin : json["plugins"]) {
    if (plugin["name"] != "good") continue;
    has_good = true;
    EXPECT_EQ(plugin["options"][0]["key"], "copies");
    EXPECT_EQ(plugin["options"][0]["range"], "1..16");
    EXPECT_EQ(plugin["provides"][0], "fixture.IGood/1");
  }
  EXPECT_TRUE(has_good);
  EXPECT_GE(json["refused"].size(), 5u);
}

}  // namespace
}  // namespace p2p::host::test
