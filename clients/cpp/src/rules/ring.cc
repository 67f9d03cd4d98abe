#include "rules/ring.h"

#include "placement/fingerprint.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace p2p::client {

using placement::kNobody;
using placement::MemberIndex;
using Made = Result<std::shared_ptr<const Ring>>;

namespace {

Error senseless(std::string why) { return Error{ErrorKind::protocol, std::move(why)}; }

// Members and leaving nodes, in that order; an error when there are too many, or one is there twice.
Result<std::vector<NodeAddress>> nodes_of(const RingFacts& facts) {
  std::vector<NodeAddress> nodes = facts.members;
  nodes.insert(nodes.end(), facts.leaving.begin(), facts.leaving.end());
  if (nodes.size() > kMembersMax) return senseless("a ring has too many members");
  if (nodes.empty()) return senseless("a ring has no members");
  std::unordered_set<NodeAddress> seen;
  for (const NodeAddress& node : nodes)
    if (!seen.insert(node).second) return senseless("a ring names " + node.name() + " twice");
  return nodes;
}

placement::PartitionTable table_of(std::uint64_t epoch, const placement::Owners& owners) {
  placement::OwnerLists lists(static_cast<std::uint32_t>(owners.size()));
  for (const MemberIndex& owner : owners) lists.append({&owner, owner == kNobody ? 0u : 1u});
  return {epoch, std::move(lists)};
}

placement::Owners owners_of(const placement::PartitionTable& table) {
  placement::Owners owners;
  owners.reserve(table.partitions());
  for (std::uint32_t partition = 0; partition < table.partitions(); ++partition)
    owners.push_back(table.primary(partition));
  return owners;
}

// The names by which rings are built.
Result<std::vector<std::string>> sort_by_name(std::vector<NodeAddress>& members) {
  if (members.size() > kMembersMax) return senseless("a ring has too many members");
  std::vector<std::pair<std::string, NodeAddress>> named;
  named.reserve(members.size());
  for (NodeAddress& member : members) named.emplace_back(member.classic_name(), std::move(member));
  std::sort(named.begin(), named.end());
  std::vector<std::string> names;
  names.reserve(named.size());
  members.clear();
  for (auto& [name, member] : named) {
    if (!names.empty() && names.back() == name) return senseless("a ring names " + name + " twice");
    names.push_back(std::move(name));
    members.push_back(std::move(member));
  }
  return names;
}

}  // namespace

Ring::Ring(RingFacts facts, std::unique_ptr<const placement::Ring> placed)
    : facts_(std::move(facts)), nodes_(facts_.members), placed_(std::move(placed)) {}

Ring::Ring(RingFacts facts, std::vector<NodeAddress> nodes, const placement::Owners& owners)
    : facts_(std::move(facts)), nodes_(std::move(nodes)), table_(table_of(facts_.epoch, owners)) {}

Made Ring::of(RingFacts facts, std::string_view owners) {
  if (const auto partitions = placement::partitions_named(facts.placement)) {
    auto nodes = nodes_of(facts);
    if (!nodes.ok()) return nodes.error();
    const auto read = placement::owners_in(owners, *partitions, nodes.value().size());
    if (!read) return senseless("the owners of a ring's partitions make no sense");
    return std::shared_ptr<const Ring>(new Ring(std::move(facts), std::move(nodes).value(), *read));
  }
  const auto names = sort_by_name(facts.members);
  if (!names.ok()) return names.error();
  const auto placement = placement::placement_named(facts.placement);
  if (placement == nullptr) return std::shared_ptr<const Ring>(new Ring(std::move(facts), nullptr));
  if (placement::fingerprint_of(names.value(), facts.placement) != facts.view)
    return senseless("the fingerprint of a ring is not that of its members and placement");
  return std::shared_ptr<const Ring>(new Ring(std::move(facts), placement->build(names.value())));
}

Made Ring::after(RingStep step) const {
  RingFacts facts = facts_;
  facts.epoch = step.epoch;
  facts.view = step.view;
  placement::Owners owners = owners_of(*table_);
  std::vector<NodeAddress> nodes = nodes_;
  if (step.nodes) {
    facts.members = std::move(step.nodes->members);
    facts.leaving = std::move(step.nodes->leaving);
    auto changed = nodes_of(facts);
    if (!changed.ok()) return changed.error();
    nodes = std::move(changed).value();
    const auto indexes = placement::indexes_after(nodes_, nodes);
    for (MemberIndex& owner : owners) owner = owner == kNobody ? kNobody : indexes[owner];
  }
  if (!placement::apply_moves(step.moved, nodes.size(), owners))
    return senseless("what has moved between a ring's owners makes no sense");
  return std::shared_ptr<const Ring>(new Ring(std::move(facts), std::move(nodes), owners));
}

std::optional<std::size_t> Ring::owner_of(std::string_view key) const {
  if (table_) {
    const MemberIndex owner = table_->owner_of(key);
    return owner == kNobody ? std::nullopt : std::optional<std::size_t>(owner);
  }
  if (!knows_owners()) return std::nullopt;
  return placed_->owner_of(key);
}

}  // namespace p2p::client
