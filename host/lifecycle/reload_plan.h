// Which steps bring a running node to its new configuration? A pure core: two configurations in, the steps out.
#pragma once

#include "config/host_config.h"

#include <string>
#include <vector>

namespace p2p::host {

struct ServiceChange {
  enum class Action : std::uint8_t {
    stop,         // it is disabled, or no longer named
    start,        // it is enabled, and does not run
    restart,      // another plugin, or options that need a restart
    apply,        // its options differ, and it applies them in place
    reconfigure,  // its options differ, and only it knows whether in place or by a restart
  };
  Action action = Action::start;
  std::string service;
  std::string why;  // "config.queue_max, config.workers"

  friend bool operator==(const ServiceChange&, const ServiceChange&) = default;
};

struct ReloadPlan {
  std::vector<ServiceChange> services;     // in the order in which they are done
  std::vector<std::string> live;           // "host.call_timeout: 5s -> 2s"
  std::vector<std::string> needs_restart;  // the same, for what only a restart of the node changes

  bool is_empty() const noexcept { return services.empty() && live.empty() && needs_restart.empty(); }
};

// `running`: the services that run; `next_order`: those that should; both providers first.
ReloadPlan plan_reload(const HostConfig& now, const std::vector<std::string>& running, const HostConfig& next,
                       const std::vector<std::string>& next_order);

// The plan for operators: one line per step; "nothing to change" when there is none.
std::vector<std::string> plan_lines(const ReloadPlan& plan);

// "stop work: services.work is disabled"
std::string change_line(const ServiceChange& change);

}  // namespace p2p::host
