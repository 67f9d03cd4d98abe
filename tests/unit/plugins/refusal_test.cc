// Every way in which a file may not be a plugin for this host, and what is said about it.
#include "scratch_folder.h"

#include "plugins/elf_plugin.h"
#include "plugins/plugin_file.h"

#include <p2p/version.h>

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace p2p::host::test {
namespace {

namespace fs = std::filesystem;
using Reasons = std::vector<std::string>;

Inspection inspect(const fs::path& path) {
  return inspect_plugin(path, trust_rule_of_this_process(false), host_stamp());
}

Reasons reasons(const fs::path& path) {
  const Inspection inspection = inspect(path);
  const auto* refusal = std::get_if<Refusal>(&inspection);
  return refusal == nullptr ? Reasons{"accepted"} : refusal->reasons;
}

Reasons fixture_reasons(const std::string& name) { return reasons(ScratchFolder::fixture(name + ".so")); }

TEST(Refusal, AGoodPluginIsAcceptedAndDescribed) {
  const Inspection inspection = inspect(ScratchFolder::fixture("good.so"));
  const auto* file = std::get_if<PluginFile>(&inspection);
  ASSERT_NE(file, nullptr) << std::get<Refusal>(inspection).reasons.front();
  EXPECT_EQ(file->description.name, "good");
  EXPECT_EQ(file->description.version, "1.2.3");
  EXPECT_EQ(file->description.options.size(), 2u);
  EXPECT_EQ(file->stamp, host_stamp());
}

TEST(Refusal, AnotherAbiIsNamedWithBothValues) {
  EXPECT_EQ(fixture_reasons("wrong_abi"), Reasons{"abi: plugin 99.0, host 2.0"});
  EXPECT_EQ(fixture_reasons("newer_minor"), Reasons{"abi: plugin 2.7, host 2.0"});
}

TEST(Refusal, EveryOtherDifferingFieldOfTheStampIsNamed) {
  EXPECT_EQ(fixture_reasons("other_stamp"),
            (Reasons{"glibcxx_debug: plugin 1, host 0", "thrift: plugin 0.16.0, host " P2P_STAMP_THRIFT}));
}

TEST(Refusal, AFileNamedOtherwiseThanItsDescriptorSays) {
  EXPECT_EQ(fixture_reasons("renamed"),
            Reasons{"its file must be named misnamed.so, after the name in its descriptor"});
}

TEST(Refusal, APluginWithoutEntry) {
  const Reasons expected{"it has no entry p2p_plugin_v1 of its own; is P2P_PLUGIN missing?"};
  EXPECT_EQ(fixture_reasons("no_entry"), expected);
}

TEST(Refusal, ALibraryThatOnlyLinksAPluginHasNoEntryOfItsOwn) {
  EXPECT_EQ(fixture_reasons("leech"), Reasons{"it has no entry p2p_plugin_v1 of its own; is P2P_PLUGIN missing?"});
}

TEST(Refusal, ALibraryThatIsNoPlugin) {
  EXPECT_EQ(fixture_reasons("foreign"), Reasons{"it is a shared library, but no plugin of p2phost"});
}

TEST(Refusal, AFileThatIsNoLibrary) {
  const ScratchFolder folder;
  EXPECT_EQ(reasons(folder.write("text.so", "hello, I am a text\n")), Reasons{"it is no ELF file"});
  EXPECT_EQ(reasons(folder.write("empty.so", "")), Reasons{"it is no ELF file"});
  EXPECT_EQ(reasons(folder.write("sub.so/x", "").parent_path()), Reasons{"it is no regular file"});
  EXPECT_EQ(reasons(folder.path() / "absent.so"), Reasons{"it cannot be found: No such file or directory"});
  EXPECT_EQ(reasons("/proc/self/exe"), Reasons{"it is a shared library, but no plugin of p2phost"});
}

TEST(Refusal, AFileForAnotherMachine) {
  const ScratchFolder folder;
  std::string bytes = bytes_of(ScratchFolder::fixture("good.so"));
  const Elf64_Half machine = EM_RISCV;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  const Reasons found = reasons(folder.write("good.so", bytes));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("arch: plugin riscv, host ")) << found[0];
}

TEST(Refusal, AProgramIsNoLibrary) {
  const ScratchFolder folder;
  std::string bytes = bytes_of(ScratchFolder::fixture("good.so"));
  const Elf64_Half type = ET_EXEC;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_type), &type, sizeof type);
  EXPECT_EQ(reasons(folder.write("good.so", bytes)), Reasons{"it is no shared library"});
}

