// A ring whose owners a test decides, key by key.
#pragma once

#include <p2p/locator.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

inline const Location kSelf{"127.0.0.1", 9900};
inline const Location kOther{"127.0.0.1", 9901};
inline const Location kThird{"127.0.0.1", 9902};

// Keys that are not named belong to `rest`; a location that is empty means: nobody.
class FakeRing final : public RingView {
 public:
  explicit FakeRing(Location rest, std::map<std::string, Location, std::less<>> owners = {},
                    std::uint64_t fingerprint = 7)
      : rest_(std::move(rest)), owners_(std::move(owners)), fingerprint_(fingerprint) {}

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<Location>& members() const noexcept override { return members_; }
  Owner owner_of(std::string_view key) const override {
    const auto found = owners_.find(key);
    const Location& owner = found != owners_.end() ? found->second : rest_;
    if (owner.empty()) return {};
    return {&owner, owner == kSelf};
  }
  // The owner, and behind it the other nodes by their port.
  std::vector<Location> owners_of(std::string_view key, std::size_t count) const override {
    std::vector<Location> owners{*owner_of(key).location};
    for (const Location& member : members_) {
      if (member != owners.front() && member != kSelf) owners.push_back(member);
    }
    owners.resize(std::min(count, owners.size()));
    return owners;
  }

 private:
  const Location rest_;
  const std::map<std::string, Location, std::less<>> owners_;
  const std::uint64_t fingerprint_;
  const std::vector<Location> members_{kSelf, kOther, kThird};
};

}  // namespace p2p::diststore
