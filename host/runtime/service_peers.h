// One service's way to its peers: calls that are under way when the service stops end before it does, so that nothing
// of a stopped service runs any more.
#pragma once

#include <p2p/peers.h>

#include <functional>
#include <memory>

namespace p2p::host {

class Loop;

class ServicePeers final : public Peers {
 public:
  // `peers` and `loop` outlive it; `loop` is where calls end that close() ends.
  ServicePeers(Peers& peers, Loop& loop);
  ~ServicePeers() override;

  void call(const Location& to, std::string_view service, std::string message, Duration deadline,
            std::function<void(Result<std::string>)> done) override;
  void call_classic(const Location& to, std::string message, Expect expect, Duration deadline,
                    std::function<void(Result<std::string>)> done) override;

  // Ends every call with `closed`, since it may be executed, and further ones with `cancelled`; replies that come later
  // are dropped. When it returns, no `done` runs any more. [control]
  void close();

 private:
  struct Pending;

  Peers& peers_;
  Loop& loop_;
  const std::shared_ptr<Pending> pending_;  // shared with the calls under way
};

}  // namespace p2p::host
