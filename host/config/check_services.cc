#include "config/check.h"
#include "config/check_route.h"
#include "config/host_keys.h"
#include "config/reading.h"
#include "config/start_order.h"
#include "config/suggestion.h"

#include <p2p/locator.h>

#include <algorithm>
#include <map>

namespace p2p::host {
namespace {

// A service while it is being checked.
struct Draft {
  ServiceConfig service;
  Place place;                                     // of its name
  Place plugin_place;                              // of the name of its plugin
  Place enabled_place;                             // of the key that enables or disables it
  const PluginDescription* description = nullptr;  // null: its plugin was not found or was refused
};

// Ten times more than anybody runs in one process; each is searched for in the plugin folders.
constexpr std::size_t kServicesMax = 1'000;

// The host's own service, as a service name.
constexpr const char* kHostsOwnName = "node";

// Two underscores separate keys in the name of an environment variable.
bool is_service_name(const std::string& name) { return is_plain_name(name) && name.find("__") == std::string::npos; }

// Reads one service; the caller chooses where its problems go, because they weigh less for a disabled one.
class ServiceReader {
 public:
  ServiceReader(const Sources& sources, PluginSource& plugins, Problems& problems)
      : sources_(sources), plugins_(plugins), problems_(problems) {}

  void read(const Entry& entry, Draft& draft) {
    const Table& table = *entry.value.table();
    prefix_ = "services." + entry.key + '.';
    read_own_keys(table, draft);
    find_plugin(draft);

    std::vector<std::string> known = keys_of(service_keys());
    known.push_back("config");
    known.push_back("route");
    std::vector<std::string> elsewhere;
    if (draft.description != nullptr) {
      for (const Option& option : draft.description->options) elsewhere.push_back(prefix_ + "config." + option.key);
    }
    report_unknown_keys(table, prefix_, known, elsewhere, problems_);
    if (subtable(table, "route", prefix_, problems_) != nullptr) take_route(*table.find("route"), draft);
    const Table* options = subtable(table, "config", prefix_, problems_);
    if (draft.description != nullptr) read_options(options, draft);
  }

 private:
  void read_own_keys(const Table& table, Draft& draft) {
    for (const Option& key : service_keys()) {
      const Entry* entry = table.find(key.key);
      if (entry == nullptr) continue;
      auto value = read_value(key, entry->value);
      if (!value.ok()) {
        problems_.error(entry->value.place, prefix_ + key.key + ' ' + value.error().text);
        continue;
      }
      if (key.key == "enabled") draft.service.enabled = std::get<bool>(value.value());
      if (key.key == "enabled") draft.enabled_place = entry->place;
      if (key.key == "required") draft.service.required = std::get<bool>(value.value());
      if (key.key == "log_level") draft.service.log_level = log_level_of(std::get<std::string>(value.value()));
      if (key.key == "plugin") take_plugin_name(*entry, std::get<std::string>(value.value()), draft);
    }
  }

  void take_plugin_name(const Entry& entry, const std::string& plugin, Draft& draft) {
    draft.plugin_place = entry.value.place;
    if (!plugin.empty()) draft.service.plugin = plugin;
  }

  void find_plugin(Draft& draft) {
    const std::string& plugin = draft.service.plugin;
    if (plugin.find('/') != std::string::npos && plugin.front() != '/') {
      return problems_.error(draft.plugin_place,
                             prefix_ + "plugin must be a plugin's name or an absolute path, not '" + plugin + "'");
    }
    const PluginAnswer answer = plugins_.find(plugin);
    draft.description = answer.description;
    for (const std::string& warning : answer.warnings) problems_.warning(draft.plugin_place, warning);
    if (answer.description != nullptr) return;
    const ProblemKind kind = draft.service.required ? answer.kind : ProblemKind::warning;
    problems_.add(kind, draft.plugin_place, "services." + draft.service.name + ": " + answer.problem);
  }

