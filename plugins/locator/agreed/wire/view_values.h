// How does what operators see stand on the wire?
#pragma once

#include "agreed/observer.h"
#include "agreed/recovery_survey.h"
#include "agreed/view/plan.h"

#include <p2p/result.h>

#include <cluster_view_types.h>

#include <chrono>
#include <cstddef>

namespace p2p::agreed::view_wire {

// Of one answer, so that it stays below 1 MB.
inline constexpr std::size_t kPartitionsToldMax = 4096;
inline constexpr std::size_t kMovesToldMax = 16'384;
inline constexpr std::size_t kLostToldMax = 4096;

// `known.map` is there.
::cluster_view::State state(const Knowledge& known, std::chrono::milliseconds lease_left);

// Those from `first` on, `count` at most.
::cluster_view::Partitions partitions(const cluster::ClusterMap& map, std::size_t first, std::size_t count);

::cluster_view::Events events(const ClusterObserver::Happened& happened);

Result<Proposal> proposal(const ::cluster_view::Proposal& on_wire);
::cluster_view::Plan plan(const Plan& plan);
// `known` tells since when who is given up has not been reached.
::cluster_view::RecoveryPlan recovery_plan(const RecoveryTold& recovery, const Knowledge& known);

}  // namespace p2p::agreed::view_wire
