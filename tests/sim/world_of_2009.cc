// The part of the 2009 system's nodes in a world.
#include "world_processes.h"

#include <utility>

namespace p2p::sim {

using classic::CallOutcome;
using classic::CallResult;

std::vector<NodeAddress> LocatorWorld::members_of(const Process& process) const {
  if (const auto* ours = dynamic_cast<const Locator*>(&process)) return ours->core.members();
  std::vector<NodeAddress> members;
  for (const auto& [name, member] : static_cast<const Old&>(process).node.ring()) members.push_back(member);
  return members;
}

// Joins through a node that runs and answers; without one it starts a new network. Nothing of this gets lost: it would
// hang, and try no other.
void LocatorWorld::start_old(int port) {
  auto others = running();
  std::erase_if(others, [&](int other) {
    const auto old = std::dynamic_pointer_cast<Old>(network_.process(other));
    return network_.process(other)->is_frozen || (old && old->hands_over);
  });
  const auto started = std::make_shared<Old>(port);
  network_.listen(started);
  if (others.empty()) return;
  const auto peer = network_.process(others[time_.below(others.size())]);
  started->node.learn(members_of(*peer));
  on_message(peer, {OldCall::Method::join, address(port), {}});
}

void LocatorWorld::call_old_form(int from, const NodeAddress& to, OldCall call, Duration deadline, Answer answer) {
  const auto arrive = [this, call = std::move(call)](const std::shared_ptr<Process>& target, const Answer& reply) {
    CallResult result{CallOutcome::answered, {}};
    if (call.method != OldCall::Method::get_all) {
      on_message(target, call);
    } else {
      for (const NodeAddress& member : members_of(*target)) {
        result.view.members.push_back({member, classic::kUnknownLife, classic::MemberState::alive});
      }
    }
    reply(std::move(result));
  };
  network_.call(from, to.port, deadline, arrive, std::move(answer));
}

void LocatorWorld::on_message(const std::shared_ptr<Process>& at, const OldCall& call) {
  if (const auto old = std::dynamic_pointer_cast<Old>(at)) return pass_on(old, old->node.handle(call), nullptr);
  const auto ours = std::static_pointer_cast<Locator>(at);
  classic::Effects effects;
  if (call.method == OldCall::Method::remove) {
    ours->core.classic_remove(call.address, call.visited_nodes, time_.now(), effects);
  } else {
    ours->core.classic_add(call.address, call.visited_nodes, time_.now(), effects);
  }
  apply(ours, std::move(effects));
}

// Sent and forgotten, unless nobody is there. `then` follows when it has been sent, as far as it could be.
void LocatorWorld::pass_on(const std::shared_ptr<Old>& at, std::optional<OldNode::Forward> forward,
                           std::function<void()> then) {
  if (!forward) {
    if (then) then();
    return;
  }
  const Answer sent = [this, at, forward = *forward, then = std::move(then)](const CallResult& result) {
    at->run([this, at, forward, then, outcome = result.outcome] {
      if (!at->is_running) return;
      const bool is_unreached = outcome == CallOutcome::refused || outcome == CallOutcome::unheard;
      if (is_unreached) return pass_on(at, at->node.not_reached(forward), then);
      if (then) then();
    });
  };
  call_old_form(at->port, forward->to, forward->call, kCallTimeout, sent);
}

}  // namespace p2p::sim
