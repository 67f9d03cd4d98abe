#include "scratch_folder.h"

#include "plugins/loader.h"

#include <gtest/gtest.h>

namespace p2p::host::test {
namespace {

namespace fs = std::filesystem;

PluginFile accepted(const fs::path& path) {
  return std::get<PluginFile>(inspect_plugin(path, trust_rule_of_this_process(false), host_stamp()));
}

// Without the inspection, which would have refused it.
std::string refusal(const fs::path& path) {
  const auto loaded = load_plugin(PluginFile{fs::canonical(path), std::string(host_stamp()), {}, {}, {}, {}});
  return loaded.ok() ? "loaded" : loaded.error().text;
}

std::string refusal_of_fixture(const std::string& name) { return refusal(ScratchFolder::fixture(name)); }

std::string prefix(const std::string& name) {
  return "plugin '" + fs::canonical(ScratchFolder::fixture(name)).string() + "': ";
}

TEST(Loader, MakesOneObjectForEachServiceOfAPlugin) {
  const PluginFile file = accepted(ScratchFolder::fixture("good.so"));
  auto first = load_plugin(file);
  auto second = load_plugin(file);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(&first.value()->plugin(), &second.value()->plugin());
  first.value()->plugin().stop();
}

TEST(Loader, RefusesAPluginWhoseEntryIsShorter) {
  EXPECT_EQ(refusal_of_fixture("older.so"), prefix("older.so") + "its entry is shorter than this host needs");
}

TEST(Loader, RunsThePluginsOwnCode) {
  const ScratchFolder folder;
  const fs::path touched = folder.path() / "touched";
  setenv("P2P_TOUCHED", touched.c_str(), 1);
  const PluginFile file = accepted(folder.copy_fixture("good.so", "good.so"));
  EXPECT_FALSE(fs::exists(touched));
  ASSERT_TRUE(load_plugin(file).ok());
  EXPECT_TRUE(fs::exists(touched));
  unsetenv("P2P_TOUCHED");
}

TEST(Loader, NamesTheMissingSymbol) {
  const std::string text = refusal_of_fixture("undefined_symbol.so");
  EXPECT_EQ(text, prefix("undefined_symbol.so") +
                      fs::canonical(ScratchFolder::fixture("undefined_symbol.so")).string() +
                      ": undefined symbol: _Z16missing_functionv");
}

TEST(Loader, TellsWhatAConstructorThrew) {
  EXPECT_EQ(refusal_of_fixture("throwing.so"), prefix("throwing.so") + "its constructor threw: no luck today");
  EXPECT_EQ(refusal_of_fixture("unlucky.so"),
            prefix("unlucky.so") + "its constructor threw something that is no std::exception");
}

TEST(Loader, RefusesAnEntryOfAnotherLibrary) {
  EXPECT_EQ(refusal_of_fixture("leech.so"), prefix("leech.so") + "its entry p2p_plugin_v1 belongs to another library");
}

TEST(Loader, RefusesALibraryWithoutEntry) {
  EXPECT_EQ(refusal_of_fixture("foreign.so"), prefix("foreign.so") + "it has no entry p2p_plugin_v1");
}

TEST(Loader, RefusesAFileThatIsNotWhatWasInspected) {
  PluginFile file = accepted(ScratchFolder::fixture("good.so"));
  file.stamp += "sdk=0.0.0;";
  EXPECT_EQ(load_plugin(file).error().text, prefix("good.so") + "it was replaced while it was being loaded");
}

TEST(Loader, RunsOnWhenTheFileIsWrittenOverOrCut) {
  const ScratchFolder folder;
  const PluginFile good = accepted(folder.copy_fixture("good.so", "good.so"));
  const PluginFile throwing = accepted(folder.copy_fixture("throwing.so", "throwing.so"));
  auto before = load_plugin(good);
  ASSERT_TRUE(before.ok()) << before.error().text;
  EXPECT_EQ(before.value()->warning(), "");
  EXPECT_FALSE(load_plugin(throwing).ok());
  folder.write("good.so", std::string(100'000, '\xcc'));
  fs::resize_file(throwing.path, 0);
  before.value()->plugin().stop();
  // New objects, and exceptions that find their way by the tables of the library.
  auto after = load_plugin(good);
  ASSERT_TRUE(after.ok()) << after.error().text;
  after.value()->plugin().stop();
  EXPECT_NE(load_plugin(throwing).error().text.find("its constructor threw: no luck today"), std::string::npos);
}

TEST(Loader, SaysWhatTheDynamicLoaderSays) {
  const ScratchFolder folder;
  const fs::path path = folder.write("text.so", "no library");
  EXPECT_NE(refusal(path).find("text.so: file too short"), std::string::npos) << refusal(path);
}

}  // namespace
}  // namespace p2p::host::test
