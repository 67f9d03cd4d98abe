// In which order do services start? Providers before their users. A pure core: it knows services by their descriptors,
// and returns the order or everything that prevents one. Stopping uses the reverse order.
#pragma once

#include <string>
#include <vector>

namespace p2p::host {

// What one service offers and wants, as versioned interface ids.
struct ServiceNeeds {
  std::string service;
  std::vector<std::string> provides;
  std::vector<std::string> required;
  std::vector<std::string> optional;
};

struct MissingProvider {
  std::string service;    // the one that needs it
  std::string interface;  // what nobody provides
  friend bool operator==(const MissingProvider&, const MissingProvider&) = default;
};

struct DoubleProvider {
  std::string interface;
  std::string first;  // in the given order
  std::string second;
  friend bool operator==(const DoubleProvider&, const DoubleProvider&) = default;
};

struct StartOrder {
  std::vector<std::string> services;  // providers first; otherwise in the given order; only those that can start
  std::vector<MissingProvider> missing;
  std::vector<DoubleProvider> doubled;
  // Each cycle as the services along it, first repeated last: {"a", "b", "a"}.
  std::vector<std::vector<std::string>> cycles;

  bool ok() const noexcept { return missing.empty() && doubled.empty() && cycles.empty(); }
};

// Optional interfaces order the start as far as that makes no cycle. Service names are unique. [any thread]
StartOrder find_start_order(const std::vector<ServiceNeeds>& services);

// "a -> b -> a"
std::string cycle_text(const std::vector<std::string>& cycle);

}  // namespace p2p::host
