// How do the servers that we are measured against want their requests?
#pragma once

#include "load/wire.h"

#include <memory>

namespace p2p::bench {

// Redis, RESP: GET and SET.
std::unique_ptr<load::Wire> redis_get(const load::Dataset& data, load::ValueCheck check);
std::unique_ptr<load::Wire> redis_set(const load::Dataset& data);

// memcached, its text protocol: get and set.
std::unique_ptr<load::Wire> memcached_get(const load::Dataset& data, load::ValueCheck check);
std::unique_ptr<load::Wire> memcached_set(const load::Dataset& data);

}  // namespace p2p::bench
