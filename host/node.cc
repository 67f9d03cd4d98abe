#include "node.h"

#include "admin/node_service.h"
#include "config/advertise.h"
#include "data_folder.h"
#include "lifecycle/running_service.h"
#include "node_status.h"
#include "peers/peer_service.h"
#include "runtime/host_logger.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace p2p::host {
namespace {

// Longest wait of a step that waits for others; short enough that nobody notices, and only while starting or stopping.
constexpr auto kPollPeriod = std::chrono::milliseconds(2);
// How long clients may take to read their last replies when the node ends.
constexpr auto kLastReplies = std::chrono::milliseconds(500);

std::size_t loop_count(const HostConfig& config) {
  if (config.io_threads > 0) return config.io_threads;
  return std::max(1u, std::thread::hardware_concurrency());
}

std::string machine_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// The address that this machine's own name resolves to; empty when it does not.
std::string resolved_address() {
  asio::io_context context;
  asio::ip::tcp::resolver resolver(context);
  error_code failure;
  const auto found = resolver.resolve(asio::ip::tcp::v4(), machine_name(), "0", failure);
  return failure || found.empty() ? "" : found.begin()->endpoint().address().to_string();
}

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// The node's objects, in the order in which they are made; the destructor takes them down backwards.
struct Node::Parts {
  Parts(Node& node, const HostConfig& config)
      : log(make_logger("host", config.log_level)),
        pool(config.worker_threads, config.worker_queue, *log),
        server(loop_count(config), *log),
        router(ServingLimits::from(config), pool, *log),
        admin_router(ServingLimits::from(config), pool, *log),
        started_at_us(unix_us()),
        owner(node) {}

  std::unique_ptr<Logger> log;
  BoundedWorkerPool pool;
  Server server;
  ServiceRouter router;
  ServiceRouter admin_router;
  ServiceRegistry registry;
  LeaveWaiters leave_waiters;
  const std::int64_t started_at_us;
  Node& owner;

