#include "agreed/view/orders.h"

#include "agreed/view/report.h"

namespace p2p::agreed {

using cluster::ClusterMap;
using cluster::Member;
using cluster::MemberState;
using cluster::Request;
using cluster::Slot;

Result<Request> removal(const ClusterMap& map, Slot member) {
  const Member& is = map.at(member);
  switch (is.state) {
    case MemberState::down:
      return Request(cluster::Remove{.node = is.id});
    case MemberState::leaving:
      return Error{ErrorKind::invalid, is.address.name() + " is leaving: it will be gone when it holds nothing more"};
    case MemberState::up:
      break;
  }
  return Error{ErrorKind::invalid, is.address.name() + " is up: stop it, or let it leave"};
}

Result<Request> change_of_weight(const ClusterMap& map, Slot member, std::int64_t weight) {
  if (weight < 0 || weight > std::int64_t{cluster::kWeightMax})
    return Error{ErrorKind::invalid, "a weight is from 0 to " + std::to_string(cluster::kWeightMax)};
  return Request(cluster::Describe{.node = map.at(member).id, .weight = static_cast<std::uint32_t>(weight)});
}

std::string removal_waits_for(const ClusterMap& map, const cluster::NodeId& member) {
  const Slot slot = map.slot_of(member);
  if (slot == cluster::kNoSlot) return "";
  const Member& is = map.at(slot);
  if (is.is_up()) return is.address.name() + " is up again";
  if (map.is_voter(slot)) return "it votes, and a majority of the voters has to let another vote in its stead";
  if (const std::uint32_t held = holdings(map)[slot].in_sync; held > 0)
    return "it has the only copy of " + std::to_string(held) + " partitions";
  return "the voters have not decided it yet";
}

}  // namespace p2p::agreed
