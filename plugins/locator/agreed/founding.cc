// A network that is founded anew, by itself or by hand (J6): part of adapter.h.
#include "agreed/adapter.h"

#include <algorithm>
#include <utility>

namespace p2p::agreed {

using cluster::Member;

bool is_loopback(const NodeAddress& address) {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

void Adapter::found(TimePoint now, membership::Effects& effects) {
  has_founded_ = true;
  entered_via_.reset();
  const cluster::Founding founding{.cluster = environment_.draw_cluster_id(),
                                   .succeeds = succeeds_,
                                   .by_hand = by_hand_ == ByHand::wanted,
                                   .founder = self_,
                                   .partitions = options_.terms.partitions,
                                   .copies = options_.terms.copies,
                                   .copies_min = options_.terms.copies_min,
                                   .durability = options_.terms.durability};
  with_member(now, effects, [&](auto& member, auto& wanted) { member.found(founding, now, wanted); });
}

// Where nothing can be lost by it, and nobody can be there. Whoever is alone may have let another in, and ended before
// its disk had that map: what it has accepted is decided first.
bool Adapter::has_ended_here(TimePoint now) const {
  if (options_.terms.durability == cluster::Durability::durable) return false;
  if (was_undecided_ && is_alone(*map())) return false;
  return std::ranges::all_of(map()->members, [&](const Member& member) {
    if (member.id.empty() || member.id == self_.id) return true;
    const auto* const heard = heard_.find(member.id);
    return heard != nullptr && is_loopback(member.address) && heard->refused_since <= now - kAloneFor;
  });
}

// Of a --found that has no effect, once.
void Adapter::say_by_hand(membership::Effects& effects) {
  const bool has_no_effect = by_hand_ == ByHand::done || by_hand_ == ByHand::refused;
  if (!has_no_effect || std::exchange(has_said_by_hand_, true)) return;
  if (by_hand_ == ByHand::done) {
    effects.warnings.push_back(
        "--found has been done: this node's network was founded so, or has no other members, and the node returns to "
        "it");
    return;
  }
  effects.warnings.push_back("--found is not done: this node had another id in a network that goes on (" +
                             options_.retired_because.value_or("") +
                             "), and would found a second one beside it; it looks for that network, to join it as a "
                             "new node. Start it without --found; or, if that network is no more, move its data folder "
                             "away first");
}

// The member that answers; nothing: none.
std::optional<NodeAddress> Adapter::whoever_answers() const {
  for (const Member& member : map()->members) {
    const auto* const heard = heard_.find(member.id);
    if (heard != nullptr && heard->has_answered()) return member.address;
  }
  return std::nullopt;
}

// Each has been tried in vain, for as long as nodes that are started together need to listen.
bool Adapter::is_nobody_there(TimePoint now) const {
  return now >= began_at_ + kAloneFor && std::ranges::all_of(map()->members, [&](const Member& member) {
           return member.id.empty() || member.id == self_.id || member.address == options_.address ||
                  heard_.find(member.id) != nullptr;
         });
}

// True: there is nothing to come back to.
bool Adapter::founds_instead(TimePoint now, membership::Effects& effects) {
  if (by_hand_ != ByHand::wanted) return false;
  if (const auto there = whoever_answers()) {
    give_up({ErrorKind::invalid, "--found is refused: " + there->name() +
                                     ", a member of the network that this node belongs to, answers; start this node "
                                     "without --found to return to it"},
            effects);
    return true;
  }
  if (!is_nobody_there(now)) return false;
  succeeds_ = cluster_id();
  founds_next_ = true;
  retire("an operator founds its network anew (--found), as none of its members answers", effects, succeeds_);
  return true;
}

}  // namespace p2p::agreed
