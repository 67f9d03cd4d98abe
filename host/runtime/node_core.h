// What do all services of a node share? The parts that contexts hand out and the lifecycle drives, in the order in
// which they depend on each other.
#pragma once

#include "config/host_config.h"
#include "metrics/metric_registry.h"
#include "peers/peer_identity.h"
#include "peers/peer_pool.h"
#include "runtime/node_hooks.h"
#include "runtime/service_registry.h"
#include "runtime/step_watch.h"
#include "serving/server.h"
#include "serving/service_router.h"
#include "serving/worker_pool.h"

#include <p2p/context.h>

#include <functional>
#include <string>

namespace p2p::host {

struct NodeCore {
  const HostConfig& config;
  const NodeInfo& node;
  Logger& log;
  Server& server;
  WorkerPool& pool;
  ServiceRouter& router;
  ServiceRouter& admin_router;  // of the admin socket
  ServiceRegistry& registry;
  PeerPool& peers;
  PeerIdentity& identity;
  StepWatch& steps;
  MetricRegistry& metrics;
  std::function<void(const std::string& why)> request_leave;  // [any thread]
  std::function<void(const Error& why)> request_end;          // [any thread]
  const NodeHooks& hooks;
};

}  // namespace p2p::host
