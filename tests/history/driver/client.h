// How does one client spend its life? It picks a node and a request, asks, writes down what came of it, and starts
// again.
#pragma once

#include "driver/call_log.h"
#include "driver/node_connection.h"
#include "driver/node_list.h"
#include "driver/notes.h"
#include "driver/ring_connection.h"
#include "driver/settings.h"
#include "driver/workload.h"

#include <map>
#include <stop_token>

namespace p2p::history {

// How many more calls may be recorded; shared by all clients. [any thread]
class CallBudget final {
 public:
  explicit CallBudget(std::size_t calls_max) : left_(static_cast<std::int64_t>(calls_max)) {}
  bool take(std::size_t calls) {
    return left_.fetch_sub(static_cast<std::int64_t>(calls)) >= static_cast<std::int64_t>(calls);
  }

 private:
  std::atomic<std::int64_t> left_;
};

// What all clients of a run share; outlives them.
struct Environment {
  const Settings& settings;
  const NodeList& nodes;
  CallBudget& budget;
  Notes& notes;
  RingConnection* ring = nullptr;  // when set, clients ask through it, and choose no node themselves
};

class Client final {
 public:
  // `number` signs its calls and values.
  Client(const Environment& around, std::uint16_t number);

  // Calls until it is told to stop, or the budget is spent. [own thread]
  void run(const std::stop_token& stop);

  // Asks that node once and records it. [own thread]
  Outcome ask(const ListedNode& node, const Request& request);

  // Asks through the client library and records it. [own thread]
  Outcome ask_ring(const Request& request);

  // Writes the keys as a batch, through whichever node takes it, with new values at each of kBatchAttempts. False when
  // none was acknowledged. [own thread]
  bool write_batch(const std::vector<KeyNumber>& keys);

  CallLog& log() noexcept { return log_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct KnownNode {
    NodeConnection connection;
    Clock::time_point refused_until{};
  };

  void run_through_ring(const std::stop_token& stop);
  Outcome record(const ListedNode& node, const Request& request, Clock::time_point started, const Answer& answer);
  void refresh_nodes();
  KnownNode& known(const ListedNode& node);
  const ListedNode* choose_node();  // nullptr when every node wants to be left alone

  const Environment& around_;
  const std::uint16_t number_;
  Workload workload_;
  CallLog log_;
  std::shared_ptr<const NodeList::Nodes> nodes_;
  std::map<std::uint16_t, KnownNode> known_;  // by index
};

}  // namespace p2p::history
