#include "preflight/load_configuration.h"

#include "config/check.h"
#include "config/layers.h"
#include "config/print_config.h"
#include "config/read_configuration.h"
#include "config/suggestion.h"
#include "plugins/finder.h"
#include "preflight/left_out.h"
#include "preflight/service_trial.h"
#include "preflight/start_checks.h"
#include "preflight/this_machine.h"
#include "text/foreign_text.h"

#include <unistd.h>

#include <algorithm>

namespace p2p::host {
namespace {

// A shared configuration is checked as each of its nodes would read it; a thousand nodes and a thousand keys would take
// seconds, in which a node that reloads does nothing else. Each node also costs as much as some keys.
constexpr std::size_t kEntriesCheckedMax = 200'000;
constexpr std::size_t kEntriesForANode = 200;

// Of variables and arguments, which are applied one by one.
constexpr std::size_t kAssignmentsMax = 1'000;

std::size_t count_entries(const Table& table) {
  std::size_t count = table.entries.size();
  for (const Entry& entry : table.entries) {
    if (const Table* below = entry.value.table()) count += count_entries(*below);
  }
  return count;
}

ExitCode code_of(ProblemKind kind) {
  // In the order of ProblemKind, from warning to unreadable.
  static constexpr ExitCode kCodes[] = {ExitCode::done,           ExitCode::system,        ExitCode::permissions,
                                        ExitCode::service_failed, ExitCode::configuration, ExitCode::configuration,
                                        ExitCode::configuration};
  static_assert(std::size(kCodes) == static_cast<std::size_t>(ProblemKind::unreadable) + 1);
  return kCodes[static_cast<std::size_t>(kind)];
}

// The steps from flags to a checked configuration; collects problems on the way.
class Loading {
 public:
  Loading(const CommandLine& command_line, const std::vector<std::string>& environment,
          const std::vector<PluginFile>& built_in = {})
      : command_line_(command_line), built_in_(built_in) {
    read_layers(environment);
    check_trust_of_files();
    node_ = node_name(layers_, machine_name());
    root_ = assemble(layers_, node_);
    config_ = check_host(root_, sources_, problems_);
    config_.node = node_;
    check_name_of_machine();
    complete_plugin_dirs(config_);
    if (command_line.also_enabled) enable(*command_line.also_enabled);
  }

  bool has_errors() const { return problems_.has_errors(); }
  bool is_unreadable() const { return problems_.worst() == ProblemKind::unreadable; }
  ConfigurationFailure failure() const { return {code_of(problems_.worst()), problems_.text(sources_)}; }

  Catalogue catalogue() const {
    return Catalogue(config_.plugin_dirs, trust_rule_of_this_process(config_.allow_unsafe_plugins),
                     std::string(host_stamp()), built_in_);
  }

  // Checks services and overlays, too, and fills `loaded`; meaningful unless has_errors() afterwards.
  void finish(LoadedConfiguration& loaded) {
    Catalogue plugins = catalogue();
    loaded.start_order = check_services(root_, sources_, plugins, config_, problems_);
    check_other_nodes(plugins);
    for (const ServiceConfig& service : config_.services) {
      const PluginFile* file = service.enabled ? plugins.file_of(service.plugin) : nullptr;
      if (file == nullptr) continue;
      PluginFile& own = loaded.plugins.emplace(service.name, *file).first->second;
      own.description.required = required_by(service, own.description);
    }
    loaded.printed = print_config(config_, root_, sources_, plugins);
    if (command_line_.check) try_start(loaded);
    loaded.warnings = problems_.text(sources_);
    loaded.config = std::move(config_);
  }

 private:
  void read_files() {
    if (command_line_.config_file.empty()) return;
    layers_.files = read_config_files(command_line_.config_file, sources_, problems_,
                                      command_line_.is_running ? ConfigRole::main_again : ConfigRole::main);
    const auto& entries = layers_.files.entries;
    const bool is_empty =
        !problems_.has_errors() &&
        std::all_of(entries.begin(), entries.end(), [](const Entry& entry) { return entry.key == "include"; });
    if (!command_line_.is_running || !is_empty) return;
    problems_.add(ProblemKind::unreadable, Place{0, 0, 0, 1},
                  "there is no key in it, as in a file that is being written; a running node does not end its services "
                  "by that: write enabled = false for those that shall end, or let the node leave");
  }

