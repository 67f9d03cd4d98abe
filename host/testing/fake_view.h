// A ring whose owners a test decides: those it has set first, all others by a rule on key and members alone.
#pragma once

#include <p2p/locator.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::testing {

using NamedOwners = std::map<std::string, NodeAddress, std::less<>>;

class FakeView final : public RingView {
 public:
  FakeView(NodeAddress self, std::vector<NodeAddress> members, NamedOwners named);

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override;
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override;

 private:
  // Positions of members, the owner first.
  std::vector<std::size_t> ranked(std::string_view key) const;

  const NodeAddress self_;
  std::vector<NodeAddress> members_;
  const NamedOwners named_;
  const std::vector<NodeAddress> leaving_;
  std::uint64_t fingerprint_;
};

}  // namespace p2p::testing
