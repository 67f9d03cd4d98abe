// A node of the 2009 system by its own rules: a ring without incarnations, chains of adds and removes that are sent and
// forgotten, no comparisons. Pure: it is told what arrived, and says whom to call in turn.
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
  NodeAddress address;                     // of all but get_all
  std::vector<std::string> visited_nodes;  // of add and remove
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

  // Executes it; what is passed on, to whom, if to anybody. Not for get_all, which members() answers.
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

  // Takes itself off the ring; whom to tell.
  std::optional<Forward> clean_up() { return handle({OldCall::Method::remove, self_, {}}); }

  // Nobody is there: it is removed, and the next one is tried.
  std::optional<Forward> not_reached(const Forward& forward) {
    ring_.erase(forward.to.name());
    return next(forward.call);
  }

  const std::map<std::string, NodeAddress>& ring() const { return ring_; }
  const NodeAddress& self() const { return self_; }

 private:
  // The first of the ring, by name, that is no visited node: one that has joined already is told about itself.
  std::optional<Forward> next(OldCall call) const {
    for (const auto& [name, address] : ring_) {
      const auto& knowing = call.visited_nodes;
      if (std::find(knowing.begin(), knowing.end(), name) != knowing.end()) continue;
      if (address != self_) return Forward{address, std::move(call)};
    }
    return std::nullopt;
  }

  NodeAddress self_;
  std::map<std::string, NodeAddress> ring_;  // by name
};

}  // namespace p2p::sim
