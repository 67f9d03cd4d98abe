// p2phost's flags, and the commands that start no node.
#include "scratch_folder.h"

#include "preflight/load_configuration.h"
#include "preflight/offline_commands.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

namespace p2p::host::test {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  std::optional<int> code;
  std::string out;
  std::string err;
};

// As main() does it.
Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "p2phost");
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = parse_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return {number(*code), out.str(), err.str()};
  const auto code = run_offline_command(std::get<CommandLine>(parsed), out, err);
  return {code, out.str(), err.str()};
}

LoadedConfiguration load(const CommandLine& command_line) {
  auto outcome = load_configuration(command_line, {});
  if (auto* failure = std::get_if<ConfigurationFailure>(&outcome)) {
    ADD_FAILURE() << failure->messages;
    return {};
  }
  return std::get<LoadedConfiguration>(std::move(outcome));
}

TEST(CommandLine, ReadsEveryFlag) {
  const char* arguments[] = {
      "p2phost",    "--config", "a.toml", "--join",       "h:1",      "--join",  "h:2",
      "--set",      "host.x=1", "--set",  "host.y=2",     "--listen", "h:3",     "--data-dir",
      "/d",         "--node",   "n3",     "--plugin-dir", "/p",       "--check", "--allow-unsafe-plugins",
      "--safe-mode"};
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = parse_command_line(static_cast<int>(std::size(arguments)), arguments, out, err);
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err.str();
  const auto& flags = std::get<CommandLine>(parsed);
  EXPECT_EQ(flags.config_file, "a.toml");
  EXPECT_EQ(flags.join, (std::vector<std::string>{"h:1", "h:2"}));
  EXPECT_EQ(flags.set, (std::vector<std::string>{"host.x=1", "host.y=2"}));
  EXPECT_EQ(flags.listen, "h:3");
  EXPECT_EQ(flags.data_dir, "/d");
  EXPECT_EQ(flags.node, "n3");
  EXPECT_EQ(flags.plugin_dirs, std::vector<std::string>{"/p"});
  EXPECT_TRUE(flags.check);
  EXPECT_TRUE(flags.allow_unsafe_plugins);
  EXPECT_TRUE(flags.safe_mode);
}

TEST(CommandLine, ValidateTakesAFileAndJson) {
  const char* arguments[] = {"p2phost", "--validate", "x.so", "--json"};
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = parse_command_line(static_cast<int>(std::size(arguments)), arguments, out, err);
  ASSERT_TRUE(std::holds_alternative<CommandLine>(parsed)) << err.str();
  EXPECT_EQ(std::get<CommandLine>(parsed).validate, "x.so");
  EXPECT_TRUE(std::get<CommandLine>(parsed).json);
}

TEST(CommandLine, MistakesEndWith64AndHelpWith0) {
  EXPECT_EQ(run({"--unknown"}).code, 64);
  EXPECT_EQ(run({"--check", "--version"}).code, 64);
  EXPECT_EQ(run({"--json"}).code, 64);
  EXPECT_EQ(run({"--check", "--json"}).code, 64);
  EXPECT_EQ(run({"--validate", "x.so", "--list-plugins"}).code, 64);
  EXPECT_EQ(run({"--validate"}).code, 64);
  EXPECT_EQ(run({"store.toml"}).code, 64);
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("--print-config"), std::string::npos);
}

TEST(OfflineCommands, WithoutOneANodeIsToBeStarted) { EXPECT_EQ(run({"--config", "x.toml"}).code, std::nullopt); }

TEST(OfflineCommands, VersionTellsTheStamp) {
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_NE(version.out.find("plugin ABI 2.0"), std::string::npos);
  EXPECT_NE(version.out.find("thrift="), std::string::npos);
}

TEST(OfflineCommands, CheckWithoutConfigurationSaysWhichFlagIsMissing) {
  const Outcome check = run({"--check"});
  EXPECT_EQ(check.code, 64);
  EXPECT_NE(check.err.find("--config"), std::string::npos);
}

