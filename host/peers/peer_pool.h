// How does this node call others? One connection for each loop and peer, made on demand. Implements what services use
// (Peers) and what forwards calls to the owner (Forwarder).
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

  void call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override;
  void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override;
  // Forwarder
  void forward(PendingCall& pending, const NodeAddress& to, TimePoint deadline) override;
  void replied(PendingCall& pending, std::string_view reply) override;

  // The node's locator, once it has started; null takes it back. A member that it reports as joined was just heard
  // from, so earlier failed connects to it no longer count. `part` is the service by which locators call each other:
  // such calls find out whether a member is there, so they always try. [control]
  void set_locator(std::shared_ptr<ILocator> locator, std::string part = {});

  void set_timeouts(const HostConfig& config) noexcept;  // for what is called from now on [control]

  // Ends every call, later ones too: with `closed` if it was sent, else with `cancelled`. Returns when all loops have
  // done so. [control]
  void shut_down();

 private:
  // Peers that one loop remembers; beyond it those without a connection are forgotten.
  static constexpr std::size_t kPeersKeptMax = 4096;

  // Classic calls under way on one loop; more are refused as overloaded. Each has a socket of its own.
  static constexpr std::size_t kClassicCallsMax = 1000;

  using LoopPeers = std::unordered_map<NodeAddress, std::shared_ptr<PeerConnection>>;

  PeerConnection& connection(Loop& loop, const NodeAddress& to);  // [own loop]
  void has_joined(const NodeAddress& member);                     // [any thread]
  void start_classic(Loop& loop, const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                     std::function<void(Result<std::string>)> done);  // [own loop]

  std::vector<std::unique_ptr<Loop>>& loops_;
  PeerIdentity& identity_;
  ClassicNodes classics_;
  net::AddressBook book_;
  net::MachinesHeard machines_;
  const PeerEnvironment environment_;
  const std::shared_ptr<PeerLimits> limits_;                           // shared with the connections
  std::vector<LoopPeers> peers_;                                       // by loop
  std::vector<std::unique_ptr<LeftConnections>> left_connections_;     // by loop
  std::vector<std::set<std::shared_ptr<ClassicCall>>> classic_calls_;  // by loop
  std::vector<char> is_shut_;                                          // by loop
  Subscription ring_changes_;                                          // [control]
};

}  // namespace p2p::host