  void take_route(const Entry& entry, Draft& draft) {
    draft.service.route = std::make_shared<const Route>(read_route(entry, prefix_, draft.description, problems_));
    if (draft.description == nullptr || draft.description->moves_state) return;
    problems_.warning(entry.place,
                      prefix_ + "route: plugin '" + draft.description->name +
                          "' does not say that it moves its state (P2P_MOVES_STATE): what a node keeps for "
                          "a key stays there when another node becomes the key's owner");
  }

  void read_options(const Table* table, Draft& draft) {
    const std::string section = prefix_ + "config";
    std::map<std::string, ConfigValue, std::less<>> values;
    for (const Option& option : draft.description->options) {
      const Entry* entry = table == nullptr ? nullptr : table->find(option.key);
      values.emplace(option.key, entry == nullptr ? default_of(option) : read_option(option, *entry, section));
    }
    if (table != nullptr) {
      report_unknown_keys(*table, section + '.', keys_of(draft.description->options), {}, problems_);
    }
    draft.service.config = Config(section, std::move(values));
  }

  ConfigValue read_option(const Option& option, const Entry& entry, const std::string& section) {
    auto value = read_value(option, entry.value);
    if (value.ok()) return {std::move(value.value()), sources_.describe(entry.place)};
    problems_.error(entry.value.place, section + '.' + option.key + ' ' + value.error().text);
    return default_of(option);
  }

  static ConfigValue default_of(const Option& option) {
    auto value = read_text(option, option.default_text);
    P2P_ASSERT(value.ok(), "a declared option's default is within its range");
    return {std::move(value.value()), std::string(Config::kDefault)};
  }

