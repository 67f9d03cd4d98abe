// Rings whose owners a test decides, key by key.
#pragma once

#include <p2p/locator.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace p2p::diststore {

inline const NodeAddress kSelf{"127.0.0.1", 9900};
inline const NodeAddress kOther{"127.0.0.1", 9901};
inline const NodeAddress kThird{"127.0.0.1", 9902};
inline const NodeAddress kFourth{"127.0.0.1", 9903};

// One picture: keys that are not named belong to `rest`; a address that is empty means: nobody.
class FakeRing final : public RingView {
 public:
  using Owners = std::map<std::string, NodeAddress, std::less<>>;
  explicit FakeRing(NodeAddress rest, Owners owners = {}, std::uint64_t fingerprint = 7,
                    std::vector<NodeAddress> members = {kSelf, kOther, kThird})
      : rest_(std::move(rest)), owners_(std::move(owners)), fingerprint_(fingerprint), members_(std::move(members)) {}

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override {
    const auto found = owners_.find(key);
    const NodeAddress& owner = found != owners_.end() ? found->second : rest_;
    if (owner.empty()) return {};
    return {&owner, owner == kSelf};
  }
  // The owner, and behind it the other nodes by their port.
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override {
    std::vector<NodeAddress> owners{*owner_of(key).address};
    for (const NodeAddress& member : members_) {
      if (member != owners.front()) owners.push_back(member);
    }
    owners.resize(std::min(count, owners.size()));
    return owners;
  }
  std::vector<NodeAddress> copies_of(std::string_view) const override { return copies; }

  std::vector<NodeAddress> copies;  // of every key

 private:
  const NodeAddress rest_;
  const std::map<std::string, NodeAddress, std::less<>> owners_;
  const std::uint64_t fingerprint_;
  const std::vector<NodeAddress> members_;
  const std::vector<NodeAddress> leaving_;
};

// In which order nodes take over a key, the first of them that is a member being its owner. Nodes that are not named
// follow by their port.
using Ranks = std::map<std::string, std::vector<NodeAddress>, std::less<>>;

// A picture that follows from its members, as real ones do: a key moves only to or from a node that comes or goes.
class RankedRing final : public RingView {
 public:
  RankedRing(NodeAddress self, Ranks ranks, std::vector<NodeAddress> members, std::vector<NodeAddress> leaving = {})
      : self_(std::move(self)), ranks_(std::move(ranks)), members_(std::move(members)), leaving_(std::move(leaving)) {
    std::sort(members_.begin(), members_.end());
    std::sort(leaving_.begin(), leaving_.end());
    for (const NodeAddress& member : members_) fingerprint_ = fingerprint_ * 31 + std::hash<NodeAddress>()(member);
  }

  std::uint64_t fingerprint() const noexcept override { return fingerprint_; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override {
    const auto owners = owners_of(key, 1);
    if (owners.empty()) return {};
    const auto owner = std::find(members_.begin(), members_.end(), owners.front());
    return {&*owner, *owner == self_};
  }
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override {
    std::vector<NodeAddress> owners;
    const auto add = [&](const NodeAddress& node) {
      const bool is_member = std::find(members_.begin(), members_.end(), node) != members_.end();
      if (is_member && std::find(owners.begin(), owners.end(), node) == owners.end()) owners.push_back(node);
    };
    if (const auto ranked = ranks_.find(key); ranked != ranks_.end()) {
      std::for_each(ranked->second.begin(), ranked->second.end(), add);
    }
    std::for_each(members_.begin(), members_.end(), add);
    owners.resize(std::min(count, owners.size()));
    return owners;
  }

 private:
  const NodeAddress self_;
  const Ranks ranks_;
  std::vector<NodeAddress> members_;
  std::vector<NodeAddress> leaving_;
  std::uint64_t fingerprint_ = 17;
};

}  // namespace p2p::diststore
