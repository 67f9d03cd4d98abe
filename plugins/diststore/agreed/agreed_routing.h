// Where is a key served in an agreed cluster? By the primary of its partition, as the newest view of the locator shows
// it. Whether that node may serve it at this moment, under its lease and in the present term, is looked at when it does
// (agreed_keys.h).
#pragma once

#include "serving/key_routing.h"

#include <p2p/locator.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2p::diststore::agreed {

class AgreedRouting final : public KeyRouting {
 public:
  // `service`: the store's configured name; members that do not run it own no keys (M6).
  AgreedRouting(std::shared_ptr<ILocator> locator, std::string service, NodeAddress self)
      : locator_(std::move(locator)), service_(std::move(service)), self_(std::move(self)) {}

  KeyRoute route(std::string_view key) const override {
    const RingView& view = locator_->view();
    const Owner owner = view.owner_of(key, service_);
    KeyRoute route{.view = static_cast<std::int64_t>(view.fingerprint()), .node = owner.address};
    if (owner.is_self) {
      route.where = KeyRoute::Where::here;
    } else if (owner.address != nullptr) {
      route.where = KeyRoute::Where::peer;
    }
    return route;
  }

  // In turn, the owner among them: it answers where a copy cannot. What the copy of this node could not answer, the
  // others would not know better.
  std::optional<NodeAddress> another_copy(std::string_view key) const override {
    std::vector<NodeAddress> copies = locator_->view().copies_of(key);
    if (copies.empty() || std::ranges::find(copies, self_) != copies.end()) return std::nullopt;
    return std::move(copies[turn_.fetch_add(1, std::memory_order_relaxed) % copies.size()]);
  }

  // Nothing is handed over by get and put.
  bool takes_get(std::string_view, Call&, const KeyMethod&) override { return false; }
  bool takes_put(std::string_view, std::string_view, const CallInfo&) override { return false; }

 private:
  const std::shared_ptr<ILocator> locator_;
  const std::string service_;
  const NodeAddress self_;
  mutable std::atomic<std::size_t> turn_{0};
};

}  // namespace p2p::diststore::agreed
