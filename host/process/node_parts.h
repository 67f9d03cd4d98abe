// Of what does a node consist? Its objects, in the order in which they are made; the destructor takes them down
// backwards. For node.cc alone.
#pragma once

#include "crash/quarantine.h"
#include "http/http_server.h"
#include "lifecycle/services.h"
#include "metrics/metric_registry.h"
#include "metrics/process_metrics.h"
#include "peers/call_routing.h"
#include "preflight/data_folder.h"
#include "process/node.h"
#include "process/node_metrics.h"
#include "process/node_status.h"
#include "runtime/host_logger.h"
#include "systemd/heartbeat.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace p2p::host {

inline std::size_t loop_count(const HostConfig& config) {
  if (config.io_threads > 0) return config.io_threads;
  return std::max(1u, std::thread::hardware_concurrency());
}

inline std::int64_t unix_us() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

struct Node::Parts {
  Parts(Node& node, const HostConfig& config, const NodeHooks& hooks)
      : log(make_logger("host", config.log_level, hooks.log)),
        manager(ServiceManager::of_this_process()),
        pool(config.worker_threads, config.worker_queue, *log),
        server(loop_count(config), *log),
        heartbeat(manager, server.loops()),
        router(ServingLimits::from(config), pool, *log),
        admin_router(ServingLimits::from(config), pool, *log),
        steps(config.start_timeout),
        changes(steps,
                [&node] {
                  const std::lock_guard hold(node.mutex_);
                  node.requested_.notify_all();
                }),
        started_at_us(unix_us()),
        http({.is_local = true}, http_sources()),
        node_metrics({server, router, pool, std::chrono::steady_clock::now(),
                      [this] { return state.load() == NodeState::ready; }, [this] { return info.data_dir; }}) {
    router.set_http(&http);
    metrics.add(process_metrics);
    metrics.add(node_metrics);
  }

  // What keeps the node from serving; "": nothing. [any thread]
  std::string why_not_ready() const;
  HttpServer::Sources http_sources() {
    return {router, metrics, [this] { return why_not_ready(); }};
  }

  std::unique_ptr<Logger> log;
  const ServiceManager manager;
  BoundedWorkerPool pool;
  Server server;
  Heartbeat heartbeat;
  ServiceRouter router;
  ServiceRouter admin_router;
  ServiceRegistry registry;
  LeaveWaiters leave_waiters;
  StepWatch steps;
  Changes changes;
  const std::int64_t started_at_us;
  std::atomic<NodeState> state{NodeState::starting};
  MetricRegistry metrics;
  HttpServer http;
  const ProcessMetrics process_metrics;
  const NodeMetrics node_metrics;

  std::unique_ptr<DataFolder> folder;
  std::unique_ptr<Quarantine> quarantine;
  NodeInfo info;
  std::unique_ptr<PeerIdentity> identity;
  std::unique_ptr<PeerPool> peers;
  std::unique_ptr<CallRouting> routing;
  std::unique_ptr<NodeCore> core;
  std::unique_ptr<ServiceRouter> http_router;  // of [host.http] listen, without services
  std::unique_ptr<HttpServer> http_elsewhere;
  std::unique_ptr<Services> services;
};

inline std::string Node::Parts::why_not_ready() const {
  switch (state.load()) {
    case NodeState::ready:
      return {};
    case NodeState::draining:
      return "draining: the node is leaving the network or stopping";
    case NodeState::starting:
      break;
  }
  for (const auto& service : services->list()) {
    const std::string wait = service->context().network_wait();
    if (!wait.empty()) return "starting: " + wait;
  }
  return "starting: not all services are ready";
}

}  // namespace p2p::host
