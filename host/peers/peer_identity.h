// Who are we to other nodes, and do we want to talk to them? What a hello carries, and the rule by which it is refused.
#pragma once

#include "serving/service_router.h"

#include <p2p/location.h>
#include <p2p/locator.h>
#include <p2p/snapshot.h>

#include <Peer.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// Replies of a connection may overtake each other: the caller matches them by sequence id.
inline constexpr const char* kOvertakeFeature = "overtake";
inline constexpr std::int32_t kPeerProtocolMin = 1;
inline constexpr std::int32_t kPeerProtocolMax = 1;

class PeerIdentity final : public ViewTeller {
 public:
  PeerIdentity(Location self, std::string cluster) : self_(std::move(self)), cluster_(std::move(cluster)) {}

  // The node's locator, once it has started, and the service by which it calls others; null takes it back. [control]
  void set_locator(std::shared_ptr<ILocator> locator, std::string part);
  std::shared_ptr<ILocator> locator() const;  // [any thread]; null: this node has none

  // The same for what asks with every call: without a lock, from the copy of the calling thread, which holds until that
  // thread asks again. Who takes a locator back has every loop ask once more. [I/O threads]
  const std::shared_ptr<ILocator>& locator_here() const { return by_thread_.read().locator; }

  bool is_among_locators(std::string_view service) const {  // [I/O threads]
    const std::string& part = by_thread_.read().part;
    return !part.empty() && part == service;
  }

  // ViewTeller
  std::int64_t view() const override;  // 0 without a locator [I/O threads]
  std::string encoded_members() const override;
  // By our locator's view; false without one.
  bool is_member(const Location& node) const;

  peer::HelloRequest request() const;
  peer::HelloReply reply_to(const peer::HelloRequest& request) const;
  // Why we will not talk to who sent `request`, both values told; none: welcome.
  std::optional<peer::HelloRefused> refusal_of(const peer::HelloRequest& request) const;

  const std::string& cluster() const noexcept { return cluster_; }
  const Location& self() const noexcept { return self_; }

 private:
  std::string placement() const;

  const Location self_;
  const std::string cluster_;
  mutable std::mutex mutex_;  // guards locator_
  std::shared_ptr<ILocator> locator_;
  struct Held {
    std::shared_ptr<ILocator> locator;
    std::string part;
  };
  Snapshot<Held> by_thread_{std::make_shared<const Held>()};
};

}  // namespace p2p::host
