#include "world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace work {
namespace {

constexpr std::size_t kNodesMax = 6;
constexpr std::size_t kKeys = 12;
constexpr std::size_t kIds = 40;
constexpr std::size_t kBatchBytes = 300;  // a few pieces: a hand-over takes several rounds
constexpr std::size_t kTurnsAtRestMax = 2'000;

}  // namespace

void World::step() {
  Node& node = any_node();
  if (below(100) == 0) deaf_ = below(3) == 0 ? p2p::NodeAddress{} : any_node().self;
  switch (below(13)) {
    case 0:
      if (below(nature_.restfulness) == 0 && present().size() < kNodesMax) add_node();
      return;
    case 1:
      if (below(nature_.restfulness) == 0) begin_leave();
      return;
    case 2:
      return merge(node, any_node().table);
    case 3:
      return begin_round(node);
    case 4:
      if (!under_way_.empty() && below(5) == 0)
        under_way_.erase(under_way_.begin() + static_cast<long>(below(under_way_.size())));
      return;
    case 5:
    case 6:
      return submit(any_name(node));
    case 7:
      return start_one(node);
    case 8:
      if (below(nature_.slowness) == 0) finish_one(node);
      return;
    case 9:
      return end_leaves();
    default:
      if (!under_way_.empty()) deliver(below(under_way_.size()));
  }
}

bool World::come_to_rest() {
  deaf_ = {};
  for (std::size_t turn = 0; turn < kTurnsAtRestMax; ++turn) {
    bool is_at_rest = true;
    for (Node* node : present()) {
      for (Node* other : present()) merge(*node, other->table);
      start_one(*node);
      finish_one(*node);
      begin_round(*node);
      const Jobs::Counts& counts = node->jobs.counts();
      is_at_rest = is_at_rest && counts.queued + counts.running == 0 && !node->transfer_requests.wants_round() &&
                   node->departures.is_over() && node->table.at(node->self) == Row::alive;
    }
    while (!under_way_.empty()) deliver(below(under_way_.size()));
    remind_all();
    end_leaves();
    if (is_at_rest) return true;
  }
  return false;
}

void World::check_at_rest() const {
  std::map<JobName, int> results;
  std::map<JobName, int> effects;
  for (const Node* node : present()) {
    for (const std::string& key : node->jobs.keys()) {
      EXPECT_TRUE(node->ring->owner_of(key).is_self) << key << " lies on a node that does not own it";
      for (const std::string& id : node->jobs.ledger(key)) ++effects[{key, id}];
    }
    for (const JobName& name : accepted_) {
      const Job* job = node->jobs.find(name);
      if (job != nullptr && job->state == State::done) ++results[name];
    }
  }
  for (const JobName& name : accepted_) {
    EXPECT_EQ(results[name], 1) << name.key << ' ' << name.id;
    EXPECT_EQ(effects[name], 1) << name.key << ' ' << name.id;
  }
  EXPECT_EQ(effects.size(), accepted_.size());
}

// --- members ---------------------------------------------------------------------------------------------------------

void World::add_node() {
  const std::vector<Node*> others = present();
  Node* contact = others.empty() ? nullptr : others[below(others.size())];
  Node& added = *nodes_.emplace_back(std::make_unique<Node>(++last_number_));
  if (contact != nullptr) added.table = contact->table;
  added.table[added.self] = Row::alive;
  look_at_ring(added);
  added.transfer_requests.joined();
  if (contact != nullptr) merge(*contact, added.table);
}

void World::begin_leave() {
  Node& node = any_node();
  if (node.ring->members().size() < 2 || node.table[node.self] != Row::alive) return;
  std::size_t staying = 0;
  for (const Node* other : present()) staying += other->table.at(other->self) == Row::alive ? 1 : 0;
  if (staying < 2) return;
  node.table[node.self] = Row::leaving;
  look_at_ring(node);
}

// Who has handed over everything tells one other node, and ends.
void World::end_leaves() {
  for (Node* node : present()) {
    if (node->table[node->self] != Row::leaving || !node->departures.is_over() || node->ring->members().empty())
      continue;
    Node& told = any_node();
    if (&told == node || told.self == deaf_) continue;
    node->table[node->self] = Row::gone;
    node->has_ended = true;
    merge(told, node->table);
  }
}

void World::merge(Node& node, const Table& news) {
  if (node.self == deaf_) return;
  Table merged = node.table;
  for (const auto& [address, row] : news) {
    const auto [at, is_new] = merged.try_emplace(address, row);
    at->second = std::max(at->second, row);
  }
  if (merged == node.table) return;
  node.table = std::move(merged);
  look_at_ring(node);
}

// --- what the shell does with the cores ------------------------------------------------------------------------------

