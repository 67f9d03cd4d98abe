#include "store_ring.h"

#include "placement/fingerprint.h"

#include <algorithm>
#include <map>
#include <utility>

namespace p2p::sim {

std::shared_ptr<const StoreRing::Shared> StoreRing::shared_of(const std::vector<NodeAddress>& members) {
  static std::map<std::vector<NodeAddress>, std::shared_ptr<const Shared>> known;
  auto& shared = known[members];
  if (shared) return shared;
  std::vector<std::string> names;
  for (const NodeAddress& member : members) names.push_back(member.classic_name());
  shared =
      std::make_shared<const Shared>(Shared{placement::ClassicRing(names), placement::fingerprint_of(names, "sim")});
  return shared;
}

StoreRing::StoreRing(const NodeAddress& self, std::vector<NodeAddress> members, std::vector<NodeAddress> leaving)
    : members_(std::move(members)), leaving_(std::move(leaving)) {
  std::sort(members_.begin(), members_.end());
  members_.erase(std::unique(members_.begin(), members_.end()), members_.end());
  std::sort(leaving_.begin(), leaving_.end());
  shared_ = shared_of(members_);
  self_ = static_cast<std::size_t>(std::find(members_.begin(), members_.end(), self) - members_.begin());
}

Owner StoreRing::owner_of(std::string_view key) const {
  if (members_.empty()) return {};
  const std::size_t owner = shared_->ring.owner_of(key);
  return {&members_[owner], owner == self_};
}

std::vector<NodeAddress> StoreRing::owners_of(std::string_view key, std::size_t count) const {
  std::vector<NodeAddress> owners;
  if (members_.empty()) return owners;
  for (const std::size_t owner : shared_->ring.owners_of(key, count)) owners.push_back(members_[owner]);
  return owners;
}

}  // namespace p2p::sim
