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

void add_configuration_flags(CLI::App& app, CommandLine& parsed) {
  app.add_option("--config", parsed.config_file, "the configuration, such as etc/store.toml")->type_name("FILE");
  app.add_option("--set", parsed.set, "set one key; may be repeated")
      ->type_name("KEY.PATH=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--listen", parsed.listen, "where to listen; port 0 takes any free one")->type_name("HOST:PORT");
  app.add_option("--join", parsed.join, "a node of the network to join; may be repeated")
      ->type_name("HOST:PORT")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--data-dir", parsed.data_dir, "folder of this node's files")->type_name("DIR");
  app.add_option("--node", parsed.node, "this node's name, which chooses its [node.NAME] tables")->type_name("NAME");
  app.add_option("--plugin-dir", parsed.plugin_dirs, "a further folder of plugins; may be repeated")
      ->type_name("DIR")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--allow-unsafe-plugins", parsed.allow_unsafe_plugins,
               "load plugins that others could replace; for development");
  app.add_flag("--safe-mode", parsed.safe_mode, "start required services only, and what these need");
}

void add_commands(CLI::App& app, CommandLine& parsed) {
  CLI::Option* check = app.add_flag("--check", parsed.check, "check the configuration, and end");
  CLI::Option* print =
      app.add_flag("--print-config", parsed.print_config, "print every key and where it was set, and end");
  CLI::Option* list =
      app.add_flag("--list-plugins", parsed.list_plugins, "list the plugins, accepted and refused, and end");
  CLI::Option* version = app.add_flag("--version", parsed.version, "print versions, and end");
  CLI::Option* validate =
      app.add_option("--validate", parsed.validate, "check whether a plugin's file keeps all rules, and end")
          ->type_name("FILE.so");
  app.add_flag("--json", parsed.json, "with --list-plugins or --validate: as JSON");
  validate->excludes(check)->excludes(print)->excludes(list)->excludes(version);
  check->excludes(print)->excludes(list)->excludes(version);
  print->excludes(list)->excludes(version);
  list->excludes(version);
}

void add_author_commands(CLI::App& app, CommandLine& parsed) {
  CLI::Option* create =
      app.add_option("--new-plugin", parsed.new_plugin, "make the folder of a new plugin, and end")->type_name("NAME");
  app.add_option("--requires", parsed.needs, "with --new-plugin: a service that it builds on; known is locator")
      ->type_name("SERVICE")
      ->take_all()
      ->allow_extra_args(false)
      ->needs(create);
  app.add_option("--dir", parsed.dir, "with --new-plugin: where to make the folder (default: here)")
      ->type_name("DIR")
      ->needs(create);
  CLI::Option* cmakedir =
      app.add_flag("--cmakedir", parsed.cmakedir, "print the folder of the CMake package, for p2phost_DIR, and end");
  create->excludes(cmakedir);
  for (const char* other : {"--check", "--print-config", "--list-plugins", "--version", "--validate"}) {
    create->excludes(app.get_option(other));
    cmakedir->excludes(app.get_option(other));
  }
}

// Checks names that do not become configuration values, and are shown in messages as they are.
std::string fault_of_names(const CommandLine& parsed) {
  const auto fault_of = [](const char* flag, const std::string& text) {
    const std::string fault = fault_of_text(text);
    return fault.empty() ? "" : std::string(flag) + " '" + foreign_text(text) + "' " + fault;
  };
  std::string fault = fault_of("--config", parsed.config_file);
  if (fault.empty()) fault = fault_of("--validate", parsed.validate);
  if (fault.empty()) fault = fault_of("--new-plugin", parsed.new_plugin.value_or(""));
  if (fault.empty()) fault = fault_of("--dir", parsed.dir);
  for (const std::string& folder : parsed.plugin_dirs) {
    if (fault.empty()) fault = fault_of("--plugin-dir", folder);
  }
  return fault;
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