TEST(Refusal, AFileCutShort) {
  const ScratchFolder folder;
  const std::string bytes = bytes_of(ScratchFolder::fixture("good.so"));
  const Reasons found = reasons(folder.write("half.so", bytes.substr(0, bytes.size() / 2)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("it is cut short: its table of sections ends at byte ")) << found[0];
  for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 97 + 1) {
    EXPECT_NE(reasons(folder.write("cut.so", bytes.substr(0, length))), Reasons{"accepted"}) << length;
  }
}

TEST(Refusal, BytesTurnedAtRandomDoNoHarm) {
  const ScratchFolder folder;
  const std::string good = bytes_of(ScratchFolder::fixture("good.so"));
  Elf64_Ehdr header{};
  std::memcpy(&header, good.data(), sizeof header);
  std::mt19937 random(2009);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    // Half of the turned bytes hit the tables that a reader follows.
    for (int turned = 0; turned < 8; ++turned) {
      const std::size_t table = turned % 2 == 0 ? header.e_shoff : 0;
      const std::size_t room = turned % 2 == 0 ? bytes.size() - header.e_shoff : bytes.size();
      bytes[table + random() % room] = static_cast<char>(random());
    }
    const auto read = read_elf_plugin(folder.write("turned.so", bytes));
    EXPECT_TRUE(read.ok() || !read.error().text.empty());
  }
}

TEST(Refusal, AFileThatOthersCouldReplaceIsRefusedUnlessTheOperatorAllowsIt) {
  const ScratchFolder folder;
  const fs::path path = folder.copy_fixture("good.so", "good.so");
  fs::permissions(path, fs::perms::group_write | fs::perms::others_write, fs::perm_options::add);
  const Inspection inspection = inspect(path);
  ASSERT_TRUE(std::holds_alternative<Refusal>(inspection));
  EXPECT_EQ(std::get<Refusal>(inspection).kind, Refusal::Kind::unsafe);
  EXPECT_EQ(std::get<Refusal>(inspection).reasons.size(), 2u);

  const Inspection allowed = inspect_plugin(path, trust_rule_of_this_process(true), host_stamp());
  ASSERT_TRUE(std::holds_alternative<PluginFile>(allowed));
  EXPECT_EQ(std::get<PluginFile>(allowed).warnings.size(), 2u);
}

TEST(Refusal, AFolderThatOthersCouldReplaceCountsToo) {
  const ScratchFolder folder;
  const fs::path path = folder.copy_fixture("good.so", "open/good.so");
  fs::permissions(path.parent_path(), fs::perms::all);
  ASSERT_EQ(reasons(path).size(), 2u);
  EXPECT_NE(reasons(path)[0].find("/open (mode 0777"), std::string::npos);
}

TEST(Refusal, ALinkIsJudgedByWhatItLeadsTo) {
  const ScratchFolder folder;
  const fs::path path = folder.copy_fixture("good.so", "open/good.so");
  fs::permissions(path.parent_path(), fs::perms::all);
  fs::create_symlink(path, folder.path() / "good.so");
  EXPECT_EQ(reasons(folder.path() / "good.so").size(), 2u);
}

}  // namespace
}  // namespace p2p::host::test
