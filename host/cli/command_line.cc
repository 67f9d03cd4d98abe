#include "cli/command_line.h"

#include "text/foreign_text.h"

#include <CLI/CLI.hpp>

namespace p2p::host {
namespace {

constexpr const char* kFooter =
    "Every key of the configuration can also be set in the environment: P2PHOST_HOST__LISTEN=127.0.0.1:9901.\n"
    "Exit codes: 0 done, 64 usage, 65 a plugin breaks a rule, 66 no such file, 69 a required service failed,\n"
    "71 the system refused, 73 cannot create, 74 the output could not be written, 75 start timed out,\n"
    "77 unsafe permissions, 78 configuration.";

CLI::Option* add_repeated(CLI::App& app, const char* flag, std::vector<std::string>& values, const char* help,
                          const char* type) {
  return app.add_option(flag, values, help)->type_name(type)->take_all()->allow_extra_args(false);
}

void add_configuration_flags(CLI::App& app, CommandLine& parsed) {
  app.add_option("--config", parsed.config_file, "the configuration, such as etc/store.toml")->type_name("FILE");
  add_repeated(app, "--set", parsed.set, "set one key; may be repeated", "KEY.PATH=VALUE");
  app.add_option("--listen", parsed.listen, "where to listen; port 0 takes any free one")->type_name("HOST:PORT");
  add_repeated(app, "--join", parsed.join, "a node of the network to join; may be repeated", "HOST:PORT");
  app.add_flag("--found", parsed.found,
               "found a network anew instead of looking for one, or of returning to a former one whose members are "
               "gone; done once, and refused while one of them answers");
  app.add_option("--data-dir", parsed.data_dir, "folder of this node's files")->type_name("DIR");
  app.add_option("--node", parsed.node, "this node's name, which chooses its [node.NAME] tables")->type_name("NAME");
  add_repeated(app, "--plugin-dir", parsed.plugin_dirs, "a further folder of plugins; may be repeated", "DIR");
  app.add_flag("--allow-unsafe-plugins", parsed.allow_unsafe_plugins,
               "load plugins that others could replace; for development");
  app.add_flag("--safe-mode", parsed.safe_mode, "start required services only, and what these need");
}

void add_commands(CLI::App& app, CommandLine& parsed) {
  app.add_flag("--check", parsed.check, "check the configuration, and end");
  app.add_flag("--print-config", parsed.print_config, "print every key and where it was set, and end");
  app.add_flag("--list-plugins", parsed.list_plugins, "list the plugins, accepted and refused, and end");
  app.add_flag("--version", parsed.version, "print versions, and end");
  app.add_option("--validate", parsed.validate, "check whether a plugin's file keeps all rules, and end")
      ->type_name("FILE.so");
  app.add_flag("--json", parsed.json, "with --list-plugins or --validate: as JSON");
}

void add_author_commands(CLI::App& app, CommandLine& parsed) {
  CLI::Option* create =
      app.add_option("--new-plugin", parsed.new_plugin, "make the folder of a new plugin, and end")->type_name("NAME");
  add_repeated(app, "--requires", parsed.needs, "with --new-plugin: a service that it builds on: locator, or store",
               "SERVICE")
      ->needs(create);
  app.add_option("--dir", parsed.dir, "with --new-plugin: where to make the folder (default: here)")
      ->type_name("DIR")
      ->needs(create);
  app.add_flag("--cmakedir", parsed.cmakedir, "print the folder of the CMake package, for p2phost_DIR, and end");
}

// One command at a time.
void exclude_each_other(CLI::App& app) {
  std::vector<CLI::Option*> earlier;
  for (const char* flag :
       {"--validate", "--check", "--print-config", "--list-plugins", "--version", "--new-plugin", "--cmakedir"}) {
    CLI::Option* command = app.get_option(flag);
    for (CLI::Option* other : earlier) other->excludes(command);
    earlier.push_back(command);
  }
}

// Checks names that do not become configuration values, and are shown in messages as they are.
std::string fault_of_names(const CommandLine& parsed) {
  std::vector<std::pair<const char*, std::string>> names = {{"--config", parsed.config_file},
                                                            {"--validate", parsed.validate},
                                                            {"--new-plugin", parsed.new_plugin.value_or("")},
                                                            {"--dir", parsed.dir}};
  for (const std::string& folder : parsed.plugin_dirs) names.emplace_back("--plugin-dir", folder);
  for (const auto& [flag, name] : names) {
    const std::string fault = fault_of_text(name);
    if (!fault.empty()) return std::string(flag) + " '" + foreign_text(name) + "' " + fault;
  }
  return "";
}

}  // namespace

std::variant<CommandLine, ExitCode> parse_command_line(int argc, const char* const* argv, std::ostream& out,
                                                       std::ostream& err) {
  CommandLine parsed;
  CLI::App app("p2phost runs peer-to-peer services from plugins", "p2phost");
  app.footer(kFooter);
  add_configuration_flags(app, parsed);
  add_commands(app, parsed);
  add_author_commands(app, parsed);
  exclude_each_other(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return app.exit(end, out, err) == 0 ? ExitCode::done : ExitCode::usage;
  }
  if (parsed.json && !parsed.list_plugins && parsed.validate.empty()) {
    err << "--json requires --list-plugins or --validate\n";
    return ExitCode::usage;
  }
  if (const std::string fault = fault_of_names(parsed); !fault.empty()) {
    err << "p2phost: " << fault << '\n';
    return ExitCode::usage;
  }
  return parsed;
}

}  // namespace p2p::host