  std::unique_ptr<DataFolder> folder;
  NodeInfo info;
  std::unique_ptr<PeerIdentity> identity;
  std::unique_ptr<PeerPool> peers;
  std::unique_ptr<NodeCore> core;
  std::vector<std::unique_ptr<RunningService>> services;  // providers first
  std::atomic<NodeState> state{NodeState::starting};
};

Node::Node(LoadedConfiguration configuration)
    : configuration_(std::move(configuration)), parts_(std::make_unique<Parts>(*this, configuration_.config)) {}

Node::~Node() = default;

void Node::enter_step(std::string step) {
  const std::lock_guard hold(mutex_);
  step_ = std::move(step);
}

void Node::guard_start(std::stop_token started) {
  std::mutex nobody_else;
  std::unique_lock hold(nobody_else);
  const bool is_in_time = std::condition_variable_any().wait_for(hold, started, configuration_.config.start_timeout,
                                                                 [&started] { return started.stop_requested(); });
  if (is_in_time || started.stop_requested()) return;
  const std::lock_guard hold_step(mutex_);
  parts_->log->error("still in {} after [host] start_timeout = {}", step_,
                     format_duration(configuration_.config.start_timeout));
  // The code that does not return cannot be ended otherwise.
  ::_exit(number(ExitCode::start_timeout));
}

ExitCode Node::run() {
  const ExitCode code = serve();
  shut_down();
  return code;
}

ExitCode Node::serve() {
  Logger& log = *parts_->log;
  const auto failed = [&log](const Result<Done>& step) {
    if (!step.ok()) log.error("{}", step.error().text);
    return !step.ok();
  };
  if (failed(listen())) return ExitCode::system;
  {
    const std::jthread guard([this](std::stop_token started) { guard_start(std::move(started)); });
    if (failed(load_services())) return ExitCode::service_failed;
    if (failed(configure_services())) return ExitCode::configuration;
    if (failed(start_services())) return ExitCode::service_failed;
  }
  if (const ExitCode code = get_ready(); code != ExitCode::done) return code;
  wait_for_request();
  return ExitCode::done;
}

// --- the start -------------------------------------------------------------------------------------------------------

Result<Done> Node::listen() {
  const HostConfig& config = configuration_.config;
  Parts& parts = *parts_;
  auto port = BoundPort::bind(parts.server.first_loop().context(), config.listen, config.port_search);
  if (!port.ok()) return port.error();
  const Location listening{config.listen.address, port.value().port()};

  auto self =
      decide_advertised(listening, config.advertise, is_every_address(listening.address) ? resolved_address() : "");
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

  parts.identity = std::make_unique<PeerIdentity>(parts.info.self, config.cluster);
  const PeerLimits limits{config.connect_timeout,      config.call_timeout,
                          config.idle_timeout,         config.peer_calls_max,
                          config.peer_queue_bytes_max, config.frame_bytes_max + kPeerHeadroomBytes};
  parts.peers = std::make_unique<PeerPool>(parts.server.loops(), *parts.identity, limits, *parts.log);
  parts.router.set_forwarder(parts.peers.get());
  parts.core = std::make_unique<NodeCore>(NodeCore{config, parts.info, *parts.log, parts.server, parts.pool,
                                                   parts.router, parts.registry, *parts.peers,
                                                   [this](const std::string& why) { request_leave(why); }});
  parts.server.serve(std::move(port).value(), parts.router);
  return parts.server.serve_admin(parts.info.data_dir / config.admin, parts.admin_router);
}

Result<Done> Node::load_services() {
  for (const std::string& name : configuration_.start_order) {
    const auto& services = configuration_.config.services;
    const auto config =
        std::find_if(services.begin(), services.end(), [&](const auto& service) { return service.name == name; });
    P2P_ASSERT(config != services.end(), "the start order names configured services");
    auto service = std::make_unique<RunningService>(*parts_->core, *config, configuration_.plugins.at(name));
    enter_step("loading service " + name);
    auto loaded = service->load();
    if (!loaded.ok()) return loaded;
    parts_->services.push_back(std::move(service));
  }
  return Done{};
}

Result<Done> Node::configure_services() {
  for (auto& service : parts_->services) {
    enter_step("configure() of service " + service->name());
    auto configured = service->configure();
    if (!configured.ok()) return configured;
  }
  return Done{};
}

namespace {

// Services of the host itself are open from the first moment on.
Result<Done> serve_own(ServiceRouter& router, std::string_view name, const char* idl,
                       std::shared_ptr<Endpoint> endpoint, std::size_t loops) {
  ServiceSpec spec;
  spec.idl = idl;
  spec.dispatch = Dispatch::io;
  auto entry = std::make_shared<ServiceEntry>(std::string(name), "host", std::move(spec), std::move(endpoint), loops);
  entry->set_gate(GateState::open);
  return router.add(std::move(entry));
}

}  // namespace

Result<Done> Node::start_services() {
  Parts& parts = *parts_;
  const std::size_t loops = parts.server.loops().size();
  auto status = [this] {
    return node_status(configuration_.config, *parts_->core, parts_->services, parts_->state.load(),
                       parts_->started_at_us, *parts_->identity);
  };
  auto served =
      serve_own(parts.router, kPeerService, "peer.Peer", make_peer_service(*parts.identity, parts.router), loops);
  if (served.ok()) served = serve_own(parts.router, "node", "node.Node", make_node_service(status), loops);
  if (served.ok()) {
    served = serve_own(parts.admin_router, "admin", "node.Admin",
                       make_admin_service([this] { request_leave("asked over the admin socket"); },
                                          [this] { request_stop("asked over the admin socket"); }, parts.leave_waiters),
                       loops);
  }
  if (served.ok()) served = serve_own(parts.admin_router, "node", "node.Node", make_node_service(status), loops);
  for (auto& service : parts.services) {
    enter_step("start() of service " + service->name());
    if (served.ok()) served = service->start();
  }
  if (!served.ok()) return served;
  if (auto ring = parts.registry.find(ILocator::kId))
    parts.identity->set_locator(std::static_pointer_cast<ILocator>(ring));
  std::vector<std::string> disabled;
  for (const auto& service : configuration_.config.services) {
    if (!service.enabled) disabled.push_back(service.name);
  }
  parts.router.set_disabled(std::move(disabled));
  parts.router.choose_default(configuration_.config.default_service);
  return Done{};
}

ExitCode Node::get_ready() {
  Parts& parts = *parts_;
  parts.server.start();
  parts.log->info("listening on {}, data in {}", parts.info.self.name(), parts.info.data_dir.native());
  for (auto& service : parts.services) service->begin_ready();
  has_begun_ = true;
  const auto all_ready = [&] {
    return std::all_of(parts.services.begin(), parts.services.end(),
                       [](const auto& service) { return service->is_ready(); });
  };
  if (!wait_until(all_ready, configuration_.config.start_timeout, true)) {
    const std::lock_guard hold(mutex_);
    if (request_ != Request::none) return ExitCode::done;
    for (const auto& service : parts.services) {
      if (service->is_ready()) continue;
      parts.log->error("service {} is not ready after [host] start_timeout = {}; it requires: {}", service->name(),
                       format_duration(configuration_.config.start_timeout),
                       fmt::join(service->plugin().required, ", "));
    }
    return ExitCode::start_timeout;
  }
  for (auto& service : parts.services) service->open_gate();
  parts.state.store(NodeState::ready);
  std::string names;
  for (const auto& service : parts.services) names += (names.empty() ? "" : ", ") + service->name();
  parts.log->info("ready after {} ms: node {} serves {}", (unix_us() - parts.started_at_us) / 1000,
                  parts.info.self.name(), names);
  return ExitCode::done;
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Node::request_leave(const std::string& why) { request(Request::leave, why); }
void Node::request_stop(const std::string& why) { request(Request::stop, why); }

void Node::request(Request wanted, const std::string& why) {
  const std::lock_guard hold(mutex_);
  if (request_ == Request::stop || request_ == wanted) return;
  request_ = wanted;
  parts_->log->info("{}: {}", wanted == Request::leave ? "leaving the network" : "stopping", why);
  requested_.notify_all();
}

void Node::wait_for_request() {
  std::unique_lock hold(mutex_);
  requested_.wait(hold, [this] { return request_ != Request::none; });
}

template <class Condition>
bool Node::wait_until(Condition condition, Duration patience, bool until_request) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::unique_lock hold(mutex_);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (until_request && request_ != Request::none) return false;
    requested_.wait_for(hold, kPollPeriod);
  }
  return true;
}

