#include "lifecycle/services.h"

#include "lifecycle/drain_patience.h"
#include "lifecycle/lookups.h"
#include "lifecycle/start_clock.h"

#include <p2p/thread_check.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace p2p::host {

namespace {

// Longer than any node runs.
constexpr Duration kForEver = std::chrono::hours(24 * 365 * 10);

// What the first waiting one waits for; empty: none waits for other nodes.
std::string network_wait(const std::vector<std::shared_ptr<RunningService>>& starting) {
  for (const auto& service : starting) {
    if (service->is_ready() || service->state() == ServiceState::failed) continue;
    if (auto why = service->context().network_wait(); !why.empty()) return "service " + service->name() + ": " + why;
  }
  return "";
}

// `limit`: "start_timeout = 30s".
std::string why_late(RunningService& service, const std::string& limit) {
  const std::string why = "is not ready after [host] " + limit;
  if (const auto wait = service.context().network_wait(); !wait.empty()) return why + ": " + wait;
  const auto& required = service.plugin().required;
  return required.empty() ? why : fmt::format("{}; it requires: {}", why, fmt::join(required, ", "));
}

}  // namespace

Services::Services(NodeCore& core, Wait wait, ReportWait report_wait)
    : core_(core),
      wait_(std::move(wait)),
      report_wait_(std::move(report_wait)),
      config_(std::make_shared<const HostConfig>(core.config)) {}

Services::~Services() = default;

// --- what there is ---------------------------------------------------------------------------------------------------

std::vector<std::shared_ptr<RunningService>> Services::list() const { return locked(all_); }
std::shared_ptr<const HostConfig> Services::config() const { return locked(config_); }
std::int64_t Services::generation() const { return locked(generation_); }
std::map<std::string, Services::Idle> Services::idle() const { return locked(idle_); }

Services::Service Services::find(const std::string& name) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Service& one) { return one->name() == name; });
  return found == all_.end() ? nullptr : *found;
}

std::vector<Services::Service> Services::running() const {
  std::vector<Service> some;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(some), [](const Service& one) { return one->runs(); });
  return some;
}

std::vector<Services::Service> Services::users_of(const std::vector<std::string>& provides) const {
  std::vector<Service> users;
  std::vector<std::string> offered = provides;
  for (const Service& service : running()) {  // providers first: one scan finds users of users
    const PluginDescription& plugin = service->plugin();
    if (!intersects(plugin.required, offered) && !intersects(plugin.optional, offered)) continue;
    users.push_back(service);
    offered.insert(offered.end(), plugin.provides.begin(), plugin.provides.end());
  }
  return users;
}

std::string Services::failed_provider(const RunningService& service) const {
  for (const std::string& id : service.plugin().required) {
    const auto provides = [&](const Service& one) { return contains(one->plugin().provides, id); };
    const auto provider = std::find_if(all_.begin(), all_.end(), provides);
    if (provider == all_.end() || (*provider)->runs() || (*provider)->state() == ServiceState::configured) continue;
    return id + ", which " + (*provider)->name() + " provides, and that has failed";
  }
  return "";
}

std::string Services::missing_provider(const RunningService& service) const {
  for (const std::string& id : service.plugin().required) {
    const auto provides = [&](const Service& one) { return one->runs() && contains(one->plugin().provides, id); };
    if (std::none_of(all_.begin(), all_.end(), provides)) return id + ", which no service that runs provides";
  }
  return "";
}

LogLevel Services::level_of(const ServiceConfig& service) const {
  return service.log_level.value_or(config_->log_level);
}

void Services::add(Service service) {
  const std::lock_guard hold(mutex_);
  std::erase_if(all_, [&](const Service& other) { return other->name() == service->name(); });
  const auto rank = [this](const Service& one) {
    return std::find(order_.begin(), order_.end(), one->name()) - order_.begin();
  };
  const auto at = std::upper_bound(all_.begin(), all_.end(), service,
                                   [&](const Service& one, const Service& other) { return rank(one) < rank(other); });
  all_.insert(at, std::move(service));
}

