#include "ctl/lab/plan.h"

#include <fmt/format.h>

#include <optional>
#include <random>
#include <utility>

namespace p2p::ctl::lab {
namespace {

class Planning final {
 public:
  Planning(const Script& script, std::uint64_t seed) : random_(seed) {
    for (std::uint32_t node = 1; node <= script.nodes; ++node) states_[node] = NodeState::runs;
  }

  Plan run(const Script& script) && {
    for (const Step& step : script.steps) {
      if (plan_.acts.size() >= kActsMax) {
        wrong(step, fmt::format("more than {} acts come of this script", kActsMax));
        break;
      }
      add(step);
    }
    return std::move(plan_);
  }

 private:
  void wrong(const Step& step, const std::string& text) { plan_.mistakes.push_back({step.place, text}); }

  void add(const Step& step) {
    switch (step.kind) {
      case Step::Kind::deed:
        return add_deed(step);
      case Step::Kind::random_faults:
        return add_faults(step);
      case Step::Kind::wait_healthy:
        plan_.acts.push_back({.kind = Act::Kind::wait_healthy, .time = step.within});
        return;
      case Step::Kind::wait_operations:
        plan_.acts.push_back({.kind = Act::Kind::wait_operations, .operations = step.operations, .time = step.within});
        return;
    }
  }

  void act(Deed deed, std::uint32_t node) {
    plan_.acts.push_back({.kind = Act::Kind::deed, .deed = deed, .node = node});
    plan_.has_cuts |= deed == Deed::cut;
    states_[node] = state_after(deed);
  }

  std::vector<std::uint32_t> whom(Deed deed) const {
    std::vector<std::uint32_t> nodes;
    for (const auto& [node, state] : states_)
      if (may(deed, state)) nodes.push_back(node);
    return nodes;
  }

  std::uint32_t one_of(const std::vector<std::uint32_t>& nodes) { return nodes[random_() % nodes.size()]; }

  void add_deed(const Step& step) {
    if (step.deed == Deed::join) {
      const auto node = static_cast<std::uint32_t>(states_.size() + 1);
      if (node > kNodesMax) return wrong(step, fmt::format("there are {} nodes at most", kNodesMax));
      return act(Deed::join, node);
    }
    const auto possible = whom(step.deed);
    if (step.who == Step::Who::all) {
      for (const std::uint32_t node : possible) act(step.deed, node);
    } else if (step.who == Step::Who::random) {
      if (possible.empty()) return wrong(step, fmt::format("there is no node to {} then", to_text(step.deed)));
      act(step.deed, one_of(possible));
    } else if (const auto known = states_.find(step.node); known == states_.end()) {
      wrong(step, fmt::format("node {}: there are {} then", step.node, states_.size()));
    } else if (!may(step.deed, known->second)) {
      wrong(step,
            fmt::format("node {} {} then: {} is not possible", step.node, to_text(known->second), to_text(step.deed)));
    } else {
      act(step.deed, step.node);
    }
  }

  void add_faults(const Step& step) {
    for (auto left = step.lasting / step.every; left > 0; --left) {
      if (plan_.acts.size() >= kActsMax)
        return wrong(step, fmt::format("more than {} acts come of this script", kActsMax));
      const auto possible = whom(Deed::kill);
      // A second node that is out may take with it what only the first one had: that is asked for in so many words.
      if (possible.size() < states_.size() - count(NodeState::left) || possible.empty())
        return wrong(step, "random faults begin when all nodes run: resume all before");
      const Deed deed = step.deeds[random_() % step.deeds.size()];
      const std::uint32_t node = one_of(possible);
      plan_.acts.push_back({.kind = Act::Kind::wait_healthy, .time = kWithin});
      act(deed, node);
      plan_.acts.push_back({.kind = Act::Kind::pause, .time = step.every / 2});
      act(Deed::resume, node);
      plan_.acts.push_back({.kind = Act::Kind::pause, .time = step.every - step.every / 2});
    }
  }

  std::size_t count(NodeState wanted) const {
    std::size_t found = 0;
    for (const auto& [node, state] : states_) found += state == wanted ? 1 : 0;
    return found;
  }

  std::mt19937_64 random_;
  std::map<std::uint32_t, NodeState> states_;
  Plan plan_;
};

}  // namespace

const char* to_text(NodeState state) noexcept {
  switch (state) {
    case NodeState::runs:
      return "runs";
    case NodeState::killed:
      return "is killed";
    case NodeState::stopped:
      return "is stopped";
    case NodeState::cut:
      return "is cut off";
    case NodeState::left:
      return "has left";
  }
  return "?";
}

bool may(Deed deed, NodeState state) noexcept {
  if (deed == Deed::resume) return state != NodeState::runs && state != NodeState::left;
  return deed != Deed::join && state == NodeState::runs;
}

NodeState state_after(Deed deed) noexcept {
  switch (deed) {
    case Deed::kill:
      return NodeState::killed;
    case Deed::stop:
      return NodeState::stopped;
    case Deed::cut:
      return NodeState::cut;
    case Deed::leave:
      return NodeState::left;
    case Deed::resume:
    case Deed::join:
      return NodeState::runs;
  }
  return NodeState::runs;
}

Plan plan_of(const Script& script, std::uint64_t seed) { return Planning(script, seed).run(script); }

std::string text_of(const Act& act) {
  switch (act.kind) {
    case Act::Kind::deed:
      return fmt::format("{} {}", to_text(act.deed), act.node);
    case Act::Kind::pause:
      return fmt::format("go on for {:.1f} s", std::chrono::duration<double>(act.time).count());
    case Act::Kind::wait_healthy:
      return "wait healthy";
    case Act::Kind::wait_operations:
      return fmt::format("wait operations {}", act.operations);
  }
  return "?";
}

}  // namespace p2p::ctl::lab
