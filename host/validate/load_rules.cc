#include "plugins/loader.h"
#include "preflight/load_configuration.h"
#include "validate/process_state.h"
#include "validate/rules.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <ctime>
#include <optional>

namespace p2p::host {
namespace {

// For all of loading, with the libraries that a plugin brings along. Our own plugins take 0.3 ms, and 10 ms under
// AddressSanitizer: a plugin that takes ten times as long does more than load.
constexpr double kLoadCpuMsMax = 100;

// As the host's loader maps it.
constexpr int kLoadMode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

// An exception in a static constructor ends the process, as it may end a host. dlopen() is declared to throw nothing,
// so otherwise the compiler would decide how far the exception gets.
void* load(const std::filesystem::path& path) noexcept {
  void* (*volatile open)(const char*, int) = ::dlopen;
  return open(path.c_str(), kLoadMode);
}

constexpr const char* kStaticConstructors = "loading it (its static constructors)";

double cpu_ms() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

// The text of the std::exception that `run` threw; none: it returned. Other exceptions pass through.
template <class Run>
std::optional<std::string> thrown_by(const Run& run) {
  try {
    run();
    return std::nullopt;
  } catch (const std::exception& failure) {
    return failure.what();
  }
}

constexpr const char* kMendThrows = "Throw nothing: return an Error for what is refused, as Config::wrong() makes it";

// Calls configure(), and fits() for a node of default limits, on a separate object. Exceptions pass through.
Result<Done> configure(const PluginFile& file, const Config& config) {
  auto loaded = load_plugin(file);
  if (!loaded.ok()) return loaded.error();
  auto configured = loaded.value()->plugin().configure(config);
  if (!configured.ok()) return configured;
  return loaded.value()->plugin().fits(config, NodeInfo{});
}

// --- options ---------------------------------------------------------------------------------------------------------

// A text that the host must refuse for this option; none: every text is one of its values.
std::string bad_text(const Option& option) {
  // In the order of OptionType: flag, integer, number, text, list, duration, bytes, choice.
  static constexpr const char* kTexts[] = {"perhaps", "many", "many", "", "", "soon", "much", "something-else"};
  static_assert(std::size(kTexts) == static_cast<std::size_t>(OptionType::choice) + 1);
  return kTexts[static_cast<std::size_t>(option.type)];
}

// Boundary values of the option.
std::vector<std::string> edge_texts(const Option& option) {
  if (option.type == OptionType::flag) return {"true", "false"};
  if (option.type == OptionType::choice) return choices(option);
  const std::size_t dots = option.range.find("..");
  if (dots == std::string::npos) return {};
  std::vector<std::string> edges;
  for (const std::string& edge : {option.range.substr(0, dots), option.range.substr(dots + 2)}) {
    if (!edge.empty() && read_text(option, edge).ok()) edges.push_back(edge);
  }
  return edges;
}

constexpr const char* kUnknownKey = "no_such_option";

// Whether a message mentions exactly this option.
bool speaks_of(const std::string& messages, const std::string& key) {
  const std::string name = "config." + key;
  return messages.find(name + ' ') != std::string::npos || messages.find(name + '\'') != std::string::npos;
}

// The wrong settings that the host would accept.
std::vector<std::string> find_unrefused(const Subject& subject, const PluginDescription& plugin) {
  const std::string table = "services." + plugin.name + '.';
  CommandLine command_line;
  command_line.allow_unsafe_plugins = subject.trust.allow_unsafe;
  command_line.set = {table + "plugin=" + subject.path.string(), table + "config." + kUnknownKey + "=1"};
  std::vector<std::string> keys{kUnknownKey};
  for (const Option& option : plugin.options) {
    const std::string text = bad_text(option);
    if (text.empty()) continue;
    keys.push_back(option.key);
    command_line.set.push_back(table + "config." + option.key + '=' + text);
  }
  const auto outcome = load_configuration(command_line, {});
  const auto* failure = std::get_if<ConfigurationFailure>(&outcome);
  std::vector<std::string> unrefused;
  for (const std::string& key : keys) {
    const bool is_refused = failure != nullptr && speaks_of(failure->messages, key);
    if (!is_refused) unrefused.push_back(key);
  }
  return unrefused;
}

}  // namespace

Verdict check_symbols(const Subject& subject, Trial& trial) {
  trial.step(kStaticConstructors);
  // A plugin that dies now dies in a static constructor, which another rule covers: the symbols were found before.
  trial.set_provisional(holds("every symbol is found"));
  const bool is_loaded = load(subject.path) != nullptr;
  trial.clear_provisional();
  return is_loaded ? holds("every symbol is found") : broken(::dlerror());
}

Verdict check_constructors(const Subject& subject, Trial& trial) {
  const ProcessState before = look_at_process();
  trial.step(kStaticConstructors);
  const double begin = cpu_ms();
  if (load(subject.path) == nullptr) return broken(::dlerror());
  const double used = cpu_ms() - begin;
  trial.step("looking for what loading it has changed");
  auto faults = find_lasting_changes(before);
  if (used >= kLoadCpuMsMax)
    faults.push_back(fmt::format("loading it took {:.0f} ms of CPU time, {} are allowed", used, kLoadCpuMsMax));
  if (!faults.empty()) return broken(joined(faults));
  return holds(fmt::format("loading it changes nothing and takes {:.1f} ms of CPU time", used));
}

Verdict check_entry(const Subject& subject, Trial& trial) {
  trial.step("making and destroying a plugin object");
  const auto loaded = load_plugin(plugin_of(subject));
  return loaded.ok() ? holds("it is the file's own, and makes a plugin object") : broken(loaded.error().text);
}

Verdict check_configure(const Subject& subject, Trial& trial) {
  const PluginFile file = plugin_of(subject);
  trial.step("configure()");
  try {
    Result<Done> configured = Done{};
    const auto thrown = thrown_by([&] { configured = configure(file, default_config(file.description)); });
    if (thrown) return broken("configure() threw: " + *thrown, kMendThrows);
    if (configured.ok()) return holds("it accepts the defaults");
    return broken("configure(): " + configured.error().text,
                  "Declare defaults in P2P_OPTION that configure() and fits() accept, or accept the declared ones");
  } catch (...) {
    return broken("configure() threw something that is no std::exception", kMendThrows);
  }
}

Verdict check_options(const Subject& subject, Trial& trial) {
  const PluginFile file = plugin_of(subject);
  const PluginDescription& plugin = file.description;
  const auto unrefused = find_unrefused(subject, plugin);
  if (!unrefused.empty()) {
    return broken("the host accepts a wrong value of " + joined(unrefused, ", "),
                  "Declare each option's true type and range in P2P_OPTION: the host refuses by these");
  }
  std::size_t tried = 0;
  for (const Option& option : plugin.options) {
    for (const std::string& text : edge_texts(option)) {
      const std::string setting = option.key + " = " + text;
      trial.step("configure() with " + setting);
      try {
        // An error or a std::exception is an answer: options may exclude each other.
        (void)thrown_by([&] { (void)configure(file, config_with(plugin, {{option.key, text}})); });
      } catch (...) {
        return broken("configure() with " + setting + " threw something that is no std::exception", kMendThrows);
      }
      ++tried;
    }
  }
  return holds(fmt::format("unknown keys and wrong values are refused, {} values at the edge do no harm", tried));
}

}  // namespace p2p::host
