// How does this node call others? One connection for each loop and peer, made when it is needed. Implements what
// services use (Peers) and what passes calls on to their owner (Forwarder).
#pragma once

#include "peers/classic_call.h"
#include "peers/peer_connection.h"
#include "serving/service_router.h"

#include <p2p/peers.h>

#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace p2p::host {

class PeerPool final : public Peers, public Forwarder {
 public:
  PeerPool(std::vector<std::unique_ptr<Loop>>& loops, PeerIdentity& identity, PeerLimits limits,
           OwnFailures& own_failures, Logger& log);

  void call(const Location& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override;
  void call_classic(const Location& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override;
  // Forwarder
  void forward(CallSlot& slot, const Location& to, TimePoint deadline) override;
  void replied(CallSlot& slot, std::string_view reply) override;

  // The node's locator, once it has started; null takes it back. Whom it tells of as joined has just been heard, so
  // that what was known of failed connects to it counts no more. `part` is the service by which locators call each
  // other: whether a member is there is found out by such calls, and so they never fail from memory. [control]
  void set_locator(std::shared_ptr<ILocator> locator, std::string part = {});

  void set_timeouts(const HostConfig& config) noexcept;  // for what is called from now on [control]

  // Ends every call: with `closed` when it was sent, with `cancelled` when it was not; further ones too. Returns when
  // all loops have done so. [control]
  void shut_down();

 private:
  // Peers that one loop remembers; above it, those without a connection are forgotten.
  static constexpr std::size_t kPeersKeptMax = 4096;

  // Classic calls under way on one loop; more are refused as overloaded. Each has a socket of its own.
  static constexpr std::size_t kClassicCallsMax = 1000;

  using LoopPeers = std::unordered_map<Location, std::shared_ptr<PeerConnection>>;

  PeerConnection& connection(Loop& loop, const Location& to);  // [own loop]
  void has_joined(const Location& member);                     // [any thread]
  void start_classic(Loop& loop, const Location& to, std::string message, Expect expect, Duration deadline,
                     std::function<void(Result<std::string>)> done);  // [own loop]

  std::vector<std::unique_ptr<Loop>>& loops_;
  PeerIdentity& identity_;
  ClassicNodes classics_;
  AddressBook book_;
  MachinesHeard machines_;
  const PeerSurroundings surroundings_;
  const std::shared_ptr<PeerLimits> limits_;                           // shared with the connections
  std::vector<LoopPeers> peers_;                                       // by loop
  std::vector<std::unique_ptr<LeftConnections>> left_connections_;     // by loop
  std::vector<std::set<std::shared_ptr<ClassicCall>>> classic_calls_;  // by loop
  std::vector<char> is_shut_;                                          // by loop
  Subscription ring_changes_;                                          // [control]
};

}  // namespace p2p::host
