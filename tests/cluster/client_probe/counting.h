// Does a service that its configuration shards answer the client library as a single one would? Asked of the counter
// example.
#pragma once

#include <p2p/client.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>

// Increments `count` names twice, gives each of as many customers two orders, and reads them again; asks for a method
// that the route refuses.
nlohmann::json count_by_name(p2p::client::Client& client, std::uint64_t count);

// Asks, each as a call that may be repeated and with much time, for what no node executes: without a key, with one that
// cannot be a key, and by a method that the route refuses. Tells of each what came of it.
nlohmann::json ask_in_vain(p2p::client::Client& client);

// One call for the counter `name` that is sent to the owner of `key`, which has to pass it on when that is not the
// owner of `name`.
struct Asking {
  std::string method;  // "increment", by 1; "value", which may be repeated
  std::string name;
  std::string key;
  std::chrono::milliseconds timeout{};
  bool is_once = false;  // one attempt
};

// What came of it: `value`, or `failure`, `effect` and `kind`; and `retries`.
nlohmann::json ask_once(p2p::client::Client& client, const Asking& asking);
