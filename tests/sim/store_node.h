// A simulated host with the real store plugin in it, from its start to its end.
#pragma once

#include "store_call.h"
#include "store_locator.h"
#include "store_network.h"

#include <p2p/context.h>
#include <p2p/drain.h>
#include <p2p/plugin.h>

#include <diststore_types.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace p2p::sim {

// What the operator configures, and what nobody else does.
struct StoreNodeOptions {
  std::int64_t life = 1;
  Duration skew{};
  std::int64_t transfer_batch_bytes = 4096;
  std::int64_t transfer_batches_in_flight = 4;
  Duration forward_timeout = std::chrono::seconds(1);
  Duration tombstone_grace = std::chrono::minutes(1);
  std::function<void(const StoreNode&, const std::string&)> log;  // warnings and worse
  std::function<void(const StoreNode&)> opened;                   // from now on it may own keys
};

class StoreNode final : public StoreListener {
 public:
  enum class Phase : std::uint8_t { starting, open, leaving, ended };
  using NodeOf = std::function<StoreNode*(StoreListener&)>;  // null: it is of another kind

  StoreNode(StoreNetwork& network, const NodeAddress& self, StoreNodeOptions options, NodeOf node_of);
  ~StoreNode() override;

  void start(StoreLocator::Contact contact);
  void leave();  // once it is open
  void kill();
  void shut();  // the simulation is over: as kill(), and nobody is told

  bool is_of_2009() const override { return false; }
  Phase phase() const { return phase_; }
  StoreLocator& locator() { return *locator_; }
  const StoreLocator& locator() const { return *locator_; }
  StoreNetwork& network() { return network_; }

  // What a client or another node sends. Runs in the process.
  void take(StoreCall::Arrival arrival);
  // By a call without a network. [while it runs]
  std::string ask_now(const std::string& service, const std::string& message);
  std::int64_t gauge(const std::string& name) const;
  // Those of the time when it ended, if it has.
  std::vector<::diststore::Receipt> receipts();
  // What was left here when it left; one line for each node that should have got something.
  const std::vector<std::string>& left_behind() const { return left_behind_; }

  // For StoreCall.
  bool parks(const std::string& method, const std::string& service) const;
  void park(Call call) { parked_.push_back(std::move(call)); }
  void bury(std::shared_ptr<StoreCall> call);
  void post(std::function<void()> work);
  void forward(const NodeAddress& to, const std::string& service, const std::string& message, Duration deadline,
               StoreNetwork::Answer answer);

 private:
  class NodeContext;
  class NodeMetrics;
  class NodePeers;
  class NodeDrain;
  class NodeLog;

  void opened();
  void drained();
  void end();
  Endpoint* endpoint_of(const std::string& service) const;
  int channel() const;
  bool is_taken_to_the_end(const std::string& method) const;
  bool knows_as_of_2009(const NodeAddress& node) const;
  void greeted_2009(StoreListener& target, const StoreNetwork::Reply& reply);
  void heard_from_2009(const NodeAddress& node, bool is_there);
  bool tell_2009(const NodeAddress& to, const std::function<void()>& told);

  StoreNetwork& network_;
  const StoreNodeOptions options_;
  const NodeOf node_of_;
  Phase phase_ = Phase::starting;
  std::shared_ptr<StoreLocator> locator_;
  std::unique_ptr<NodeLog> log_;
  std::unique_ptr<NodePeers> peers_;
  std::shared_ptr<NodeDrain> drain_;
  std::unique_ptr<NodeMetrics> metrics_;
  std::unique_ptr<NodeContext> context_;
  Plugin* plugin_ = nullptr;
  std::map<std::string, std::shared_ptr<Endpoint>> endpoints_;  // by service
  std::map<std::string, std::function<double()>> gauges_;
  std::set<std::string> always_taken_;
  std::map<NodeAddress, TimePoint> known_as_of_2009_;  // until when
  std::function<std::vector<std::string>()> when_over_;
  std::vector<std::string> left_behind_;
  std::vector<::diststore::Receipt> last_receipts_;
  std::vector<Call> parked_;
  std::vector<std::shared_ptr<StoreCall>> buried_;
};

}  // namespace p2p::sim
