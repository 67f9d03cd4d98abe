// How do operators reach what a node knows of its cluster? The methods of ClusterView, and of ClusterAdmin, which is
// served on the admin socket alone (idl/cluster_view.thrift).
#pragma once

#include "agreed/observer.h"
#include "agreed/recovery_survey.h"

#include <p2p/handlers.h>

#include <functional>
#include <memory>

namespace p2p::agreed {

struct ViewSource {
  std::shared_ptr<ClusterObserver> observer;
  std::function<TimePoint()> lease_held_until;  // [any thread]
  // Lets this node ask the cluster for it until it is done or `until`. [any thread]
  std::function<void(const cluster::Request& order, TimePoint until)> order;
  // An operator's recovery (J5); `told` runs on any thread. [any thread]
  std::function<void(const RecoveryOrder& order, TellRecovery told)> recover = {};
};

// An order is kept so long after it was last given, and answered after so long when it is not done yet.
inline constexpr Duration kOrderKept = std::chrono::seconds(30);
inline constexpr Duration kOrderWait = std::chrono::seconds(1);
// The longest wait for something to happen.
inline constexpr Duration kEventWaitMax = std::chrono::seconds(30);
// So long before its deadline a call is answered in any case: whose time is over is noticed with the adapter's ticks,
// every 50 ms while nothing holds them up.
inline constexpr Duration kWaitMargin = std::chrono::milliseconds(500);

// Methods may take a while (a plan for a large cluster): not on a thread that serves others.
void add_view_methods(Methods& methods, const ViewSource& source);
void add_admin_methods(Methods& methods, const ViewSource& source);

}  // namespace p2p::agreed
