// Who are we to other nodes, and do we want to talk to them? What a hello carries, and the rule by which it is refused.
#pragma once

#include "peers/hello_differences.h"
#include "serving/service_router.h"

#include <p2p/locator.h>
#include <p2p/node_address.h>
#include <p2p/repeated_warnings.h>
#include <p2p/snapshot.h>

#include <Peer.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace p2p::host {

// Replies of a connection may come out of order: the caller matches them by sequence id.
inline constexpr const char* kOutOfOrderFeature = "overtake";
inline constexpr std::int32_t kPeerProtocolMin = 1;
inline constexpr std::int32_t kPeerProtocolMax = 1;

class PeerIdentity final : public ViewTeller {
 public:
  // `frame_bytes_max`: [host] frame_bytes_max, sent in hellos; 0: not sent.
  PeerIdentity(NodeAddress self, std::string cluster, std::uint64_t frame_bytes_max = 0)
      : self_(std::move(self)), cluster_(std::move(cluster)), frame_bytes_max_(frame_bytes_max) {}

  // The node's locator, once it has started, and the service by which it calls others; null takes it back. [control]
  void set_locator(std::shared_ptr<ILocator> locator, std::string part);
  std::shared_ptr<ILocator> locator() const;  // [any thread]; null: this node has none

  // The same for use with every call: lock-free, from the calling thread's copy, which stays valid until that thread
  // calls again. Code that takes a locator back makes every loop call this again. [I/O threads]
  const std::shared_ptr<ILocator>& locator_here() const { return by_thread_.read().locator; }

  bool is_among_locators(std::string_view service) const {  // [I/O threads]
    const std::string& part = by_thread_.read().part;
    return !part.empty() && part == service;
  }

  // ViewTeller
  std::int64_t view() const override;  // 0 without a locator [I/O threads]
  std::string encoded_members() const override;
  // By our locator's view; false without one.
  bool is_member(const NodeAddress& node) const;

  peer::HelloRequest request() const;
  peer::HelloReply reply_to(const peer::HelloRequest& request) const;
  // Why we refuse the sender of `request`, with both values; none: welcome.
  std::optional<peer::HelloRefused> refusal_of(const peer::HelloRequest& request) const;

  // The routes of the services that run, for hellos from now on. [control]
  void set_routes(ToldRoutes routes);

  // Differences between our configuration and the one in `peer`'s hello, each reported once per peer. [any thread]
  std::vector<std::string> new_differences(const std::string& peer, const peer::HelloRequest& theirs) const;
  std::vector<std::string> new_differences(const std::string& peer, const peer::HelloReply& theirs) const;

  // Nodes that refused us, each logged once a minute. [any thread]
  RepeatedWarnings& refusals() const noexcept { return refusals_; }

  const std::string& cluster() const noexcept { return cluster_; }
  const NodeAddress& self() const noexcept { return self_; }

 private:
  // Reported differences that are remembered; beyond it all are forgotten, and may be reported again.
  static constexpr std::size_t kToldMax = 1'000;

  std::string placement() const;
  ToldRoutes routes() const;
  std::vector<std::string> new_differences(const std::string& peer, const ToldConfiguration& theirs) const;

  const NodeAddress self_;
  const std::string cluster_;
  const std::uint64_t frame_bytes_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<ILocator> locator_;
  ToldRoutes routes_;
  mutable std::set<std::string> told_;
  mutable RepeatedWarnings refusals_;
  struct Held {
    std::shared_ptr<ILocator> locator;
    std::string part;
  };
  Snapshot<Held> by_thread_{std::make_shared<const Held>()};
};

}  // namespace p2p::host
