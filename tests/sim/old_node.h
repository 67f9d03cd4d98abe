// A node of the 2009 system with its own rules: a ring without incarnations, chains of adds and removes that are not
// acknowledged, no comparisons. Pure: takes a call that has arrived, and returns the call to make in turn.
#pragma once

#include <p2p/node_address.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2p::sim {

struct OldCall {
  enum class Method : std::uint8_t { get_all, join, add, remove };
  Method method = Method::get_all;
  NodeAddress address;                     // for all but get_all
  std::vector<std::string> visited_nodes;  // for add and remove
};

class OldNode {
 public:
  struct Forward {
    NodeAddress to;
    OldCall call;
  };

  explicit OldNode(NodeAddress self) : self_(std::move(self)) { ring_[self_.name()] = self_; }

  void learn(const std::vector<NodeAddress>& members) {
    for (const NodeAddress& member : members) ring_[member.name()] = member;
  }

  // Executes the call; returns the call to pass on, if any. Not for get_all, which ring() answers.
  std::optional<Forward> handle(const OldCall& call) {
    using Method = OldCall::Method;
    const std::string name = call.address.name();
    if (call.method == Method::remove) ring_.erase(name);
    OldCall passed_on = call;
    if (call.method == Method::join) passed_on.method = Method::add;
    passed_on.visited_nodes.push_back(self_.name());
    auto forward = next(std::move(passed_on));
    if (call.method != Method::remove) ring_[name] = call.address;
    return forward;
  }

  // Takes itself off the ring; returns the call that announces it, if there is another node.
  std::optional<Forward> clean_up() { return handle({OldCall::Method::remove, self_, {}}); }

  // The target was not reached: removes it, and returns the call for the next node.
  std::optional<Forward> not_reached(const Forward& forward) {
    ring_.erase(forward.to.name());
    return next(forward.call);
  }

  const std::map<std::string, NodeAddress>& ring() const { return ring_; }
  const NodeAddress& self() const { return self_; }

 private:
  // To the first node on the ring, by name, that has not been visited; it may be the node that the call is about.
  std::optional<Forward> next(OldCall call) const {
    for (const auto& [name, address] : ring_) {
      const auto& visited = call.visited_nodes;
      if (std::find(visited.begin(), visited.end(), name) != visited.end()) continue;
      if (address != self_) return Forward{address, std::move(call)};
    }
    return std::nullopt;
  }

  NodeAddress self_;
  std::map<std::string, NodeAddress> ring_;  // by name
};

}  // namespace p2p::sim
