// What happens in a run, from the first write to the verdict? Prefill, clients, final reads, check.
#pragma once

#include "driver/client.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <thread>
#include <vector>

namespace p2p::history {

// One thread gives the orders: prefill, start, then anything, then finish.
class Run final {
 public:
  explicit Run(const Settings& settings);

  NodeList& nodes() noexcept { return nodes_; }

  // Writes every key. An error when some key was never acknowledged.
  Result<Done> prefill();
  void start();

  // What has been counted so far, the prefill included.
  nlohmann::json report() const;

  // Stops the clients, reads every key through each of the nodes, and judges. The field "violation_count" is 0 when all
  // is well.
  nlohmann::json finish(const std::vector<NodeAddress>& through);

 private:
  void stop_clients();
  void wait_for_late_effects() const;
  nlohmann::json counts() const;

  const Settings settings_;
  NodeList nodes_;
  CallBudget budget_;
  Notes notes_;
  std::unique_ptr<RingConnection> ring_;  // nullptr unless --through-client
  const Environment around_;
  std::vector<std::unique_ptr<Client>> clients_;  // the first one prefills, the others have a thread each
  std::vector<std::jthread> threads_;             // the last member: they end before anything that they use
};

}  // namespace p2p::history
