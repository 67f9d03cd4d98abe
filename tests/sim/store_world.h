// A network of stores on virtual time, made of one seed: real store plugins, clients, nodes that join, leave, freeze
// and are killed, and a network with faults. At the end, what must hold is checked: see store_invariants.cc.
#pragma once

#include "store_clients.h"
#include "store_node.h"
#include "store_node_of_2009.h"
#include "store_plan.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace p2p::sim {

struct StoreWorldOptions {
  std::uint64_t seed = 1;
  bool traces = false;          // keeps the last events, for timeline()
  bool is_beside_2009 = false;  // a node of the 2009 system comes and goes
};

class StoreWorld final {
 public:
  explicit StoreWorld(StoreWorldOptions options);
  ~StoreWorld();
  StoreWorld(const StoreWorld&) = delete;
  StoreWorld& operator=(const StoreWorld&) = delete;

  // Runs it all, and checks. What is broken, one a line.
  std::vector<std::string> run();

  std::uint64_t events() const { return time_.events_so_far(); }
  const std::deque<std::string>& timeline() const { return timeline_; }
  // A member was silent for so long that a joiner took over without it.
  bool has_given_up() const { return has_given_up_; }
  int kills() const { return kills_; }

 private:
  StoreNode* node_of(StoreListener& listener) const;
  std::vector<StoreNode*> nodes_in(StoreNode::Phase phase) const;
  StoreNode* any_of(const std::vector<StoreNode*>& nodes);
  StoreNode* any_to_ask();
  NodeAddress contact();

  NodeAddress free_address();  // empty: enough nodes run
  void start_node();
  void start_node_of_2009();
  std::vector<StoreNodeOf2009*> running_of_2009() const;
  void change_something();
  void freeze_one();
  void leave_one_of_2009();
  void leave_one();
  void kill_one();
  void tell_of_the_end(const NodeAddress& address, std::int64_t life);
  void note_loss(StoreNode& killed);
  void calm();
  bool run_until_agreed(Duration patience);
  void run_for(Duration duration);
  void say(const std::string& line);
  void logged(const StoreNode& node, const std::string& line);

  // In store_invariants.cc.
  void note_strangers(const StoreNode& opened);
  std::string disagreement() const;
  std::string disagreement_of(StoreNode& node) const;
  std::string disagreement_of(const StoreNodeOf2009& node) const;
  std::string misplaced() const;
  void check_histories(std::vector<std::string>& broken) const;
  void check_puts(std::vector<std::string>& broken) const;
  void check_receipts(std::vector<std::string>& broken) const;
  void check_left_behind(std::vector<std::string>& broken) const;
  void check_tombstones(std::vector<std::string>& broken);

  const StoreWorldOptions options_;
  VirtualTime time_;
  StoreNetwork network_;
  const StorePlan plan_;
  std::vector<std::unique_ptr<StoreNode>> nodes_;  // all there have been
  std::vector<std::unique_ptr<StoreNodeOf2009>> nodes_of_2009_;
  std::unique_ptr<StoreClients> clients_;
  std::vector<std::optional<TimePoint>> lost_since_;  // since when a key may be lost, by key
  std::deque<std::string> timeline_;
  std::int64_t last_life_ = 0;
  int kills_ = 0;
  int founders_ = 0;                    // of networks: nodes that found none to join
  std::vector<std::string> strangers_;  // see note_strangers()
  std::optional<TimePoint> given_up_at_;
  bool has_given_up_ = false;
};

}  // namespace p2p::sim
