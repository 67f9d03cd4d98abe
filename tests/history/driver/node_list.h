// Which nodes may be asked right now? Commands change the list, clients read it. [any thread]
#pragma once

#include <p2p/node_address.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace p2p::history {

struct ListedNode {
  NodeAddress address;
  std::uint16_t index = 0;  // the same for the same address throughout the run

  friend bool operator==(const ListedNode&, const ListedNode&) = default;
};

class NodeList final {
 public:
  using Nodes = std::vector<ListedNode>;

  // False when the address is listed already, or kNodesMax different ones are known.
  bool add(const NodeAddress& address);
  // False when the address is not listed.
  bool remove(const NodeAddress& address);

  // Never changes; another one takes its place.
  std::shared_ptr<const Nodes> current() const;

  // The address as a node that can be asked, listed or not; kNodesMax as in add().
  Result<ListedNode> known(const NodeAddress& address);

  // By index, "address:port".
  std::vector<std::string> names() const;

 private:
  Result<ListedNode> known_locked(const NodeAddress& address);

  mutable std::mutex mutex_;
  std::vector<NodeAddress> known_;
  std::shared_ptr<const Nodes> current_ = std::make_shared<const Nodes>();
};

}  // namespace p2p::history
