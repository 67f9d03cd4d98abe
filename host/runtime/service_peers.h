// One service's access to its peers: calls in flight when the service stops end before it does, so that no code of a
// stopped service runs.
#pragma once

#include <p2p/peers.h>

#include <functional>
#include <memory>

namespace p2p::host {

class Loop;

class ServicePeers final : public Peers {
 public:
  // `peers` and `loop` outlive it; close() ends calls on `loop`.
  ServicePeers(Peers& peers, Loop& loop);
  ~ServicePeers() override;

  void call(const NodeAddress& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override;
  void call_classic(const NodeAddress& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override;

  // Ends every call with `closed`, since it may have been executed, and later ones with `cancelled`; late replies are
  // dropped. When it returns, no `done` runs any more. [control]
  void close();

 private:
  struct Pending;

  Peers& peers_;
  Loop& loop_;
  const std::shared_ptr<Pending> pending_;  // shared with the calls under way
};

}  // namespace p2p::host
