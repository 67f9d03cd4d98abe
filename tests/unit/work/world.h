// Many nodes' cores in one thread: news of joins and leaves reach each node in any order, messages are late or lost,
// and the same jobs are submitted everywhere. What the shell does with the cores, this does too, in a few lines.
#pragma once

#include "core/departures.h"
#include "core/jobs.h"
#include "core/transfer_requests.h"
#include "hash_ring.h"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace work {

class World final {
 public:
  struct Nature {
    std::size_t slowness = 1;      // of jobs; 1: they end long before a hand-over does
    std::size_t restfulness = 20;  // of nodes; 1: they come and go all the time
    bool is_moody = false;         // the ring, see HashRing
  };
  World(std::uint64_t seed, Nature nature) : chance_(seed), nature_(nature) { add_node(); }

  void step();          // something happens somewhere
  bool come_to_rest();  // everything that is under way ends; false: it does not
  void check_at_rest() const;

 private:
  enum class Row { alive, leaving, gone };
  using Table = std::map<p2p::NodeAddress, Row>;

  struct Node {
    explicit Node(std::uint16_t number)
        : self(node_at(number)),
          view_version(number * 1'000'000),
          jobs({.running_max = 3}, view_version),
          departures(jobs, "work", view_version),
          transfer_requests(self, "work") {}
    const p2p::NodeAddress self;
    std::int64_t view_version;
    Jobs jobs;
    Departures departures;
    TransferRequests transfer_requests;
    Table table;
    std::shared_ptr<const HashRing> ring;
    std::int64_t view = 0;
    std::uint64_t round = 0;
    std::map<p2p::NodeAddress, std::int64_t> taken;
    std::vector<JobName> running;
    bool has_ended = false;
  };
  struct Message {
    p2p::NodeAddress from;
    p2p::NodeAddress to;
    bool is_reply = false;
    std::uint64_t round = 0;
    std::int64_t view = 0;
    std::int64_t taken = 0;
    Table table;
    std::int64_t view_version = 0;  // of replies, as the following
    Departures::Part part;
  };

  void add_node();
  void begin_leave();
  void end_leaves();
  void merge(Node& node, const Table& news);
  void look_at_ring(Node& node);
  void begin_round(Node& node);
  void deliver(std::size_t index);
  void give(Node& node, const Message& request);
  void take(Node& node, Message& reply);
  JobName any_name(const Node& node);
  void submit(const JobName& name);
  void start_one(Node& node);
  void finish_one(Node& node);
  void remind_all();
  std::size_t joined_nodes(const std::string& key) const;

  Node& any_node();
  Node* find(const p2p::NodeAddress& at);
  std::vector<Node*> present() const;
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(chance_); }

  std::mt19937_64 chance_;
  const Nature nature_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Message> under_way_;
  p2p::NodeAddress deaf_;  // no news reach it at the moment
  std::set<JobName> accepted_;
  std::map<JobName, int> runs_;
  std::uint16_t last_number_ = 0;
};

}  // namespace work
