#include "validate/validate_command.h"

#include "files/temporary_folder.h"
#include "preflight/load_configuration.h"
#include "validate/validation.h"

namespace p2p::host {
namespace {

namespace fs = std::filesystem;

std::vector<PluginFile> accepted_of(Catalogue& catalogue) {
  std::vector<PluginFile> accepted;
  for (Inspection& inspection : catalogue.list()) {
    if (auto* file = std::get_if<PluginFile>(&inspection)) accepted.push_back(std::move(*file));
  }
  return accepted;
}

}  // namespace

ExitCode validate_command(const CommandLine& command_line, std::ostream& out, std::ostream& err) {
  const fs::path named = command_line.validate;
  std::error_code failure;
  const fs::path path = fs::canonical(named, failure);
  if (failure || !fs::is_regular_file(path, failure)) {
    err << "p2phost: --validate " << named.string() << ": "
        << (failure ? failure.message() : std::string("no regular file")) << "; name a plugin's file\n";
    return ExitCode::no_input;
  }
  // Its own folder comes last: users will have this host's plugins as providers.
  CommandLine with_own_folder = command_line;
  with_own_folder.plugin_dirs.push_back(path.parent_path().string());
  auto opened = open_catalogue(with_own_folder, environment_of_this_process());
  if (const auto* mistakes = std::get_if<ConfigurationFailure>(&opened)) {
    err << mistakes->messages;
    return mistakes->code;
  }
  const TemporaryFolder scratch("p2phost-validate");
  const Subject subject{path, named.stem().string(), trust_rule_of_this_process(command_line.allow_unsafe_plugins),
                        accepted_of(std::get<Catalogue>(opened)), scratch.path()};
  const auto results = validate(subject);
  out << (command_line.json ? validation_json(results, path.string(), host_stamp())
                            : validation_text(results, path.string()));
  return keeps_all_rules(results) ? ExitCode::done : ExitCode::data;
}

}  // namespace p2p::host
