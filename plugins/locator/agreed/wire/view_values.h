// How does what operators see stand on the wire?
#pragma once

#include "agreed/observer.h"
#include "agreed/view/plan.h"

#include <p2p/result.h>

#include <cluster_view_types.h>

#include <chrono>
#include <cstddef>

namespace p2p::agreed::view_wire {

// Of one answer, so that it stays below 1 MB.
inline constexpr std::size_t kPartitionsToldMax = 4096;
inline constexpr std::size_t kMovesToldMax = 16'384;

// `known.map` is there.
::cluster_view::State state(const Knowledge& known, std::chrono::milliseconds lease_left);

// Those from `first` on, `count` at most.
::cluster_view::Partitions partitions(const cluster::ClusterMap& map, std::size_t first, std::size_t count);

::cluster_view::Events events(const ClusterObserver::Happened& happened);

Result<Proposal> proposal(const ::cluster_view::Proposal& on_wire);
::cluster_view::Plan plan(const Plan& plan);

}  // namespace p2p::agreed::view_wire
