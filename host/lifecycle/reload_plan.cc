#include "lifecycle/reload_plan.h"

#include "config/host_keys.h"
#include "lifecycle/lookups.h"

#include <optional>

namespace p2p::host {
namespace {

using Action = ServiceChange::Action;

std::string level_of(const ServiceConfig& service, const HostConfig& config) {
  return log_level_word(service.log_level.value_or(config.log_level));
}

void plan_host_keys(const HostConfig& now, const HostConfig& next, ReloadPlan& plan) {
  for (const HostKey& key : host_keys()) {
    // With no node name set, the configuration holds the machine's name.
    const std::string before = plain_text(key.option, value_of(key, now));
    const std::string after = plain_text(key.option, value_of(key, next));
    if (before == after) continue;
    const std::string quoted_before = before.empty() ? "\"\"" : before;
    const std::string line =
        key.section + '.' + key.option.key + ": " + quoted_before + " -> " + (after.empty() ? "\"\"" : after);
    (key.is_live ? plan.live : plan.needs_restart).push_back(line);
  }
}

std::string route_text(const std::shared_ptr<const Route>& route) {
  if (!route) return "none";
  std::string text;
  for (const auto& [name, method] : route->methods) text += name + " = " + method.text() + ", ";
  return text + '"' + std::string(kOtherMethods) + "\" = " + route->others.text();
}

std::optional<ServiceChange> change_of(const ServiceConfig& before, const ServiceConfig& after) {
  if (before.plugin != after.plugin) {
    return ServiceChange{Action::restart, after.name, "plugin: " + before.plugin + " -> " + after.plugin};
  }
  std::string keys;
  for (const std::string& key : before.config.differing_keys(after.config)) {
    keys += (keys.empty() ? "config." : ", config.") + key;
  }
  if (keys.empty()) return std::nullopt;
  return ServiceChange{Action::reconfigure, after.name, keys};
}

std::string why_stopped(const HostConfig& next, const std::string& name) {
  const ServiceConfig* config = config_of(next, name);
  if (config == nullptr) return "there is no [services." + name + "] any more";
  if (!config->left_out.empty()) return config->left_out;
  if (!config->enabled) return "services." + name + " is disabled";
  return "services." + name + " cannot run by the new configuration";
}

}  // namespace

ReloadPlan plan_reload(const HostConfig& now, const std::vector<std::string>& running, const HostConfig& next,
                       const std::vector<std::string>& next_order) {
  ReloadPlan plan;
  plan_host_keys(now, next, plan);
  for (auto name = running.rbegin(); name != running.rend(); ++name) {
    if (!contains(next_order, *name)) plan.services.push_back({Action::stop, *name, why_stopped(next, *name)});
  }
  for (const std::string& name : next_order) {
    const ServiceConfig* after = config_of(next, name);
    const ServiceConfig* before = config_of(now, name);
    if (!contains(running, name)) {
      plan.services.push_back({Action::start, name, "services." + name + " is enabled"});
      continue;
    }
    if (before == nullptr || after == nullptr) continue;
    if (auto change = change_of(*before, *after)) plan.services.push_back(std::move(*change));
    const auto compare = [&](const char* key, const std::string& was, const std::string& is) {
      if (was != is) plan.live.push_back("services." + name + '.' + key + ": " + was + " -> " + is);
    };
    compare("log_level", level_of(*before, now), level_of(*after, next));
    compare("route", route_text(before->route), route_text(after->route));
    if (before->required != after->required) {
      plan.live.push_back("services." + name + ".required: " + (after->required ? "true" : "false"));
    }
  }
  return plan;
}

std::string change_line(const ServiceChange& change) {
  // What stands before and behind the service's name, in the order of Action.
  static constexpr std::pair<const char*, const char*> kWords[] = {{"stop ", ": "},
                                                                   {"start ", ": "},
                                                                   {"restart ", ": "},
                                                                   {"reconfigure ", " in place: "},
                                                                   {"reconfigure ", " (restart it if it cannot): "}};
  static_assert(std::size(kWords) == static_cast<std::size_t>(Action::reconfigure) + 1);
  const auto& [before, behind] = kWords[static_cast<std::size_t>(change.action)];
  return before + change.service + behind + change.why;
}

std::vector<std::string> plan_lines(const ReloadPlan& plan) {
  std::vector<std::string> lines;
  for (const ServiceChange& change : plan.services) lines.push_back(change_line(change));
  for (const std::string& line : plan.live) lines.push_back("change " + line);
  for (const std::string& line : plan.needs_restart) lines.push_back("restart needed: " + line);
  if (lines.empty()) lines.emplace_back("nothing to change");
  return lines;
}

}  // namespace p2p::host