  // A service without a table runs the plugin of its name, with the defaults.
  void enable(const std::string& service) {
    const Place place{sources_.add({Source::Kind::argument, "p2pctl enable " + service, "", "."}), 0, 0, 1};
    const bool is_known = find_at(root_, {"services", service}) != nullptr;
    if (is_known || catalogue().find(service).description != nullptr) {
      return set_at(root_, {"services", service, "enabled"}, Value{place, true});
    }
    const std::string file = command_line_.config_file.empty() ? "the configuration" : command_line_.config_file;
    const std::string guess = did_you_mean(service, keys_in(root_, "services"));
    problems_.error(place, "there is neither a [services." + service + "] in " + file + " nor a plugin of that name" +
                               (guess.empty() ? ";" : guess) +
                               " `p2pctl services` shows which there are; write [services." + service +
                               "] into the configuration for a further one");
  }

  // The machine's name was not checked as a value of [host].
  void check_name_of_machine() {
    const std::string fault = fault_of_text(node_);
    if (fault.empty() || find_at(root_, {"host", "node"}) != nullptr) return;
    problems_.error({sources_.add({Source::Kind::environment, "the machine's name", "", "."}), 0, 0, 1},
                    "'" + node_ + "' " + fault + "; set [host] node or --node");
  }

  void read_layers(const std::vector<std::string>& environment) {
    read_files();
    layers_.assignments = read_environment(environment, sources_, problems_);
    for (const std::string& set : command_line_.set) read_set(set, sources_, layers_.assignments, problems_);
    const auto add = [this](const char* flag, const char* path, const std::optional<std::string>& value) {
      if (value) layers_.assignments.push_back(argument(flag, path, *value, sources_));
    };
    add("--listen", "host.listen", command_line_.listen);
    add("--data-dir", "host.data_dir", command_line_.data_dir);
    add("--node", "host.node", command_line_.node);
    for (const std::string& peer : command_line_.join) {
      layers_.assignments.push_back(
          argument("--join", "services.locator.config.join", peer, sources_, Assignment::How::append));
    }
    if (command_line_.found)
      layers_.assignments.push_back(argument("--found", "services.locator.config.found", "true", sources_));
    if (command_line_.allow_unsafe_plugins) {
      layers_.assignments.push_back(argument("--allow-unsafe-plugins", "host.allow_unsafe_plugins", "true", sources_));
    }
    if (layers_.assignments.size() > kAssignmentsMax) {
      problems_.add(ProblemKind::unreadable, layers_.assignments[kAssignmentsMax].value.place,
                    "more than " + std::to_string(kAssignmentsMax) +
                        " keys are set by variables and arguments; set them in a file");
      layers_.assignments.resize(kAssignmentsMax);
    }
  }

  // What else the start would refuse: asks this machine, and the plugins themselves.
  void try_start(const LoadedConfiguration& loaded) {
    for (const StartFault& fault : find_start_faults(config_)) {
      problems_.add(fault.kind, place_of(fault.key), fault.text);
    }
    const NodeInfo node{.self = config_.advertise.value_or(config_.listen),
                        .name = config_.node,
                        .cluster = config_.cluster,
                        .data_dir = config_.data_dir,
                        .allow_remote_die = config_.allow_remote_die,
                        .message_bytes_max = config_.frame_bytes_max};
    for (const ServiceConfig& service : config_.services) {
      const bool starts = std::count(loaded.start_order.begin(), loaded.start_order.end(), service.name) > 0;
      if (!starts || service.has_mistakes) continue;
      const auto fault = try_service(service, loaded.plugins.at(service.name), node, config_.start_timeout);
      if (!fault) continue;
      std::vector<std::string> key{"services", service.name};
      if (!fault->option.empty()) key.insert(key.end(), {"config", fault->option});
      problems_.add(service.required ? fault->kind : ProblemKind::warning, place_of(key), fault->text);
    }
  }

  // The place of the key, or of the nearest enclosing table that is written.
  Place place_of(std::vector<std::string> key) const {
    for (; !key.empty(); key.pop_back()) {
      if (const Entry* entry = find_at(root_, key)) return entry->value.table() ? entry->place : entry->value.place;
    }
    return Place{};
  }

