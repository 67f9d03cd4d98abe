#include "process/node.h"

#include "admin/node_service.h"
#include "config/advertise.h"
#include "lifecycle/drain_patience.h"
#include "lifecycle/start_clock.h"
#include "peers/peer_service.h"
#include "preflight/left_out.h"
#include "preflight/this_machine.h"
#include "process/node_parts.h"
#include "process/node_status.h"
#include "serving/descriptor_limit.h"
#include "systemd/notification.h"
#include "text/address_kind.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

namespace p2p::host {
namespace {

// How often a waiting step polls: at first so often that nobody notices, then a few times per time waited so far.
constexpr auto kPollPeriodMin = std::chrono::milliseconds(2);
constexpr auto kPollPeriodMax = std::chrono::milliseconds(100);
constexpr int kPollsPerWait = 50;
// How long clients may take to read their last replies when the node ends.
constexpr auto kLastReplies = std::chrono::milliseconds(500);

// How often the service manager learns that a drain goes on.
constexpr auto kTellManagerPause = std::chrono::seconds(1);

// For what ends after the calls: last replies, the plugins' stop(), threads. Announced to the service manager, never
// waited for.
constexpr auto kStopHeadroom = std::chrono::seconds(10);

}  // namespace

Node::Node(LoadedConfiguration configuration, NodeHooks hooks)
    : configuration_(std::move(configuration)),
      hooks_(std::move(hooks)),
      parts_(std::make_unique<Parts>(*this, configuration_.config, hooks_)) {}

Node::~Node() = default;

void Node::guard_start(std::stop_token started) {
  std::mutex nobody_else;
  std::unique_lock hold(nobody_else);
  const bool is_in_time = std::condition_variable_any().wait_for(hold, started, configuration_.config.start_timeout,
                                                                 [&started] { return started.stop_requested(); });
  if (is_in_time || started.stop_requested()) return;
  const auto step = parts_->steps.current();
  const std::string what = "still in " + (step ? to_text(*step) : "the start") +
                           " after [host] start_timeout = " + format_duration(configuration_.config.start_timeout);
  parts_->log->error("{}", what);
  if (hooks_.start_hangs) {
    is_late_ = true;
    return hooks_.start_hangs(what);
  }
  // Code that does not return cannot be ended otherwise.
  ::_exit(number(ExitCode::start_timeout));
}

ExitCode Node::run() {
  // Once for the steps up to start(), once until all are ready.
  parts_->manager.tell(starting_notification("starting", 2 * configuration_.config.start_timeout));
  const ExitCode code = serve();
  const bool is_all_handed_over = shut_down();
  if (code != ExitCode::done) return code;
  const std::lock_guard hold(mutex_);
  if (failure_ != ExitCode::done) return failure_;
  return is_all_handed_over ? ExitCode::done : ExitCode::left_behind;
}

ExitCode Node::serve() {
  Logger& log = *parts_->log;
  const auto failed = [&log](const Result<Done>& step) {
    if (!step.ok()) log.error("{}", step.error().text);
    return !step.ok();
  };
  if (failed(listen())) return ExitCode::system;
  choose_services();
  {
    const std::jthread guard([this](std::stop_token started) { guard_start(std::move(started)); });
    if (failed(parts_->services->load(configuration_))) return ExitCode::service_failed;
    if (failed(parts_->services->configure())) return ExitCode::configuration;
    if (failed(serve_own_services())) return ExitCode::service_failed;
    if (const auto started = parts_->services->start(); failed(started)) return code_of(started.error());
  }
  if (is_late_) return ExitCode::start_timeout;
  if (const ExitCode code = get_ready(); code != ExitCode::done) return code;
  serve_changes();
  return ExitCode::done;
}

// --- the start -------------------------------------------------------------------------------------------------------

Result<Done> Node::listen() {
  const HostConfig& config = configuration_.config;
  Parts& parts = *parts_;
  auto port = BoundPort::bind(parts.server.first_loop().context(), config.listen, config.port_search);
  if (!port.ok()) return port.error();
  const NodeAddress listening{config.listen.host, port.value().port()};

  const bool needs_own_addresses = !config.advertise && is_every_address(listening.host);
  auto self =
      decide_advertised(listening, config.advertise,
                        needs_own_addresses ? resolved_addresses() : std::vector<std::string>{}, config.listen.port);
  if (!self.ok()) return self.error();
  auto folder = DataFolder::open(config.data_dir.empty() ? default_data_dir(listening.port)
                                                         : std::filesystem::path(config.data_dir));
  if (!folder.ok()) return folder.error();
  parts.folder = std::make_unique<DataFolder>(std::move(folder).value());

  parts.info.self = self.value();
  parts.info.name = config.node.empty() ? machine_name() : config.node;
  parts.info.cluster = config.cluster;
  parts.info.data_dir = parts.folder->path();
  parts.info.incarnation = parts.started_at_us;
  parts.info.allow_remote_die = config.allow_remote_die;
  parts.info.message_bytes_max = config.frame_bytes_max;

  parts.identity = std::make_unique<PeerIdentity>(parts.info.self, config.cluster, config.frame_bytes_max);
  const PeerLimits limits{config.connect_timeout,      config.call_timeout,
                          config.idle_timeout,         config.peer_calls_max,
                          config.peer_queue_bytes_max, config.frame_bytes_max + kPeerHeadroomBytes};
  parts.peers = std::make_unique<PeerPool>(parts.server.loops(), *parts.identity, limits, parts.server.own_failures(),
                                           *parts.log);
  parts.router.set_forwarder(parts.peers.get());
  parts.routing = std::make_unique<CallRouting>(parts.server.loops(), *parts.identity, *parts.log);
  parts.router.set_route_keeper(parts.routing.get());
  parts.core = std::make_unique<NodeCore>(NodeCore{
      config, parts.info, *parts.log, parts.server, parts.pool, parts.router, parts.admin_router, parts.registry,
      *parts.peers, *parts.identity, parts.steps, parts.metrics, [this](const std::string& why) { request_leave(why); },
      [this](const Error& why) { request_end(why); }, hooks_});
  parts.services = std::make_unique<Services>(
      *parts.core,
      [this](const std::function<bool()>& condition, Duration patience) {
        return wait_until(condition, patience, true);
      },
      [this](const std::string& why, Duration waited) { report_wait(why, waited); });
  const auto admin = parts.info.data_dir / config.admin;
  if (auto place = check_socket_place(admin, parts.info.data_dir); !place.ok()) return place;
  parts.server.serve(std::move(port).value(), parts.router);
  if (config.http_listen) {
    if (auto http = listen_for_http(*config.http_listen); !http.ok()) return http;
  }
  return parts.server.serve_admin(admin, parts.admin_router);
}

// A router without services: who comes here speaks HTTP, or is told that there is nothing else.
Result<Done> Node::listen_for_http(const NodeAddress& where) {
  Parts& parts = *parts_;
  auto port = BoundPort::bind(parts.server.first_loop().context(), where, 0);
  if (!port.ok()) return Error{port.error().kind, "[host.http] listen: " + port.error().text};
  parts.http_elsewhere = std::make_unique<HttpServer>(
      HttpServer::Options{.is_local = false, .names = {where.host, parts.info.self.host, machine_name()}},
      parts.http_sources());
  parts.http_router =
      std::make_unique<ServiceRouter>(ServingLimits::from(configuration_.config), parts.pool, *parts.log);
  parts.http_router->set_http(parts.http_elsewhere.get());
  parts.log->info("HTTP is answered on {}, too", NodeAddress{where.host, port.value().port()}.name());
  parts.server.serve(std::move(port).value(), *parts.http_router);
  return Done{};
}

void Node::choose_services() {
  Parts& parts = *parts_;
  parts.quarantine = std::make_unique<Quarantine>(parts.folder->path() / kCrashNotesFile, *parts.log);
  for (const std::string& line : leave_out_crashers(configuration_, *parts.quarantine)) parts.log->warn("{}", line);
  for (const std::string& line : left_out_lines(configuration_)) parts.log->error("{}", line);
  parts.info.services = configuration_.start_order;
  std::ranges::sort(parts.info.services);
}

namespace {

// Services of the host itself are open from the first moment on.
Result<Done> serve_own(ServiceRouter& router, std::string_view name, const char* idl,
                       std::shared_ptr<Endpoint> endpoint, std::size_t loops) {
  ServiceSpec spec;
  spec.idl = idl;
  spec.dispatch = Dispatch::io;
  auto entry = router.serve(std::string(name), "host", std::move(spec), std::move(endpoint), loops);
  if (!entry.ok()) return entry.error();
  entry.value()->set_gate(GateState::open);
  return Done{};
}

}  // namespace

Result<Done> Node::serve_own_services() {
  Parts& parts = *parts_;
  const std::size_t loops = parts.server.loops().size();
  auto status = [this] {
    return node_status(*parts_->core, *parts_->services, parts_->state.load(), parts_->started_at_us);
  };
  auto served = serve_own(parts.router, kPeerService, "peer.Peer",
                          make_peer_service(*parts.identity, parts.router, *parts.log), loops);
  if (served.ok()) served = serve_own(parts.router, "node", "node.Node", make_node_service(status), loops);
  if (served.ok()) {
    served = serve_own(
        parts.admin_router, "admin", "node.Admin",
        make_admin_service([this] { request_leave("asked over the admin socket"); },
                           [this] { request_stop("asked over the admin socket"); }, parts.leave_waiters, parts.changes),
        loops);
  }
  if (served.ok()) served = serve_own(parts.admin_router, "node", "node.Node", make_node_service(status), loops);
  return served;
}

ExitCode Node::get_ready() {
  Parts& parts = *parts_;
  parts.server.set_admission(reserve_descriptors(configuration_.config.connections_max, *parts.log));
  parts.server.start();
  parts.log->info("listening on {}, data in {}", parts.info.self.name(), parts.info.data_dir.native());
  has_begun_ = true;
  const auto ready = parts.services->get_ready();
  if (!ready.ok()) {
    parts.log->error("{}", ready.error().text);
    return ready.error().kind == ErrorKind::timed_out ? ExitCode::start_timeout : ExitCode::service_failed;
  }
  if (!ready.value()) return ExitCode::done;
  parts.state.store(NodeState::ready);
  std::string names;
  for (const auto& service : parts.services->list()) {
    if (service->runs()) names += (names.empty() ? "" : ", ") + service->name();
  }
  parts.log->info("ready after {} ms: node {} serves {}", (unix_us() - parts.started_at_us) / 1000,
                  parts.info.self.name(), names);
  parts.manager.tell_ready(fmt::format("ready: {} serves {}", parts.info.self.name(), names));
  if (hooks_.ready) hooks_.ready(parts.info.self);
  return ExitCode::done;
}

// The manager would kill a node whose start takes long.
void Node::report_wait(const std::string& why, Duration waited) {
  if (waited < kReportWaitAfter + kReportWaitPeriod) parts_->log->warn("not ready yet: {}", why);
  parts_->manager.tell(starting_notification("waits for a network: " + why,
                                             2 * kReportWaitPeriod + configuration_.config.start_timeout));
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Node::request_leave(const std::string& why) { request(Request::leave, why); }
void Node::request_stop(const std::string& why) { request(Request::stop, why); }

void Node::request_end(const Error& why) {
  parts_->log->error("{}", why.text);
  {
    const std::lock_guard hold(mutex_);
    if (failure_ == ExitCode::done) failure_ = code_of(why);
  }
  request_leave("a service has failed");
}

void Node::request(Request wanted, const std::string& why) {
  const std::lock_guard hold(mutex_);
  if (request_ == Request::stop || request_ == wanted) return;
  request_ = wanted;
  parts_->log->info("{}: {}", wanted == Request::leave ? "leaving the network" : "stopping", why);
  if (const auto step = parts_->steps.hanging()) {
    parts_->log->error("{}; the node ends when it does, or at once by a second SIGTERM or SIGINT", hang_text(*step));
  }
  requested_.notify_all();
}

void Node::request_reload(const std::string& why) {
  parts_->log->info("reloading the configuration: {}", why);
  const auto number = parts_->changes.submit({ChangeRequest::Kind::reload, "", false});
  if (!number.ok()) parts_->log->error("the configuration is not reloaded: {}", number.error().text);
}

// --- changes while the node serves -----------------------------------------------------------------------------------

void Node::serve_changes() {
  for (;;) {
    {
      std::unique_lock hold(mutex_);
      const auto is_asked = [this] { return request_ != Request::none || parts_->changes.has_request(); };
      Heartbeat& heartbeat = parts_->heartbeat;
      while (!requested_.wait_until(hold, heartbeat.due(), is_asked)) heartbeat.turn(std::chrono::steady_clock::now());
      if (request_ != Request::none) return;
    }
    if (const auto request = parts_->changes.take()) change(request->first, request->second);
  }
}

void Node::change(Changes::Number number, const ChangeRequest& request) {
  Logger& log = *parts_->log;
  const bool is_reload = request.kind == ChangeRequest::Kind::reload;
  if (is_reload) parts_->manager.tell_reloading();
  const ChangeReport report = apply(request);
  if (is_reload) parts_->admin_router.set_timeouts(*parts_->services->config());
  if (is_reload && parts_->http_router) parts_->http_router->set_timeouts(*parts_->services->config());
  if (is_reload) parts_->manager.tell_ready(report.is_done ? "reloaded" : "not reloaded: see the log");
  const bool is_question = request.kind == ChangeRequest::Kind::plan_reload;
  for (const std::string& line : report.lines) {
    log.log(is_question      ? LogLevel::debug
            : report.is_done ? LogLevel::info
                             : LogLevel::error,
            "{}: {}", to_text(request), line);
  }
  parts_->changes.ended(number, report);
}

namespace {

ChangeReport refusal(const ConfigurationFailure& failure) {
  ChangeReport report;
  std::istringstream lines(failure.messages);
  for (std::string line; std::getline(lines, line);) report.refuse(line);
  report.refuse("nothing was changed: the node goes on with the configuration that it has");
  return report;
}

}  // namespace

ChangeReport Node::apply(const ChangeRequest& request) {
  Services& services = *parts_->services;
  if (request.kind == ChangeRequest::Kind::disable) return services.disable(request.service, request.force);
  const bool is_enable = request.kind == ChangeRequest::Kind::enable;
  if (!hooks_.read_again) {
    ChangeReport report;
    report.refuse("the configuration of this node cannot be read again");
    return report;
  }
  const auto outcome = hooks_.read_again(is_enable ? std::optional(request.service) : std::nullopt);
  if (const auto* failure = std::get_if<ConfigurationFailure>(&outcome)) return refusal(*failure);
  auto loaded = std::get<LoadedConfiguration>(outcome);
  Quarantine& quarantine = *parts_->quarantine;
  const auto file = loaded.plugins.find(request.service);
  if (is_enable && file != loaded.plugins.end()) {
    const auto cleared = quarantine.clear(file->second.description.name);
    if (!cleared.ok()) parts_->log->warn("{}", cleared.error().text);
  }
  for (const std::string& line : leave_out_crashers(loaded, quarantine)) parts_->log->warn("{}", line);
  if (is_enable) return services.enable(request.service, loaded);
  return request.kind == ChangeRequest::Kind::reload ? services.reload(loaded) : services.plan(loaded);
}

template <class Condition>
bool Node::wait_until(Condition condition, Duration patience, bool until_request) {
  const TimePoint begin = std::chrono::steady_clock::now();
  std::unique_lock hold(mutex_);
  while (!condition()) {
    const Duration waited = std::chrono::steady_clock::now() - begin;
    if (waited >= patience) return false;
    if (until_request && request_ != Request::none) return false;
    if (std::chrono::steady_clock::now() >= parts_->heartbeat.due()) {
      parts_->heartbeat.turn(std::chrono::steady_clock::now());
    }
    requested_.wait_for(hold, std::clamp<Duration>(waited / kPollsPerWait, kPollPeriodMin, kPollPeriodMax));
    parts_->heartbeat.turn(std::chrono::steady_clock::now());
  }
  return true;
}

// Repeated while the drain goes on: the manager's timeout counts from the last message.
void Node::tell_manager_of_the_end(const std::string& status) {
  const auto config = parts_->services ? parts_->services->config() : nullptr;
  const Duration drain = config ? config->drain_timeout : configuration_.config.drain_timeout;
  const Duration calls = config ? config->call_timeout : configuration_.config.call_timeout;
  parts_->manager.tell(stopping_notification(status, drain + calls + kStopHeadroom));
}

bool Node::drain() {
  node::LeaveResult result;
  const auto config = parts_->services->config();
  const auto services = parts_->services->list();
  const auto clock = [] { return std::chrono::steady_clock::now(); };
  DrainPatience patience(clock(), config->drain_timeout, config->drain_limit);
  TimePoint told_at = clock();
  for (auto service = services.rbegin(); service != services.rend(); ++service) {
    RunningService& current = **service;
    if (!current.runs()) continue;
    current.begin_drain();
    const auto is_over = [&] {
      if (current.is_drained()) return true;
      if (clock() - told_at >= kTellManagerPause) {
        told_at = clock();
        tell_manager_of_the_end(fmt::format("leaving the network: {} hands over", current.name()));
      }
      return patience.look(clock(), parts_->services->drain_steps()) != DrainPatience::Verdict::goes_on;
    };
    wait_until(is_over, config->drain_limit, false);
    if (current.is_drained()) continue;
    parts_->log->error("service {} {}", current.name(), patience.why_given_up());
    result.unfinished.push_back(current.name());
  }
  // Calls that clients of the 2009 system sent before they knew that this node leaves are still forwarded.
  parts_->server.take_what_has_come();
  wait_for_calls(config->call_timeout);
  for (const auto& service : services) {
    for (std::string& line : service->end_drain()) {
      parts_->log->error("service {} leaves behind {}", service->name(), line);
      result.left_behind.push_back(std::move(line));
    }
  }
  result.complete = result.unfinished.empty() && result.left_behind.empty();
  const bool is_complete = result.complete;
  parts_->leave_waiters.ended(std::move(result));
  return is_complete;
}

bool Node::wait_for_calls(Duration patience) {
  const auto services = parts_->services->list();
  const auto idle = [&] {
    return std::all_of(services.begin(), services.end(),
                       [](const auto& service) { return service->calls_in_flight() == 0; });
  };
  return wait_until(idle, patience, false);
}

void Node::finish_calls() {
  for (const auto& service : parts_->services->list()) {
    if (service->runs()) service->refuse_clients();
  }
  // A call is answered within call_timeout at the latest, so this wait ends.
  if (!wait_for_calls(parts_->services->config()->call_timeout))
    parts_->log->warn("calls were still in hand when the node stopped");
}

bool Node::shut_down() {
  Parts& parts = *parts_;
  bool leaves = false;
  {
    const std::lock_guard hold(mutex_);
    leaves = request_ == Request::leave;
  }
  tell_manager_of_the_end(leaves ? "leaving the network" : "stopping");
  // Others may have handed keys to this node although it never got ready: it was asked to end, or took too long.
  const bool was_ready = parts.state.load() == NodeState::ready;
  parts.state.store(NodeState::draining);
  bool is_all_handed_over = true;
  if (has_begun_) {
    if (leaves || !was_ready) is_all_handed_over = drain();
    finish_calls();
  }
  parts.leave_waiters.ended({});  // for those who wait for a leave that did not happen
  parts.changes.close();
  // Peers are also called before the node is ready.
  if (parts.routing && parts.server.is_running()) parts.routing->shut_down();
  if (parts.peers && parts.server.is_running()) parts.peers->shut_down();
  parts.server.stop_accepting();
  parts.server.close_connections(kLastReplies);
  // Blocking handlers end before what they use is destroyed; queued ones find their gates closed.
  if (parts.services) {
    for (const auto& service : parts.services->list()) {
      if (service->runs()) service->close_gates();
    }
  }
  parts.pool.stop();
  if (parts.services) parts.services->stop_all();
  if (parts.peers) parts.peers->set_locator(nullptr);
  parts.server.stop_loops();
  if (was_ready) parts.log->info("stopped");
  return is_all_handed_over;
}

}  // namespace p2p::host
