#include "driver/node_list.h"
#include "driver/settings.h"

#include <algorithm>

namespace p2p::history {

bool NodeList::add(const NodeAddress& address) {
  const std::lock_guard lock(mutex_);
  const auto node = known_locked(address);
  if (!node || std::find(current_->begin(), current_->end(), node.value()) != current_->end()) return false;
  Nodes nodes = *current_;
  nodes.push_back(node.value());
  current_ = std::make_shared<const Nodes>(std::move(nodes));
  return true;
}

bool NodeList::remove(const NodeAddress& address) {
  const std::lock_guard lock(mutex_);
  Nodes nodes = *current_;
  if (std::erase_if(nodes, [&](const ListedNode& node) { return node.address == address; }) == 0) return false;
  current_ = std::make_shared<const Nodes>(std::move(nodes));
  return true;
}

std::shared_ptr<const NodeList::Nodes> NodeList::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<ListedNode> NodeList::known(const NodeAddress& address) {
  const std::lock_guard lock(mutex_);
  return known_locked(address);
}

Result<ListedNode> NodeList::known_locked(const NodeAddress& address) {
  const auto found = std::find(known_.begin(), known_.end(), address);
  const auto index = static_cast<std::size_t>(found - known_.begin());
  if (index >= kNodesMax) return Error{ErrorKind::overloaded, "too many different nodes in one run"};
  if (found == known_.end()) known_.push_back(address);
  return ListedNode{address, static_cast<std::uint16_t>(index)};
}

std::vector<std::string> NodeList::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const NodeAddress& address : known_) names.push_back(address.name());
  return names;
}

}  // namespace p2p::history
