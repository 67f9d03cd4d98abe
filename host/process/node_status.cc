#include "process/node_status.h"

#include "lifecycle/lookups.h"
#include "process/machine_status.h"

#include <p2p/version.h>

#include <unistd.h>

#include <algorithm>

namespace p2p::host {
namespace {

constexpr const char* kStateWords[] = {"starting", "ready", "draining"};  // in the order of NodeState

std::string problem_of(RunningService& service) {
  if (service.state() == ServiceState::failed) return service.why_failed();
  if (service.state() == ServiceState::starting) return service.context().network_wait();
  const auto health = service.health();
  return health.ok() ? "" : health.error().text;
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
    status.idl = service.idl();
    status.calls = counts.calls;
    status.errors = counts.errors;
    status.in_flight = counts.in_flight;
    status.last_error = entry->last_error();
  }
  status.__set_problem(problem_of(service));
  status.gauges = service.context().metrics().numbers();
  return status;
}

node::ServiceStatus idle_status(const ServiceConfig& service, const Services::Idle& idle) {
  node::ServiceStatus status;
  status.name = service.name;
  status.plugin = service.plugin;
  status.state = idle.is_on_purpose ? "disabled" : to_text(ServiceState::failed);
  status.__set_problem(idle.why);
  return status;
}

void show_hang(const StepWatch::Step& step, node::NodeStatus& status) {
  auto& all = status.services;
  auto shown = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == step.service; });
  if (shown == all.end()) {  // of a new configuration that is not in force yet
    shown = all.emplace(all.end());
    shown->name = step.service;
    shown->state = "loaded";
  }
  shown->__set_problem(hang_text(step) + "; until then no service can be changed");
}

}  // namespace

node::NodeStatus node_status(const NodeCore& core, const Services& services, NodeState state,
                             std::int64_t started_at_us) {
  node::NodeStatus status;
  status.node = core.node.self.name();
  status.name = core.node.name;
  status.state = kStateWords[static_cast<std::size_t>(state)];
  status.started_at_ms = started_at_us / 1000;
  status.pid = ::getpid();
  status.version = P2P_SDK_VERSION;
  status.cluster = core.node.cluster;
  status.view = core.identity.view();
  const auto ring = core.identity.locator();
  status.members = ring ? static_cast<std::int32_t>(ring->view().members().size()) : 0;
  status.connections = core.server.connections();
  status.admin = (core.node.data_dir / core.config.admin).native();
  status.data_dir = core.node.data_dir.native();
  const auto all = services.list();
  for (const auto& service : all) {
    status.services.push_back(status_of(*service));
    status.calls += status.services.back().calls;
    status.errors += status.services.back().errors;
    if (const ServiceEntry* entry = service->main_entry(); entry != nullptr)
      status.forwarded += entry->total().forwarded;
  }
  const auto config = services.config();
  for (const auto& [name, idle] : services.idle()) {
    const auto is_listed = [&name = name](const auto& service) { return service->name() == name; };
    if (std::any_of(all.begin(), all.end(), is_listed)) continue;
    if (const ServiceConfig* named = config_of(*config, name)) status.services.push_back(idle_status(*named, idle));
  }
  if (const auto step = core.steps.hanging()) show_hang(*step, status);
  status.__set_configuration(services.generation());
  const OwnFailures::Seen seen = core.server.own_failures().seen();
  status.__set_own_failures(seen.count);
  status.__set_last_own_failure(seen.last);
  status.__set_last_own_failure_ms(seen.last_at_ms);
  status.__set_machine(machine_status(core.node.data_dir, core.config.connections_max));
  return status;
}

}  // namespace p2p::host
