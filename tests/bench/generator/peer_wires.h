// How do the servers that we are measured against want their requests? And one of our own examples.
#pragma once

#include "load/wire.h"

#include <memory>

namespace p2p::bench {

// Redis, RESP: GET and SET; or SET and a WAIT for one replica, together one operation.
std::unique_ptr<load::Wire> redis_get(const load::Dataset& data, load::ValueCheck check);
std::unique_ptr<load::Wire> redis_set(const load::Dataset& data);
std::unique_ptr<load::Wire> redis_set_and_wait(const load::Dataset& data);

// memcached, its text protocol: get and set.
std::unique_ptr<load::Wire> memcached_get(const load::Dataset& data, load::ValueCheck check);
std::unique_ptr<load::Wire> memcached_set(const load::Dataset& data);

// Our store as the clients of 2009 speak to it, unframed binary without a service name: `get`.
std::unique_ptr<load::Wire> classic_get(const load::Dataset& data, load::ValueCheck check);

// The counter example: `value` of counters that nobody has touched. Framed binary.
std::unique_ptr<load::Wire> counter_value(const load::Dataset& data);

}  // namespace p2p::bench
