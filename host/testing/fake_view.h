// A ring whose owners a test decides: named ones first, all others by a rule that follows from key and members alone.
#pragma once

#include <p2p/locator.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::testing {

using NamedOwners = std::map<std::string, Location, std::less<>>;

class FakeView final : public RingView {
 public:
  FakeView(Location self, std::vector<Location> members, NamedOwners named);

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<Location>& members() const noexcept override { return members_; }
  const std::vector<Location>& leaving() const noexcept override { return leaving_; }
  Owner owner_of(std::string_view key) const override;
  std::vector<Location> owners_of(std::string_view key, std::size_t count) const override;

 private:
  // Positions of members, the owner first.
  std::vector<std::size_t> ranked(std::string_view key) const;

  const Location self_;
  std::vector<Location> members_;
  const NamedOwners named_;
  const std::vector<Location> leaving_;
  std::uint64_t fingerprint_;
};

}  // namespace p2p::testing
