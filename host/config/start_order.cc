#include "config/start_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>

namespace p2p::host {
namespace {

using Index = std::size_t;

// Which service waits for which, by position in the given list.
struct Graph {
  std::vector<std::set<Index>> required;  // providers that must run before
  std::vector<std::set<Index>> wanted;    // providers that should run before
  std::vector<bool> can_start;
};

using Providers = std::map<std::string, Index>;

Providers find_providers(const std::vector<ServiceNeeds>& services, StartOrder& order) {
  Providers providers;
  for (Index index = 0; index < services.size(); ++index) {
    for (const std::string& interface : services[index].provides) {
      const auto [known, is_new] = providers.emplace(interface, index);
      if (!is_new) order.doubled.push_back({interface, services[known->second].service, services[index].service});
    }
  }
  return providers;
}

Graph make_graph(const std::vector<ServiceNeeds>& services, const Providers& providers, StartOrder& order) {
  Graph graph{std::vector<std::set<Index>>(services.size()), std::vector<std::set<Index>>(services.size()),
              std::vector<bool>(services.size(), true)};
  for (Index index = 0; index < services.size(); ++index) {
    for (const std::string& interface : services[index].required) {
      const auto provider = providers.find(interface);
      if (provider != providers.end()) {
        graph.required[index].insert(provider->second);
      } else {
        order.missing.push_back({services[index].service, interface});
        graph.can_start[index] = false;
      }
    }
    for (const std::string& interface : services[index].optional) {
      const auto provider = providers.find(interface);
      if (provider != providers.end() && provider->second != index) graph.wanted[index].insert(provider->second);
    }
  }
  return graph;
}

// A service that needs a failing one cannot start either.
void spread_failures(Graph& graph) {
  for (std::size_t round = 0; round < graph.can_start.size(); ++round) {
    for (Index index = 0; index < graph.can_start.size(); ++index) {
      for (const Index provider : graph.required[index]) {
        if (!graph.can_start[provider]) graph.can_start[index] = false;
      }
    }
  }
}

class Sorter {
 public:
  explicit Sorter(const Graph& graph) : graph_(graph), placed_(graph.can_start.size(), false) {}

  // The next service whose providers are all placed, in the given order; none when the rest forms cycles.
  std::optional<Index> next() {
    auto found = first_where(
        [this](Index index) { return all_placed(graph_.required[index]) && all_placed(graph_.wanted[index]); });
    // Only optional providers are in the way: one of them has to come later.
    if (!found) found = first_where([this](Index index) { return all_placed(graph_.required[index]); });
    if (found) placed_[*found] = true;
    return found;
  }

  bool is_left(Index index) const { return graph_.can_start[index] && !placed_[index]; }

 private:
  template <class Condition>
  std::optional<Index> first_where(Condition holds) const {
    for (Index index = 0; index < placed_.size(); ++index) {
      if (is_left(index) && holds(index)) return index;
    }
    return std::nullopt;
  }

  // No service waits for one that cannot start: only optional requirements can still name it.
  bool all_placed(const std::set<Index>& providers) const {
    return std::all_of(providers.begin(), providers.end(), [this](Index provider) { return !is_left(provider); });
  }

  const Graph& graph_;
  std::vector<bool> placed_;
};

// Follows the first unplaced provider from `start` until a service repeats; that part of the path is a cycle.
std::vector<Index> cycle_from(Index start, const Graph& graph, const Sorter& sorter) {
  std::vector<Index> way;
  Index at = start;
  while (std::find(way.begin(), way.end(), at) == way.end()) {
    way.push_back(at);
    const std::set<Index>& providers = graph.required[at];
    at = *std::find_if(providers.begin(), providers.end(), [&](Index provider) { return sorter.is_left(provider); });
  }
  std::vector<Index> cycle(std::find(way.begin(), way.end(), at), way.end());
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  cycle.push_back(cycle.front());
  return cycle;
}

std::set<std::vector<Index>> find_cycles(const Graph& graph, const Sorter& sorter) {
  std::set<std::vector<Index>> cycles;
  for (Index index = 0; index < graph.can_start.size(); ++index) {
    if (sorter.is_left(index)) cycles.insert(cycle_from(index, graph, sorter));
  }
  return cycles;
}

}  // namespace

StartOrder find_start_order(const std::vector<ServiceNeeds>& services) {
  StartOrder order;
  const Providers providers = find_providers(services, order);
  Graph graph = make_graph(services, providers, order);
  spread_failures(graph);

  Sorter sorter(graph);
  while (const auto next = sorter.next()) order.services.push_back(services[*next].service);
  for (const std::vector<Index>& cycle : find_cycles(graph, sorter)) {
    std::vector<std::string>& names = order.cycles.emplace_back();
    for (const Index index : cycle) names.push_back(services[index].service);
  }
  return order;
}

std::string cycle_text(const std::vector<std::string>& cycle) { return fmt::format("{}", fmt::join(cycle, " -> ")); }

}  // namespace p2p::host
