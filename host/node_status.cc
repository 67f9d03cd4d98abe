#include "node_status.h"

#include <p2p/version.h>

#include <unistd.h>

namespace p2p::host {
namespace {

const char* text_of(NodeState state) {
  switch (state) {
    case NodeState::starting:
      return "starting";
    case NodeState::ready:
      return "ready";
    case NodeState::draining:
      return "draining";
  }
  return "unknown";
}

node::ServiceStatus status_of(RunningService& service) {
  node::ServiceStatus status;
  status.name = service.name();
  status.plugin = service.plugin().name;
  status.version = service.plugin().version;
  status.state = to_text(service.state());
  status.since_ms = service.since_ms();
  if (const ServiceEntry* entry = service.main_entry(); entry != nullptr) {
    const ServiceCounts counts = entry->total();
    status.idl = entry->spec().idl;
    status.calls = counts.calls;
    status.errors = counts.errors;
    status.in_flight = counts.in_flight;
    status.last_error = entry->last_error();
  }
  for (const auto& [name, value] : service.context().read_gauges()) status.gauges.emplace(name, value);
  return status;
}

node::ServiceStatus disabled_status(const ServiceConfig& service) {
  node::ServiceStatus status;
  status.name = service.name;
  status.plugin = service.plugin;
  status.state = "disabled";
  return status;
}

}  // namespace

node::NodeStatus node_status(const HostConfig& config, const NodeCore& core,
                             const std::vector<std::unique_ptr<RunningService>>& services, NodeState state,
                             std::int64_t started_at_us, const PeerIdentity& identity) {
  node::NodeStatus status;
  status.node = core.node.self.name();
  status.name = core.node.name;
  status.state = text_of(state);
  status.started_at_ms = started_at_us / 1000;
  status.pid = ::getpid();
  status.version = P2P_SDK_VERSION;
  status.cluster = core.node.cluster;
  status.view = identity.view();
  const auto ring = identity.locator();
  status.members = ring ? static_cast<std::int32_t>(ring->view().members().size()) : 0;
  status.connections = core.server.connections();
  status.admin = (core.node.data_dir / config.admin).native();
  status.data_dir = core.node.data_dir.native();
  for (const auto& service : services) {
    status.services.push_back(status_of(*service));
    status.calls += status.services.back().calls;
    status.errors += status.services.back().errors;
    if (const ServiceEntry* entry = service->main_entry(); entry != nullptr)
      status.forwarded += entry->total().forwarded;
  }
  for (const auto& service : config.services) {
    if (!service.enabled) status.services.push_back(disabled_status(service));
  }
  return status;
}

}  // namespace p2p::host
