#include "locator_impl.h"

#include <algorithm>
#include <utility>

namespace p2p::ring {

std::shared_ptr<const RingView> LocatorImpl::ring_of(std::vector<NodeAddress> members) const {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return node_->changes().ring_of(std::move(members));
}

Subscription LocatorImpl::push_layer(int priority, std::string name, std::shared_ptr<RingLayer> layer) {
  return node_->changes().layers().push(priority, std::move(name), std::move(layer));
}

Subscription LocatorImpl::subscribe(std::string name, std::function<void(const p2p::RingChange&)> listener) {
  return node_->changes().subscribe(std::move(name), std::move(listener));
}

// The node that a joiner asks is the first to know of it.
void LocatorImpl::join(const NodeAddress& joiner) { add(joiner, {}); }

void LocatorImpl::add(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) {
  if (announcements_) announcements_->add(address, std::move(visited_nodes));
}

void LocatorImpl::remove(const NodeAddress& address, std::vector<NodeAddress> visited_nodes) {
  if (announcements_) announcements_->remove(address, std::move(visited_nodes));
}

void LocatorImpl::log_view() const {
  const auto seen = shared_view();
  log_.info("view {:016x}: {} members, placement {}", seen->fingerprint(), seen->members().size(), placement());
  for (const NodeAddress& member : seen->members()) log_.info("  member {}", member.name());
}

void LocatorImpl::report_unreachable(const NodeAddress& member) { node_->report_unreachable(member); }

std::string LocatorImpl::encode_table() const { return *node_->table(); }

void LocatorImpl::merge_table(const NodeAddress& from, std::string_view table) {
  node_->merge_table(from, std::string(table));
}

void LocatorImpl::run_services(std::vector<std::string> names, Completion known) {
  node_->run_services(std::move(names), std::move(known));
}

Subscription LocatorImpl::hold_partitions(std::string service, std::shared_ptr<PartitionHolder> holder) {
  return hold_partitions_ ? hold_partitions_(service, std::move(holder)) : Subscription{};
}

void LocatorImpl::compare_maps(PartitionNode node) {
  if (compare_maps_) compare_maps_(node);
}

}  // namespace p2p::ring
