// Does a service that its configuration shards answer the client library as a single one would? Asked of the counter
// example.
#pragma once

#include <p2p/client.h>

#include <nlohmann/json.hpp>

#include <cstdint>

// Increments `count` names twice, gives each of as many customers two orders, and reads them again; asks for a method
// that the route refuses.
nlohmann::json count_by_name(p2p::client::Client& client, std::uint64_t count);
