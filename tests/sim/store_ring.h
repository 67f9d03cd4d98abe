// Which ring do simulated nodes of the store see? The real classic one. Rings of the same members are built once for
// all seeds, because building one costs more than a short run.
#pragma once

#include "placement/classic_ring.h"

#include <p2p/locator.h>

#include <memory>
#include <string>
#include <vector>

namespace p2p::sim {

class StoreRing final : public RingView {
 public:
  StoreRing(const NodeAddress& self, std::vector<NodeAddress> members, std::vector<NodeAddress> leaving);

  std::uint64_t fingerprint() const noexcept override { return shared_->fingerprint; }
  const std::vector<NodeAddress>& members() const noexcept override { return members_; }
  const std::vector<NodeAddress>& leaving() const noexcept override { return leaving_; }
  using RingView::owner_of;
  Owner owner_of(std::string_view key) const override;
  std::vector<NodeAddress> owners_of(std::string_view key, std::size_t count) const override;

 private:
  struct Shared {
    placement::ClassicRing ring;
    std::uint64_t fingerprint;
  };
  static std::shared_ptr<const Shared> shared_of(const std::vector<NodeAddress>& members);

  std::vector<NodeAddress> members_;
  std::vector<NodeAddress> leaving_;
  std::shared_ptr<const Shared> shared_;
  std::size_t self_;
};

}  // namespace p2p::sim
