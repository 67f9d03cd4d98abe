#include "documents/status_json.h"

#include <fmt/format.h>

#include <utility>

namespace p2p::documents {
namespace {

nlohmann::json service_json(const node::ServiceStatus& service) {
  return {{"name", service.name},     {"plugin", service.plugin},         {"version", service.version},
          {"idl", service.idl},       {"state", service.state},           {"since_ms", service.since_ms},
          {"calls", service.calls},   {"errors", service.errors},         {"in_flight", service.in_flight},
          {"gauges", service.gauges}, {"last_error", service.last_error}, {"problem", service.problem}};
}

}  // namespace

std::string view_text(std::int64_t view) {
  return view == 0 ? "none" : fmt::format("{:016x}", static_cast<std::uint64_t>(view));
}

nlohmann::json status_json(const node::NodeStatus& status) {
  nlohmann::json services = nlohmann::json::array();
  for (const auto& service : status.services) services.push_back(service_json(service));
  return {{"node", status.node},
          {"name", status.name},
          {"state", status.state},
          {"started_at_ms", status.started_at_ms},
          {"pid", status.pid},
          {"version", status.version},
          {"cluster", status.cluster},
          {"view", view_text(status.view)},
          {"members", status.members},
          {"connections", status.connections},
          {"calls", status.calls},
          {"errors", status.errors},
          {"forwarded", status.forwarded},
          {"admin", status.admin},
          {"data_dir", status.data_dir},
          {"configuration", status.configuration},
          {"own_failures", status.own_failures},
          {"last_own_failure", status.last_own_failure},
          {"last_own_failure_ms", status.last_own_failure_ms},
          {"services", std::move(services)}};
}

nlohmann::json services_json(const node::NodeStatus& status) {
  return {{"services", std::move(status_json(status)["services"])}};
}

std::string line_of(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace p2p::documents
