// What would move if a member joined, left, or got another weight? For an operator who asks before. Pure; it takes as
// long as the planner takes for a new target.
#pragma once

#include "agreed/view/report.h"
#include "cluster/map/change.h"

#include <p2p/node_address.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace p2p::agreed {

struct JoinOf {
  NodeAddress address;
  std::uint32_t weight = cluster::kWeightDefault;
  std::string zone = {};
};
// Members as in member_named().
struct LeaveOf {
  std::string member;
};
struct DescriptionOf {
  std::string member;
  std::optional<std::uint32_t> weight = std::nullopt;
  std::optional<std::string> zone = std::nullopt;
};
using Proposal = std::variant<JoinOf, LeaveOf, DescriptionOf>;

// What is asked of the cluster for that.
Result<cluster::Change> change_for(const cluster::ClusterMap& map, const Proposal& proposal);

inline constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

// Numbers are places in Plan::members.
struct PlannedMove {
  cluster::PartitionNumber partition = 0;
  std::size_t from = kNobody;  // kNobody: a copy more
  std::size_t to = kNobody;    // kNobody: a copy ends
  friend bool operator==(const PlannedMove&, const PlannedMove&) = default;
};

struct PlannedMember {
  NodeAddress address;
  Holding before;
  Holding after;  // without learners
};

struct Plan {
  cluster::Epoch epoch = 0;            // of the map that this would be done to
  std::vector<PlannedMember> members;  // by address
  std::vector<PlannedMove> copies;     // by partition, as the primaries
  std::vector<PlannedMove> primaries;
  std::size_t under_way = 0;  // moves that are due without any change: they are among those of the plan
};

Result<Plan> plan_of(const cluster::ClusterMap& map, const Proposal& proposal);

}  // namespace p2p::agreed
