#include "front.h"

#include "wire/messages.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace p2p::ring {
namespace {

std::vector<std::string> names_of(const std::vector<Location>& locations) {
  std::vector<std::string> names;
  names.reserve(locations.size());
  for (const Location& location : locations) names.push_back(location.name());
  return names;
}

}  // namespace

std::shared_ptr<const RingView> Front::ring_of(std::vector<Location> members) const {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return node_->changes().ring_of(std::move(members));
}

Subscription Front::push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) {
  return node_->changes().layers().push(priority, std::move(name), std::move(layer));
}

Subscription Front::subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) {
  return node_->changes().subscribe(std::move(name), std::move(listener));
}

// The 2009 rule: the node that is asked to let a joiner in starts the chain of adds.
void Front::join(const Location& joiner) { node_->classic_add(joiner, {}); }

void Front::add(const Location& location, std::vector<Location> authorities) {
  node_->classic_add(location, names_of(authorities));
}

void Front::remove(const Location& location, std::vector<Location> authorities) {
  node_->classic_remove(location, names_of(authorities));
}

void Front::log_view() const {
  const auto seen = shared_view();
  log_.info("view {:016x}: {} members, placement {}", seen->fingerprint(), seen->members().size(), placement());
  for (const Location& member : seen->members()) log_.info("  member {}", member.name());
}

void Front::report_unreachable(const Location& member) { node_->connect_failed(member); }

std::string Front::placement() const { return node_->changes().placement().name(); }

std::string Front::encode_table() const { return wire::encode_table(*node_->table()); }

void Front::merge_table(const Location& from, std::string_view table) {
  auto view = wire::decode_table(table);
  if (!view.ok()) {
    if (const auto unsaid = bad_tables_.due(from.name(), std::chrono::steady_clock::now())) {
      log_.warn("{} sent its table, but {} ({} more since the last such line)", from.name(), view.error().text,
                *unsaid);
    }
    return;
  }
  node_->merge(std::move(view).value().members);
}

}  // namespace p2p::ring
