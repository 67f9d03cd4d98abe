// What is wrong in an agreed cluster, at which node, and what puts it right? Pure: from what the members have told.
#pragma once

#include <p2p/result.h>

#include <Node.h>
#include <cluster_view_types.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace p2p::ctl {

// What one member has told, at the address that it advertises.
struct Examined {
  std::string address;
  Result<cluster_view::State> state;
  Result<node::NodeStatus> status;
  std::int64_t asked_ms = 0;     // before the status was asked for, by the clock of the one who asks
  std::int64_t answered_ms = 0;  // and when it was there
};

enum class Severity : std::uint8_t { warning, error };

struct Finding {
  Severity severity = Severity::error;
  std::string kind;  // "member_down": for programs; stays the same
  std::string node;  // address; "": the cluster as a whole
  std::string what;
  std::string fix;
};

// `members`: all that are not down by the map of one of them. Errors first. Empty when all is well, and when no member
// has told its state.
std::vector<Finding> findings_of(const std::vector<Examined>& members);

std::string doctor_text(const std::vector<Finding>& findings, std::size_t members);
nlohmann::json doctor_json(const std::vector<Finding>& findings, std::size_t members);

}  // namespace p2p::ctl
