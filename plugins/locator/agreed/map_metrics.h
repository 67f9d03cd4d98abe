// What does a member show of its cluster, for Prometheus and in `p2pctl status`?
#pragma once

#include "agreed/adapter.h"
#include "agreed/observer.h"

#include <p2p/context.h>

#include <memory>

namespace p2p::agreed {

// Until the service stops. [control]
void show_metrics(Context& context, const std::shared_ptr<Adapter>& adapter,
                  const std::shared_ptr<ClusterObserver>& observer);

}  // namespace p2p::agreed