  // Anyone who can write the configuration of a node that root runs can do what root can.
  void check_trust_of_files() {
    const TrustRule rule = configuration_rule(trust_rule_of_this_process(false));
    if (rule.user != 0) return;
    for (std::uint32_t source = 0; source < sources_.all().size(); ++source) {
      if (sources_.all()[source].kind != Source::Kind::file) continue;
      std::error_code failure;
      const auto resolved = std::filesystem::canonical(sources_.all()[source].name, failure);
      if (failure) continue;  // a pipe, or unreadable, which was reported
      const auto faults = find_unsafe(resolved, rule);
      if (!faults.ok()) {
        problems_.add(ProblemKind::unsafe_file, {source, 0, 0, 1}, faults.error().text);
        continue;
      }
      for (const std::string& fault : faults.value()) {
        problems_.add(ProblemKind::unsafe_file, {source, 0, 0, 1}, "root does not trust this file: " + fault);
      }
    }
  }

  void complete_plugin_dirs(HostConfig& config) const {
    if (config.plugin_dirs.empty()) config.plugin_dirs.push_back(default_plugin_dir());
    config.plugin_dirs.insert(config.plugin_dirs.end(), command_line_.plugin_dirs.begin(),
                              command_line_.plugin_dirs.end());
  }

  // A file that many nodes share is checked for all of them; only the available plugins are this machine's own.
  void check_other_nodes(Catalogue& plugins) {
    check_overlays(layers_, problems_);
    const std::vector<std::string> names = keys_in(layers_.files, "node");
    std::size_t checked = 0;
    for (const std::string& name : names) {
      if (name == node_) continue;
      checked += kEntriesForANode + count_entries(root_);
      if (checked > kEntriesCheckedMax) {
        problems_.warning(layers_.files.find("node")->place,
                          "the tables of [node." + name +
                              "] and those behind it are not checked for their nodes: the configuration is too large "
                              "for that; check them with --node NAME --check");
        break;
      }
      Problems found;
      const Table root = assemble(layers_, name);
      HostConfig config = check_host(root, sources_, found);
      check_services(root, sources_, plugins, config, found);
      for (const Problem& problem : found.all()) {
        if (problem.kind == ProblemKind::configuration) problems_.error(problem.place, problem.text);
      }
    }
    warn_of_unknown_node(names);
  }

  void warn_of_unknown_node(const std::vector<std::string>& names) {
    if (!command_line_.node || names.empty() || std::find(names.begin(), names.end(), node_) != names.end()) return;
    const Entry* entry = find_at(root_, {"host", "node"});
    problems_.warning(entry->place, "there is no [node." + node_ + "]" + did_you_mean(node_, names));
  }

  const CommandLine& command_line_;
  const std::vector<PluginFile> built_in_;
  Sources sources_;
  Problems problems_;
  Layers layers_;
  std::string node_;
  Table root_;
  HostConfig config_;
};

}  // namespace

ConfigurationOutcome load_configuration(const CommandLine& command_line, const std::vector<std::string>& environment,
                                        const std::vector<PluginFile>& built_in) {
  if (command_line.config_file.empty() && command_line.set.empty()) {
    return ConfigurationFailure{ExitCode::usage,
                                "p2phost: nothing to serve; name a configuration: --config etc/store.toml\n"};
  }
  Loading loading(command_line, environment, built_in);
  if (loading.is_unreadable()) return loading.failure();
  LoadedConfiguration loaded;
  loading.finish(loaded);
  if (loading.has_errors()) return loading.failure();
  if (command_line.safe_mode) leave_out_for_safe_mode(loaded);
  return loaded;
}

ConfigurationOutcome load_configuration(const CommandLine& command_line) {
  return load_configuration(command_line, environment_of_this_process());
}

std::variant<Catalogue, ConfigurationFailure> open_catalogue(const CommandLine& command_line,
                                                             const std::vector<std::string>& environment) {
  const Loading loading(command_line, environment);
  if (loading.has_errors()) return loading.failure();
  return loading.catalogue();
}

std::vector<std::string> environment_of_this_process() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

}  // namespace p2p::host
