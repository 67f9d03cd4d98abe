#include "preflight/service_trial.h"

#include "plugins/loader.h"
#include "trial/trial.h"

#include <chrono>
#include <exception>

namespace p2p::host {
namespace {

// Runs in the child. Skipped: the plugin was not asked, because it cannot be loaded.
Verdict ask(const ServiceConfig& service, const PluginFile& file, const NodeInfo& node, Trial& trial) {
  trial.step("loading the plugin of service " + service.name);
  const auto loaded = load_plugin(file);
  if (!loaded.ok()) return skipped(loaded.error().text);
  Plugin& plugin = loaded.value()->plugin();
  std::string asked = "configure()";
  try {
    trial.step(asked + " of service " + service.name);
    Result<Done> accepted = plugin.configure(service.config);
    if (accepted.ok()) {
      asked = "fits()";
      trial.step(asked + " of service " + service.name);
      accepted = plugin.fits(service.config, node);
    }
    return accepted.ok() ? holds("it is accepted") : broken(accepted.error().text);
  } catch (const std::exception& failure) {
    return broken(asked + " threw: " + failure.what());
  } catch (...) {
    return broken(asked + " threw something that is no std::exception");
  }
}

// Which option a plugin names through Config::wrong(), whose prefix is cut off `text`.
std::string option_of(const ServiceConfig& service, const PluginDescription& plugin, std::string& text) {
  for (const Option& option : plugin.options) {
    const std::string before = service.config.wrong(option.key, "").text;
    if (!text.starts_with(before)) continue;
    text.erase(0, before.size());
    return option.key;
  }
  return "";
}

}  // namespace

std::optional<TrialFault> try_service(const ServiceConfig& service, const PluginFile& file, const NodeInfo& node,
                                      Duration patience) {
  const auto step = std::chrono::ceil<std::chrono::milliseconds>(patience);
  const TrialEnd end = run_trial(".", [&](Trial& trial) { return ask(service, file, node, trial); }, {step, 3 * step});
  const std::string& seen = end.verdict.seen;
  const std::string name = "services." + service.name;
  if (end.verdict.outcome == TrialOutcome::ok) return std::nullopt;
  if (end.verdict.outcome == TrialOutcome::skipped || !end.returned)
    return TrialFault{ProblemKind::bad_plugin, "", name + ": " + seen};
  std::string text = seen;
  std::string option = option_of(service, file.description, text);
  const std::string what =
      option.empty() ? name + ": its plugin does not accept it: " : name + ".config." + option + ": ";
  return TrialFault{ProblemKind::configuration, std::move(option), what + text};
}

}  // namespace p2p::host