TEST(OfflineCommands, CheckTellsEveryMistakeOfTheFileAndEndsWith78) {
  const ScratchFolder folder;
  const std::string file = folder.write("store.toml", "[host]\nlisen = \"x\"\n[services.goood]\n").string();
  const Outcome check = run({"--config", file.c_str(), "--check", "--plugin-dir", P2P_FIXTURE_DIR});
  EXPECT_EQ(check.code, 78);
  EXPECT_NE(check.err.find(file + ":2:1: error: unknown key 'host.lisen'; did you mean 'host.listen'?"),
            std::string::npos);
  EXPECT_NE(check.err.find(file + ":3:11: error: services.goood: no plugin 'goood' (looked for "), std::string::npos)
      << check.err;
  EXPECT_NE(check.err.find("did you mean 'good'?"), std::string::npos);
}

TEST(OfflineCommands, CheckEndsWith69ForARefusedPluginAndWith77ForAnUnsafeOne) {
  const ScratchFolder folder;
  const std::string refused = folder.write("refused.toml", "[services.wrong_abi]\n").string();
  EXPECT_EQ(run({"--config", refused.c_str(), "--check", "--plugin-dir", P2P_FIXTURE_DIR}).code, 69);

  const fs::path plugin = folder.copy_fixture("good.so", "open/good.so");
  fs::permissions(plugin, fs::perms::others_write, fs::perm_options::add);
  const std::string open = (folder.path() / "open").string();
  const std::string unsafe = folder.write("unsafe.toml", "[services.good]\n").string();
  EXPECT_EQ(run({"--config", unsafe.c_str(), "--check", "--plugin-dir", open.c_str()}).code, 77);
  const Outcome allowed =
      run({"--config", unsafe.c_str(), "--check", "--plugin-dir", open.c_str(), "--allow-unsafe-plugins"});
  EXPECT_EQ(allowed.code, 0);
  EXPECT_NE(allowed.err.find("warning: unsafe plugin 'good'"), std::string::npos) << allowed.err;
}

TEST(OfflineCommands, CheckSaysWhatWouldRun) {
  const ScratchFolder folder;
  const std::string file = folder.write("store.toml", "[host]\nnode = \"n1\"\n[services.good]\n").string();
  const Outcome check = run({"--config", file.c_str(), "--check", "--plugin-dir", P2P_FIXTURE_DIR});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_EQ(check.out, "configuration is fine: node n1 listens on 127.0.0.1:9900, services good\n");
}

TEST(OfflineCommands, OnlyACheckRunsPluginCodeAndOnlyOfWhatMayBeLoaded) {
  const ScratchFolder folder;
  const fs::path touched = folder.path() / "touched";
  setenv("P2P_TOUCHED", touched.c_str(), 1);
  folder.copy_fixture("good.so", "plugins/good.so");
  folder.copy_fixture("wrong_abi.so", "plugins/wrong_abi.so");
  folder.copy_fixture("no_entry.so", "plugins/no_entry.so");
  folder.copy_fixture("foreign.so", "plugins/foreign.so");
  const std::string plugins = (folder.path() / "plugins").string();
  const std::string refused =
      "[services.wrong_abi]\nrequired = false\n[services.no_entry]\nrequired = false\n[services.foreign]\nrequired = "
      "false\n";
  const std::string file = folder.write("store.toml", "[services.good]\n" + refused).string();
  const std::string without = folder.write("refused.toml", refused).string();
  for (const char* command : {"--list-plugins", "--print-config"}) {
    EXPECT_EQ(run({"--config", file.c_str(), command, "--plugin-dir", plugins.c_str()}).code, 0) << command;
  }
  EXPECT_EQ(run({"--config", without.c_str(), "--check", "--plugin-dir", plugins.c_str()}).code, 0);
  EXPECT_FALSE(fs::exists(touched));
  EXPECT_EQ(run({"--config", file.c_str(), "--check", "--plugin-dir", plugins.c_str()}).code, 0);
  EXPECT_TRUE(fs::exists(touched));
  unsetenv("P2P_TOUCHED");
}

TEST(OfflineCommands, ListPluginsNeedsNoConfiguration) {
  const Outcome list = run({"--list-plugins", "--json", "--plugin-dir", P2P_FIXTURE_DIR});
  EXPECT_EQ(list.code, 0);
  EXPECT_NE(list.out.find("\"name\": \"good\""), std::string::npos);
}

