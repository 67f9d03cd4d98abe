// What may anybody ask a node about itself, and what may its operator request? The services Node (on the port) and
// Admin (on the admin socket only).
#pragma once

#include "admin/changes.h"
#include "admin/leave_waiters.h"

#include <p2p/handlers.h>

#include <Node.h>

#include <functional>
#include <memory>

namespace p2p::host {

// `status` is called on I/O threads.
std::shared_ptr<Endpoint> make_node_service(std::function<node::NodeStatus()> status);

// `leave` and `stop` return at once; the node ends later. Both are called on I/O threads. `waiters` and `changes`
// outlive the endpoint.
std::shared_ptr<Endpoint> make_admin_service(std::function<void()> leave, std::function<void()> stop,
                                             LeaveWaiters& waiters, Changes& changes);

}  // namespace p2p::host
