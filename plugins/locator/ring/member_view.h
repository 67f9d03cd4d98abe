// What does a reader see of the network at one moment? The members, and the ring that the configured placement builds
// of them.
#pragma once

#include "placement/placement.h"

#include <p2p/locator.h>

#include <memory>
#include <optional>
#include <vector>

namespace p2p::ring {

class MemberView final : public RingView {
 public:
  // `members` in any order; `self` may be among them. Those that are `leaving` own nothing.
  MemberView(std::vector<NodeAddress> members, std::vector<NodeAddress> leaving, const NodeAddress& self,
             const placement::Placement& placement);

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override;
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override;

 private:
  std::vector<NodeAddress> members_;
  std::vector<NodeAddress> leaving_;
  std::optional<std::size_t> self_;  // index in members_
  std::unique_ptr<const placement::Ring> ring_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace p2p::ring
