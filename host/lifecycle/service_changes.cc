// What an operator may ask of the services of a node that serves.
#include "config/host_keys.h"
#include "lifecycle/lookups.h"
#include "lifecycle/services.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace p2p::host {

using Action = ServiceChange::Action;

ChangeReport Services::enable(const std::string& name, const LoadedConfiguration& next) {
  ChangeReport report;
  if (const Service there = find(name); there && there->runs() && there->state() != ServiceState::draining) {
    report.say("service " + name + " runs already");
    return report;
  }
  const ServiceConfig* config = config_of(next.config, name);
  const auto file = next.plugins.find(name);
  if (config == nullptr || file == next.plugins.end()) {
    report.refuse("there is no [services." + name + "] that could run");
    return report;
  }
  order_ = next.start_order;
  off_.erase(name);
  exchange(name, Recipe{*config, file->second}, false, report);
  {
    // From now on the configuration in force has this service as it runs.
    auto changed = std::make_shared<HostConfig>(*config_);
    std::erase_if(changed->services, [&](const ServiceConfig& one) { return one.name == name; });
    changed->services.push_back(*config);
    const std::lock_guard hold(mutex_);
    config_ = std::move(changed);
  }
  refresh();
  return report;
}

ChangeReport Services::disable(const std::string& name, bool force) {
  ChangeReport report;
  const Service there = find(name);
  if (!there) {
    if (config_of(*config_, name) == nullptr) {
      report.refuse("there is no [services." + name + "]");
    } else {
      report.say("service " + name + " does not run");
    }
    return report;
  }
  std::vector<std::string> dependents;
  for (const Service& user : users_of(there->plugin().provides)) {
    if (meet(user->plugin().required, there->plugin().provides)) dependents.push_back(user->name());
  }
  if (!dependents.empty()) {
    report.refuse(fmt::format("service {} is required by {}; disable that first", name, fmt::join(dependents, ", ")));
    return report;
  }
  if (exchange(name, std::nullopt, force, report) || find(name) == nullptr) off_.insert(name);
  refresh();
  return report;
}

// One that could not stop serves nobody: it is started again like one that does not run.
ReloadPlan Services::plan_of(const LoadedConfiguration& next) const {
  std::vector<std::string> names;
  for (const Service& service : running()) {
    if (service->state() != ServiceState::draining) names.push_back(service->name());
  }
  ReloadPlan steps = plan_reload(*config_, names, next.config, next.start_order);
  for (std::string& line : replaced_files(next)) steps.needs_restart.push_back(std::move(line));
  return steps;
}

ChangeReport Services::plan(const LoadedConfiguration& next) const {
  ChangeReport report;
  report.lines = plan_lines(plan_of(next));
  return report;
}

std::vector<std::string> Services::replaced_files(const LoadedConfiguration& next) const {
  std::vector<std::string> lines;
  for (const Service& service : running()) {
    const auto file = next.plugins.find(service->name());
    if (file == next.plugins.end() || file->second.path != service->file().path) continue;
    if (file->second.identity == service->file().identity) continue;
    lines.push_back(fmt::format("services.{}: {} was replaced: version {} runs, version {} is on disk", service->name(),
                                file->second.path.native(), service->plugin().version,
                                file->second.description.version));
  }
  return lines;
}

// Before anything changes: would every service that has to begin, or to change, accept its configuration?
Result<Done> Services::check_changes(const ReloadPlan& plan, const LoadedConfiguration& next) {
  for (const ServiceChange& change : plan.services) {
    if (change.action == Action::stop) continue;
    const auto checked = prepare(recipe_of(change.service, next));
    if (!checked.ok()) return checked.error();
  }
  return Done{};
}

ChangeReport Services::reload(const LoadedConfiguration& next) {
  ChangeReport report;
  const ReloadPlan steps = plan_of(next);
  if (const auto checked = check_changes(steps, next); !checked.ok()) {
    report.refuse(checked.error().text);
    report.say("nothing was changed");
    return report;
  }
  order_ = next.start_order;
  off_.clear();
  Reload reload{next, {}};
  for (const ServiceChange& change : steps.services) {
    if (change.action != Action::stop) reload.due.insert(change.service);
  }
  for (const ServiceChange& change : steps.services) {
    // A change that its provider's restart has made already is not made again.
    if (change.action == Action::stop || reload.due.contains(change.service)) apply(change, reload, report);
  }
  for (const std::string& line : steps.live) report.say("changed " + line);
  for (const std::string& line : steps.needs_restart) report.say("restart needed: " + line);
  if (report.lines.empty()) report.say("nothing to change");
  put_in_force(next);
  return report;
}

Services::Recipe Services::recipe_of(const std::string& name, const LoadedConfiguration& next) {
  return {*config_of(next.config, name), next.plugins.at(name)};
}

void Services::apply(const ServiceChange& change, Reload& reload, ChangeReport& report) {
  if (change.action == Action::stop) {
    exchange(change.service, std::nullopt, false, report);
    return;
  }
  const Recipe recipe = recipe_of(change.service, reload.next);
  if (change.action == Action::reconfigure && reconfigure(recipe.config, report)) return;
  exchange(change.service, recipe, false, report, &reload);
}

// False: it has to be restarted.
bool Services::reconfigure(const ServiceConfig& next, ChangeReport& report) {
  const Service service = find(next.name);
  if (!service) return false;
  const auto outcome = service->reconfigure(next);
  if (!outcome.ok()) core_.log.error("service {}: {}", next.name, outcome.error().text);
  if (!outcome.ok() || outcome.value() != Reconfigured::applied) return false;
  report.say("service " + next.name + " works by its new configuration");
  return true;
}

// What could not be changed stays as it was, so that the next reload names it again.
void Services::put_in_force(const LoadedConfiguration& next) {
  auto config = std::make_shared<HostConfig>(next.config);
  for (const HostKey& key : host_keys()) {
    if (key.is_live) continue;
    const auto kept = store(key, value_of(key, *config_), *config);
    P2P_ASSERT(kept.ok(), "a value that was in force can be so again");
  }
  for (ServiceConfig& service : config->services) {
    const Service there = find(service.name);
    if (there && there->runs()) service.config = there->config().config;
    if (there && there->runs()) service.plugin = there->config().plugin;
  }
  {
    const std::lock_guard hold(mutex_);
    config_ = std::move(config);
    ++generation_;
  }
  core_.router.set_timeouts(*config_);
  core_.peers.set_timeouts(*config_);
  core_.steps.set_patience(config_->start_timeout);
  core_.log.set_threshold(config_->log_level);
  for (const Service& service : running()) {
    const ServiceConfig* config_now = config_of(*config_, service->name());
    if (config_now == nullptr) continue;
    service->context().log().set_threshold(level_of(*config_now));
    service->set_route(config_now->route);
  }
  refresh();
}

}  // namespace p2p::host