TEST(LoadConfiguration, FlagsWinOverTheFile) {
  const ScratchFolder folder;
  CommandLine flags;
  flags.config_file =
      folder.write("store.toml", "[host]\nlisten = \"127.0.0.1:1\"\nnode = \"a\"\n[services.good]\n").string();
  flags.plugin_dirs = {P2P_FIXTURE_DIR};
  flags.listen = "127.0.0.1:2";
  flags.data_dir = "data";
  flags.node = "b";
  flags.set = {"services.good.config.copies=5"};
  const LoadedConfiguration loaded = load(flags);
  EXPECT_EQ(loaded.config.listen.port, 2);
  EXPECT_EQ(loaded.config.data_dir, "data");
  EXPECT_EQ(loaded.config.node, "b");
  ASSERT_EQ(loaded.config.services.size(), 1u);
  EXPECT_EQ(loaded.config.services[0].config.integer("copies"), 5);
  EXPECT_EQ(loaded.start_order, std::vector<std::string>{"good"});
  EXPECT_EQ(loaded.plugins.at("good").description.version, "1.2.3");
}

TEST(LoadConfiguration, MistakesInAnotherNodesOverlayAreMistakesOfTheFile) {
  const ScratchFolder folder;
  CommandLine flags;
  flags.plugin_dirs = {P2P_FIXTURE_DIR};
  flags.config_file =
      folder.write("store.toml", "[services.good]\n[node.other.services.good.config]\ncopes = 1\n").string();
  flags.node = "here";
  const auto outcome = load_configuration(flags, {});
  ASSERT_TRUE(std::holds_alternative<ConfigurationFailure>(outcome));
  EXPECT_NE(std::get<ConfigurationFailure>(outcome).messages.find("unknown key 'services.good.config.copes'"),
            std::string::npos);
}

TEST(LoadConfiguration, ANodeWithoutOverlayAmongOthersIsToldAsAWarning) {
  const ScratchFolder folder;
  CommandLine flags;
  flags.plugin_dirs = {P2P_FIXTURE_DIR};
  flags.config_file = folder.write("store.toml", "[services.good]\n[node.n1.host]\nio_threads = 1\n").string();
  flags.node = "other";
  EXPECT_EQ(load(flags).warnings, "--node other: warning: there is no [node.other]\n");
}

TEST(LoadConfiguration, AFileThatCannotBeReadIsTheOnlyThingTold) {
  CommandLine flags;
  flags.config_file = "/nowhere/store.toml";
  flags.set = {"services.nothing.enabled=true"};
  const auto outcome = load_configuration(flags, {});
  ASSERT_TRUE(std::holds_alternative<ConfigurationFailure>(outcome));
  EXPECT_EQ(std::get<ConfigurationFailure>(outcome).code, ExitCode::configuration);
  EXPECT_EQ(std::get<ConfigurationFailure>(outcome).messages,
            "/nowhere/store.toml: error: cannot be read: No such file or directory\n");
}

TEST(OfflineCommands, AConfigurationThatOthersCouldReplaceIsRefusedWhereRootRunsTheNode) {
  if (geteuid() != 0) GTEST_SKIP() << "the rule is root's";
  const ScratchFolder folder;
  const fs::path included = folder.write("conf.d/more.toml", "");
  const fs::path config = folder.write("node.toml", "include = \"conf.d/*.toml\"\n");
  const auto check = [&] { return run({"--check", "--config", config.c_str()}); };
  EXPECT_EQ(check().code, 0) << check().err;
  ASSERT_EQ(::chown(included.c_str(), 2000, 2000), 0);
  EXPECT_EQ(check().code, 77);
  EXPECT_NE(check().err.find(included.string() +
                             " (mode 0644, owner 2000, group 2000): it does not belong to root, who "
                             "runs the node; run: chown 0 " +
                             included.string()),
            std::string::npos)
      << check().err;
  ASSERT_EQ(::chown(included.c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(config.c_str(), 0646), 0);
  EXPECT_EQ(check().code, 77);
  EXPECT_NE(check().err.find("run: chmod o-w " + config.string()), std::string::npos) << check().err;
}

}  // namespace
}  // namespace p2p::host::test
