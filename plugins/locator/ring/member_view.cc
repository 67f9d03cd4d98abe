#include "ring/member_view.h"

#include "placement/fingerprint.h"

#include <algorithm>
#include <string>
#include <utility>

namespace p2p::ring {
namespace {

std::vector<std::string> classic_names_of(const std::vector<NodeAddress>& members) {
  std::vector<std::string> names;
  names.reserve(members.size());
  for (const NodeAddress& member : members) names.push_back(member.classic_name());
  return names;
}

}  // namespace

MemberView::MemberView(std::vector<NodeAddress> members, std::vector<NodeAddress> leaving, const NodeAddress& self,
                       const placement::Placement& placement)
    : members_(std::move(members)), leaving_(std::move(leaving)) {
  std::ranges::sort(members_, {}, &NodeAddress::classic_name);  // the order in which rings index members
  const auto names = classic_names_of(members_);
  ring_ = placement.build(names);
  fingerprint_ = placement::fingerprint_of(names, placement.name());
  const auto found = std::find(members_.begin(), members_.end(), self);
  if (found != members_.end()) self_ = static_cast<std::size_t>(found - members_.begin());
}

Owner MemberView::owner_of(std::string_view key) const {
  if (members_.empty()) return {};
  const std::size_t owner = ring_->owner_of(key);
  return {&members_[owner], self_ == owner};
}

std::vector<NodeAddress> MemberView::owners_of(std::string_view key, std::size_t count) const {
  std::vector<NodeAddress> owners;
  for (const std::size_t owner : ring_->owners_of(key, count)) owners.push_back(members_[owner]);
  return owners;
}

}  // namespace p2p::ring
