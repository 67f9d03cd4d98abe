// The nodes of a lab: processes of this machine, each with a folder of its own, which can be killed, stopped, cut off,
// and brought back. Whoever is gone that nobody sent away is told. One thread.
#pragma once

#include "ctl/lab/child.h"
#include "ctl/lab/links.h"
#include "ctl/lab/plan.h"

#include <p2p/node_address.h>
#include <p2p/result.h>
#include <p2p/units.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace p2p::ctl::lab {

// So often is looked whether something has come about.
inline constexpr Duration kLookPause = std::chrono::milliseconds(50);

// --- limits ---
inline constexpr Duration kStartMax = std::chrono::seconds(30);  // until a node serves
inline constexpr Duration kLeaveMax = std::chrono::minutes(2);   // until one that leaves has ended

struct NodesOptions {
  std::string program;                 // p2phost
  std::string configuration;           // a path
  std::vector<std::string> arguments;  // further ones of each node
  std::string folder;                  // each node has one below
  const std::atomic<bool>& is_interrupted;
};

struct NodeView {
  std::uint32_t number = 0;
  NodeState state = NodeState::runs;
  std::string address;
  std::string told;  // in words: "ready, 3 members", or what keeps it from that
  std::int64_t calls = 0;
};

class Nodes final {
 public:
  // `links` outlive it; nodes use them if they are open.
  Nodes(NodesOptions options, Links& links);

  // Starts the nodes 1 to `count`, each when the former one serves. An error names the node's last words.
  Result<Done> start(std::uint32_t count);
  // As Plan has it. Waits for one that leaves until it has ended, and for one that starts until it serves, if the nodes
  // that run are a majority: fewer serve nobody, whatever they do.
  Result<Done> apply(Deed deed, std::uint32_t node);

  // What keeps the nodes that run from being one whole network; "" if nothing does. Asks them.
  std::string ailment();
  // Nodes that have ended unasked since the last question, in words; those that are stopped or cut off as well.
  std::vector<std::string> unasked_ends();
  std::vector<NodeView> look();  // asks them
  NodeState state_of(std::uint32_t node) const { return nodes_.at(node).state; }
  std::vector<NodeAddress> addresses() const;

 private:
  struct Node {
    NodeAddress address;
    NodeState state = NodeState::runs;
    std::optional<Child> child{};
    bool has_ended_unasked = false;
    bool is_told = false;  // that it has
  };

  Result<Done> launch(std::uint32_t number);
  bool is_majority_running() const;
  Result<Done> await_ready(std::uint32_t number);
  Result<Done> leave(std::uint32_t number);
  void look_for_end(Node& node);
  std::string folder_of(std::uint32_t number) const;
  std::string last_words_of(std::uint32_t number) const;
  bool is_asked(const Node& node) const { return node.state == NodeState::runs && !node.has_ended_unasked; }

  const NodesOptions options_;
  Links& links_;
  std::map<std::uint32_t, Node> nodes_;
  std::uint16_t next_port_;
};

}  // namespace p2p::ctl::lab
