// What does a service of this node answer to a call that comes from the node itself? By the way of every client's call:
// its gate, its limits and its deadline hold here, too.
#pragma once

#include "serving/loop.h"
#include "serving/service_router.h"

#include <functional>
#include <string>
#include <string_view>

namespace p2p::host {

// Sends `message` (whole, binary, without the service's name) to `service`. `done` gets the encoded reply, once, now or
// later; at call_timeout at the latest, as a TApplicationException. [own loop]
void ask_service(Loop& loop, ServiceRouter& router, std::string_view service, std::string message,
                 std::function<void(std::string_view reply)> done);

}  // namespace p2p::host
