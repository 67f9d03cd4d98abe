#include "preflight/offline_commands.h"

#include "cli/installation.h"
#include "cli/new_plugin.h"
#include "plugins/listing.h"
#include "preflight/left_out.h"
#include "preflight/load_configuration.h"

#include <p2p/abi.h>
#include <p2p/version.h>

#include <fmt/format.h>

namespace p2p::host {
namespace {

ExitCode fail(const ConfigurationFailure& failure, std::ostream& err) {
  err << failure.messages;
  return failure.code;
}

ExitCode print_version(std::ostream& out) {
  out << "p2phost " P2P_SDK_VERSION " (plugin ABI " << P2P_ABI_MAJOR << '.' << P2P_ABI_MINOR << ")\n"
      << host_stamp() << '\n';
  return ExitCode::done;
}

ExitCode list_plugins(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  auto opened = open_catalogue(command_line, environment_of_this_process());
  if (const auto* failure = std::get_if<ConfigurationFailure>(&opened)) return fail(*failure, err);
  auto& catalogue = std::get<Catalogue>(opened);
  out << (command_line.json ? plugin_json(catalogue.list(), catalogue.stamp()) : plugin_table(catalogue.list()));
  return ExitCode::done;
}

std::string summary(const LoadedConfiguration& loaded) {
  const std::string services = fmt::format("{}", fmt::join(loaded.start_order, ", "));
  return "configuration is fine: node " + loaded.config.node + " listens on " + loaded.config.listen.name() +
         ", services " + (services.empty() ? "none" : services);
}

ExitCode check(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  const auto outcome = load_configuration(command_line);
  if (const auto* failure = std::get_if<ConfigurationFailure>(&outcome)) return fail(*failure, err);
  const auto& loaded = std::get<LoadedConfiguration>(outcome);
  err << loaded.warnings;
  for (const std::string& line : left_out_lines(loaded)) err << "p2phost: " << line << '\n';
  out << (command_line.print_config ? loaded.printed : summary(loaded) + '\n');
  return ExitCode::done;
}

ExitCode print_cmakedir(std::ostream& out, std::ostream& err) {
  const auto folder = cmake_package_dir(installation_prefix());
  std::error_code failure;
  if (!std::filesystem::exists(folder / "p2phostConfig.cmake", failure)) {
    err << "p2phost: there is no CMake package in " << folder.string()
        << "; the files for development are not installed (on Debian: apt-get install p2phost-dev)\n";
    return ExitCode::system;
  }
  out << folder.string() << '\n';
  return ExitCode::done;
}

ExitCode new_plugin(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  return make_plugin({.name = *command_line.new_plugin,
                      .needs = command_line.needs,
                      .folder = command_line.dir,
                      .templates = template_dir(installation_prefix()),
                      .version = P2P_SDK_VERSION},
                     out, err);
}

}  // namespace

std::optional<int> run_offline_command(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  if (command_line.version) return number(print_version(out));
  if (command_line.cmakedir) return number(print_cmakedir(out, err));
  if (command_line.new_plugin) return number(new_plugin(command_line, out, err));
  if (command_line.list_plugins) return number(list_plugins(command_line, out, err));
  if (command_line.check || command_line.print_config) return number(check(command_line, out, err));
  return std::nullopt;
}

}  // namespace p2p::host