void Services::remove(const RunningService& service) {
  const std::lock_guard hold(mutex_);
  std::erase_if(all_, [&](const Service& other) { return other.get() == &service; });
}

Services::Idle Services::why_idle(const ServiceConfig& service) const {
  if (off_.contains(service.name)) return {"disabled by the operator", true};
  if (!service.left_out.empty()) return {service.left_out, service.is_left_out_on_purpose};
  if (!service.enabled) return {"disabled in the configuration", true};
  return {"its plugin was refused, or it requires one that was", false};
}

void Services::refresh() {
  std::map<std::string, Idle> idle;
  for (const ServiceConfig& service : config_->services) {
    const Service there = find(service.name);
    if (there && there->state() != ServiceState::failed) continue;
    idle[service.name] = there ? Idle{there->why_failed(), false} : why_idle(service);
  }
  std::vector<std::string> names;
  for (const auto& [name, reason] : idle) names.push_back(name);
  core_.router.refresh(config_->default_service, std::move(names));
  std::map<std::string, std::shared_ptr<const Route>> routes;
  for (const Service& service : running()) {
    if (service->config().route) routes.emplace(service->name(), service->config().route);
  }
  core_.identity.set_routes(told_routes(routes));
  core_.peers.set_locator(std::static_pointer_cast<ILocator>(core_.registry.find(ILocator::kId)),
                          core_.registry.provider_of(ILocator::kId) + ".peer");
  tell_network({}, Completion());
  const std::lock_guard hold(mutex_);
  idle_ = std::move(idle);
}

void Services::tell_network(const std::vector<Service>& ending, Completion known) {
  const auto locator = std::static_pointer_cast<ILocator>(core_.registry.find(ILocator::kId));
  if (!locator) return known();
  std::vector<std::string> names;
  const auto ends = [&](const Service& service) { return std::ranges::find(ending, service) != ending.end(); };
  for (const Service& service : running())
    if (!ends(service) && service->state() != ServiceState::draining) names.push_back(service->name());
  std::ranges::sort(names);
  locator->run_services(std::move(names), std::move(known));
}

void Services::fail(RunningService& service, std::string why) {
  core_.log.error("service {} {}", service.name(), why);
  if (service.state() != ServiceState::failed) service.fail(std::move(why));
}

// --- the start of the node -------------------------------------------------------------------------------------------

Result<Done> Services::load(const LoadedConfiguration& configuration) {
  control_ = std::this_thread::get_id();
  order_ = configuration.start_order;
  {
    const std::lock_guard hold(mutex_);
    config_ = std::make_shared<const HostConfig>(configuration.config);
    ++generation_;
  }
  for (const std::string& name : order_) {
    const ServiceConfig* config = config_of(*config_, name);
    P2P_ASSERT(config != nullptr, "the start order names configured services");
    const PluginFile& file = configuration.plugins.at(name);
    const auto service = std::make_shared<RunningService>(core_, *config, file, level_of(*config));
    const auto loaded = service->load();
    if (!loaded.ok() && config->required) return loaded;
    if (!loaded.ok()) core_.log.error("{}; the node goes on without service {}", loaded.error().text, name);
    loaded_files_.emplace(file.path, file.identity);
    add(service);
  }
  return Done{};
}

Result<Done> Services::configure() {
  P2P_ASSERT_THREAD(is_control_here());
  for (const Service& service : list()) {
    if (service->state() == ServiceState::failed) continue;
    const auto configured = service->configure();
    if (configured.ok()) continue;
    if (service->config().required) return configured;
    core_.log.error("{}; the node goes on without it", configured.error().text);
  }
  return Done{};
}

Result<Done> Services::start() {
  P2P_ASSERT_THREAD(is_control_here());
  for (const Service& service : list()) {
    const std::string& name = service->name();
    if (service->state() == ServiceState::failed) continue;
    Result<Done> started = Done{};
    if (const std::string missing = failed_provider(*service); !missing.empty()) {
      started = Error{ErrorKind::not_found, "service " + name + " requires " + missing};
      service->fail("requires " + missing);
    } else {
      started = service->start();
    }
    if (started.ok()) continue;
    if (service->config().required) return started;
    core_.log.error("{}; the node goes on without it", started.error().text);
    end_failed(*service);
  }
  refresh();
  return Done{};
}