void World::look_at_ring(Node& node) {
  std::vector<p2p::NodeAddress> members;
  std::vector<p2p::NodeAddress> leaving;
  for (const auto& [address, row] : node.table) {
    if (row == Row::alive) members.push_back(address);
    if (row == Row::leaving && address != node.self) leaving.push_back(address);
  }
  node.ring = std::make_shared<HashRing>(members, leaving, node.self, nature_.is_moody);
  node.view = view_id(*node.ring, node.self);
  ++node.view_version;
  ++node.round;
  node.taken.clear();
  node.transfer_requests.ring_changed(node.ring);
  node.departures.ring_changed(*node.ring);
}

void World::begin_round(Node& node) {
  if (!node.transfer_requests.wants_round()) return;
  ++node.round;
  for (const p2p::NodeAddress& to : node.transfer_requests.begin_round()) {
    under_way_.push_back({node.self, to, false, node.round, node.view, node.taken[to], node.table, 0, {}});
  }
}

void World::deliver(std::size_t index) {
  Message message = std::move(under_way_[index]);
  under_way_.erase(under_way_.begin() + static_cast<long>(index));
  Node* node = find(message.to);
  if (node == nullptr) return;
  if (message.is_reply) {
    take(*node, message);
  } else {
    give(*node, message);
  }
}

void World::give(Node& node, const Message& request) {
  Message reply{node.self, request.from, true, request.round, node.view, 0, node.table, 0, {}};
  if (request.view == node.view) {
    reply.view_version = node.view_version;
    reply.part = node.departures.give(request.from, request.taken, kBatchBytes);
  }
  under_way_.push_back(std::move(reply));
  if (request.view != node.view) merge(node, request.table);
}

void World::take(Node& node, Message& reply) {
  if (reply.round != node.round) return;
  node.taken.erase(reply.from);
  TransferRequests::Answer answer;
  if (reply.view_version != 0) {
    answer = {reply.view_version, reply.part.number == 0, {reply.part.busy.begin(), reply.part.busy.end()}};
    node.taken[reply.from] = reply.part.number;
    node.jobs.take(std::move(reply.part.batch));
  }
  node.transfer_requests.answered(reply.from, std::move(answer));
  if (reply.view_version == 0) merge(node, reply.table);
}

void World::remind_all() {
  for (Node* node : present()) {
    for (const p2p::NodeAddress& receiver : node->departures.receivers()) {
      Node* reminded = find(receiver);
      if (reminded != nullptr && !reminded->transfer_requests.wants_round()) reminded->transfer_requests.reopen();
    }
  }
}

// --- jobs ------------------------------------------------------------------------------------------------------------

// Often one that runs right now: that one must not run again.
JobName World::any_name(const Node& node) {
  if (!node.running.empty() && below(2) == 0) return node.running[below(node.running.size())];
  return {"key-" + std::to_string(below(kKeys)), std::to_string(below(kIds))};
}

// A caller who submits a job on every node in turn: whoever may act for the key takes it.
void World::submit(const JobName& name) {
  EXPECT_LE(joined_nodes(name.key), 1u) << name.key << " may be worked on by two nodes";
  for (Node* node : present()) {
    if (!node->transfer_requests.is_confirmed(name.key) || node->jobs.find(name) != nullptr) continue;
    EXPECT_TRUE(node->jobs.submit(name, "append", ""));
    accepted_.insert(name);
  }
}

void World::start_one(Node& node) {
  const auto start =
      node.jobs.start_next([&](const std::string& key) { return node.transfer_requests.is_confirmed(key); });
  if (!start) return;
  EXPECT_EQ(++runs_[start->name], 1) << start->name.key << ' ' << start->name.id << " runs again";
  node.running.push_back(start->name);
}

void World::finish_one(Node& node) {
  if (node.running.empty()) return;
  std::swap(node.running[below(node.running.size())], node.running.back());
  const JobName name = node.running.back();
  node.running.pop_back();
  node.jobs.finish(name, {true, "done", {name.id}}, p2p::TimePoint{});
}

std::size_t World::joined_nodes(const std::string& key) const {
  const auto nodes = present();
  return static_cast<std::size_t>(std::count_if(
      nodes.begin(), nodes.end(), [&](const Node* node) { return node->transfer_requests.is_confirmed(key); }));
}

// --- nodes -----------------------------------------------------------------------------------------------------------

World::Node& World::any_node() {
  const auto nodes = present();
  return *nodes[below(nodes.size())];
}

World::Node* World::find(const p2p::NodeAddress& at) {
  const auto nodes = present();
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node* node) { return node->self == at; });
  return found == nodes.end() ? nullptr : *found;
}

std::vector<World::Node*> World::present() const {
  std::vector<Node*> present;
  for (const auto& node : nodes_) {
    if (!node->has_ended) present.push_back(node.get());
  }
  return present;
}

}  // namespace work
