#include "cli/offline_commands.h"

#include "cli/load_configuration.h"
#include "plugins/listing.h"

#include <p2p/abi.h>
#include <p2p/version.h>

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
  std::string services;
  for (const std::string& service : loaded.start_order) services += (services.empty() ? "" : ", ") + service;
  return "configuration is fine: node " + loaded.config.node + " listens on " + loaded.config.listen.name() +
         ", services " + (services.empty() ? "none" : services);
}

ExitCode check(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  const auto outcome = load_configuration(command_line);
  if (const auto* failure = std::get_if<ConfigurationFailure>(&outcome)) return fail(*failure, err);
  const auto& loaded = std::get<LoadedConfiguration>(outcome);
  err << loaded.warnings;
  out << (command_line.print_config ? loaded.printed : summary(loaded) + '\n');
  return ExitCode::done;
}

}  // namespace

std::optional<int> run_offline_command(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  if (command_line.version) return number(print_version(out));
  if (command_line.list_plugins) return number(list_plugins(command_line, out, err));
  if (command_line.check || command_line.print_config) return number(check(command_line, out, err));
  return std::nullopt;
}

}  // namespace p2p::host
