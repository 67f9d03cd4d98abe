#include "rules/ring.h"

#include "placement/fingerprint.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace p2p::client {

Result<std::shared_ptr<const Ring>> Ring::of(RingFacts facts) {
  if (facts.members.size() > kMembersMax) return Error{ErrorKind::protocol, "a ring has too many members"};
  std::vector<std::pair<std::string, NodeAddress>> named;
  named.reserve(facts.members.size());
  for (NodeAddress& member : facts.members) named.emplace_back(member.classic_name(), std::move(member));
  std::sort(named.begin(), named.end());
  std::vector<std::string> names;
  names.reserve(named.size());
  facts.members.clear();
  for (auto& [name, member] : named) {
    if (!names.empty() && names.back() == name) return Error{ErrorKind::protocol, "a ring names " + name + " twice"};
    names.push_back(std::move(name));
    facts.members.push_back(std::move(member));
  }
  const auto placement = placement::placement_named(facts.placement);
  if (placement == nullptr) return std::shared_ptr<const Ring>(new Ring(std::move(facts), nullptr));
  if (placement::fingerprint_of(names, facts.placement) != facts.view) {
    return Error{ErrorKind::protocol, "the fingerprint of a ring is not that of its members and placement"};
  }
  return std::shared_ptr<const Ring>(new Ring(std::move(facts), placement->build(names)));
}

std::optional<std::size_t> Ring::owner_of(std::string_view key) const {
  if (!knows_owners()) return std::nullopt;
  return placed_->owner_of(key);
}

}  // namespace p2p::client