Result<bool> Services::get_ready() {
  P2P_ASSERT_THREAD(is_control_here());
  const std::vector<Service> starting = running();
  for (const Service& service : starting) service->begin_ready();
  const auto all_ready = [&] {
    return std::all_of(starting.begin(), starting.end(),
                       [](const Service& one) { return one->is_ready() || one->state() == ServiceState::failed; });
  };
  StartClock clock(config_->start_timeout, config_->network_timeout, std::chrono::steady_clock::now());
  std::string waits_for;
  const auto is_over = [&] {
    waits_for = network_wait(starting);
    clock.pass(std::chrono::steady_clock::now(), !waits_for.empty());
    if (!waits_for.empty() && clock.take_report_due()) report_wait_(waits_for, clock.waited());
    return all_ready() || clock.start_timed_out() || clock.network_timed_out();
  };
  if (!wait_(is_over, kForEver)) return false;
  const std::string limit = clock.network_timed_out() ? "network_timeout = " + format_duration(config_->network_timeout)
                                                      : "start_timeout = " + format_duration(config_->start_timeout);
  std::string missed;  // of the required ones
  auto kind = ErrorKind::internal;
  for (const Service& service : starting) {
    if (service->is_ready() && service->state() == ServiceState::starting) {
      service->open_gate();
      continue;
    }
    const bool is_late = service->state() != ServiceState::failed;
    if (is_late) fail(*service, why_late(*service, limit));
    if (service->config().required) {
      missed += (missed.empty() ? "" : ", ") + service->name();
      kind = is_late ? ErrorKind::timed_out : ErrorKind::internal;
    } else {
      core_.log.error("the node goes on without service {}", service->name());
      end_failed(*service);
    }
  }
  refresh();
  if (missed.empty()) return true;
  return Error{kind, "the node ends: it requires what is not ready: " + missed};
}

std::uint64_t Services::drain_steps() const {
  const std::lock_guard hold(mutex_);
  std::uint64_t steps = 0;
  for (const Service& service : all_) steps += service->drain_steps();
  return steps;
}

void Services::stop_all() {
  P2P_ASSERT_THREAD(is_control_here());
  const std::vector<Service> all = list();
  for (auto service = all.rbegin(); service != all.rend(); ++service) (*service)->stop();
  const std::lock_guard hold(mutex_);
  all_.clear();
}

// --- one service begins or ends --------------------------------------------------------------------------------------

Result<Services::Service> Services::prepare(const Recipe& recipe) {
  const auto known = loaded_files_.find(recipe.file.path);
  if (known != loaded_files_.end() && known->second != recipe.file.identity) {
    return Error{ErrorKind::invalid, "service " + recipe.config.name + ": " + recipe.file.path.native() +
                                         " was replaced after this process had loaded it; restart the node to run the "
                                         "new one"};
  }
  auto service = std::make_shared<RunningService>(core_, recipe.config, recipe.file, level_of(recipe.config));
  if (auto loaded = service->load(); !loaded.ok()) return loaded.error();
  loaded_files_.emplace(recipe.file.path, recipe.file.identity);
  if (auto configured = service->configure(); !configured.ok()) return configured.error();
  return service;
}

bool Services::begin(const Service& service, ChangeReport& report) {
  add(service);
  const auto failed = [&](const std::string& why) {
    fail(*service, why);
    end_failed(*service);
    report.refuse("service " + service->name() + ' ' + service->why_failed());
    return false;
  };
  if (const std::string missing = missing_provider(*service); !missing.empty()) return failed("requires " + missing);
  if (const auto started = service->start(); !started.ok()) return failed(service->why_failed());
  service->begin_ready();
  const Duration patience = config_->start_timeout;
  wait_([&] { return service->is_ready() || service->state() == ServiceState::failed; }, patience);
  if (service->state() == ServiceState::failed) return failed(service->why_failed());
  if (!service->is_ready()) {
    const std::string waits_for = service->context().network_wait();
    return failed("was not ready after [host] start_timeout = " + format_duration(patience) +
                  (waits_for.empty() ? "" : ": " + waits_for));
  }
  service->open_gate();
  report.say("service " + service->name() + " runs");
  return true;
}

