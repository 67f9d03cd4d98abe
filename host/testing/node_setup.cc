#include "testing/node_setup.h"

#include "config/option.h"
#include "config/toml_text.h"
#include "plugins/built_in.h"
#include "testing/fake_locator.h"
#include "testing/fake_store.h"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <utility>

// The plugin that is linked into the test's executable, when there is one: the dynamic linker finds it there.
extern "C" __attribute__((weak, visibility("default"))) const p2p_entry p2p_plugin_v1;

namespace p2p::testing {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& why) {
  throw std::runtime_error("the node's configuration is refused: " + why);
}

// "../lib/p2phost/plugins" as seen from this library, which holds in the build tree and after installing.
fs::path shipped_plugins() {
  Dl_info here{};
  std::error_code failure;
  if (::dladdr(reinterpret_cast<const void*>(&shipped_plugins), &here) == 0 || here.dli_fname == nullptr) return {};
  const fs::path library = fs::canonical(here.dli_fname, failure);
  // In a build tree the folder is next to the library; an installed library is one folder deeper, named after the
  // machine's architecture.
  const fs::path folder = fs::path("p2phost") / "plugins";
  const fs::path beside = library.parent_path() / folder;
  return fs::exists(beside, failure) ? beside : library.parent_path().parent_path() / folder;
}

std::string list_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> list;
  for (const fs::path& folder : folders) list.push_back(fs::absolute(folder).string());
  return host::toml_text({"plugin_dirs", host::OptionType::list, "", "", ""}, list);
}

std::string cluster_of_this_process() { return "test-" + std::to_string(::getpid()); }

fs::path config_file_in(const fs::path& folder) { return folder / "node.toml"; }

// Is there a real locator without instructions where to find a network? It would find others' nodes on this machine.
bool searches_on(const NodeOptions& options) {
  host::Problems ignored;  // the reader of the file reports them
  const host::Table root = host::parse_toml(options.toml, 0, ignored);
  const host::Entry* locator = host::find_at(root, {"services", "locator"});
  if (locator == nullptr || options.fake_locator || !options.join.empty()) return false;
  return host::find_at(root, {"services", "locator", "plugin"}) == nullptr &&
         host::find_at(root, {"services", "locator", "config", "discover"}) == nullptr;
}

std::vector<host::PluginFile> built_in_plugins(FakePlugins fakes) {
  std::vector<host::PluginFile> plugins;
  const auto add = [&plugins](Result<host::PluginFile> plugin) {
    if (!plugin.ok()) refuse(plugin.error().text);
    plugins.push_back(std::move(plugin).value());
  };
  if (fakes.locator) add(host::built_in_plugin(kFakeLocatorInfo, std::move(fakes.locator)));
  if (fakes.store) add(host::built_in_plugin(kFakeStoreInfo, std::move(fakes.store)));
  if (&p2p_plugin_v1 != nullptr) add(host::built_in_plugin(p2p_plugin_v1));
  return plugins;
}

host::CommandLine command_line_of(const NodeOptions& options, const fs::path& folder) {
  host::CommandLine command_line;
  command_line.config_file = config_file_in(folder);
  write_configuration(folder, options.toml);
  command_line.listen = "127.0.0.1:0";
  command_line.data_dir = data_dir_in(folder);
  for (const NodeAddress& peer : options.join) command_line.join.push_back(peer.name());
  // Tests do not check who may write a developer's build folders.
  command_line.allow_unsafe_plugins = true;
  std::vector<fs::path> folders = options.plugin_dirs;
  // Never empty, which would mean the folder beside the test's executable.
  folders.push_back(options.shipped_plugins ? shipped_plugins() : folder / "no_plugins");
  command_line.set = {"host.plugin_dirs=" + list_of(folders), "host.cluster=" + cluster_of_this_process()};
  if (searches_on(options)) command_line.set.push_back("services.locator.config.discover=none");
  if (options.fake_locator) command_line.set.push_back("services.locator.enabled=true");
  if (options.fake_store) command_line.set.push_back("services.diststore.enabled=true");
  return command_line;
}

}  // namespace

void write_configuration(const fs::path& folder, const std::string& toml) {
  std::ofstream(config_file_in(folder), std::ios::trunc) << toml;
}

fs::path data_dir_in(const fs::path& folder) { return folder / "data"; }

ReadConfiguration reader_for_test(const NodeOptions& options, const fs::path& folder, FakePlugins fakes) {
  if (options.fake_locator && !options.join.empty()) refuse("join needs the real locator, not fake_locator");
  return [command_line = command_line_of(options, folder),
          built_in = built_in_plugins(std::move(fakes))](const std::optional<std::string>& also_enabled) {
    host::CommandLine again = command_line;
    again.also_enabled = also_enabled;
    return host::load_configuration(again, {}, built_in);
  };
}

host::LoadedConfiguration read_or_throw(const ReadConfiguration& read) {
  auto outcome = read(std::nullopt);
  if (const auto* failure = std::get_if<host::ConfigurationFailure>(&outcome)) {
    refuse("exit code " + std::to_string(host::number(failure->code)) + '\n' + failure->messages);
  }
  return std::get<host::LoadedConfiguration>(std::move(outcome));
}

}  // namespace p2p::testing
