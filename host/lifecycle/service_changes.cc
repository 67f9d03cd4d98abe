// Operators' requests for the services of a node that serves.
#include "config/host_keys.h"
#include "lifecycle/lookups.h"
#include "lifecycle/services.h"

#include <p2p/thread_check.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace p2p::host {

using Action = ServiceChange::Action;

ChangeReport Services::enable(const std::string& name, const LoadedConfiguration& next) {
  P2P_ASSERT_THREAD(is_control_here());
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
  exchange(name, Recipe{*config, file->second}, false, report);
  if (find(name) != nullptr) {  // else refused, and off as before
    off_.erase(name);
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
  P2P_ASSERT_THREAD(is_control_here());
  ChangeReport report;
  const Service there = find(name);
  if (!there) {
    if (config_of(*config_, name) == nullptr) {
      report.refuse("there is no [services." + name + "]; `p2pctl services` shows which there are");
    } else {
      report.say("service " + name + " does not run");
      off_.insert(name);
      refresh();
    }
    return report;
  }
  std::vector<std::string> dependents;
  for (const Service& user : users_of(there->plugin().provides)) {
    if (intersects(user->plugin().required, there->plugin().provides)) dependents.push_back(user->name());
  }
  if (!dependents.empty()) {
    report.refuse(fmt::format("service {} is required by {}; disable that first", name, fmt::join(dependents, ", ")));
    return report;
  }
  if (exchange(name, std::nullopt, force, report) || find(name) == nullptr) off_.insert(name);
  refresh();
  return report;
}

// A service that could not stop serves nobody: it is started again like one that does not run.
ReloadPlan Services::plan_of(const LoadedConfiguration& next) const {
  std::vector<std::string> names;
  for (const Service& service : running()) {
    if (service->state() != ServiceState::draining) names.push_back(service->name());
  }
  ReloadPlan steps = plan_reload(*config_, names, next.config, next.start_order);
  for (std::string& line : replaced_files(next)) steps.needs_restart.push_back(std::move(line));
  return steps;
}

// Before anything changes: does every service that has to stop allow it, and does every one that has to start or change
// accept its configuration?
Services::Decision Services::decide(const LoadedConfiguration& next) {
  Decision decision{plan_of(next), {next, {}, {}}, {}};
  for (const ServiceChange& change : decision.plan.services) {
    (change.action == Action::stop ? decision.reload.stopping : decision.reload.due).insert(change.service);
  }
  for (ServiceChange& change : decision.plan.services) resolve(change, decision.reload, decision.refusals);
  return decision;
}

namespace {

std::string names_of(const std::vector<std::shared_ptr<RunningService>>& services, const std::string& but) {
  std::string names;
  for (const auto& service : services) {
    if (service->name() != but) names += (names.empty() ? "" : ", ") + service->name();
  }
  return names;
}

// Services that change together are asked together, and more than once.
void add_new(std::vector<std::string> found, std::vector<std::string>& refusals) {
  for (std::string& refusal : found) {
    if (!contains(refusals, refusal)) refusals.push_back(std::move(refusal));
  }
}

}  // namespace

void Services::resolve(ServiceChange& change, const Reload& reload, std::vector<std::string>& refusals) {
  std::optional<Recipe> recipe;
  if (change.action != Action::stop) recipe = recipe_of(change.service, reload.next);
  std::optional<Reconfigured> outcome = Reconfigured::needs_restart;
  if (change.action == Action::reconfigure) {
    if (const auto checked = prepare(*recipe); !checked.ok()) return add_new({checked.error().text}, refusals);
    outcome = find(change.service)->would_reconfigure(recipe->config);
    if (outcome == Reconfigured::needs_restart) change.action = Action::restart;
    if (outcome == Reconfigured::applied) change.action = Action::apply;
    if (outcome == Reconfigured::applied) return;
  }
  std::vector<std::string> found;
  const Exchange parts = prepare_exchange(change.service, recipe, false, &reload, found);
  if (const std::string users = names_of(parts.ending, change.service); !users.empty()) {
    change.why += "; restarts with it: " + users;
  }
  if (outcome) return add_new(std::move(found), refusals);
  for (const std::string& refusal : found) change.why += "; a restart would be refused: " + refusal;
}

namespace {

ChangeReport refused(const std::vector<std::string>& refusals) {
  ChangeReport report;
  for (const std::string& refusal : refusals) report.refuse(refusal);
  report.say("nothing was changed");
  return report;
}

}  // namespace

ChangeReport Services::plan(const LoadedConfiguration& next) {
  P2P_ASSERT_THREAD(is_control_here());
  const Decision decision = decide(next);
  if (!decision.refusals.empty()) return refused(decision.refusals);
  ChangeReport report;
  report.lines = plan_lines(decision.plan);
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

ChangeReport Services::reload(const LoadedConfiguration& next) {
  P2P_ASSERT_THREAD(is_control_here());
  Decision decision = decide(next);
  if (!decision.refusals.empty()) return refused(decision.refusals);
  ChangeReport report;
  order_ = next.start_order;
  off_.clear();
  Reload& reload = decision.reload;
  for (const ServiceChange& change : decision.plan.services) {
    // A change that a provider's restart has made already is not repeated.
    if (change.action == Action::stop || reload.due.contains(change.service)) apply(change, reload, report);
  }
  for (const std::string& line : decision.plan.live) report.say("changed " + line);
  for (const std::string& line : decision.plan.needs_restart) report.say("restart needed: " + line);
  if (report.lines.empty()) report.say("nothing to change");
  put_in_force(next);
  return report;
}

Services::Recipe Services::recipe_of(const std::string& name, const LoadedConfiguration& next) {
  return {*config_of(next.config, name), next.plugins.at(name)};
}

void Services::apply(const ServiceChange& change, Reload& reload, ChangeReport& report) {
  if (change.action == Action::stop) {
    exchange(change.service, std::nullopt, false, report, &reload);
    return;
  }
  const Recipe recipe = recipe_of(change.service, reload.next);
  const bool may_stay = change.action == Action::apply || change.action == Action::reconfigure;
  if (may_stay && reconfigure(recipe.config, report)) return;
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