// Calls that passed a gate before are dispatched once every loop has turned; a handler that blocks its loop blocks this
// too.
void Services::shut(RunningService& service) {
  service.close_gates();
  {
    const auto in = core_.steps.enter(service.name(), "the last turn of the I/O threads");
    core_.server.turn_loops();
  }
  service.context().close_ways_out();
}

bool Services::hand_over_keys(const std::vector<Service>& ending, bool force, ChangeReport& report) {
  if (ending.empty()) return true;
  std::string names;
  for (const Service& service : ending) names += (names.empty() ? "" : ", ") + service->name();
  const auto is_known = std::make_shared<std::atomic<bool>>(false);
  tell_network(ending, Completion([is_known] { is_known->store(true); }));
  const auto moves = [](const Service& service) { return service->plugin().moves_state; };
  if (!force && std::ranges::any_of(ending, moves)) return hand_over_data(ending, names, *is_known, report);
  const std::shared_ptr<const HostConfig> now = config();
  const Duration patience = now->call_timeout;
  if (wait_([&] { return is_known->load(); }, patience)) return force || may_end_now(ending, report);
  report.say(fmt::format(
      "service {}: after [host] call_timeout = {} the cluster map does not show that it stops here, or "
      "others have not taken all that it holds; until they have, calls for keys of this node are sent in vain",
      names, format_duration(patience)));
  return true;
}

// Each copy that others have in sync is a newer map, and so is each primary that they take over.
bool Services::hand_over_data(const std::vector<Service>& ending, const std::string& names,
                              const std::atomic<bool>& is_taken, ChangeReport& report) {
  const std::shared_ptr<const HostConfig> now = config();
  const auto locator = std::static_pointer_cast<ILocator>(core_.registry.find(ILocator::kId));
  const auto epoch = [&] { return locator ? locator->shared_view()->epoch() : 0; };
  DrainPatience patience(std::chrono::steady_clock::now(), std::max(now->call_timeout, now->drain_timeout),
                         std::max(now->call_timeout, now->drain_limit));
  const auto gets_further = [&] {
    return patience.look(std::chrono::steady_clock::now(), epoch()) == DrainPatience::Verdict::goes_on;
  };
  const bool is_over = wait_([&] { return is_taken || !gets_further(); }, kForEver);
  if (is_taken) return may_end_now(ending, report);
  tell_network({}, Completion());
  report.refuse(
      fmt::format("service {} must not stop: other nodes have not taken what it holds ({}); try again when p2pctl map "
                  "shows all copies in sync",
                  names, is_over ? patience.why_given_up() : "this node ends"));
  return false;
}

// Those who were to take what services hold may have ended or stopped as well since these were asked whether they may
// end.
bool Services::may_end_now(const std::vector<Service>& ending, ChangeReport& report) {
  std::vector<std::string> refusals;
  const auto is_allowed = [&] {
    refusals.clear();
    ask_all(ending, refusals);
    return refusals.empty();
  };
  if (wait_(is_allowed, config()->call_timeout)) return true;  // they hear of a new map a moment later
  tell_network({}, Completion());
  for (std::string& refusal : refusals) report.refuse(std::move(refusal));
  return false;
}