  const Sources& sources_;
  PluginSource& plugins_;
  Problems& problems_;
  std::string prefix_;
};

Draft read_service(const Entry& entry, const Sources& sources, PluginSource& plugins, Problems& problems) {
  Draft draft;
  draft.place = draft.plugin_place = draft.enabled_place = entry.place;
  draft.service.name = draft.service.plugin = entry.key;
  draft.service.where = sources.describe(entry.place);
  Problems found;
  ServiceReader(sources, plugins, found).read(entry, draft);
  // A service that only an argument or a variable names is a mistake, even if disabled there.
  const bool is_in_a_file = sources.of(entry.place).kind == Source::Kind::file;
  for (const Problem& problem : found.all()) {
    const bool is_grave = draft.service.enabled || !is_in_a_file;
    problems.add(is_grave ? problem.kind : ProblemKind::warning, problem.place, problem.text);
  }
  draft.service.has_mistakes = found.has_errors();
  return draft;
}

std::vector<Draft> read_services(const Table& root, const Sources& sources, PluginSource& plugins, Problems& problems) {
  std::vector<Draft> drafts;
  const Table* services = subtable(root, "services", "", problems);
  if (services == nullptr) return drafts;
  if (services->entries.size() > kServicesMax) {
    problems.error(services->entries[kServicesMax].place,
                   "a node has no more than " + std::to_string(kServicesMax) + " services");
    return drafts;
  }
  for (const Entry& entry : services->entries) {
    if (!is_service_name(entry.key)) {
      problems.error(entry.place,
                     "'" + entry.key + "' is no name for a service: it must match [a-z][a-z0-9_]*, without '__'");
    } else if (entry.key == kHostsOwnName) {
      problems.error(entry.place, "services." + entry.key + ": the host itself answers to '" + entry.key +
                                      "'; take another name, and choose the plugin by plugin = \"...\"");
    } else if (table_of(entry, "services.", problems) != nullptr) {
      drafts.push_back(read_service(entry, sources, plugins, problems));
    }
  }
  return drafts;
}

bool provides(const Draft& draft, const std::string& interface) {
  if (draft.description == nullptr) return false;
  const auto& ids = draft.description->provides;
  return std::find(ids.begin(), ids.end(), interface) != ids.end();
}

const Draft& draft_of(const std::vector<Draft>& drafts, const std::string& service) {
  return *std::find_if(drafts.begin(), drafts.end(), [&](const Draft& draft) { return draft.service.name == service; });
}

// It is unknown what a refused plugin would have provided; its own problem says enough.
bool all_are_known(const std::vector<Draft>& drafts) {
  return std::none_of(drafts.begin(), drafts.end(), [](const Draft& draft) {
    return draft.service.enabled && draft.service.required && draft.description == nullptr;
  });
}

void report_missing(const MissingProvider& missing, const std::vector<Draft>& drafts, PluginSource& plugins,
                    Problems& problems) {
  const Draft& dependent = draft_of(drafts, missing.service);
  const ProblemKind kind = dependent.service.required ? ProblemKind::configuration : ProblemKind::warning;
  const std::string need = "services." + missing.service + " requires " + missing.interface;
  for (const Draft& draft : drafts) {
    if (draft.service.enabled || !provides(draft, missing.interface)) continue;
    const std::string disabled = "services." + draft.service.name + " is disabled, but ";
    return problems.add(kind, draft.enabled_place, disabled + need + ", which it provides");
  }
  if (!all_are_known(drafts)) return;
  const std::string provider = plugins.provider_of(missing.interface);
  const std::string fix = provider.empty() ? "" : "; add [services." + provider + "]";
  problems.add(kind, dependent.place, need + ", which no enabled service provides" + fix);
}

}  // namespace

std::vector<std::string> required_by(const ServiceConfig& service, const PluginDescription& plugin) {
  std::vector<std::string> required = plugin.required;
  const bool is_listed = std::find(required.begin(), required.end(), ILocator::kId) != required.end();
  if (service.route && !is_listed) required.emplace_back(ILocator::kId);
  return required;
}

namespace {

std::vector<ServiceNeeds> needs_of(const std::vector<Draft>& drafts) {
  std::vector<ServiceNeeds> needs;
  for (const Draft& draft : drafts) {
    if (!draft.service.enabled || draft.description == nullptr) continue;
    const PluginDescription& plugin = *draft.description;
    needs.push_back({draft.service.name, plugin.provides, required_by(draft.service, plugin), plugin.optional});
  }
  return needs;
}

std::vector<std::string> check_dependencies(const std::vector<Draft>& drafts, PluginSource& plugins,
                                            Problems& problems) {
  StartOrder order = find_start_order(needs_of(drafts));
  for (const MissingProvider& missing : order.missing) report_missing(missing, drafts, plugins, problems);
  for (const DoubleProvider& doubled : order.doubled) {
    problems.error(draft_of(drafts, doubled.second).place, "services." + doubled.first + " and services." +
                                                               doubled.second + " both provide " + doubled.interface +
                                                               "; disable one of them");
  }
  for (const auto& cycle : order.cycles) {
    problems.error(draft_of(drafts, cycle.front()).place, "services wait for each other: " + cycle_text(cycle));
  }
  return std::move(order.services);
}

// A name in default_service that no service has is a mistake; the built-in default list may name absent services.
void check_default_service(const Table& root, const HostConfig& config, Problems& problems) {
  const Entry* entry = find_at(root, {"host", "default_service"});
  const bool is_readable =
      entry != nullptr && read_value({"default_service", OptionType::list, "", "", ""}, entry->value).ok();
  if (!is_readable) return;
  std::vector<std::string> names;
  for (const ServiceConfig& service : config.services) names.push_back(service.name);
  std::vector<std::string> known = HostConfig().default_service;
  known.insert(known.end(), names.begin(), names.end());
  const auto* elements = std::get_if<std::vector<Value>>(&entry->value.data);
  for (std::size_t index = 0; index < config.default_service.size(); ++index) {
    const std::string& name = config.default_service[index];
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const bool has_place = elements != nullptr && index < elements->size();
    problems.error(has_place ? (*elements)[index].place : entry->value.place,
                   "host.default_service names '" + name + "', but there is no [services." + name + "]" +
                       did_you_mean(name, names));
  }
}

}  // namespace

std::vector<std::string> check_services(const Table& root, const Sources& sources, PluginSource& plugins,
                                        HostConfig& config, Problems& problems) {
  const std::vector<Draft> drafts = read_services(root, sources, plugins, problems);
  std::vector<std::string> order = check_dependencies(drafts, plugins, problems);
  for (const Draft& draft : drafts) config.services.push_back(draft.service);
  check_default_service(root, config, problems);
  return order;
}

}  // namespace p2p::host
