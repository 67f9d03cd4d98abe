// Which nodes may be asked right now? Commands change the list, clients read it. [any thread]
#pragma once

#include <p2p/location.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace p2p::history {

struct ListedNode {
  Location location;
  std::uint16_t index = 0;  // the same for the same location throughout the run

  friend bool operator==(const ListedNode&, const ListedNode&) = default;
};

class NodeList final {
 public:
  using Nodes = std::vector<ListedNode>;

  // False when the location is listed already, or kNodesMax different ones are known.
  bool add(const Location& location);
  // False when the location is not listed.
  bool remove(const Location& location);

  // Never changes; another one takes its place.
  std::shared_ptr<const Nodes> current() const;

  // The location as a node that can be asked, listed or not; kNodesMax as in add().
  Result<ListedNode> known(const Location& location);

  // By index, "address:port".
  std::vector<std::string> names() const;

 private:
  Result<ListedNode> known_locked(const Location& location);

  mutable std::mutex mutex_;
  std::vector<Location> known_;
  std::shared_ptr<const Nodes> current_ = std::make_shared<const Nodes>();
};

}  // namespace p2p::history