// Behind shut gates, once every loop has turned, no more calls can come; calls in flight end by their deadline.
bool Services::end(const Service& service, ChangeReport& report) {
  const std::string& name = service->name();
  const std::shared_ptr<const HostConfig> now = config();
  if (service->state() != ServiceState::draining) service->begin_drain();  // else an earlier attempt has
  DrainPatience patience(std::chrono::steady_clock::now(), now->drain_timeout, now->drain_limit);
  wait_(
      [&] {
        const auto verdict = patience.look(std::chrono::steady_clock::now(), service->drain_steps());
        return service->is_drained() || verdict != DrainPatience::Verdict::goes_on;
      },
      now->drain_limit);
  if (!service->is_drained()) report.say("service " + name + ' ' + patience.why_given_up());
  for (const std::string& line : service->end_drain()) report.say("service " + name + " leaves behind " + line);
  service->refuse_clients();
  wait_([&] { return service->calls_in_flight() == 0; }, now->call_timeout);
  if (contains(service->plugin().provides, ILocator::kId)) core_.peers.set_locator(nullptr);
  shut(*service);
  if (!wait_([&] { return service->is_idle(); }, now->call_timeout)) {
    report.refuse(
        fmt::format("service {} takes no calls any more, but work of it still runs after [host] "
                    "call_timeout = {}; disable it again when that has ended",
                    name, format_duration(now->call_timeout)));
    return false;
  }
  service->stop();
  service->take_out();
  remove(*service);
  report.say("service " + name + " has stopped");
  return true;
}

// Its remaining work cannot be awaited; its object stays, so that nothing is destroyed under it.
void Services::end_failed(RunningService& service) {
  shut(service);
  const bool is_idle = wait_([&] { return service.is_idle(); }, config()->call_timeout);
  service.stop();
  if (is_idle) service.take_out();
}

void Services::ask_all(const std::vector<Service>& ending, std::vector<std::string>& refusals) const {
  for (const Service& service : ending) {
    const auto allowed = service->may_end();
    if (allowed.ok()) continue;
    refusals.push_back("service " + service->name() + " must not stop: " + allowed.error().text);
  }
}

Services::Exchange Services::prepare_exchange(const std::string& name, const std::optional<Recipe>& next, bool force,
                                              const Reload* reload, std::vector<std::string>& refusals) {
  const Service present = find(name);
  std::vector<Service> users = users_of(present ? present->plugin().provides : next->file.description.provides);
  if (reload != nullptr) {
    std::erase_if(users, [&](const Service& user) { return reload->stopping.contains(user->name()); });
  }
  Exchange parts;
  if (present && present->runs()) parts.ending.push_back(present);
  parts.ending.insert(parts.ending.end(), users.begin(), users.end());
  if (!force) ask_all(parts.ending, refusals);

  const auto prepare_one = [&](const Recipe& recipe) {
    auto prepared = prepare(recipe);
    if (prepared.ok()) parts.beginning.push_back(std::move(prepared).value());
    if (!prepared.ok()) refusals.push_back(prepared.error().text);
  };
  if (next) prepare_one(*next);
  for (const Service& user : users) {
    const bool changes = reload != nullptr && reload->due.contains(user->name());
    prepare_one(changes ? recipe_of(user->name(), reload->next) : Recipe{user->config(), user->file()});
  }
  return parts;
}

bool Services::exchange(const std::string& name, const std::optional<Recipe>& next, bool force, ChangeReport& report,
                        Reload* reload) {
  std::vector<std::string> refusals;
  const Exchange parts = prepare_exchange(name, next, force, reload, refusals);
  for (std::string& refusal : refusals) report.refuse(std::move(refusal));
  if (!refusals.empty()) return false;
  // One that is only restarted keeps its keys, unless its data goes with it.
  std::vector<Service> handing_over;
  for (const Service& service : parts.ending) {
    const bool is_over_for_good = !next && service->name() == name;
    const bool gives = is_over_for_good || service->plugin().moves_state;
    const bool is_locator = contains(service->plugin().provides, ILocator::kId);
    if (gives && !is_locator && service->state() != ServiceState::draining) handing_over.push_back(service);
  }
  if (!hand_over_keys(handing_over, force, report)) return false;
  for (auto service = parts.ending.rbegin(); service != parts.ending.rend(); ++service) {
    if (!end(*service, report)) return false;
  }
  if (const Service present = find(name)) remove(*present);
  bool all_run = true;
  for (const Service& service : parts.beginning) {
    all_run = begin(service, report) && all_run;
    if (reload != nullptr) reload->due.erase(service->name());
  }
  return all_run;
}

}  // namespace p2p::host
