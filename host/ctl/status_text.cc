#include "ctl/status_text.h"

#include "ctl/move_bar.h"
#include "ctl/table_text.h"
#include "documents/status_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace p2p::ctl {
namespace {

std::string complaints(const node::ServiceStatus& service, const char* indent) {
  std::string lines;
  if (!service.problem.empty()) lines += fmt::format("{}problem: {}\n", indent, service.problem);
  if (!service.last_error.empty()) lines += fmt::format("{}last error: {}\n", indent, service.last_error);
  return lines;
}

std::string service_lines(const node::ServiceStatus& service) {
  std::string lines = fmt::format("{:<10} {}, {} calls, {} errors, {} in flight\n", service.name, service.state,
                                  service.calls, service.errors, service.in_flight);
  std::string gauges;
  for (const auto& [name, value] : service.gauges) {
    if (is_moving_gauge(name)) continue;
    gauges += fmt::format("{}{} {}", gauges.empty() ? "" : ", ", name, value);
  }
  if (!gauges.empty()) lines += fmt::format("{:<10} {}\n", "", gauges);
  if (const auto moving = moving_of(service)) lines += fmt::format("{:<10} moving: {}\n", "", moving_text(*moving));
  return lines + complaints(service, "           ");
}

}  // namespace

std::string status_text(const node::NodeStatus& status, std::int64_t now_ms) {
  std::string text;
  text += fmt::format("node       {} ({}), {}, up {}, pid {}, version {}\n", status.node, status.name, status.state,
                      age_text(now_ms - status.started_at_ms), status.pid, status.version);
  text += fmt::format("network    {}, {} members, view {}\n", status.cluster, status.members,
                      documents::view_text(status.view));
  text += fmt::format("calls      {}, {} errors, {} passed on, {} connections\n", status.calls, status.errors,
                      status.forwarded, status.connections);
  text += fmt::format("data       {}\n", status.data_dir);
  text += fmt::format("admin      {}\n", status.admin);
  if (status.own_failures > 0) {
    text += fmt::format("trouble    {} failures of this machine, the last {} ago: {}\n", status.own_failures,
                        age_text(now_ms - status.last_own_failure_ms), status.last_own_failure);
  }
  for (const node::ServiceStatus& service : status.services) text += service_lines(service);
  return text;
}

std::string services_text(const node::NodeStatus& status, std::int64_t now_ms) {
  std::vector<std::vector<std::string>> rows{
      {"SERVICE", "STATE", "SINCE", "CALLS", "ERRORS", "IN FLIGHT", "PLUGIN", "IDL"}};
  for (const auto& service : status.services) {
    const std::string since = service.since_ms == 0 ? "-" : age_text(now_ms - service.since_ms);
    rows.push_back({service.name, service.state, since, std::to_string(service.calls), std::to_string(service.errors),
                    std::to_string(service.in_flight),
                    service.plugin + (service.version.empty() ? "" : ' ' + service.version),
                    service.idl.empty() ? "-" : service.idl});
  }
  const auto lines = table_lines(rows);
  std::string text;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    text += lines[at] + '\n';
    if (at > 0) text += complaints(status.services[at - 1], "  ");
  }
  return text;
}

bool is_healthy(const node::NodeStatus& status) {
  return status.state == "ready" &&
         std::none_of(status.services.begin(), status.services.end(), [](const auto& service) {
           return service.state == "failed" || (service.state != "disabled" && !service.problem.empty());
         });
}

}  // namespace p2p::ctl