void Node::drain() {
  node::LeaveResult result;
  result.complete = true;
  const auto end = std::chrono::steady_clock::now() + configuration_.config.drain_timeout;
  for (auto service = parts_->services.rbegin(); service != parts_->services.rend(); ++service) {
    RunningService& current = **service;
    current.begin_drain();
    const Duration left = std::max<Duration>(end - std::chrono::steady_clock::now(), Duration::zero());
    if (!wait_until([&] { return current.is_drained(); }, left, false)) {
      parts_->log->error("service {} did not drain within [host] drain_timeout = {}", current.name(),
                         format_duration(configuration_.config.drain_timeout));
      result.complete = false;
      result.unfinished.push_back(current.name());
    }
  }
  parts_->leave_waiters.ended(std::move(result));
}

void Node::finish_calls() {
  for (auto& service : parts_->services) service->refuse_clients();
  const auto idle = [this] {
    return std::all_of(parts_->services.begin(), parts_->services.end(),
                       [](const auto& service) { return service->calls_in_flight() == 0; });
  };
  // A call is answered within call_timeout at the latest, so this wait ends.
  if (!wait_until(idle, configuration_.config.call_timeout, false))
    parts_->log->warn("calls were still in hand when the node stopped");
}

void Node::shut_down() {
  Parts& parts = *parts_;
  bool leaves = false;
  {
    const std::lock_guard hold(mutex_);
    leaves = request_ == Request::leave;
  }
  // Others may have handed keys to a node that was not ready itself, because it was asked to end or took too long.
  const bool was_ready = parts.state.load() == NodeState::ready;
  parts.state.store(NodeState::draining);
  if (has_begun_) {
    if (leaves || !was_ready) drain();
    finish_calls();
  }
  parts.leave_waiters.ended({});  // for those who wait for a leave that was none
  // Peers are called before the node is ready, too.
  if (parts.peers && parts.server.is_running()) parts.peers->shut_down();
  parts.server.stop_accepting();
  parts.server.close_connections(kLastReplies);
  // Handlers that block end before what they use is taken away; those that still wait find their gates closed.
  for (auto& service : parts.services) service->close_gates();
  parts.pool.stop();
  for (auto service = parts.services.rbegin(); service != parts.services.rend(); ++service) (*service)->stop();
  if (parts.identity) parts.identity->set_locator(nullptr);
  parts.server.stop_loops();
  parts.services.clear();
  if (was_ready) parts.log->info("stopped");
}

}  // namespace p2p::host
