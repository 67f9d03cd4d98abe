#include "preflight/left_out.h"

#include "config/selection.h"
#include "crash/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace p2p::host {
namespace {

std::vector<ServiceNeeds> needs_of(const LoadedConfiguration& loaded) {
  std::vector<ServiceNeeds> needs;
  for (const std::string& service : loaded.start_order) {
    const PluginDescription& plugin = loaded.plugins.at(service).description;
    needs.push_back({service, plugin.provides, plugin.required, plugin.optional});
  }
  return needs;
}

}  // namespace

std::set<std::string> indispensable_services(const LoadedConfiguration& loaded) {
  std::set<std::string> required;
  for (const ServiceConfig& service : loaded.config.services) {
    if (service.enabled && service.required) required.insert(service.name);
  }
  return indispensable_services(needs_of(loaded), required);
}

void leave_out(LoadedConfiguration& loaded, std::map<std::string, std::string> reasons) {
  leave_out_dependents(needs_of(loaded), reasons);
  for (ServiceConfig& service : loaded.config.services) {
    const auto reason = reasons.find(service.name);
    if (reason == reasons.end() || std::erase(loaded.start_order, service.name) == 0) continue;
    service.enabled = false;
    service.left_out = reason->second;
  }
}

void leave_out_for_safe_mode(LoadedConfiguration& loaded) {
  const std::set<std::string> kept = indispensable_services(loaded);
  std::map<std::string, std::string> reasons;
  for (const std::string& service : loaded.start_order) {
    if (!kept.contains(service)) reasons.emplace(service, "--safe-mode starts required services only");
  }
  leave_out(loaded, std::move(reasons));
  for (ServiceConfig& service : loaded.config.services) service.is_left_out_on_purpose = !service.left_out.empty();
}

std::vector<std::string> leave_out_crashers(LoadedConfiguration& loaded, const Quarantine& quarantine) {
  const std::set<std::string> kept = indispensable_services(loaded);
  std::map<std::string, std::string> reasons;
  std::vector<std::string> started_anyway;
  for (const std::string& service : loaded.start_order) {
    const std::string& plugin = loaded.plugins.at(service).description.name;
    const std::string verdict = quarantine.verdict(plugin);
    if (verdict.empty()) continue;
    if (kept.contains(service)) {
      started_anyway.push_back(
          fmt::format("service {} starts although its plugin {} {}: the node needs it", service, plugin, verdict));
      continue;
    }
    reasons.emplace(service, fmt::format("its plugin {} {}; to bring it back: p2pctl enable {} (or, while the node is "
                                         "stopped, delete {})",
                                         plugin, verdict, service, quarantine.file().native()));
  }
  leave_out(loaded, std::move(reasons));
  return started_anyway;
}

std::vector<std::string> left_out_lines(const LoadedConfiguration& loaded) {
  std::vector<std::string> lines;
  for (const ServiceConfig& service : loaded.config.services) {
    if (!service.left_out.empty()) lines.push_back("service " + service.name + " is left out: " + service.left_out);
  }
  return lines;
}

}  // namespace p2p::host
