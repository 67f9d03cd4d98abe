#include "cluster/planner/steps.h"

#include "cluster/planner/member_steps.h"
#include "cluster/planner/partition_steps.h"

#include <utility>

namespace p2p::cluster {

Steps next_steps(const Situation& situation) {
  Steps steps = PartitionSteps(situation).list();
  for (Request& request : member_steps(situation))
    if (steps.requests.size() < situation.policy.requests_max) steps.requests.push_back(std::move(request));
  return steps;
}

}  // namespace p2p::cluster
