// Which fault hits which node, in which order? All of it is known before the first node starts: the same script with
// the same seed has the same plan, whatever the nodes do then.
#pragma once

#include "ctl/lab/script.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace p2p::ctl::lab {

enum class NodeState : std::uint8_t { runs, killed, stopped, cut, left };
const char* to_text(NodeState state) noexcept;

struct Act {
  enum class Kind : std::uint8_t { deed, pause, wait_healthy, wait_operations };

  Kind kind = Kind::deed;
  Deed deed = Deed::kill;
  std::uint32_t node = 0;        // of deeds
  std::uint64_t operations = 0;  // of wait_operations
  Duration time{};               // of a pause, or within which a condition must hold

  friend bool operator==(const Act&, const Act&) = default;
};

struct Plan {
  std::vector<Act> acts;
  std::vector<Mistake> mistakes;  // then the acts are of no use
  bool has_cuts = false;
};

// The nodes have the numbers 1 to script.nodes, and those that join the next ones. Random faults hit a node that runs,
// and begin once all are well again after the one before.
Plan plan_of(const Script& script, std::uint64_t seed);

// What may be done to a node in this state? Of `resume`: also what it undoes.
bool may(Deed deed, NodeState state) noexcept;
NodeState state_after(Deed deed) noexcept;

std::string text_of(const Act& act);

}  // namespace p2p::ctl::lab
