// A ring whose owners follow from its members. As in most real ones, a key moves only to or from a node that comes or
// goes; unless it is `moody`: then any change of the members may give any key to any of them.
#pragma once

#include <p2p/locator.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace work {

inline p2p::NodeAddress node_at(std::uint16_t number) { return {"10.0.0.1", number}; }

inline const p2p::NodeAddress kSelf = node_at(1);
inline const p2p::NodeAddress kOther = node_at(2);
inline const p2p::NodeAddress kThird = node_at(3);

class HashRing final : public p2p::RingView {
 public:
  // `members` and `leaving` are sorted by name; `self` is the node whose view this is.
  HashRing(std::vector<p2p::NodeAddress> members, std::vector<p2p::NodeAddress> leaving, p2p::NodeAddress self,
           bool is_moody = false)
      : members_(std::move(members)), leaving_(std::move(leaving)), self_(std::move(self)), is_moody_(is_moody) {}

  std::uint64_t fingerprint() const noexcept override {
    std::uint64_t print = 7;
    for (const p2p::NodeAddress& member : members_) print = mixed(print ^ member.port);
    return print;
  }
  const std::vector<p2p::NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<p2p::NodeAddress>& leaving() const noexcept override { return leaving_; }

  using p2p::RingView::owner_of;
  p2p::Owner owner_of(std::string_view key) const override {
    const auto owner = std::max_element(members_.begin(), members_.end(), [&](const auto& one, const auto& other) {
      return weight(one, key) < weight(other, key);
    });
    if (owner == members_.end()) return {};
    return {&*owner, *owner == self_};
  }
  std::vector<p2p::NodeAddress> owners_of(std::string_view key, std::size_t) const override {
    const p2p::Owner owner = owner_of(key);
    return owner.address == nullptr ? std::vector<p2p::NodeAddress>{} : std::vector<p2p::NodeAddress>{*owner.address};
  }

 private:
  static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }
  std::uint64_t weight(const p2p::NodeAddress& node, std::string_view key) const {
    std::uint64_t bits = is_moody_ ? node.port ^ fingerprint() : node.port;
    for (const char byte : key) bits = mixed(bits ^ static_cast<unsigned char>(byte));
    return mixed(bits);
  }

  const std::vector<p2p::NodeAddress> members_;
  const std::vector<p2p::NodeAddress> leaving_;
  const p2p::NodeAddress self_;
  const bool is_moody_;
};

// The first of the keys "key-0", "key-1", ... that `owner` owns in `ring`.
inline std::string key_of(const p2p::RingView& ring, const p2p::NodeAddress& owner) {
  for (int number = 0;; ++number) {
    std::string key = "key-" + std::to_string(number);
    if (*ring.owner_of(key).address == owner) return key;
  }
}

}  // namespace work
